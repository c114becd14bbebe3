"""The settings as a table for people and a schema for editors: `python -m infra.settings.documentation`."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.settings.schema import Schema, describe, json_schema, resolve

DOCS = Path(__file__).resolve().parents[2] / "docs"
TABLE_FILE = DOCS / "settings.md"
SCHEMA_FILE = DOCS / "stack-file.schema.json"

INTRODUCTION = """\
# Settings

Every key that a stack file (`Pulumi.<stack>.yaml`) can have under `config:`. Made from the settings models by
`python -m infra.settings.documentation`; a test fails when it is out of date. Editors complete and check stack
files with [stack-file.schema.json](stack-file.schema.json).

A key that is left out has its default. Set one with `pulumi config set --path <key> <value>`; the Pulumi CLI then
writes the project's name before every key (`<project>:services:`), which means the same. A key that is there in both
spellings is refused. Mistakes are reported all at once when the program loads, each with the command that fixes it.
"""


def table() -> str:
    """The documentation in Markdown: one section per concern, one row per key."""
    parts = [INTRODUCTION]
    for name, schema in json_schema()["properties"].items():
        rows = list(_rows(name, schema))
        parts.append(f"## {name}\n\n| key | allowed | default | meaning |\n| --- | --- | --- | --- |\n")
        parts[-1] += "".join(
            f"| `{key}` | {allowed} | {default} | {text} |\n" for key, allowed, default, text in rows
        )
    return "\n".join(parts)


def editor_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a whole stack file."""
    schema = json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": schema["properties"],
                "required": schema.get("required", []),
            }
        },
        "$defs": schema["$defs"],
    }


def write() -> None:
    """Bring both files up to date."""
    TABLE_FILE.write_text(table(), "utf-8")
    SCHEMA_FILE.write_text(json.dumps(editor_schema(), indent=2, ensure_ascii=False) + "\n", "utf-8")


def _rows(key: str, schema: Schema) -> Iterator[tuple[str, str, str, str]]:
    """The key itself, then what is below it."""
    found = resolve(schema)
    text = schema.get("description") or found.get("description", "")
    yield key, _allowed(found), _default(schema), _cell(text)
    if found.get("properties"):
        for name, inner in found["properties"].items():
            yield from _rows(f"{key}.{name}", inner)
        return
    if found.get("type") == "array":
        items = resolve(found["items"])
        if items.get("properties"):
            for name, inner in items["properties"].items():
                yield from _rows(f"{key}[].{name}", inner)
        return
    element = _element(found)
    if element is not None and resolve(element).get("properties"):
        for name, inner in resolve(element)["properties"].items():
            yield from _rows(f"{key}.<name>.{name}", inner)


def _element(schema: Schema) -> Schema | None:
    """What a map holds; None for anything else."""
    inner = schema.get("additionalProperties") or next(
        iter(schema.get("patternProperties", {}).values()), None
    )
    return inner if isinstance(inner, Mapping) else None


def _allowed(schema: Schema) -> str:
    if schema.get("properties"):
        return "an object"
    element = _element(schema)
    if element is not None and resolve(element).get("properties"):
        return "a map of name → object"
    if schema.get("type") == "array" and resolve(schema["items"]).get("properties"):
        return "a list of objects"
    return _cell(describe(schema))


def _default(schema: Schema) -> str:
    if "default" not in schema:
        return "required"
    value = schema["default"]
    if isinstance(value, Mapping) and value:
        return "as below"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


if __name__ == "__main__":
    write()
