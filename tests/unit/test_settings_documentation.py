"""The settings' table and schema say what the models say."""

import json
import re
from collections.abc import Iterator

import pytest
import yaml

from infra.settings import documentation
from infra.settings.base import Model
from infra.settings.root import Settings
from tests.program.deploy import ROOT


def models(model: type[Model]) -> Iterator[type[Model]]:
    yield model
    for field in model.model_fields.values():
        for part in re.findall(r"infra\.settings\.\w+\.\w+", str(field.annotation)):
            module, name = part.rsplit(".", 1)
            yield from models(getattr(__import__(module, fromlist=[name]), name))


def test_files_are_up_to_date() -> None:
    """Otherwise: python -m infra.settings.documentation."""
    assert documentation.TABLE_FILE.read_text("utf-8") == documentation.table()
    assert json.loads(documentation.SCHEMA_FILE.read_text("utf-8")) == documentation.editor_schema()


def test_every_field_of_every_model_is_described() -> None:
    found = list(models(Settings))
    assert len(found) > 25
    for model in found:
        assert model.__doc__, model
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_every_row_is_complete() -> None:
    rows = [line for line in documentation.table().splitlines() if line.startswith("| `")]
    assert len(rows) > 150
    for row in rows:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
        assert len(cells) == 4, row
        assert all(cells), row


def test_every_key_is_in_the_table() -> None:
    table = documentation.table()
    for model in set(models(Settings)):
        for field in model.model_fields.values():
            assert re.search(rf"[.`]{field.alias}` \|", table), f"{model.__name__}.{field.alias}"


def test_project_file_leaves_the_checking_to_the_program() -> None:
    """What Pulumi.yaml declares, Pulumi checks by itself and first, one mistake hiding all the others."""
    assert "config" not in yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))


def test_keys_carry_no_project_name() -> None:
    """`pulumi new` gives the project another name; a key with the old one would be nobody's."""
    assert set(documentation.editor_schema()["properties"]["config"]["properties"]) == {
        str(field.alias) for field in Settings.model_fields.values()
    }
    for path in sorted(ROOT.glob("Pulumi.*.yaml")):
        keys = yaml.safe_load(path.read_text("utf-8"))["config"]
        assert {key.partition(":")[0] for key in keys if ":" in key} <= {"aws"}, path
    template = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["template"]["config"]
    assert set(template) == {"aws:region", "production"}


@pytest.mark.parametrize("stack", ["local", "dev", "staging", "prod"])
def test_stack_files_point_editors_to_the_schema(stack: str) -> None:
    first = (ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=docs/stack-file.schema.json"
