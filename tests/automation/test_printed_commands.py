"""Commands that messages print: each is one that exists, with arguments that it takes, quoted for the shell.

Every text of a `fix` in the sources is read, so that a new one is looked at too. What a stack file's mistakes print is
run whole in `tests/unit/test_fix_lines.py`.
"""

import ast
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import typer

import automation
import infra
import localcloud
from automation.cli import app
from automation.commands import verb
from automation.engines.workspace import StackSource
from automation.identity import Identity
from automation.new_stack import new_stack
from automation.repository import REPOSITORY_ROOT
from localcloud.cli import app as localcloud_app
from localcloud.containment import MOUNTS_VARIABLE, containment_of
from localcloud.errors import LocalCloudError
from localcloud.gate import HOSTS_VARIABLE, ORIGINS_VARIABLE, gate_of
from tests.unit import pulumi_config
from tests.unit.test_fix_lines import parsed

PROGRAMS = (
    "pulumi",
    "python",
    "make",
    "aws",
    "docker",
    "kill",
    "export",
    "unset",
    "mkdir",
    "sudo",
    "apt-get",
    "eval",
    "localcloud",
)
# Values that a command may hold as they are: numbers and constants of ours.
HARMLESS = {
    "process.pid": "1",
    "found.port": "4566",
    "_another(settings.port)": "4567",
    "variable": HOSTS_VARIABLE,
    "example": "dev.example",  # quoted where it is made, or a constant
    "balancer.vpc_id": "vpc-1",  # an id of AWS's
    "vpc_id": "vpc-1",
    "names": "mmdebstrap",  # of ours
    "math.ceil(2 * needed)": "8",
    "on": "--stack dev",
    "60 / DEFAULT_CLOCK": "5",
    "cluster": "main",  # quoted where they are made
    "providers": "FARGATE",
    "strategy": "capacityProvider=FARGATE,weight=1",
}
# Names that hold such texts before they are printed.
VARIABLES = {"fix", "back", "refresh", "command"}
FIX = re.compile(r"\bfix: ")
VALUE = "'quoted for the shell'"


def sources() -> Iterator[Path]:
    for package in (automation, infra, localcloud):
        yield from Path(next(iter(package.__path__))).rglob("*.py")


