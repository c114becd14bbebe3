"""How the keys of a stack file are spelt: without the project's name, as `services:`.

Pulumi's CLI reads a key without a namespace as the project's own, and still reads `shop:services:`
(`stackConfigNamespacedWithProject` in its `workspace/loaders.go`). Of a file that has both it takes one at random: it
goes through a map of Go. So both at once is a mistake that has to be told before either is used. Told by the program
that is too late for a file without an encryption salt: the CLI adds one first, and writes one of the two keys back.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.settings.problems import ByHand, Problem


def spelt_twice(folder: str | None, stack: str, project: str) -> list[Problem]:
    """The keys that a stack file has with and without the project's name.

    Args:
        folder: Folder of Pulumi.yaml; None where the engine does not say.
        stack: Name of the stack.
        project: Name of the project.
    """
    if folder is None:
        return []
    place = Path(folder) / str(_read(Path(folder) / "Pulumi.yaml").get("stackConfigDir") or "")
    config = _read(place / f"Pulumi.{stack}.yaml").get("config")
    keys = {str(key) for key in config} if isinstance(config, Mapping) else set()
    return [
        Problem(
            path=(key,),
            message=f"is in the stack file twice, also as {project}:{key}; allowed: one of the two",
            fix=ByHand(f"delete one of the two from Pulumi.{stack}.yaml"),
        )
        for key in sorted(keys)
        if f"{project}:{key}" in keys
    ]


def of_another_project(names: Iterable[str], project: str) -> list[tuple[str, Problem]]:
    """Namespace and mistake for keys such as `old-name:services`, which a project of another name does not read.

    Other namespaces belong to Pulumi's providers (`kubernetes:cluster`): one is taken for a project's only where it has
    the services that this project lacks.

    Args:
        names: Full keys of the configuration, `namespace:name`.
        project: Name of the project.
    """
    split = sorted(name.partition(":")[::2] for name in names)
    others = {namespace for namespace, key in split if key == "services"}
    if project in others:
        return []
    return [
        (
            namespace,
            Problem(
                path=(key,),
                message=f"belongs to a project called {namespace}, and this one is {project}; allowed: {key}",
                fix=ByHand(f"write {key} in the stack file, without {namespace}:"),
            ),
        )
        for namespace, key in split
        if namespace in others
    ]


def _read(path: Path) -> Mapping[str, Any]:
    """A file of Pulumi's; what cannot be read is the engine's to complain about."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return content if isinstance(content, Mapping) else {}
