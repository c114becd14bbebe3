"""What `pulumi config set` and `rm` do to a stack's configuration, for tests where the CLI is not on PATH.

A transcription of the CLI's Go code (3.260): `parseConfigKey` in `pkg/cmd/pulumi/config/io.go`,
`ParsePropertyPathStrict`, `Map.Set`, `Map.Remove`, `coerce`, `object.Set` and `object.Delete` in
`sdk/go/common/resource/config`. `test_fix_lines.py` compares it with the CLI where that is on PATH.
"""

import re
from typing import Any

Path = list[str | int]


class RefusedError(Exception):
    """The CLI ends with an error."""


def run(config: dict[str, Any], arguments: list[str], project: str, answer: str = "asked-for") -> None:
    """Apply `pulumi <arguments>` to `config`, whose keys are full: `shop:services`.

    Args:
        config: The stack file's `config`; changed in place.
        arguments: The words behind `pulumi`.
        project: Name of the project.
        answer: What is typed where the CLI asks for a value.
    """
    assert arguments[0] == "config", arguments
    options, words = _options(arguments[2:])
    namespace, key = _parse_key(words[0], project, path="--path" in options)
    if arguments[1] == "rm":
        _remove(config, namespace, key, path="--path" in options)
    elif arguments[1] == "set":
        text = words[1] if len(words) > 1 else answer
        _set(config, namespace, key, text, options)
    else:
        raise RefusedError(arguments[1])


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    rest: list[str] = []
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "--":
            return options, rest + words
        if word in {"--path", "--secret", "--plaintext"}:
            options[word] = ""
        elif word in {"--type", "--stack"}:
            options[word] = words.pop(0)
        elif word.startswith("-"):
            raise RefusedError(f"unknown flag {word}")
        else:
            rest.append(word)
    return options, rest


def _parse_key(key: str, project: str, *, path: bool) -> tuple[str, str]:
    found = re.search(r"[.\[]", key)
    if path and found and found.start() > 0:
        namespace, top = _parse_key(key[: found.start()], project, path=False)
        return namespace, top + key[found.start() :]
    if ":" not in key:
        key = f"{project}:{key}"
    if key.count(":") != 1:
        raise RefusedError(f"could not parse {key} as a configuration key")
    namespace, _, name = key.partition(":")
    return namespace, name


def _parse_path(text: str) -> Path:  # noqa: C901, PLR0912  the transcription of one Go function
    if text.startswith("."):
        raise RefusedError("expected property path to start with a name or index")
    elements: Path = []
    while text:
        if text[0] == ".":
            text = text[1:]
            if not text or text[0] == "[":
                raise RefusedError("expected a name after '.'")
        elif text[:2] == '["':
            key, at = "", 2
            while True:
                if at >= len(text):
                    raise RefusedError("missing closing quote in property name")
                if text[at] == '"':
                    at += 1
                    break
                step = 2 if text[at : at + 2] == '\\"' else 1
                key += text[at + step - 1]
                at += step
            if text[at : at + 1] != "]":
                raise RefusedError("missing closing bracket in property access")
            elements.append(key)
            text = text[at + 1 :]
        elif text[0] == "[":
            index = re.match(r"\[([+-]?\d+)\]", text)
            if not index:
                raise RefusedError("invalid array index")
            elements.append(int(index[1]))
            text = text[index.end() :]
        else:
            name = re.match(r"[^.\[]*", text)
            assert name
            elements.append(name[0])
            text = text[name.end() :]
    if not elements or not isinstance(elements[0], str) or not elements[0]:
        raise RefusedError("first path segment of config key must be a string")
    return elements


def _remove(config: dict[str, Any], namespace: str, key: str, *, path: bool) -> None:
    if not path:
        config.pop(f"{namespace}:{key}", None)
        return
    first, *steps = _parse_path(key)
    at: Any = config
    for step, following in zip([f"{namespace}:{first}", *steps], [*steps, None], strict=True):
        if isinstance(at, list) and not (isinstance(step, int) and 0 <= step < len(at)):
            return
        if not isinstance(at, list) and not (isinstance(at, dict) and step in at):
            return
        if following is None:
            del at[step]  # type: ignore[arg-type]  # a list here has an index
        else:
            at = at[step]  # type: ignore[index]  # as above


def _set(config: dict[str, Any], namespace: str, key: str, text: str, options: dict[str, str]) -> None:  # noqa: C901, PLR0912  as above
    if "--path" not in options:
        config[f"{namespace}:{key}"] = {"secure": "v1:…"} if "--secret" in options else text
        return
    first, *steps = _parse_path(key)
    root = f"{namespace}:{first}"
    if not steps:
        config[root] = text
        return
    if not isinstance(config.get(root), dict | list):
        config[root] = _container(steps[0])
    at, value = config[root], _typed(text, options.get("--type"))
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if isinstance(at, list):
            if not isinstance(step, int) or not 0 <= step <= len(at):
                raise RefusedError(f"{key}: array index out of range")
            if step == len(at):
                at.append(None)
        elif isinstance(at, dict):
            if not isinstance(step, str):
                raise RefusedError(f"{key}: key for a map must be a string")
            at.setdefault(step, None)
        else:
            raise RefusedError(f"{key}: expected a map or an array")
        if following is None:
            at[step] = _as_written(at[step], value, text)
        else:
            if at[step] is None:
                at[step] = _container(following)
            at = at[step]


def _as_written(old: Any, new: Any, text: str) -> Any:
    """The CLI edits the YAML it finds, and a text in quotes keeps them: what is set there is read as text."""
    return text if isinstance(old, str) else new


def _container(step: str | int) -> Any:
    if isinstance(step, int):
        return [None] * (step + 1)
    return {}


def _typed(text: str, kind: str | None) -> Any:
    match kind:
        case "string":
            return text
        case "float":
            return float(text)
        case None if text in {"true", "false"}:
            return text == "true"
        case None if re.fullmatch(r"[+-]?[0-9]+", text) and not (len(text) > 1 and text[0] == "0"):
            number = int(text)
            return number if -(2**63) <= number < 2**64 else text
    assert kind is None, kind
    return text