def texts(node: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    """What an expression may come to; values that are not known stay in «»."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr | ast.BinOp):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node.left, node.right]
        found = [""]
        for part in parts:
            found = [before + text for before in found for text in texts(part, constants)]
        yield from found
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body, constants)
        yield from texts(node.orelse, constants)
    elif isinstance(node, ast.FormattedValue):
        yield from texts(node.value, constants)
    else:
        yield value_of(node, constants)


def value_of(node: ast.expr, constants: dict[str, str]) -> str:
    text = ast.unparse(node)
    if text in HARMLESS:
        return HARMLESS[text]
    if isinstance(node, ast.Name) and node.id in constants:
        return constants[node.id]
    if isinstance(node, ast.Call):
        return made_by(ast.unparse(node.func).rpartition(".")[2], node) or f"«{text}»"
    return f"«{text}»"


def made_by(name: str, call: ast.Call) -> str:
    """What a function that makes a part of a command returns; empty for any other function."""
    if name == "quote":
        return VALUE
    if name == "command":  # localcloud.hints
        return f"localcloud {ast.literal_eval(call.args[0])}"
    if name in {"verb", "_verb", "verb_of"}:
        return f"python -m automation {ast.literal_eval(call.args[0])} {VALUE}"
    return "pulumi config rm x" if name in {"removal", "next"} else ""


def printed() -> Iterator[tuple[str, str]]:
    """Every text behind `fix=`, assigned to a `fix`, or behind `fix: ` in another text, with where it stands."""
    for path in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: str(node.value.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and target.id.isupper()
        } | {
            "MOUNTS_VARIABLE": MOUNTS_VARIABLE,
            "PRIVILEGED_VARIABLE": "X",
            "ORIGINS_VARIABLE": ORIGINS_VARIABLE,
        }
        parts = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            found: list[str] = []
            if (isinstance(node, ast.keyword) and node.arg == "fix") or (
                isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in VARIABLES
            ):
                found = list(texts(node.value, constants))
            elif isinstance(node, ast.JoinedStr | ast.Constant) and node not in parts:
                found = [text.partition("fix: ")[2] for text in texts(node, constants) if FIX.search(text)]
            line = node.value.lineno if isinstance(node, ast.keyword) else getattr(node, "lineno", 0)
            yield from ((f"{path.name}:{line}", text) for text in found)


def commands(text: str) -> Iterator[str]:
    """The commands in a text: all of it, what stands behind its last colon, or in backticks."""
    candidates = [text, text.rpartition(": ")[2], text.rpartition("; ")[2], *re.findall(r"`([^`]+)`", text)]
    yield from {one.strip() for one in candidates if re.match(rf"({'|'.join(PROGRAMS)})\b", one.strip())}


FOUND = sorted({(command, where) for where, text in printed() for command in commands(text)})


def test_no_text_asks_for_a_placeholder_to_be_filled_in() -> None:
    wrong = [(where, text) for where, text in printed() if re.search(r"…|<[a-z]\w*>|=NAME\b", text)]
    assert [item for item in wrong if "services.<name>" not in item[1]] == []


def test_the_commands_are_found() -> None:
    assert len(FOUND) > 30
    assert {shlex.split(command)[0] for command, _ in FOUND} >= {"pulumi", "python", "make", "aws", "export"}


@pytest.mark.parametrize(("command", "where"), FOUND)
def test_a_printed_command_can_be_run(command: str, where: str) -> None:
    assert "«" not in command, f"{where}: not quoted for the shell"
    done = subprocess.run(["sh", "-n", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (where, done.stderr)
    for words in each(shlex.split(command)):
        assert not {"or", "then", "and"} & set(words), where
        assert not any(word.endswith((",", ";")) for word in words), where
        check(words, where)


def each(words: list[str]) -> Iterator[list[str]]:
    """Commands that stand behind each other."""
    begin = 0
    for index, word in enumerate([*words, "&&"]):
        if word == "&&":
            yield words[begin:index]
            begin = index + 1


def check(words: list[str], where: str) -> None:
    match words:
        case ["python", "-m", "automation", *rest]:
            parse(typer.main.get_command(app), rest)
        case ["localcloud", *rest]:
            parse(typer.main.get_command(localcloud_app), rest)
        case ["make", *targets]:
            lines = (REPOSITORY_ROOT / "Makefile").read_text(encoding="utf-8")
            assert all(
                re.search(rf"^{name}( .*)?:", lines, re.MULTILINE) for name in targets if "=" not in name
            ), where
        case ["aws", service, operation, *options]:
            parse_aws(service, operation, options)
        case ["pulumi", *rest] if shutil.which("pulumi"):
            asked = subprocess.run(["pulumi", *rest, "--help"], capture_output=True, text=True, check=False)
            assert asked.returncode == 0, (where, asked.stderr)
        case _:
            pass


def parse(group: Any, arguments: list[str]) -> None:
    """The verb exists and takes these arguments, none missing."""
    found = group.commands[arguments[0]]
    found.make_context(arguments[0], arguments[1:])


def parse_aws(service: str, operation: str, options: list[str]) -> None:
    """The operation is in AWS's model, and every input that it needs is given; `aws sso` and the like have none."""
    if service in {"sso", "configure"}:
        return
    model: Any = boto3.client(service, region_name="us-east-1").meta.service_model  # type: ignore[call-overload]
    name = next(
        one for one in model.operation_names if re.sub(r"(?<!^)(?=[A-Z])", "-", one).lower() == operation
    )
    given = {option.removeprefix("--").replace("-", "") for option in options if option.startswith("--")}
    needed = {member.lower() for member in model.operation_model(name).input_shape.required_members}
    known = {member.lower() for member in model.operation_model(name).input_shape.members}
    assert needed <= given <= known


# -- run, and the mistake is gone ------------------------------------------------------------------------------


def fix_of(error: pytest.ExceptionInfo[LocalCloudError]) -> str:
    assert error.value.fix
    return error.value.fix


@pytest.mark.parametrize(
    "config",
    [
        {"aws:assumeRoles": "arn:aws:iam::1:role/x"},
        {"aws:assumeRoles": [{"arn": "x"}, {"roleArn": "y"}]},
        {"aws:profile": {"secure": "v1:x"}},
        {"aws:assumeRoles": {"secure": "v1:x"}},
    ],
)
def test_what_the_stacks_identity_asks_for_mends_it(config: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError) as error:
        Identity.of(config, "Pulumi.we'b; touch x.yaml")
    mended = json.loads(json.dumps(config))
    for line in fix_of(error).split(" && "):
        [arguments] = parsed([line], tmp_path)
        assert arguments[arguments.index("--stack") + 1] == "we'b; touch x"
        pulumi_config.run(mended, arguments, "shop", answer='[{"roleArn": "arn:aws:iam::1:role/x"}]')
    assert Identity.of(mended, "Pulumi.dev.yaml") != Identity.of({}, "Pulumi.dev.yaml")


@pytest.mark.parametrize("name", [HOSTS_VARIABLE, ORIGINS_VARIABLE, MOUNTS_VARIABLE])
def test_the_variables_that_messages_offer_are_taken(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a folder; touch x"
    folder.mkdir()
    monkeypatch.chdir(folder)
    read = containment_of if name == MOUNTS_VARIABLE else gate_of
    with pytest.raises(LocalCloudError) as error:
        read({name: "not/a host"})
    script = f'{fix_of(error)}; printf %s "${name}"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    read({name: done.stdout})


def test_a_missing_stacks_verb_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a shop; touch x"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: us-east-1\n")
    monkeypatch.chdir(REPOSITORY_ROOT)
    source = StackSource(folder=folder, stack="prod", settings_of="prod", overrides={})
    with pytest.raises(LocalCloudError) as error:
        source.read_stack()
    command = fix_of(error).partition("or: ")[2]
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    assert sorted(path.name for path in folder.iterdir()) == [
        "Pulumi.dev.yaml",
        "Pulumi.prod.yaml",
        "Pulumi.yaml",
    ]
    assert source.read_stack() == {"config": {"aws:region": "us-east-1"}}


def test_verbs_are_run_by_the_interpreter_that_the_shell_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interpreter = tmp_path / ".venv" / "bin" / "python"
    monkeypatch.setattr("sys.executable", str(interpreter))
    monkeypatch.setattr("shutil.which", lambda _: str(interpreter))
    assert verb("up", "dev") == "python -m automation up dev"
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/python")
    monkeypatch.chdir(tmp_path)
    assert verb("up", "we'b", folder=tmp_path) == (
        f""".venv/bin/python -m automation up 'we'"'"'b' --project {shlex.quote(str(tmp_path))}"""
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert verb("up", "dev").startswith(shlex.quote(str(interpreter)))


def test_the_secrets_that_a_new_stack_needs_are_named(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  token: {secure: x}\n  a: {b: [{secure: y}]}\n")
    with pytest.raises(LocalCloudError, match=r"set these again for the new stack: token, a\.b\[0\]"):
        new_stack(tmp_path, "prod", settings_of="dev")
