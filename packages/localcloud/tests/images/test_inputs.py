import inspect
from pathlib import Path
from typing import Any

import pulumi_docker_build as sdk
import pytest
from pulumi._types import input_type_py_to_pulumi_names
from pydantic import BaseModel

from localcloud.images import inputs
from localcloud.providers.values import UNKNOWN

CONTEXT: dict[str, Any] = {"push": False, "context": {"location": "."}, "dockerfile": {"inline": "FROM x\n"}}


@pytest.mark.parametrize(
    ("model", "official"),
    [
        (inputs.ImageInputs, sdk.ImageArgs),
        (inputs.NamedContext, sdk.ContextArgs),
        (inputs.BuildContext, sdk.BuildContextArgs),
        (inputs.Dockerfile, sdk.DockerfileArgs),
        (inputs.Registry, sdk.RegistryArgs),
        (inputs.SSH, sdk.SSHArgs),
        (inputs.Builder, sdk.BuilderConfigArgs),
        (inputs.CacheFrom, sdk.CacheFromArgs),
        (inputs.CacheTo, sdk.CacheToArgs),
        (inputs.Export, sdk.ExportArgs),
    ],
)
def test_properties_are_those_of_the_official_sdk(model: type[BaseModel], official: type) -> None:
    ours = {field.alias or name for name, field in model.model_fields.items()}
    python_names = set(inspect.signature(official).parameters) - {"__self__"}

    assert ours == {input_type_py_to_pulumi_names(official).get(name, name) for name in python_names}


def problems(**changes: Any) -> dict[str, str]:
    values = CONTEXT | changes
    parsed, failures = inputs.parse(values)
    return dict(failures) if parsed is None else dict(inputs.problems(parsed, values))


def test_good_inputs_have_no_problem() -> None:
    assert problems() == {}


@pytest.mark.parametrize(
    ("changes", "name", "reason"),
    [
        ({"pusch": True}, "pusch", "unknown property 'pusch'"),
        ({"registries": [{"adress": "x"}]}, "registries[0].adress", "unknown property 'adress'"),
        ({"network": "bridge"}, "network", "'default', 'host' or 'none'"),
        ({"buildArgs": {"A": ["x"]}}, "buildArgs.A", "valid string"),
        ({"context": {"location": "/nonexistent"}}, "context.location", "is not a folder"),
        ({"context": {"location": "https://host.test/repo.git"}}, "context.location", "builds from folders"),
        ({"dockerfile": {"location": "nowhere/Dockerfile"}}, "dockerfile.location", "is not a file"),
        (
            {"dockerfile": {"inline": "FROM x\nRUNN y\n"}},
            "dockerfile.inline",
            "line 2: unknown instruction RUNN",
        ),
        ({"dockerfile": {"inline": "FROM x", "location": "y"}}, "dockerfile", "not both"),
        ({"target": "test"}, "dockerfile.inline", "there is no stage 'test'"),
        ({"push": True}, "tags", "push needs at least one tag"),
        ({"exports": [{"tar": {"dest": "x.tar"}}]}, "exports[0].tar", "exports nothing else"),
        ({"context": {"location": ".", "named": {"a": {"location": "b"}}}}, "context.named", "one folder"),
    ],
)
def test_what_cannot_work_is_told_with_its_property(changes: dict[str, Any], name: str, reason: str) -> None:
    found = problems(**changes)

    assert list(found) == [name]
    assert reason in found[name]


@pytest.mark.parametrize("name", ["context", "dockerfile", "tags", "push", "buildArgs", "registries"])
def test_nothing_is_held_against_what_is_not_known_yet(name: str) -> None:
    assert problems(**{"push": True, "tags": ["r/x:1"], name: UNKNOWN}) == {}


def test_a_tag_that_is_not_known_yet_is_a_tag() -> None:
    assert problems(push=True, tags=[UNKNOWN]) == {}


def test_the_dockerfile_is_looked_for_in_the_context(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM x\n")
    parsed, _ = inputs.parse({"push": False, "context": {"location": str(tmp_path)}})

    assert parsed is not None
    assert parsed.dockerfile_text() == "FROM x\n"
