"""The built-in engine and Pulumi's own do the same to the same cloud, with the real providers.

Every sequence runs on both engines, each on a stack of its own in one local cloud. After every step the counts of steps
and what exists must agree. Without the pulumi CLI the built-in engine's half is still checked for itself.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from automation.engines import EngineName
from automation.engines.command import cli_available
from automation.events import Foreseen
from automation.stacks import Stack
from localcloud.engine import Op, Outcome
from tests.automation.conftest import Workbench

ENGINES = [EngineName.BUILT_IN, *([EngineName.PULUMI] if cli_available() else [])]
NAMES = {EngineName.BUILT_IN: "ours", EngineName.PULUMI: "real"}

pytestmark = [
    pytest.mark.pulumi,
    pytest.mark.skipif(not cli_available(), reason="the pulumi CLI with Python support is not on PATH"),
]


class Pair:
    """One stack per engine over the same program."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        for name in NAMES.values():
            bench.settings(name)

    def stacks(self) -> Iterator[tuple[EngineName, Stack]]:
        for engine in ENGINES:
            yield engine, self.bench.stack(NAMES[engine], engine)

    def run(self, step: Callable[[Stack], Outcome]) -> Outcome:
        """Take a step on every engine; they must agree, and the built-in engine's outcome is returned."""
        outcomes = {engine: step(stack) for engine, stack in self.stacks()}
        ours, real = outcomes[EngineName.BUILT_IN], outcomes[EngineName.PULUMI]
        assert ours.ok == real.ok, (ours.errors, real.errors)
        if ours.ok:
            assert counted(ours) == counted(real)
            assert self.generic(dict(ours.outputs)) == self.generic(dict(real.outputs))
        assert len(set(self.worlds())) == 1, self.worlds()
        return ours

    def foreseen(self) -> list[str]:
        """What the preview says that the program costs users; on every engine the same."""
        told = []
        for _, stack in self.stacks():
            assert stack.preview().ok
            events = [event for event in self.bench.events if isinstance(event, Foreseen)]
            told.append(sorted(str(impact) for event in events for impact in event.impacts))
        assert told[0] == told[-1]
        return told[0]

    def worlds(self) -> list[str]:
        return [self.generic(resources(stack)) for _, stack in self.stacks()]

    def generic(self, value: Any) -> str:
        """Without what differs by chance or by stack: names, ids, times."""
        text = json.dumps(value, sort_keys=True, default=str)
        for name in NAMES.values():
            text = re.sub(rf"\b{name}\b", "STACK", text)
        text = re.sub(r"-[0-9a-f]{7}\b", "-RANDOM", text)
        text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.+Z-]+", "TIME", text)
        return re.sub(r"\b(AROA|AIDA|ANPA)?[0-9A-Z]{16,21}\b", "ID", text)


def counted(outcome: Outcome) -> dict[Op, int]:
    return {op: count for op, count in outcome.changes.items() if count and op is not Op.READ}


