"""Looks at an ECS service with AWS clients, and collects what explains a failure."""

import time
from dataclasses import replace
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from infra.deployments import crashes, health_failures, wording
from infra.deployments.health_failures import HealthFailure, Listening
from infra.deployments.verdict import (
    Described,
    Sight,
    State,
    Verdict,
    cannot_heal,
    judge,
    missing,
    primary_of,
    progress_line,
    traffic_shift,
)

LOG_LINES = 20
_CAUSES = 60  # a cause can be above a long traceback
_FIRST_LINES = 50  # where servers say on which port they listen
_EARLY = "(this run asked for that: its tasks cannot become healthy)"
_GIVEN_UP = "Task failed ELB health checks"  # ECS developer guide, "Stopped tasks error codes"


class Clients(Protocol):
    """The AWS clients that observing needs, for one account and region."""

    @property
    def ecs(self) -> Any:
        """Amazon ECS."""
        ...

    @property
    def elbv2(self) -> Any:
        """Elastic Load Balancing."""
        ...

    @property
    def logs(self) -> Any:
        """CloudWatch Logs."""
        ...


class Observer:
    """Follows one service towards a version.

    Args:
        clients: The cloud to ask.
        cluster: Name or ARN of the cluster.
        service: Name of the service.
        asked: ARN of the task definition that the service is to run.
        since: Unix time; tasks that stopped before it explain another deployment.
        ends: Whether it asks ECS to roll a deployment back that cannot come to a good end, and follows that.
    """

    def __init__(
        self, clients: Clients, cluster: str, service: str, asked: str, *, since: float, ends: bool = False
    ) -> None:
        self._clients = clients
        self._cluster = cluster
        self._service = service
        self._asked = asked
        self._since = since
        self._ends = ends
        self._ended = False
        self._began = time.time()
        self._weighed = ""
        self._last_words: list[str] = []
        self.sight: Sight | None = None

    def look(self) -> Verdict | None:
        """Look once; None while the deployment goes on.

        Raises:
            ClientError: AWS refused a call.
            BotoCoreError: AWS could not be asked.
        """
        ecs = self._clients.ecs
        found = ecs.describe_services(cluster=self._cluster, services=[self._service])["services"]
        if not found or found[0]["status"] == "INACTIVE":
            return missing(self._service, self._cluster, self._asked)
        newest = newest_deployment(self._clients, found[0])
        self.sight = Sight(
            service=found[0], newest=newest, newest_definition=_failed_definition(self._clients, newest)
        )
        if newest is not None and newest.get("status") in {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}:
            self._remember(found[0])
        verdict = judge(self.sight, self._asked)
        if verdict is not None:
            return (
                replace(verdict, reason=f"{verdict.reason} {_EARLY}") if self._is_early(verdict) else verdict
            )
        verdict = self._hopeless(self.sight)
        if verdict is not None and self._ends and self._roll_back(newest):
            self._ended = True
            return None
        return verdict

    def _is_early(self, verdict: Verdict) -> bool:
        return self._ended and verdict.state is State.ROLLED_BACK

    def _roll_back(self, newest: Described | None) -> bool:
        """Ask ECS for the version before; False where there is none, or where ECS or the permissions refuse.

        `ROLLBACK` works "even if you didn't configure the service deployment for the rollback option" (ECS API,
        StopServiceDeployment). What becomes of a first deployment then is not documented, so that it is left alone.
        """
        if newest is None or not newest.get("sourceServiceRevisions"):
            return False
        try:
            self._clients.ecs.stop_service_deployment(
                serviceDeploymentArn=newest["serviceDeploymentArn"], stopType="ROLLBACK"
            )
        except (BotoCoreError, ClientError):
            return False
        return True

    def _remember(self, service: Described) -> None:
        """Keep what the new version logged last when its rollback begins: until that ends, it logs about other things.

        Tasks that an alarm turned back did not stop by themselves, so they may still run.
        """
        if self._last_words:
            return
        try:
            for task in [*self._stopped_tasks(service), *self._tasks(service, "RUNNING")]:
                self._last_words = self._log_lines(task)
                if self._last_words:
                    return
        except (BotoCoreError, ClientError):
            return  # the verdict will say what can be said

    @property
    def progress(self) -> str:
        """One line on where the service stood at the last look."""
        return progress_line(self.sight.service, traffic_shift(self.sight.newest)) if self.sight else ""

    @property
    def has_all_tasks(self) -> bool:
        """Whether, at the last look, as many tasks ran as the service is to have."""
        return self.sight is not None and (
            self.sight.service["runningCount"] >= self.sight.service["desiredCount"]
        )

    def explain(self, verdict: Verdict) -> Verdict:
        """Add what people need to see after a failure.

        It never raises: the failure is the message, and a detail that cannot be read must not hide it.
        """
        if verdict.ok or self.sight is None:
            return verdict
        try:
            details = self._details(self.sight.service)
        except (BotoCoreError, ClientError) as error:
            details = [f"details are not available: {error}"]
        return replace(verdict, details=tuple(details))

    def _details(self, service: Described) -> list[str]:
        stopped = self._stopped_tasks(service)
        tasks = [task for task in stopped if not _is_scaled_away(task)] or stopped
        lines = self._health_lines(service, tasks) + wording.task_lines(tasks)
        lines += self._crash_lines(tasks[0]) if tasks else []
        return lines + (self._last_words or (self._log_lines(tasks[0]) if tasks else []))

    def _crash_lines(self, task: Described) -> list[str]:
        """Why its containers ended, where a setting is the cause."""
        definition = self._clients.ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])[
            "taskDefinition"
        ]
        ended = {item["name"]: item for item in task.get("containers", [])}
        return [
            line
            for container in definition["containerDefinitions"]
            if container["name"] in ended
            for line in crashes.explained(
                crashes.Crash(
                    service=self._service,
                    container=ended[container["name"]],
                    definition=container,
                    task=definition,
                    task_reason=str(task.get("stoppedReason", "")),
                    lines=wording.plain_lines(self._messages(container, task["taskArn"], limit=_CAUSES)),
                )
            )
        ]

    def _hopeless(self, sight: Sight) -> Verdict | None:
        """End early when tasks that ECS gave up failed in a way that trying again does not mend; see `hopeless`."""
        primary = primary_of(sight.service)
        # Before the first task is given up there is nothing to weigh, and most looks are then.
        if primary is None or not primary.get("failedTasks") or primary["taskDefinition"] != self._asked:
            return None
        try:
            tasks = [
                task
                for task in self._stopped_tasks(sight.service)
                if str(task.get("stoppedReason", "")).startswith(_GIVEN_UP)
                # What failed before this run looked may have failed by another health check than today's.
                and ("stoppedAt" not in task or task["stoppedAt"].timestamp() >= self._began)
            ]
            if not tasks or tasks[0]["taskArn"] == self._weighed:
                return None
            self._weighed = tasks[0]["taskArn"]
            found = self._health_failures(sight.service, tasks)
            places = self._listening(tasks[0])
            lost = found and all(
                health_failures.hopeless(failures, self._target_group(group), places)
                for group, failures in found.items()
            )
        except (BotoCoreError, ClientError):
            return None
        return cannot_heal(sight, self._asked) if lost else None

    def _health_lines(self, service: Described, tasks: list[Described]) -> list[str]:
        found = self._health_failures(service, tasks)
        places = self._listening(tasks[0]) if found and tasks else []
        return [
            line
            for group, failures in found.items()
            for line in health_failures.explained(self._service, failures, self._target_group(group), places)
        ]

    def _health_failures(self, service: Described, tasks: list[Described]) -> dict[str, list[HealthFailure]]:
        """What load balancers say of the targets that are there, and said of those of the failed tasks, by group."""
        found: dict[str, list[HealthFailure]] = {}
        for balancer in service.get("loadBalancers", []):
            if group := balancer.get("targetGroupArn"):
                described = self._clients.elbv2.describe_target_health(TargetGroupArn=group)
                for failure in health_failures.from_targets(group, described["TargetHealthDescriptions"]):
                    found.setdefault(group, []).append(failure)
        given_up = [task for task in tasks if str(task.get("stoppedReason", "")).startswith(_GIVEN_UP)]
        if given_up:
            began = min(task["createdAt"] for task in given_up)
            messages = [
                event["message"] for event in service.get("events") or [] if event["createdAt"] >= began
            ]
            for failure in health_failures.from_events(messages, _address(given_up[0])):
                found.setdefault(failure.group, []).append(failure)
        return found

    def _target_group(self, arn: str) -> Described:
        groups: list[Described] = self._clients.elbv2.describe_target_groups(TargetGroupArns=[arn])[
            "TargetGroups"
        ]
        return groups[0]

    def _listening(self, task: Described) -> list[Listening]:
        definition = self._clients.ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])
        return health_failures.listening(
            message
            for container in definition["taskDefinition"]["containerDefinitions"]
            for message in self._messages(container, task["taskArn"], startFromHead=True, limit=_FIRST_LINES)
        )

    def _stopped_tasks(self, service: Described) -> list[Described]:
        """Newest first. ECS forgets stopped tasks after about an hour."""
        return self._tasks(service, "STOPPED")

    def _tasks(self, service: Described, status: str) -> list[Described]:
        """Tasks of the version that is followed, newest first."""
        ecs, cluster = self._clients.ecs, service["clusterArn"]
        arns = ecs.list_tasks(cluster=cluster, serviceName=service["serviceName"], desiredStatus=status)[
            "taskArns"
        ]
        if not arns:
            return []
        tasks: list[Described] = ecs.describe_tasks(cluster=cluster, tasks=arns[:100])["tasks"]
        mine = [task for task in tasks if task["taskDefinitionArn"] == self._asked and self._is_recent(task)]
        return sorted(mine, key=lambda task: task["createdAt"], reverse=True)

    def _is_recent(self, task: Described) -> bool:
        return "stoppedAt" not in task or task["stoppedAt"].timestamp() >= self._since

    def _log_lines(self, task: Described) -> list[str]:
        definition = self._clients.ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])
        failed = {item["name"] for item in task.get("containers", []) if item.get("exitCode")}
        for container in definition["taskDefinition"]["containerDefinitions"]:
            if failed and container["name"] not in failed:
                continue
            messages = self._messages(container, task["taskArn"], limit=LOG_LINES)
            if messages:
                return wording.log_lines(container["name"], task["taskArn"], messages)
        return []

    def _messages(self, container: Described, task: str, **which: Any) -> list[str]:
        options = container.get("logConfiguration", {}).get("options", {})
        group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
        if not group or not prefix:
            return []
        logs = self._clients.logs
        stream = f"{prefix}/{container['name']}/{task.rsplit('/', 1)[-1]}"
        try:
            events = logs.get_log_events(logGroupName=group, logStreamName=stream, **which)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [str(event["message"]) for event in events]


