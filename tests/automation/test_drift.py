"""Drift that a refresh does not see: secrets that were rotated outside of the program."""

import pytest

from automation.stacks import Stack
from tests.automation.conftest import Workbench

PROGRAM = """
secret = aws.secretsmanager.Secret("token", name=f"{stack}/token", recovery_window_in_days=0)
value = aws.secretsmanager.SecretVersion("token", secret_id=secret.id, secret_string="first")
parameter = aws.ssm.Parameter("key", name="shop-key", type="String", value="first", overwrite=True,
    opts=pulumi.ResourceOptions(ignore_changes=["value"]))
secrets = [{"name": "TOKEN", "valueFrom": value.secret_arn}, {"name": "KEY", "valueFrom": parameter.arn}]
labels = {"secret-version.TOKEN": value.version_id, "secret-version.KEY": parameter.version.apply(str)}
cluster = aws.ecs.Cluster("main", name=f"shop-{stack}")
definition = aws.ecs.TaskDefinition("web", family=f"shop-{stack}-web",
    execution_role_arn="arn:aws:iam::000000000000:role/execution",
    container_definitions=pulumi.Output.json_dumps(
        [{"name": "web", "image": "web", "memory": 128, "secrets": secrets, "dockerLabels": labels}]))
aws.ecs.Service("web", cluster=cluster.arn, task_definition=definition.arn, desired_count=0)
"""


@pytest.fixture
def stack(bench: Workbench) -> Stack:
    bench.settings("dev")
    bench.program(PROGRAM)
    made = bench.stack("dev")
    assert made.up(check=False).outcome.ok, bench.events
    return made


def test_a_secret_that_was_rotated_outside_is_drift_and_its_value_is_not_read(
    bench: Workbench, stack: Stack
) -> None:
    assert stack.drift().drifted == ()
    manager, ssm = bench.client("secretsmanager"), bench.client("ssm")
    rotated = manager.put_secret_value(SecretId="dev/token", SecretString="s3cond")["VersionId"]
    ssm.put_parameter(Name="shop-key", Value="s3cond", Type="String", Overwrite=True)
    report = stack.drift()
    assert report.ok, report.errors
    (service,) = (item for item in report.drifted if item.type == "aws:ecs/service:Service")
    found = {change.path: change.new for change in service.changes}
    assert found == {"secrets.TOKEN": rotated, "secrets.KEY": "2"}
    assert "s3cond" not in repr(service)
    stack.destroy()
