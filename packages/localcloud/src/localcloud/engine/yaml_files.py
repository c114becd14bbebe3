"""Reading Pulumi's YAML files the way the Pulumi CLI does: YAML 1.2 scalars, no silent duplicates."""

import re
from pathlib import Path
from typing import Any, ClassVar

import yaml

from localcloud.errors import LocalCloudError


class _Loader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1, where `on` is true and `1:30` is 90; Pulumi's parser reads neither so."""

    # The stubs say it is an instance's; it is the class's, and a class without its own changes PyYAML's.
    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}  # type: ignore[misc]

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        text = super().construct_scalar(node)
        if any("\ud800" <= c <= "\udfff" for c in text):
            raise yaml.constructor.ConstructorError(
                None, None, "half of a surrogate pair is no character", node.start_mark
            )
        return text

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int | float | bool):
                raise yaml.constructor.ConstructorError(None, None, "keys must be text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is there twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)$"),
    list("-+0123456789"),
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$"),
    list("-+0123456789."),
)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])


def read_yaml(path: Path, *, missing: LocalCloudError) -> dict[str, Any]:
    """Read a YAML file whose top is a mapping; an empty file is an empty mapping.

    Raises:
        LocalCloudError: The file is not there (`missing` is raised), cannot be read, or is not such YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise missing from None
    except (OSError, UnicodeDecodeError) as error:
        raise LocalCloudError(f"cannot read {path}: {error}") from None
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506  a SafeLoader with narrower scalars
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise LocalCloudError(f"{path}{where}: not valid YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise LocalCloudError(f"{path}: not valid YAML: {error}") from None
    except ValueError:  # Python reads no integer of more than 4,300 digits
        raise LocalCloudError(f"{path}: has a number with more than 4,300 digits") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise LocalCloudError(f"{path}: must be a mapping of keys to values, is {type(content).__name__}")
    return content
