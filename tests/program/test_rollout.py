"""The hook that follows a service's deployment: what it says, and with whose credentials it asks."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pulumi
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.components.aws_account import AwsAccount
from infra.components.rollout import Rollout, RolloutFailed, _Clients
from infra.deployments.session import Identity, Role
from infra.pure.live import LiveService
from tests.automation.test_verification import NEW, OLD, Cloud, deployment, service
from tests.program.deploy import Recorded, deploy_services

CLUSTER = "arn:aws:ecs:eu-west-1:123456789012:cluster/shop"
ACCOUNT = cast(
    "AwsAccount",
    SimpleNamespace(
        identity=Identity(profile="prod", roles=(Role(arn="arn:aws:iam::1:role/x"),)), given=False
    ),
)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.components.rollout._FIRST_POLL", 0.0)


def follow(monkeypatch: pytest.MonkeyPatch, cloud: Any, seconds: int = 60) -> None:
    clients = SimpleNamespace(ecs=cloud, logs=cloud)
    monkeypatch.setattr("infra.components.rollout._Clients", lambda *_: clients)
    outputs = {"cluster": CLUSTER, "taskDefinition": NEW}
    args = pulumi.ResourceHookArgs("urn", "id", "web", "aws:ecs/service:Service", new_outputs=outputs)
    asyncio.run(Rollout("web", ACCOUNT, seconds)._follow(args))


def test_a_deployment_that_completes_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    going = service(deployment(NEW, "IN_PROGRESS"), deployment(OLD, "COMPLETED", "ACTIVE"))
    follow(monkeypatch, Cloud(going, service(deployment(NEW, "COMPLETED"))))


def test_a_rollback_fails_with_reason_exit_code_and_last_log_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = {"status": "ROLLBACK_SUCCESSFUL", "statusReason": "tasks failed to start"}
    with pytest.raises(RolloutFailed) as caught:
        follow(monkeypatch, Cloud(service(deployment(OLD, "COMPLETED")), newest=newest))
    for part in (
        "web:2 is rolled back: tasks failed to start",
        "running now: web:1",
        "exit code 137",
        "no memory",
    ):
        assert part in str(caught.value)


def test_a_rotated_secret_that_was_rolled_back_fails_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = {"status": "ROLLBACK_SUCCESSFUL", "statusReason": "the alarm was detected"}
    with pytest.raises(RolloutFailed, match="the alarm was detected"):
        follow(monkeypatch, Cloud(service(deployment(NEW, "COMPLETED")), newest=newest, brought=NEW))


def test_tasks_that_do_not_come_up_are_waited_for_until_the_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scaled = service(deployment(NEW, "COMPLETED"), desired=3)
    follow(monkeypatch, Cloud(scaled, {**scaled, "runningCount": 3}))
    with pytest.raises(RolloutFailed, match="1/3 tasks running"):
        follow(monkeypatch, Cloud(scaled), seconds=0)


def test_what_could_not_be_seen_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    class Denied(Cloud):
        def describe_services(self, **_: Any) -> Any:
            error = {"Code": "AccessDeniedException", "Message": "not authorized: ecs:DescribeServices"}
            raise ClientError(cast("Any", {"Error": error}), "DescribeServices")

    with pytest.raises(RolloutFailed) as caught:
        follow(monkeypatch, Denied({}))
    assert "could not be seen: An error occurred (AccessDeniedException)" in str(caught.value)
    assert "fix: " in str(caught.value)


class Flickering(Cloud):
    """An ECS that cannot be asked for a while after the first answer."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__(
            service(deployment(NEW, "IN_PROGRESS"), deployment(OLD, "COMPLETED", "ACTIVE")),
            service(deployment(NEW, "COMPLETED")),
        )
        self._errors: list[Exception | None] = [None, *errors]

    def describe_services(self, **asked: Any) -> Any:
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
        return super().describe_services(**asked)


def refused(code: str) -> ClientError:
    return ClientError(cast("Any", {"Error": {"Code": code, "Message": code}}), "DescribeServices")


def test_throttling_and_a_lost_network_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.components.rollout._WAIT", lambda _: None)
    network = EndpointConnectionError(endpoint_url="https://ecs.eu-west-1.amazonaws.com")
    follow(monkeypatch, Flickering(refused("ThrottlingException"), network))


