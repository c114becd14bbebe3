"""The working copy of a project's settings that a run of Pulumi's engine may write to.

The Pulumi CLI writes into the files next to the program: an encryption salt, configuration that a script sets. The
committed files are nobody's scratch pad, so a run has a folder of its own: its copies of `Pulumi.yaml` and
`Pulumi.<stack>.yaml`, and a link to the program.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from automation.commands import verb
from automation.identity import Identity
from localcloud.engine.overrides import set_at, split_override
from localcloud.engine.project_keys import spelt_twice
from localcloud.engine.yaml_files import read_yaml
from localcloud.errors import LocalCloudError

_LINK = "program"
_ENCRYPTION = ("secretsprovider", "encryptionsalt", "encryptedkey")


@dataclass(frozen=True, kw_only=True)
class StackSource:
    """Which files describe a stack, and what a run changes in them without writing to them.

    Args:
        folder: Folder of Pulumi.yaml.
        stack: Name of the stack.
        settings_of: Stack whose file is read; an ephemeral stack has none of its own.
        overrides: Configuration that wins over the file, by key with an optional path as in
            `pulumi config set --path`: `services.web.image`.
    """

    folder: Path
    stack: str
    settings_of: str
    overrides: Mapping[str, str]

    @property
    def stack_file(self) -> Path:
        """The committed file with the stack's configuration."""
        return self.folder / f"Pulumi.{self.settings_of}.yaml"

    def read_project(self) -> dict[str, Any]:
        """The content of Pulumi.yaml.

        Raises:
            LocalCloudError: It is missing or malformed.
        """
        path = self.folder / "Pulumi.yaml"
        missing = LocalCloudError(
            f"no Pulumi.yaml in {self.folder}", fix="use --project with the project's folder"
        )
        return read_yaml(path, missing=missing)

    def read_stack(self) -> dict[str, Any]:
        """The content of the stack's file, overrides not applied.

        Raises:
            LocalCloudError: It is missing or malformed.
        """
        return read_yaml(self.stack_file, missing=self.missing())

    def missing(self, besides: str = "") -> LocalCloudError:
        """The error that the stack has no file.

        Args:
            besides: What else was looked for, `, and …`.
        """
        names = stack_names(self.folder)
        choice = f"one of: {', '.join(names)}; or: " if names else ""
        return LocalCloudError(
            f"no stack file {self.stack_file}{besides}",
            fix=choice + verb("new-stack", self.stack, folder=self.folder),
        )

    @property
    def project_name(self) -> str:
        """Name of the project."""
        return str(self.read_project().get("name", ""))

    @property
    def region(self) -> str | None:
        """The configured `aws:region`."""
        config = self.read_stack().get("config") or {}
        found = config.get("aws:region") or config.get("aws:config:region")
        return str(found) if found else None

    def service_setting(self, service: str, name: str) -> Any:
        """What the stack's file says of a service, such as its `image`; None when it says nothing."""
        config = self.read_stack().get("config") or {}
        services = config.get(_spelling(config, self.project_name, self.project_name, "services"))
        try:
            services = json.loads(services) if isinstance(services, str) else services
        except ValueError:
            services = None  # the program tells what is wrong with it
        found = services.get(service) if isinstance(services, dict) else None
        return found.get(name) if isinstance(found, dict) else None

    @property
    def identity(self) -> Identity:
        """Whose credentials the stack's operations use, by the keys under `aws:`."""
        return Identity.of(self.read_stack().get("config") or {}, self.stack_file.name)


def stack_names(folder: Path) -> list[str]:
    """The stacks that have a file in a project's folder, in alphabetical order."""
    files = folder.glob("Pulumi.*.yaml")
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in files)


def write_workspace(source: StackSource, folder: Path) -> Path:
    """Write the copies for a run, and return their folder.

    An encryption salt that an earlier run wrote into its copy is kept, so that what it encrypted stays readable.

    Args:
        source: The committed files.
        folder: Where the copies go; made when missing.

    Raises:
        LocalCloudError: A file is missing or malformed, or an override does not fit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    project, stack = source.read_project(), source.read_stack()
    copy = folder / f"Pulumi.{source.stack}.yaml"
    if not any(key in stack for key in _ENCRYPTION) and copy.exists():
        earlier = read_yaml(copy, missing=LocalCloudError(f"no {copy}"))
        stack |= {key: earlier[key] for key in _ENCRYPTION if key in earlier}
    stack["config"] = stack.get("config") or {}
    _require_one_spelling(source, stack["config"])
    for key, value in source.overrides.items():
        override(stack["config"], source.project_name, key, value)
    project["main"] = f"{_LINK}/{project['main']}" if project.get("main") else _LINK
    _use_interpreter(project, source.folder)
    _link(folder / _LINK, source.folder)
    for path, content in ((folder / "Pulumi.yaml", project), (copy, stack)):
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        path.chmod(0o600)
    return folder


def override(config: dict[str, Any], project: str, key: str, value: str) -> None:
    """Set a configuration value at a path within a stack file's `config`.

    Raises:
        LocalCloudError: The path leads through something that is neither a mapping nor a list.
    """
    namespace, (first, *rest) = split_override(project, key)
    name = _spelling(config, project, namespace, str(first))
    if rest:
        set_at(config, [name, *rest], value, key)
    else:
        config[name] = value


def _spelling(config: Mapping[str, Any], project: str, namespace: str, key: str) -> str:
    """How the file spells a key; one of the project has no namespace there, unless it already has."""
    full = f"{namespace}:{key}"
    return full if namespace != project or full in config else key


def _require_one_spelling(source: StackSource, config: Mapping[str, Any]) -> None:
    if twice := spelt_twice(config, source.project_name):
        raise LocalCloudError(
            f"{source.stack_file}: {', '.join(twice)}: there twice, with and without {source.project_name}: before it",
            fix="delete one of the two",
        )


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.resolve() == target.resolve():
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target.resolve(), target_is_directory=True)


def _use_interpreter(project: dict[str, Any], folder: Path) -> None:
    """Name the virtual environment absolutely: the copy is elsewhere, and so may be a copied project."""
    runtime = project.get("runtime")
    if not isinstance(runtime, dict):
        runtime = {"name": runtime}
    options = dict(runtime.get("options") or {})
    configured = folder / str(options.get("virtualenv") or ".venv")
    chosen = configured if configured.exists() else Path(sys.prefix)
    project["runtime"] = {**runtime, "options": {**options, "virtualenv": str(chosen.absolute())}}