def _is_scaled_away(task: Described) -> bool:
    """Whether ECS stopped a task because of the rollback, or of a later deployment: it explains nothing.

    ECS Developer Guide, "Amazon ECS stopped tasks error messages".
    """
    return str(task.get("stoppedReason", "")).startswith("Scaling activity initiated by")


def _address(task: Described) -> str:
    """A task's own address, which the load balancer sends as Host; empty where tasks share their instance's."""
    details = [detail for entry in task.get("attachments", []) for detail in entry.get("details", [])]
    return next((str(entry["value"]) for entry in details if entry.get("name") == "privateIPv4Address"), "")


def newest_deployment(clients: Clients, service: Described) -> Described | None:
    """The newest service deployment, described; ECS keeps them for 90 days."""
    ecs = clients.ecs
    # Newest first is what ECS does and nobody promises; there are hardly ever more than twenty in 90 days.
    brief = ecs.list_service_deployments(
        cluster=service["clusterArn"], service=service["serviceArn"], maxResults=20
    )["serviceDeployments"]
    if not brief:
        return None
    newest = max(brief, key=lambda item: item["createdAt"])["serviceDeploymentArn"]
    found: list[Described] = ecs.describe_service_deployments(serviceDeploymentArns=[newest])[
        "serviceDeployments"
    ]
    return found[0] if found else None


def _failed_definition(clients: Clients, newest: Described | None) -> str:
    """Which task definition a failed service deployment was to bring; empty for others, and when it is not told."""
    if newest is None or newest.get("status") not in {"ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "STOPPED"}:
        return ""
    target = (newest.get("targetServiceRevision") or {}).get("arn")
    if not target:
        return ""
    revisions = clients.ecs.describe_service_revisions(serviceRevisionArns=[target])["serviceRevisions"]
    return str(revisions[0].get("taskDefinition", "")) if revisions else ""
