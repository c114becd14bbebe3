"""What `status` shows besides tasks: scaling with its causes, and the alarms that the program declared."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from automation.observation import Observed, declared_alarms, observe
from automation.stacks import Stack
from automation.views import fleet_view
from tests.automation.conftest import Workbench

PROGRAM = """
cluster = aws.ecs.Cluster("cluster", name="observed")
task = aws.ecs.TaskDefinition(
    "task", family="observed", cpu="256", memory="512", network_mode="awsvpc",
    requires_compatibilities=["FARGATE"],
    container_definitions=json.dumps([{"name": "app", "image": "localhost/none:1"}]),
)
alarm = dict(
    namespace="n", metric_name="m", statistic="Sum", period=60, evaluation_periods=1, threshold=1,
    comparison_operator="GreaterThanThreshold", treat_missing_data="ignore",
)
errors = aws.cloudwatch.MetricAlarm("errors", name="observed-errors", tags={"Service": "site"}, **alarm)
slow = aws.cloudwatch.MetricAlarm("slow", name="observed-slow", tags={"Service": "site"}, **alarm)
aws.cloudwatch.MetricAlarm("other", name="of-something-else", **alarm)
service = aws.ecs.Service(
    "web", name="web", cluster=cluster.arn, task_definition=task.arn, desired_count=0, launch_type="FARGATE",
    network_configuration={"subnets": ["subnet-00000001"]},
    alarms={"alarm_names": [errors.name], "enable": True, "rollback": True},
)
target = aws.appautoscaling.Target(
    "web", service_namespace="ecs", scalable_dimension="ecs:service:DesiredCount", min_capacity=0, max_capacity=0,
    resource_id=pulumi.Output.concat("service/", cluster.name, "/", service.name),
)
names = dict(
    service_namespace="ecs", scalable_dimension="ecs:service:DesiredCount", resource_id=target.resource_id
)
aws.appautoscaling.Policy(
    "cpu", name="cpu", policy_type="TargetTrackingScaling", **names,
    target_tracking_scaling_policy_configuration={
        "target_value": 60,
        "predefined_metric_specification": {"predefined_metric_type": "ECSServiceAverageCPUUtilization"},
    },
)
steps = aws.appautoscaling.Policy(
    "steps", name="steps", policy_type="StepScaling", **names,
    step_scaling_policy_configuration={
        "adjustment_type": "ChangeInCapacity",
        "step_adjustments": [{"metric_interval_lower_bound": "0", "scaling_adjustment": 2}],
    },
)
aws.cloudwatch.MetricAlarm("busy", name="observed-busy", alarm_actions=[steps.arn], **alarm)
aws.appautoscaling.ScheduledAction(
    "night", name="night", schedule="cron(0 22 * * ? *)", timezone="Europe/Berlin",
    scalable_target_action={"max_capacity": 0}, **names,
)
pulumi.export("cluster", cluster.name)
pulumi.export("services", {"site": service.name})
"""


@pytest.fixture
def stack(bench: Workbench) -> Any:
    bench.program(PROGRAM)
    bench.settings("local")
    made = bench.stack("local")
    assert made.up().outcome.ok, bench.events
    yield made
    made.destroy()


def read(stack: Stack) -> Observed:
    declared = declared_alarms(stack.resources(), stack.output("services"))
    [found] = observe(stack.target, stack.output("cluster"), declared)
    return found


def test_scaling_and_alarms_of_a_service_are_observed(stack: Stack, bench: Workbench) -> None:
    fire = bench.client("cloudwatch").set_alarm_state
    fire(AlarmName="observed-busy", StateValue="ALARM", StateReason="made to")

    web = read(stack)

    assert web.scaling is not None
    assert (web.scaling.minimum, web.scaling.maximum) == (0, 0)
    assert {(policy.kind, policy.goal) for policy in web.scaling.policies} == {
        ("target tracking", "ECSServiceAverageCPUUtilization 60"),
        ("steps", "ChangeInCapacity +2"),
    }
    assert web.scaling.schedules == ("night cron(0 22 * * ? *) Europe/Berlin: max 0",)
    [activity] = web.scaling.activities
    assert activity.not_scaled == ("AlreadyAtMaxCapacity",)
    assert activity.cause == "monitor alarm observed-busy in state ALARM triggered policy steps"
    roles = {
        alarm.name.rpartition("-Alarm")[0] or alarm.name: (alarm.role, alarm.policy) for alarm in web.alarms
    }
    assert roles == {
        "observed-errors": ("rolls back", ""),
        "observed-slow": ("tells", ""),
        "observed-busy": ("scales", "steps"),
        "TargetTracking-service/observed/web": ("scales", "cpu"),
    }
    [busy] = [alarm for alarm in web.alarms if alarm.name == "observed-busy"]
    assert (busy.state, busy.reason) == ("ALARM", "made to")
    assert busy.since is not None

    console = Console(width=200, file=StringIO())
    with console.capture() as captured:
        console.print(fleet_view([web]))
    text = captured.get()
    for line in ("scaling from 0 to 0 tasks", "AlreadyAtMaxCapacity", "scales by steps", "night cron(0 22"):
        assert line in text

    bench.client("cloudwatch").delete_alarms(AlarmNames=["observed-slow"])
    states = {alarm.name: alarm.state for alarm in read(stack).alarms}
    assert (states["observed-slow"], states["observed-errors"]) == ("MISSING", "INSUFFICIENT_DATA")
