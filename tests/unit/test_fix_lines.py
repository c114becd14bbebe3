"""Every fix line that is a command is run in a shell against a copy of the stack file, and the mistake is gone.

The shell is a real one, so that the quoting is judged by it; `pulumi` is a function that writes down its arguments, and
`pulumi_config` does with them what the CLI does. Where the CLI is on PATH, the same lines are given to it.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.settings.problems import Problem
from infra.settings.validation import validate
from tests.program.generated import SECRETS, stacks
from tests.unit import pulumi_config
from tests.unit.test_settings_errors import RULES_OF_A_SERVICE, RULES_OF_THE_STACK, TEN_MISTAKES

SH = shutil.which("sh") or "/bin/sh"
RECORDER = 'pulumi() { printf \'%s\\0\' "$#" "$@"; }\n'
EVIL = [
    "we'b", "x'; touch y; '", "$(touch y)", "`touch y`", 'a"b', "a\\", 'a\\"b', "wéb", "日本", "a b", "-x", "a%sb",
    "a!b", "\x1b[2Jx", "a\nb", "\u202egnp.exe", "x\ttouch y", "", ".", "a.b", "a[0]", "*", "~", "é\x07%\\'", "#x",
]  # fmt: skip


def commands(problem: Problem) -> list[str]:
    """The lines that are commands; a fix in words is not."""
    lines = [line.removeprefix("  fix: ") for line in problem.render().splitlines()[1:]]
    found = [line for line in lines if line.startswith("pulumi ")]
    assert not found or found == lines, "words and commands do not mix"
    assert all(line.isprintable() for line in lines), lines
    return found


def parsed(lines: list[str], folder: Path) -> list[list[str]]:
    """The arguments that a shell makes of each line; nothing else may come of it."""
    before = sorted(folder.iterdir())
    done = subprocess.run(
        [SH, "-c", RECORDER + "\n".join(lines)],
        cwd=folder,
        env={"PATH": "/nowhere"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b""), (lines, done)
    assert sorted(folder.iterdir()) == before, "a fix line did something else"
    words, found = done.stdout.decode().split("\0")[:-1], []
    while words:
        count = int(words.pop(0))
        found.append(words[:count])
        del words[:count]
    assert len(found) == len(lines)
    return found


def applied(data: dict[str, Any], lines: list[str], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """The settings, and the encrypted names, after the lines."""
    config = {f"shop:{key}": _copy(value) for key, value in data.items()}
    for arguments in parsed(lines, folder):
        pulumi_config.run(config, arguments, "shop")
    plain = {key.removeprefix("shop:"): value for key, value in config.items()}
    encrypted = [key for key, value in plain.items() if isinstance(value, dict) and list(value) == ["secure"]]
    # One key deep everything is text, which the program reads as JSON.
    read = {key: _read(value) for key, value in plain.items() if key not in encrypted}
    return read, encrypted


def _copy(value: Any) -> Any:
    """Unlike `copy.deepcopy`, which keeps one object that is there twice one object."""
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _read(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def said(problems: list[Problem]) -> set[tuple[Any, str]]:
    return {(problem.path, problem.message) for problem in problems}


def check(data: dict[str, Any], folder: Path, secrets: frozenset[str] = SECRETS) -> int:
    """Run the lines of every problem, alone and all together, and see the mistakes go; how many lines there were."""
    problems = validate(data, secrets)[1]
    lines = {index: commands(problem) for index, problem in enumerate(problems)}
    for index, problem in enumerate(problems):
        if lines[index] and not any(isinstance(part, int) for part in problem.path):
            after, more = applied(data, lines[index], folder)
            assert not said([problem]) & said(validate(after, secrets | set(more))[1]), problem.render()
    together = [line for index in lines for line in lines[index]]
    after, more = applied(data, together, folder)
    fixed = [problem for index, problem in enumerate(problems) if lines[index]]
    left = said(fixed) & said(validate(after, secrets | set(more))[1])
    assert not left, (together, after)
    return len(together)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("stack") / "empty"
    made.mkdir()
    return made


@pytest.mark.parametrize(("service", "expected"), RULES_OF_A_SERVICE)
def test_mistakes_of_a_service_go(service: dict[str, Any], expected: str, folder: Path) -> None:
    check({"services": {"web": service}}, folder)


@pytest.mark.parametrize(("concerns", "expected"), RULES_OF_THE_STACK)
def test_mistakes_of_the_stack_go(concerns: dict[str, Any], expected: str, folder: Path) -> None:
    check({"services": {"web": {}}, **concerns}, folder)


SHAPES: list[dict[str, Any]] = [
    {},
    {"services": {}},
    {"services": "web"},
    {"services": {"web": None}},
    {"services": {"web": {"cpu": "256", "memory": "512", "executeCommand": "true", "logRetentionDays": "30"}}},
    {"services": {"web": {"cpu": 10**400, "memory": 10**5000, "desiredCount": float("inf"), "portt": 10**30}}},
    {"services": {"web": {"cpu": float("nan"), "alarms": {"latencySeconds": float("inf"), "errorPercent": 10**400}}}},
    {"services": {"web": {"scaling": {"requestsPerTarget": {"target": -1.5}}}}},
    {"services": {"web": {"route": {"paths": "/a"}, "build": {"platforms": ["arm64", "arm64", "x86_64", "x86_64"]}}}},
    {"services": {"web": {"deployment": {"strategy": "canary", "hooks": ["x", {"pause": 5}]}}}},
    {"services": {"web": {"memroy": None, "memory": 512, "desired_count": "3", "zzz": 5, "portt": 8080}}},
    {"services": {"Web": {"port": 80}, "web": {}, "WEB": {"environment": {"PASSWORD": "hunter2"}}}},
    {"services": {"web": {"secrets": {"DB_PASSWORD": {"config": "dbPasswordOfTheProductionDatabase"}}}}},
    {"services": {"web": {}}, "network": "default", "production": "perhaps", "tags": [1], "cluster": 5},
    {"services": {"web": {}}, "tags": {"a": 256, "b c": True, "d": {"e": 1}, "f": "x\x1b[2J\u202e"}},
    {"services": {"web": {}}, "network": {"endpoints": ["s3", "s3", "bad", "ecr", "bad"]}},
]  # fmt: skip


@pytest.mark.parametrize("data", [yaml.safe_load(TEN_MISTAKES), *SHAPES])
def test_mistakes_of_any_shape_go(data: dict[str, Any], folder: Path) -> None:
    check(data, folder)


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("place", ["service", "root", "key", "tag", "sidecar", "variable", "value", "index"])
def test_names_and_values_carry_no_commands(name: str, place: str, folder: Path) -> None:
    webs: dict[str, dict[str, Any]] = {
        "service": {}, "root": {}, "key": {name: 1}, "tag": {}, "sidecar": {"sidecars": {name: {}}},
        "variable": {"environment": {name: "x"}}, "value": {"cpuu": name}, "index": {"route": {"paths": [name]}},
    }  # fmt: skip
    data: dict[str, Any] = {"services": {name if place == "service" else "web": webs[place]}}
    if place == "tag":
        data["tags"] = {name: "\x00"}
    if place == "root":
        data[name] = {"a": 1}
    problems = validate(data)[1]
    assert problems
    assert all(line.isprintable() for problem in problems for line in problem.render().splitlines())
    check(data, folder)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(stacks(wild=True))
def test_mistakes_of_wild_stack_files_go(folder: Path, data: dict[str, Any]) -> None:
    check(data, folder)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=12))
def test_any_name_is_one_word_of_the_shell(folder: Path, name: str) -> None:
    check({"services": {"web": {"tags": {name: 1}}}, "tags": {name: "\x00"}}, folder)


@pytest.mark.pulumi
@pytest.mark.skipif(not shutil.which("pulumi"), reason="the pulumi CLI is not on PATH")
def test_the_cli_does_with_the_lines_what_the_tests_take_it_to_do(tmp_path: Path, folder: Path) -> None:
    home = {
        "PULUMI_BACKEND_URL": f"file://{tmp_path}",
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_HOME": str(tmp_path / "home"),
    }
    environment = {**os.environ, **home, "PULUMI_SKIP_UPDATE_CHECK": "true"}

    def sh(script: str) -> None:
        done = subprocess.run(
            [SH, "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (script, done.stderr)

    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    sh("pulumi stack init dev; pulumi config set a b")
    salt = yaml.safe_load((tmp_path / "Pulumi.dev.yaml").read_text())["encryptionsalt"]
    names: dict[str, Any] = {name: 1 for name in EVIL if name}
    samples: list[dict[str, Any]] = [
        yaml.safe_load(TEN_MISTAKES),
        *SHAPES[8:12],
        *SHAPES[13:],
        {"services": {"web": {**names}}},
    ]
    for data in samples:
        lines = [line for problem in validate(data, SECRETS)[1] for line in commands(problem)]
        content = {"config": data, "encryptionsalt": salt}
        (tmp_path / "Pulumi.dev.yaml").write_text(
            json.dumps(content), encoding="utf-8"
        )  # every text in quotes
        sh("\n".join(lines))
        written = yaml.safe_load((tmp_path / "Pulumi.dev.yaml").read_text("utf-8"))["config"]
        expected, _ = applied(data, lines, folder)
        assert {key.removeprefix("shop:"): _read(value) for key, value in written.items()} == expected
