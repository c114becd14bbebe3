"""Entries as the text of a stack file, and into a stack file without touching what is there."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from automation.init.looking import Finding
from localcloud.errors import LocalCloudError

INDENT = "  "


class _Plain(yaml.SafeDumper):
    """Lists of words on one line, as people write them; nothing is sorted."""


_Plain.add_representer(
    list,
    lambda dumper, value: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", value, flow_style=not any(isinstance(one, dict | list) for one in value)
    ),
)


def text_of(finding: Finding) -> str:
    """The entries as the lines below `config:`, with a comment for every reason and for all that is not known."""
    lines = [line for key, value in finding.stack.items() for line in _yaml(key, value)]
    return "\n".join([*lines, "services:", *_services(finding), ""])


def add_to(path: Path, finding: Finding) -> None:
    """Write the entries into a stack file; all that is there stays as it is, comments included.

    Args:
        path: `Pulumi.<stack>.yaml`; made where it does not exist.
        finding: The services.

    Raises:
        LocalCloudError: The file is malformed, or has a service of such a name already.
    """
    text = path.read_text("utf-8") if path.exists() else ""
    if not text.strip():
        body = "\n".join(f"{INDENT}{line}" if line else "" for line in text_of(finding).splitlines())
        path.write_text(f"config:\n{body}\n", "utf-8")
        return
    if not text.endswith("\n"):
        text += "\n"
    path.write_text(_inserted(path, text, finding), "utf-8")


def _inserted(path: Path, text: str, finding: Finding) -> str:
    root = _mapping(path, _composed(path, text), "the file")
    config = _child(root, "config")
    if config is None:
        body = "\n".join(f"{INDENT}{line}" if line else "" for line in text_of(finding).splitlines())
        return f"{text}config:\n{body}\n"
    services_key = next(
        (key for key in _keys(config) if key == "services" or key.endswith(":services")), None
    )
    column = config.start_mark.column
    lines = text.splitlines()
    if services_key is None:
        at = _end(config, lines)
        added = [f"{' ' * column}{line}" if line else "" for line in text_of(finding).splitlines()]
        return "\n".join([*lines[:at], *added, *lines[at:], ""])
    services = _mapping(path, _child(config, services_key), services_key)
    if services.flow_style:
        raise LocalCloudError(
            f"{path} has {services_key} in braces", fix="write it one service a line, then again"
        )
    taken = set(_keys(services)) & {entry.name for entry in finding.entries}
    if taken:
        raise LocalCloudError(
            f"{path} has a service {min(taken)!r} already",
            fix="choose another with --name, or edit the file",
        )
    at = _end(services, lines)
    inner = " " * services.start_mark.column
    added = [f"{inner}{line.removeprefix(INDENT)}" if line else "" for line in _services(finding)]
    missing = {key: value for key, value in finding.stack.items() if key not in _keys(config)}
    above = [f"{' ' * column}{line}" for key, value in missing.items() for line in _yaml(key, value)]
    above += [f"{' ' * column}# to decide: {wanted}" for wanted in _wanted(finding, config)]
    place = config.start_mark.line
    return "\n".join([*lines[:place], *above, *lines[place:at], *added, *lines[at:], ""])


def _wanted(finding: Finding, config: yaml.MappingNode) -> Iterator[str]:
    """What the services need in maps that the file has already, such as `cluster.namespace`."""
    for key, value in finding.stack.items():
        there = _child(config, key)
        if isinstance(value, dict) and isinstance(there, yaml.MappingNode):
            for inner in value.keys() - set(_keys(there)):
                yield f"the services below need {key}.{_yaml(inner, value[inner])[0]}"


def _services(finding: Finding) -> Iterator[str]:
    for omitted in finding.left:
        yield f"{INDENT}# left out: {omitted}"
    for entry in finding.entries:
        empty = "" if entry.settings else " {}"
        yield f"{INDENT}{entry.name}:{empty} # from {entry.origin}"
        for note in entry.unknown:
            yield f"{INDENT * 2}# to decide: {note}"
        for key, value in entry.settings.items():
            first, *rest = _yaml(key, value)
            reason = entry.reasons.get(key)
            yield f"{INDENT * 2}{first}{f' # {reason}' if reason else ''}"
            yield from (f"{INDENT * 2}{line}" for line in rest)


def _yaml(key: str, value: Any) -> list[str]:
    if (
        isinstance(value, Mapping)
        and len(value) <= 2
        and not any(isinstance(one, dict) for one in value.values())
    ):
        inner = yaml.dump(value, Dumper=_Plain, default_flow_style=True, sort_keys=False, width=1000).strip()
        return [f"{key}: {{ {inner[1:-1]} }}" if value else f"{key}: {{}}"]
    dumped = yaml.dump({key: value}, Dumper=_Plain, default_flow_style=False, sort_keys=False, width=1000)
    return str(dumped).rstrip().splitlines()


def _composed(path: Path, text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise LocalCloudError(f"{path} is no YAML: {error}") from None


def _mapping(path: Path, node: yaml.Node | None, what: str) -> yaml.MappingNode:
    if not isinstance(node, yaml.MappingNode):
        raise LocalCloudError(
            f"{what} of {path} is no map of keys", fix="correct the file, then run the command again"
        )
    return node


def _keys(node: yaml.MappingNode) -> list[str]:
    return [str(key.value) for key, _ in node.value]


def _child(node: yaml.MappingNode, name: str) -> yaml.MappingNode | None:
    return next((value for key, value in node.value if key.value == name), None)


def _end(node: yaml.MappingNode, lines: list[str]) -> int:
    """Number of the line behind a block: its last line with content, so that comments below stay below."""
    end = min(node.end_mark.line, len(lines))
    while end > node.start_mark.line + 1 and (
        not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")
    ):
        end -= 1
    return end
