"""A deployed stack belongs to one engine (docs/adr/0040)."""

import json
from pathlib import Path

import pytest

from automation.engines import EngineName
from automation.engines.choice import EngineRecord, choose_engine, engine_from_environment
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings

BUILT_IN, PULUMI = EngineName.BUILT_IN, EngineName.PULUMI


@pytest.fixture(params=[True, False], ids=["with the CLI", "without the CLI"])
def cli(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr("automation.engines.choice.cli_available", lambda: request.param)
    return bool(request.param)


def test_nobody_asked_and_nobody_owns(cli: bool) -> None:
    assert choose_engine(None, None, "local") is (PULUMI if cli else BUILT_IN)


def test_built_in_is_always_there(cli: bool) -> None:
    assert choose_engine(BUILT_IN, None, "local") is BUILT_IN
    assert choose_engine(None, BUILT_IN, "local") is BUILT_IN


def test_pulumi_without_its_cli_says_how_to_get_it(cli: bool) -> None:
    for asked, owner in ((PULUMI, None), (None, PULUMI), (PULUMI, PULUMI)):
        if cli:
            assert choose_engine(asked, owner, "local") is PULUMI
        else:
            with pytest.raises(LocalCloudError, match="download-install"):
                choose_engine(asked, owner, "local")


@pytest.mark.parametrize(("asked", "owner"), [(BUILT_IN, PULUMI), (PULUMI, BUILT_IN)])
def test_another_owner_is_refused_with_the_way_out(cli: bool, asked: EngineName, owner: EngineName) -> None:
    with pytest.raises(LocalCloudError, match="destroy dev --local"):
        choose_engine(asked, owner, "dev")


def test_a_preference_is_for_stacks_that_nobody_owns(cli: bool) -> None:
    assert choose_engine(None, None, "local", preferred=BUILT_IN) is BUILT_IN
    if cli:
        assert choose_engine(None, PULUMI, "local", preferred=BUILT_IN) is PULUMI


def test_ownership_ends_with_the_world(tmp_path: Path) -> None:
    record = EngineRecord(CloudSettings(home=tmp_path), "shop", "local")
    assert record.read("world-1") is None
    record.write(PULUMI, "world-1")
    assert record.read("world-1") is PULUMI
    assert record.read("world-2") is None
    assert record.of_another_world("world-2") is PULUMI
    record.remove()
    assert record.of_another_world("world-2") is None


def test_a_state_without_a_record_is_the_built_in_engines(tmp_path: Path) -> None:
    settings = CloudSettings(home=tmp_path)
    state = settings.state_file("shop", "local")
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"world": "world-1", "resources": [{}]}))
    assert EngineRecord(settings, "shop", "local").read("world-1") is BUILT_IN
    assert EngineRecord(settings, "shop", "local").read("world-2") is None


def test_projects_may_have_stacks_of_the_same_name(tmp_path: Path) -> None:
    settings = CloudSettings(home=tmp_path)
    EngineRecord(settings, "shop", "local").write(PULUMI, "world-1")
    assert EngineRecord(settings, "admin", "local").read("world-1") is None


def test_the_variable_names_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALCLOUD_ENGINE", "pulumi")
    assert engine_from_environment() is PULUMI
    monkeypatch.setenv("LOCALCLOUD_ENGINE", "steam")
    with pytest.raises(LocalCloudError, match="built-in, pulumi"):
        engine_from_environment()