def resources(stack: Stack) -> list[Any]:
    """What a stack has, without what one engine writes and the other does not: providers of its own and `__` keys."""
    found = [item for item in stack.resources() if not item.type.startswith("pulumi:")]
    return sorted([item.type, item.name, _plain(item.inputs), _plain(item.outputs)] for item in found)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if not key.startswith("__")}
    return [_plain(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def pair(bench: Workbench) -> Iterator[Pair]:
    made = Pair(bench)
    yield made
    for _, stack in made.stacks():
        stack.destroy()
    shutil.rmtree(bench.cloud.home / "stacks", ignore_errors=True)
    shutil.rmtree(bench.cloud.home / "pulumi", ignore_errors=True)


def up(stack: Stack) -> Outcome:
    return stack.up(check=False).outcome


SERVICE = """
group = aws.cloudwatch.LogGroup("web", name=f"/ecs/{stack}/web", retention_in_days=%(days)d)
role = aws.iam.Role("task", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]}))
cluster = aws.ecs.Cluster("main", name=f"shop-{stack}")
definition = aws.ecs.TaskDefinition("web", family=f"shop-{stack}-web", cpu="256", memory="512",
    network_mode="awsvpc", requires_compatibilities=["FARGATE"], task_role_arn=role.arn,
    container_definitions=pulumi.Output.json_dumps([{"name": "web", "image": "%(image)s", "essential": True}]))
elsewhere = aws.Provider("elsewhere", region="eu-west-1", default_tags={"tags": {"team": "far"}})
aws.cloudwatch.LogGroup("far", name=f"/far/{stack}", opts=pulumi.ResourceOptions(provider=elsewhere))
pulumi.export("cluster", cluster.name)
pulumi.export("role", role.name)
"""


def test_create_change_replace_remove_and_destroy(pair: Pair) -> None:
    def step(source: str) -> Outcome:
        pair.bench.program(source)
        return pair.run(up)

    first = step(SERVICE % {"days": 7, "image": "shop/web@sha256:" + "a" * 64})
    assert counted(first) == {Op.CREATE: 7}
    for (
        _,
        stack,
    ) in pair.stacks():  # every provider has its own region and tags, whichever was configured last
        tags = {item.name: item.outputs["tagsAll"] for item in stack.resources() if "tagsAll" in item.outputs}
        assert (tags["far"], tags["main"]) == ({"team": "far"}, {})
    pair.bench.program(SERVICE % {"days": 14, "image": "shop/web@sha256:" + "a" * 64})
    planned = pair.run(Stack.preview)
    changed = step(SERVICE % {"days": 14, "image": "shop/web@sha256:" + "a" * 64})
    assert counted(planned) == counted(changed) == {Op.UPDATE: 1, Op.SAME: 6}  # a preview says what happens
    replaced = step(SERVICE % {"days": 14, "image": "shop/web@sha256:" + "b" * 64})
    assert replaced.changes[Op.REPLACE] == 1
    pair.bench.program('cluster = aws.ecs.Cluster("main", name=f"shop-{stack}")')
    assert pair.foreseen() == [
        "far  aws:cloudwatch/logGroup:LogGroup  loses data: the log lines in it are deleted",
        "web  aws:cloudwatch/logGroup:LogGroup  loses data: the log lines in it are deleted",
    ]
    removed = step('cluster = aws.ecs.Cluster("main", name=f"shop-{stack}")')
    assert counted(removed) == {Op.DELETE: 5, Op.SAME: 2}
    gone = pair.run(Stack.destroy)
    assert gone.changes[Op.DELETE] == 2


def test_refresh_finds_what_was_changed_outside_and_the_next_up_puts_it_back(pair: Pair) -> None:
    pair.bench.program('aws.cloudwatch.LogGroup("web", name=f"/ecs/{stack}", retention_in_days=7)')
    pair.run(up)
    logs = pair.bench.client("logs")
    for name in NAMES.values():
        logs.put_retention_policy(logGroupName=f"/ecs/{name}", retentionInDays=30)

    for _, stack in pair.stacks():
        (drifted,) = stack.drift().drifted
        assert [(change.path, change.old, change.new) for change in drifted.changes] == [
            ("retentionInDays", 7, 30)
        ]
    assert pair.run(Stack.refresh).changes[Op.UPDATE] == 1
    assert pair.run(up).changes[Op.UPDATE] == 1
    for name in NAMES.values():
        (group,) = logs.describe_log_groups(logGroupNamePrefix=f"/ecs/{name}")["logGroups"]
        assert group["retentionInDays"] == 7

    for name in NAMES.values():
        logs.delete_log_group(logGroupName=f"/ecs/{name}")
    for _, stack in pair.stacks():
        assert [item.gone for item in stack.drift().drifted] == [True]
    assert pair.run(Stack.refresh).changes[Op.DELETE] == 1
    assert pair.run(up).changes[Op.CREATE] == 1


def test_secrets_are_encrypted_in_either_state_and_masked_in_every_answer(pair: Pair) -> None:
    pair.bench.program(
        'hidden = pulumi.Output.secret("correct horse")\n'
        'aws.ssm.Parameter("token", name=f"/{stack}/token", type="SecureString", value=hidden)\n'
        'pulumi.export("token", hidden)\n'
    )
    pair.run(up)
    for _, stack in pair.stacks():
        assert stack.outputs()["token"] == "[secret]"
        assert "correct horse" not in json.dumps(resources(stack))
    for path in pair.bench.cloud.home.rglob("*"):
        if path.is_file() and "cloud" not in path.name:
            assert b"correct horse" not in path.read_bytes(), path


def test_failed_create_is_retried_by_the_next_up(pair: Pair) -> None:
    source = """
    aws.cloudwatch.LogGroup("fine", name=f"/fine/{{stack}}")
    aws.ecs.TaskDefinition("web", family=f"shop-{{stack}}", cpu="{cpu}", memory="512", network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        container_definitions=json.dumps([{{"name": "web", "image": "shop/web", "essential": True}}]))
    aws.ecs.Service("orphan", name=f"orphan-{{stack}}", cluster={cluster}, task_definition=f"shop-{{stack}}",
        desired_count=0)
    """
    pair.bench.program(source.format(cpu="256", cluster='"nowhere"'))
    failed = pair.run(up)
    assert not failed.ok
    assert any("nowhere" in error or "luster" in error for error in failed.errors), failed.errors
    fixed = 'aws.ecs.Cluster("main", name=f"shop-{stack}").arn'
    pair.bench.program(source.format(cpu="256", cluster=fixed))
    again = pair.run(up)
    assert again.ok
    assert again.changes[Op.CREATE] == 2
