"""Pulumi.yaml and stack files: read as the Pulumi CLI reads them, refused with the file, key, value and fix."""

import json
from pathlib import Path

import pytest

from localcloud.engine import Project
from localcloud.errors import LocalCloudError

# Written by the Pulumi CLI with the passphrase below; the comments are what the CLI hands to the program.
STACK = """
encryptionsalt: v1:JSSAKY+5sPk=:v1:D7ETjZCkDVwGRgM9:vY6BQFWAkKjnjzlqYCozIeFKLVwd+A==
config:
  shop:a: yes                                         # yes
  shop:b: 012                                         # 10
  shop:c: 1.10                                        # 1.1
  shop:e: 1:30                                        # 1:30
  shop:f: {x: 1.0, y: true, z: ~, w: [1, two, 3e2]}   # {"w":[1,"two",300],"x":1,"y":true,"z":null}
  shop:g: 0x1F                                        # 31
  shop:h: 1e3                                         # 1000
  shop:n: ~                                           #
  aws:region: eu-west-1                               # eu-west-1
  shop:sec:
    secure: v1:HL10vpwC4s5oomya:gB8G9hvGrFrgwQTS/MJM+CZ45DFpFfNADZ06+UdS
  shop:obj:
    inner:
      - x: 5
    pass:
      secure: v1:djpZFO3wEmztH38q:FtaqkcnaYdY+VI31RvoIAPdHtXwZclUNUdwi
"""
PASSPHRASE = {"PULUMI_CONFIG_PASSPHRASE": "correct horse"}


def load(root: Path, project: str, stack: str = "", overrides: dict[str, str] | None = None) -> Project:
    (root / "Pulumi.yaml").write_text("name: shop\nruntime: python\n" + project)
    (root / "Pulumi.test.yaml").write_text(stack)
    return Project.load(root, "test", environment={}, overrides=overrides)


def message(root: Path, project: str, stack: str = "", overrides: dict[str, str] | None = None) -> str:
    with pytest.raises(LocalCloudError) as caught:
        load(root, project, stack, overrides)
    return str(caught.value)