def test_expired_credentials_end_it_with_what_was_seen_last(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RolloutFailed) as caught:
        follow(monkeypatch, Flickering(refused("ExpiredTokenException")))
    said = str(caught.value)
    assert "web:2 goes on without this run" in said
    assert "renew the credentials" in said
    assert "last seen: web: 1/1 tasks running" in said
    assert "fix: the same update once more" in said


def test_an_emulator_on_this_machine_gets_none_of_the_persons_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither a profile that does not exist here, nor a role; AWS_PROFILE of the shell does not matter either."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_PROFILE", "not-on-this-machine")
    ecs = _Clients(ACCOUNT, CLUSTER).ecs
    assert ecs.meta.endpoint_url == "http://localhost:4566"
    assert ecs.meta.region_name == "eu-west-1"
    assert ecs._request_signer._credentials.access_key == "local"


def test_on_aws_the_stacks_profile_and_roles_are_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    profiles = tmp_path / "aws"
    profiles.write_text("[profile prod]\naws_access_key_id = 1\naws_secret_access_key = x\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    session = _Clients(ACCOUNT, CLUSTER)._session
    assert session.region_name == "eu-west-1"
    assert cast("Any", session.get_credentials()).method == "assume-role"


def settle(monkeypatch: pytest.MonkeyPatch, cloud: Any, present: LiveService | None) -> None:
    """What an update does whose step has not touched the service."""
    monkeypatch.setattr(
        "infra.components.rollout._Clients", lambda *_: SimpleNamespace(ecs=cloud, logs=cloud)
    )
    assert asyncio.run(Rollout("web", ACCOUNT, 60)._settle(CLUSTER, NEW, present))


def test_an_unchanged_service_that_runs_what_was_asked_is_not_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settle(monkeypatch, None, LiveService(name="web", task_definition=NEW, desired_count=2, running=2))


@pytest.mark.parametrize(
    "present",
    [
        LiveService(name="web", task_definition=OLD, desired_count=1, running=1),
        LiveService(name="web", task_definition=NEW, desired_count=1, running=1, fell_back=True),
    ],
    ids=["another version", "another network of the same version"],
)
def test_a_second_update_after_a_rollback_is_no_success(
    monkeypatch: pytest.MonkeyPatch, present: LiveService
) -> None:
    newest = {"status": "ROLLBACK_SUCCESSFUL", "statusReason": "tasks failed to start"}
    cloud = Cloud(service(deployment(OLD, "COMPLETED")), newest=newest, brought=NEW)
    monkeypatch.setattr("pulumi.get_stack", lambda: "dev")
    with pytest.raises(pulumi.RunError) as caught:
        settle(monkeypatch, cloud, present)
    assert "web:2 is rolled back: tasks failed to start" in str(caught.value)
    assert "fix: pulumi up --refresh --stack dev" in str(caught.value)


def test_a_first_deployment_that_failed_is_no_success_the_second_time_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its rule waits for this answer, so that no request meets tasks that are not there."""
    newest = {"status": "STOPPED", "statusReason": "tasks failed to start"}
    empty = service({**deployment(NEW, "FAILED"), "runningCount": 0}, runningCount=0)
    with pytest.raises(
        pulumi.RunError, match="fix: aws ecs update-service --cluster shop --service web --force"
    ):
        settle(
            monkeypatch,
            Cloud(empty, newest=newest, brought=NEW),
            LiveService(name="web", task_definition=NEW, desired_count=1),
        )


def test_a_deployment_that_an_interrupted_update_left_behind_is_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    going = service(deployment(NEW, "IN_PROGRESS"), deployment(OLD, "COMPLETED", "ACTIVE"))
    present = LiveService(name="web", task_definition=NEW, desired_count=1, running=2, deploying=True)
    settle(monkeypatch, Cloud(going, service(deployment(NEW, "COMPLETED"))), present)


def test_requests_meet_a_service_only_after_it_is_known_to_run_what_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def failed(*_: Any) -> bool:
        raise pulumi.RunError("web: the deployment of web:1 is failed")

    kept: list[Recorded] = []

    def keep(stack: str) -> Recorded:
        kept.append(Recorded(stack))
        return kept[-1]

    monkeypatch.setattr("infra.components.rollout.Rollout._settle", failed)
    monkeypatch.setattr("tests.program.deploy.Recorded", keep)
    with pytest.raises(pulumi.RunError, match="web:1 is failed"):
        deploy_services({"web": {}}, stack="failed")
    assert [rule.name for rule in kept[0].all("ListenerRule")] == ["web-waiting"]
