"""Every stack file is one that the program accepts."""

from pathlib import Path

import pytest
import yaml

from infra.settings.validation import validate

STACK_FILES = sorted(Path(__file__).resolve().parents[1].glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: path.name)
def test_a_stack_file_has_no_mistake(path: Path) -> None:
    config = yaml.safe_load(path.read_text())["config"]
    plain = {
        key.rpartition(":")[2]: value
        for key, value in config.items()
        if not key.startswith(("aws:", "pulumi:"))
    }
    secrets = {key for key, value in plain.items() if isinstance(value, dict) and set(value) == {"secure"}}

    settings, problems = validate(
        {key: value for key, value in plain.items() if key not in secrets}, frozenset(secrets)
    )

    assert settings, "\n".join(problem.render() for problem in problems)