def test_values_become_what_the_cli_makes_of_them(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: {name: python}\nconfig: {size: {default: 3}}")
    (tmp_path / "Pulumi.test.yaml").write_text(STACK)

    project = Project.load(tmp_path, "test", environment=PASSPHRASE)

    assert {key: value.text for key, value in project.config.items() if not value.secret} == {
        "shop:a": "yes",
        "shop:b": "10",
        "shop:c": "1.1",
        "shop:e": "1:30",
        "shop:f": '{"w":[1,"two",300],"x":1,"y":true,"z":null}',
        "shop:g": "31",
        "shop:h": "1000",
        "shop:n": "",
        "shop:size": "3",
        "aws:region": "eu-west-1",
    }


def test_keys_without_a_namespace_are_the_projects_own(tmp_path: Path) -> None:
    stack = "config: {services: {web: {cpu: 512}}, shop:title: old, aws:region: eu-west-1}"
    project = load(
        tmp_path, "", stack, overrides={"services.web.cpu": "256", "shop:services.web.memory": "512"}
    )
    assert {key: value.text for key, value in project.config.items()} == {
        "shop:services": '{"web":{"cpu":256,"memory":512}}',
        "shop:title": "old",
        "aws:region": "eu-west-1",
    }


def test_a_key_in_both_spellings_is_refused(tmp_path: Path) -> None:
    """Pulumi's CLI takes one of them at random."""
    text = message(tmp_path, "", "config: {size: 1, shop:size: 2, shop:title: a}")
    assert text.splitlines() == [
        f"{tmp_path}/Pulumi.test.yaml: size is there twice, also as shop:size: the pulumi CLI would take either",
        "  fix: delete one of the two",
    ]


def test_secure_values_are_decrypted_with_the_passphrase_and_stay_secret(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.test.yaml").write_text(STACK)
    (tmp_path / "passphrase").write_text("correct horse\n")

    for environment in (PASSPHRASE, {"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "passphrase")}):
        config = Project.load(tmp_path, "test", environment=environment).config
        assert config["shop:sec"].text == "s3cr€t-value"
        assert config["shop:sec"].secret
        assert json.loads(config["shop:obj"].text) == {"inner": [{"x": 5}], "pass": "hidden-pass"}
        assert config["shop:obj"].secret
        assert "s3cr" not in repr(config)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "no passphrase is set"),
        ({"PULUMI_CONFIG_PASSPHRASE": "wrong"}, "the passphrase does not fit"),
        ({"PULUMI_CONFIG_PASSPHRASE_FILE": "/nowhere"}, "PULUMI_CONFIG_PASSPHRASE_FILE is '/nowhere'"),
    ],
)
def test_a_missing_or_wrong_passphrase_is_named(
    tmp_path: Path, environment: dict[str, str], expected: str
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.test.yaml").write_text(STACK)

    with pytest.raises(LocalCloudError, match=expected):
        Project.load(tmp_path, "test", environment=environment)


def test_no_passphrase_is_needed_without_secure_values(tmp_path: Path) -> None:
    salt = STACK.splitlines()[1]
    assert load(tmp_path, "", f"{salt}\nconfig: {{shop:a: 1}}").config["shop:a"].text == "1"


def test_other_secrets_providers_and_environments_are_refused(tmp_path: Path) -> None:
    stack = "secretsprovider: awskms://alias/key\nconfig: {shop:a: {secure: AAAB}}"
    assert "secretsprovider is 'awskms://alias/key'" in message(tmp_path, "", stack)
    assert "no encryptionsalt" in message(tmp_path, "", "config: {shop:a: {secure: 'v1:a:b'}}")
    assert "`environment` (Pulumi ESC) needs Pulumi Cloud" in message(tmp_path, "", "environment: [dev]")


def test_every_value_that_does_not_fit_the_schema_is_named_at_once(tmp_path: Path) -> None:
    project = """
config:
  size: {type: integer}
  on: {type: boolean}
  names: {type: array, items: {type: string}}
  settings: {type: object}
  title: {type: string}
  needed: {type: string}
  hidden: {type: string, secret: true}
  shop:preset: {type: integer, default: 7}
  aws:region: eu-west-1
"""
    text = message(
        tmp_path,
        project,
        "config: {shop:size: big, shop:on: 3, shop:names: [1], shop:settings: x, shop:title: 5, shop:hidden: x}",
    )
    assert [line for line in text.splitlines() if "fix:" not in line] == [
        f"{tmp_path}/Pulumi.test.yaml: size is 'big'; it must be of type integer",
        f"{tmp_path}/Pulumi.test.yaml: on is 3; it must be of type boolean",
        f"{tmp_path}/Pulumi.test.yaml: names is [1]; it must be of type array<string>",
        f"{tmp_path}/Pulumi.test.yaml: settings is 'x'; it must be of type object",
        f"{tmp_path}/Pulumi.test.yaml: needed is missing, and the project gives it no default",
        f"{tmp_path}/Pulumi.test.yaml: hidden must be encrypted, the project declares it secret",
    ]
    assert [line.strip() for line in text.splitlines() if "fix:" in line] == [
        "fix: pulumi config set --stack test size",
        "fix: pulumi config set --stack test on",
        "fix: write names into the stack file as array<string>",
        "fix: write settings into the stack file as object",
        "fix: pulumi config set --stack test needed",
        "fix: pulumi config set --stack test --secret hidden",
    ]


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        ("config: {size: {type: int}}", "config.size: type is 'int'; allowed: string, integer"),
        (
            "config: {size: {type: integer, default: x}}",
            "config.size: its default 'x' is not of type integer",
        ),
        ("config: {a: {default: 1, value: 2}}", "config.a: cannot have both"),
        ("config: {a: {type: array}}", "config.a: declares an array without"),
        ("config: {aws:a: {type: string}}", "config.aws:a: is not of the project's namespace"),
        ("config: {a: {typ: string}}", "config.a: unknown attribute 'typ'"),
        ("config: [a]", "`config` must be a mapping"),
    ],
)
def test_malformed_declarations_are_refused(tmp_path: Path, project: str, expected: str) -> None:
    assert expected in message(tmp_path, project)


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ("config: {a", "line 1, column 11: not valid YAML"),
        ("config:\n  shop:a: 1\n  shop:a: 2", "the key 'shop:a' is there twice"),
        ("config:\n\tshop:a: 1", "not valid YAML"),
        ("- a", "must be a mapping"),
        ("config: 5", "`config` must be a mapping"),
        (f"config: {{a: {'9' * 5000}}}", "has a number with more than 4,300 digits"),
        ('config: {a: "\\ud800"}', "half of a surrogate pair is no character"),
    ],
)
def test_bad_yaml_is_named_with_its_place(tmp_path: Path, stack: str, expected: str) -> None:
    text = message(tmp_path, "", stack)
    assert expected in text
    assert "Pulumi.test.yaml" in text


def test_missing_files_are_named_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"no Pulumi.yaml in"):
        Project.load(tmp_path, "test", environment={})
    load(tmp_path, "")
    with pytest.raises(
        LocalCloudError, match=r"no stack file .*Pulumi.prod.yaml\n  fix: use one of the stacks test"
    ):
        Project.load(tmp_path, "prod", environment={})


def test_a_program_in_another_language_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: nodejs\n")
    with pytest.raises(LocalCloudError, match="`runtime` is 'nodejs'"):
        Project.load(tmp_path, "test", environment={})


def test_overrides_win_also_deep_inside_a_value(tmp_path: Path) -> None:
    project = load(
        tmp_path,
        "config: {services: {type: object}}",
        "config: {shop:services: {web: {count: 1, name: w}}}",
        overrides={
            "services.web.count": "3",
            "shop:services.web.public": "true",
            "services.worker.name": "w2",
            "shop:title": "hello",
            "aws:region": "eu-north-1",
        },
    )
    assert json.loads(project.config["shop:services"].text) == {
        "web": {"count": 3, "name": "w", "public": True},
        "worker": {"name": "w2"},
    }
    assert project.config["shop:title"].text == "hello"
    assert project.config["aws:region"].text == "eu-north-1"
    assert "there is no 'x' to set in 1" in message(
        tmp_path, "", "config: {shop:a: {b: 1}}", overrides={"a.b.x": "1"}
    )
    assert "configuration key 'a['" in message(tmp_path, "", "", overrides={"a[": "1"})
