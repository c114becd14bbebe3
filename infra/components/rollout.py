"""Rollout: `pulumi up` follows a service's deployment to its end, and fails when ECS did not keep the new version."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any, TypeVar

import pulumi
from botocore.exceptions import BotoCoreError, ClientError

from infra.components.aws_account import AwsAccount
from infra.deployments.asking import LostContact, patiently
from infra.deployments.observing import Observer
from infra.deployments.session import emulator_session, make_client, open_session
from infra.deployments.verdict import State, Verdict, short, stuck
from infra.pure.live import LiveService

T = TypeVar("T")

_FIRST_POLL, _LAST_POLL = 0.25, 5.0
_WAIT = time.sleep
_STOPPED_TASKS_STAY = 3600.0  # about as long as ECS remembers them
# Of botocore's mode `standard`: throttling, timeouts, 5xx and a lost connection are tried again with back-off.
_ATTEMPTS = 10
_PERMISSIONS = (
    "ecs:DescribeServices, ListServiceDeployments, DescribeServiceDeployments, DescribeServiceRevisions, ListTasks, "
    "DescribeTasks, DescribeTaskDefinition and StopServiceDeployment, elasticloadbalancing:DescribeTargetHealth and "
    "DescribeTargetGroups, logs:GetLogEvents"
)


class RolloutFailed(Exception):  # noqa: N818  it is told as `after hook … failed: …`
    """A deployment that ECS did not complete, or that could not be followed.

    Args:
        message: What came of it.
        state: How it ended.
    """

    def __init__(self, message: str, state: State = State.OUT_OF_SIGHT) -> None:
        super().__init__(message)
        self.state = state


class Rollout:
    """Follows the deployments of one service.

    The AWS provider's own wait (`waitForSteadyState`) is not used. It knows the reason that ECS gives, and neither exit
    codes nor logs; where the deployment looks older than the provider's clock it only counts tasks, which a rollback
    satisfies (terraform-provider-aws, internal/service/ecs/service.go, statusServiceWaitForStable); and a failure would
    leave the service half updated in the state, where the hook's failure leaves it as it is. See
    docs/adr/0056-the-program-follows-its-deployments.md.

    Args:
        service: Name of the service.
        account: Where it runs, and with whose credentials.
        seconds: How long a deployment may take.
    """

    followed: bool = False  # whether this run has changed the service, and seen what came of that

    def __init__(self, service: str, account: AwsAccount, seconds: int) -> None:
        self._service = service
        self._account = account
        self._seconds = seconds
        self._said = ""
        self._waited = False  # for a deployment that was under way
        # Threads of its own: those of the program's event loop may all be waiting for services to be registered.
        self._threads = ThreadPoolExecutor(1, thread_name_prefix=f"rollout-{service}")

    @cached_property
    def hooks(self) -> pulumi.ResourceHookBinding:
        """The hooks of the ECS service: after it is created, and after it is updated."""
        hook = pulumi.ResourceHook(f"{self._service}-rollout", self._follow)
        return pulumi.ResourceHookBinding(after_create=[hook], after_update=[hook])

    def settled(
        self, cluster: pulumi.Input[str], asked: pulumi.Input[str], present: LiveService | None
    ) -> pulumi.Output[bool]:
        """True when the service runs what was asked, also where this run has nothing to change.

        Pulumi's state says what an update asked for, not what ECS kept of it: after a rollback the next update finds no
        difference, and no hook runs. The service is then asked; what goes on is followed, and what failed fails the
        update again. To have it tried again the state has to be read anew (`pulumi up --refresh`): a forced deployment
        would bring the version that runs, because the provider sends what differs from the state and nothing else
        (terraform-provider-aws, internal/service/ecs/service.go, resourceServiceUpdate; and its issue 19519).

        Args:
            cluster: ARN of the cluster, an output of the service: known when its step and its hooks are done.
            asked: ARN of the task definition that the service is to run.
            present: The service as it was when the program began; None for a new one.

        Raises:
            pulumi.RunError: (of the output) It does not run it.
        """
        return pulumi.Output.all(cluster, asked).apply(
            lambda known: self._settle(known[0], known[1], present)
        )

    async def _settle(self, cluster: str, asked: str, present: LiveService | None) -> bool:
        if self.followed or present is None or not present.may_lack(asked):
            return True
        if pulumi.runtime.is_dry_run():
            if present.task_definition != asked:
                pulumi.log.warn(
                    f"{self._service} runs {short(present.task_definition)}, and not {short(asked)}, which Pulumi "
                    "deployed last: that was rolled back, or somebody deployed another one"
                )
            return True
        try:
            await self._follow_to(cluster, asked, time.time() - _STOPPED_TASKS_STAY)
        except RolloutFailed as failure:
            way_on = "" if self._waited else f"\n{self._way_on(cluster, failure)}"
            raise pulumi.RunError(f"{failure}{way_on}") from None
        return True

    def _way_on(self, cluster: str, failure: RolloutFailed) -> str:
        why = "this run has changed nothing of the service, so that nothing was deployed again"
        if failure.state is State.FAILED:
            where = f"--cluster {short(cluster)} --service {self._service}"
            again = f"aws ecs update-service {where} --force-new-deployment"
            return f"{why}\n  fix: {again}\n  and the same update once more, which follows it"
        return f"{why}\n  fix: pulumi up --refresh --stack {shlex.quote(pulumi.get_stack())}"

    async def _follow(self, args: pulumi.ResourceHookArgs) -> None:
        outputs = args.new_outputs or {}
        self.followed = True
        # Tasks of a deployment that the step itself has begun explain it as well.
        await self._follow_to(str(outputs["cluster"]), str(outputs["taskDefinition"]), time.time() - 60)

    async def _follow_to(self, cluster: str, asked: str, since: float) -> None:
        try:
            if (other := await self._in_thread(lambda: _another_account(self._account, cluster))) is not None:
                pulumi.log.warn(
                    f"{self._service}: the deployment of {short(asked)} is not followed: the provider that was "
                    f"handed in deploys to the account {cluster.split(':')[4]}, and this run's own credentials are "
                    f"those of {other}"
                )
                return
            observer = Observer(
                await self._in_thread(lambda: _Clients(self._account, cluster)),
                cluster,
                self._service,
                asked,
                since=since,
                ends=True,
            )
            verdict = await self._end_of(observer, asked)
            if not verdict.ok:
                verdict = await self._in_thread(lambda: observer.explain(verdict))
        except LostContact as lost:
            raise RolloutFailed(
                f"{self._service}: the deployment of {short(asked)} goes on without this run: {lost}; last seen: "
                f"{self._said or 'nothing'}\n  fix: the same update once more follows it to its end"
            ) from lost
        except (BotoCoreError, ClientError) as error:
            raise RolloutFailed(
                f"{self._service}: the deployment of {short(asked)} has begun, and what became of it could not be "
                f"seen: {error}\n  fix: look at the service, and let the credentials of this run use {_PERMISSIONS}"
            ) from error
        if not verdict.ok:
            raise RolloutFailed(str(verdict), verdict.state)

    async def _end_of(self, observer: Observer, asked: str) -> Verdict:
        deadline = time.monotonic() + self._seconds
        pause = _FIRST_POLL
        while True:
            verdict = await self._in_thread(lambda: patiently(observer.look, report=_tell, sleep=_WAIT))
            if verdict is not None and (not verdict.ok or observer.has_all_tasks):
                return verdict
            self._waited = True
            if observer.sight is not None and time.monotonic() > deadline:
                return stuck(observer.sight, asked, self._seconds)
            if observer.progress != self._said:
                self._said = observer.progress
                _tell(self._said)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LAST_POLL)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _tell(line: str) -> None:
    pulumi.log.info(line, ephemeral=True)


def _another_account(account: AwsAccount, cluster: str) -> str | None:
    """The account of this run's own credentials, where a provider that was handed in talks to another one."""
    if not account.given:
        return None
    own = str(_Clients(account, cluster).sts.get_caller_identity()["Account"])
    return None if own == cluster.split(":")[4] else own


class _Clients:
    """The AWS clients of the stack's account."""

    def __init__(self, account: AwsAccount, cluster: str) -> None:
        region = cluster.split(":")[3]  # arn:aws:ecs:<region>:<account>:cluster/<name>
        self._session = emulator_session(region) or open_session(account.identity, region)

    def _client(self, service: str) -> Any:
        from botocore.config import Config  # noqa: PLC0415  boto3 is half a second, for deployments only

        retries: Any = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
        return make_client(self._session, service, {"config": Config(retries=retries)})

    @cached_property
    def ecs(self) -> Any:
        """Amazon ECS."""
        return self._client("ecs")

    @cached_property
    def sts(self) -> Any:
        """AWS Security Token Service."""
        return self._client("sts")

    @cached_property
    def elbv2(self) -> Any:
        """Elastic Load Balancing."""
        return self._client("elbv2")

    @cached_property
    def logs(self) -> Any:
        """CloudWatch Logs."""
        return self._client("logs")
