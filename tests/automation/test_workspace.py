"""A run writes to its own copies of the settings, never to the committed files."""

import copy
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from automation.engines.workspace import StackSource, override, write_workspace
from localcloud.engine import Project
from localcloud.errors import LocalCloudError

STACK = "# a comment\nconfig:\n  aws:region: eu-west-1\n  shop:services:\n    web: {cpu: 512}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: {name: python, options: {virtualenv: .venv}}\n")
    (folder / "Pulumi.dev.yaml").write_text(STACK)
    (folder / "__main__.py").write_text("")
    return folder


def source(project: Path, stack: str = "dev", **overrides: str) -> StackSource:
    return StackSource(folder=project, stack=stack, settings_of="dev", overrides=overrides)


def written(folder: Path, stack: str = "dev") -> dict[str, object]:
    content: dict[str, object] = yaml.safe_load((folder / f"Pulumi.{stack}.yaml").read_text())
    return content


def test_overrides_reach_the_copy_only(project: Path, tmp_path: Path) -> None:
    changed = source(
        project, **{"services.web.image": "registry/web@sha256:1", "services.web.desiredCount": "3"}
    )
    folder = write_workspace(changed, tmp_path / "work")
    web = written(folder)["config"]["shop:services"]["web"]  # type: ignore[index]  # plain YAML
    assert web == {"cpu": 512, "image": "registry/web@sha256:1", "desiredCount": 3}
    assert (project / "Pulumi.dev.yaml").read_text() == STACK


def test_the_program_is_the_projects_own(project: Path, tmp_path: Path) -> None:
    folder = write_workspace(source(project), tmp_path / "work")
    settings = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    assert (folder / settings["main"] / "__main__.py").samefile(project / "__main__.py")
    assert Path(settings["runtime"]["options"]["virtualenv"]).is_absolute()


def test_an_ephemeral_stack_has_another_ones_settings(project: Path, tmp_path: Path) -> None:
    folder = write_workspace(source(project, "pr-7"), tmp_path / "work")
    assert written(folder, "pr-7")["config"]["aws:region"] == "eu-west-1"  # type: ignore[index]  # plain YAML
    assert not (project / "Pulumi.pr-7.yaml").exists()


def test_the_salt_of_an_earlier_run_is_kept(project: Path, tmp_path: Path) -> None:
    folder = write_workspace(source(project), tmp_path / "work")
    copy = folder / "Pulumi.dev.yaml"
    copy.write_text(copy.read_text() + "encryptionsalt: v1:abc\n")
    write_workspace(source(project), folder)
    assert written(folder)["encryptionsalt"] == "v1:abc"


def test_only_the_owner_may_read_the_copies(project: Path, tmp_path: Path) -> None:
    folder = write_workspace(source(project), tmp_path / "work")
    assert (folder / "Pulumi.dev.yaml").stat().st_mode & 0o077 == 0


def test_a_missing_stack_names_those_there_are(project: Path) -> None:
    missing = StackSource(folder=project, stack="prod", settings_of="prod", overrides={})
    with pytest.raises(
        LocalCloudError, match=r"one of: dev; or: \S*python -m automation new-stack prod --project "
    ):
        missing.read_stack()


def test_an_override_through_a_value_is_refused() -> None:
    with pytest.raises(LocalCloudError, match=r"services\.web\.cpu\.more"):
        override({"shop:services": {"web": {"cpu": 512}}}, "shop", "services.web.cpu.more", "1")


def test_an_override_keeps_the_files_spelling_of_the_key(project: Path, tmp_path: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text(
        "config:\n  aws:region: eu-west-1\n  services: {web: {cpu: 512}}\n"
    )
    changed = source(
        project, **{"services.web.cpu": "1024", "shop:services.web.memory": "2048", "production": "true"}
    )
    assert written(write_workspace(changed, tmp_path / "work"))["config"] == {
        "aws:region": "eu-west-1",
        "services": {"web": {"cpu": 1024, "memory": 2048}},
        "production": "true",
    }


def test_a_key_in_both_spellings_is_refused(project: Path, tmp_path: Path) -> None:
    """The CLI would take either of them, at random."""
    (project / "Pulumi.dev.yaml").write_text(STACK + "  services: {web: {cpu: 256}}\n")
    with pytest.raises(
        LocalCloudError, match=r"dev\.yaml: services: there twice, with and without shop: before"
    ):
        write_workspace(source(project), tmp_path / "work")


def test_a_colon_further_in_is_part_of_the_path() -> None:
    config: dict[str, object] = {}
    override(config, "shop", 'services.web.tags["a:b"]', "1")
    assert config == {"services": {"web": {"tags": {"a:b": 1}}}}


@given(st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), min_size=1, max_size=4), st.text(min_size=1))
def test_an_override_is_found_where_it_was_put(steps: list[str], value: str) -> None:
    config: dict[str, object] = {}
    override(config, "shop", ".".join(steps), value)
    found: object = config[steps[0]]
    for step in steps[1:]:
        assert isinstance(found, dict)
        found = found[step]
    assert str(found) in {value, value.capitalize()}  # `true` becomes a boolean, digits a number


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        ({}, "services.web.note", "--5", {"services": {"web": {"note": "--5"}}}),
        ({}, "services.web.delay", "-5", {"services": {"web": {"delay": -5}}}),
        ({}, "services.web.route.paths[0]", "/a", {"services": {"web": {"route": {"paths": ["/a"]}}}}),
        ({"paths": ["/a"]}, "paths[1]", "/b", {"paths": ["/a", "/b"]}),
        ({"paths": ["/a", "/b"]}, "paths[0]", "/c", {"paths": ["/c", "/b"]}),
        ({"rules": [{"to": 1}]}, "rules[0].to", "2", {"rules": [{"to": 2}]}),
        ({"paths": ["/a"]}, "paths[3]", "/b", "there is no 3 to set in"),
        ({"paths": ["/a"]}, "paths.first", "/b", "there is no 'first' to set in"),
        ({"count": 1}, "count.more", "2", "there is no 'more' to set in 1"),
        ({}, "a[", "1", "configuration key 'a\\['"),
    ],
)
def test_both_engines_set_a_configuration_value_alike(
    tmp_path: Path, before: dict[str, object], key: str, value: str, after: dict[str, object] | str
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": before}))

    def by_pulumis() -> dict[str, object]:
        config = copy.deepcopy(before)
        override(config, "shop", key, value)
        return config

    def by_the_built_in() -> dict[str, object]:
        loaded = Project.load(tmp_path, "dev", overrides={key: value}).config
        return {name.removeprefix("shop:"): json.loads(item.text) for name, item in loaded.items()}

    for engine in (by_pulumis, by_the_built_in):
        if isinstance(after, str):
            with pytest.raises(LocalCloudError, match=after):
                engine()
        else:
            assert engine() == after
