"""The service scheduler: one thread that keeps every service at what it was asked to be.

It replaces MiniStack's: level-triggered instead of event by event. Whatever happened, the next pass looks at the tasks
there are, decides one step with the arithmetic of `rollout`, and takes it. API calls, tasks that end and targets that
change their health only wake it up.
"""

import json
import logging
import threading
import time

from localcloud.emulator import upstream
from localcloud.emulator.alarms import bake
from localcloud.emulator.alb.registry import Registry
from localcloud.emulator.ecs import events, rollback, service_deployments, state, task_run
from localcloud.emulator.ecs.health import STABLE_SECONDS, TaskHealth, deployment_of
from localcloud.emulator.ecs.rollout import Fleet, backoff_seconds, percentages, plan
from localcloud.emulator.ecs.state import Record, ServiceKey
from localcloud.emulator.shifting import placement
from localcloud.emulator.shifting.hooks import Hooks
from localcloud.emulator.shifting.lifecycle import Lifecycle
from localcloud.emulator.shifting.weights import Weights

logger = logging.getLogger(__name__)
TICK_SECONDS = 0.25
FAILED_CODES = {"EssentialContainerExited", "TaskFailedToStart"}


class Scheduler:
    """Owns the tasks of all services.

    Args:
        registry: The load balancer's targets, whose health decides together with the containers' own.
        weights: The listener rules, for deployments that move traffic.
    """

    def __init__(self, registry: Registry, weights: Weights) -> None:
        self._health = TaskHealth(registry)
        self._wake = threading.Event()
        self._lifecycle = Lifecycle(weights, Hooks(self.wake))

    def start(self) -> None:
        """Begin scheduling."""
        threading.Thread(target=self._loop, daemon=True, name="ecs-scheduler").start()

    def wake(self) -> None:
        """Look at the services now rather than at the next tick."""
        self._wake.set()

    def _loop(self) -> None:
        while True:
            self._wake.wait(TICK_SECONDS)
            self._wake.clear()
            state.forget_stopped(time.time())
            for key, service in state.services():
                try:
                    with key.scope():
                        self.reconcile(key, service)
                except Exception:
                    logger.exception("service %s", key.key)

    def reconcile(self, key: ServiceKey, service: Record) -> None:
        """Bring one service a step closer to what it was asked to be."""
        with state.LOCK:
            tasks = state.tasks_of(key, service)
            self._account_for_ended(service, tasks)
            live = [task for task in tasks if state.is_live(task)]
            if service["status"] != "ACTIVE":
                self._drain(key, service, tasks, live)
                return
            self._replace_unhealthy(service, live)
            primary = state.primary_of(service)
            if primary is None:
                return
            live = [task for task in live if state.is_live(task)]
            self._record_healthy(service, primary, live)
            new = state.deployment_tasks(primary, live)
            self._lifecycle.go_back(
                service, primary, serves=any(self._health.passes(service, task) for task in new)
            )
            to_start = self._step(service, primary, live)
            self._settle(service, primary, tasks)
            state.recount_service(key, service)
            service_deployments.refresh_counts(service)
        for deployment, count in to_start:
            self._start(key, service, deployment, count)

    # -- failures ---------------------------------------------------------------------------------------------

    def _account_for_ended(self, service: Record, tasks: list[Record]) -> None:
        """Count every task that ended by itself once, against the deployment that started it."""
        for task in tasks:
            if task["lastStatus"] != "STOPPED" or task.get("_accounted"):
                continue
            task["_accounted"] = True
            if task["stopCode"] in FAILED_CODES or task.get("_failed_health"):
                events.task_failed(service, task)
            if task["stopCode"] in FAILED_CODES and not task.get("_failed_health"):
                self._count_failure(service, task)

    def _count_failure(self, service: Record, task: Record) -> None:
        deployment = deployment_of(service, task)
        if deployment is None:
            return
        deployment["failedTasks"] += 1
        deployment["_failures_in_a_row"] += 1
        failures = deployment["_failures_in_a_row"]
        deployment["_start_after"] = time.time() + backoff_seconds(failures)
        deployment["updatedAt"] = time.time()
        if failures == 3:
            events.add(
                service,
                "is unable to consistently start tasks successfully. For more information, see the "
                "Troubleshooting section of the Amazon ECS Developer Guide.",
            )
        rollback.consider(service, deployment)

    def _replace_unhealthy(self, service: Record, live: list[Record]) -> None:
        """Stop tasks that fail health checks; they count as failures at once, not when they have drained."""
        for task in live:
            reason = self._health.fault(service, task)
            if reason is None:
                continue
            task["_failed_health"] = True
            events.add(service, f"(task {state.task_id(task)}) {reason[1]}")
            stop(task, reason=reason[0], code="ServiceSchedulerInitiated")
            self._count_failure(service, task)

    def _record_healthy(self, service: Record, primary: Record, live: list[Record]) -> None:
        """A task that became healthy ends a run of failures, unless the circuit breaker says otherwise."""
        breaker = service["deploymentConfiguration"].get("deploymentCircuitBreaker") or {}
        for task in state.deployment_tasks(primary, live):
            if task.get("_was_healthy") or not self._health.passes(service, task):
                continue
            # One answered health check is not yet a task that stays: it must also outlive its first moments.
            if time.time() - float(task["startedAt"]) < STABLE_SECONDS:
                continue
            task["_was_healthy"] = True
            if breaker.get("resetOnHealthyTask", True):
                primary["_failures_in_a_row"] = 0

    # -- steps ------------------------------------------------------------------------------------------------

    def _step(self, service: Record, primary: Record, live: list[Record]) -> list[tuple[Record, int]]:
        """Stop what the plan says and return how many tasks of which deployment to start."""
        if self._lifecycle.runs(service, primary):
            return self._step_beside(service, primary, live)
        new = state.deployment_tasks(primary, live)
        old = [task for task in live if task not in new]
        new_healthy = [task for task in new if self._health.passes(service, task)]
        old_healthy = [task for task in old if self._health.passes(service, task)]
        minimum, maximum = percentages(service["deploymentConfiguration"])
        step = plan(
            Fleet(new=len(new), new_healthy=len(new_healthy), old=len(old), old_healthy=len(old_healthy)),
            desired=int(service["desiredCount"]),
            minimum_percent=minimum,
            maximum_percent=maximum,
            may_start=_may_start(primary),
        )
        surplus = [task for task in new if task not in new_healthy] + list(reversed(new_healthy))
        leaving = [
            *surplus[: step.stop_new],
            *[task for task in old if task not in old_healthy][: step.stop_old_unhealthy],
            *old_healthy[: step.stop_old_healthy],
        ]
        self._stop_tasks(service, leaving)
        return [(primary, step.start)] if step.start else []

    def _step_beside(self, service: Record, primary: Record, live: list[Record]) -> list[tuple[Record, int]]:
        """Keep the new revision and the serving one at full strength beside each other; all others go."""
        to_start: list[tuple[Record, int]] = []
        staying: list[Record] = []
        for deployment in service["deployments"]:
            wanted = self._lifecycle.wanted(service, primary, deployment)
            deployment["desiredCount"] = wanted
            tasks = state.deployment_tasks(deployment, live)
            tasks.sort(key=lambda task: not self._health.passes(service, task))
            staying += tasks[:wanted]
            if len(tasks) < wanted and _may_start(deployment):
                to_start.append((deployment, wanted - len(tasks)))
        self._stop_tasks(service, [task for task in live if task not in staying])
        return to_start

    def _stop_tasks(self, service: Record, leaving: list[Record]) -> None:
        if leaving:
            if service.get("loadBalancers"):
                events.add(service, f"has begun draining connections on {len(leaving)} tasks.")
            events.add(service, f"has stopped {len(leaving)} running tasks: {_names(leaving)}.")
        for task in leaving:
            stop(
                task,
                reason=f"Scaling activity initiated by (deployment {task.get('_deployment_id')})",
                code="ServiceSchedulerInitiated",
            )

    def _start(self, key: ServiceKey, service: Record, deployment: Record, count: int) -> None:
        response = upstream.ecs._run_task(
            {
                "cluster": key.cluster,
                "taskDefinition": deployment["taskDefinition"],
                "count": count,
                "group": f"service:{service['serviceName']}",
                "startedBy": deployment["id"],
                "launchType": service.get("launchType"),
                "capacityProviderStrategy": service.get("capacityProviderStrategy"),
                "platformVersion": service.get("platformVersion", ""),
                "networkConfiguration": deployment.get("networkConfiguration", {}),
                "enableExecuteCommand": service.get("enableExecuteCommand", False),
                "tags": list(service.get("tags") or []) if service.get("propagateTags") == "SERVICE" else [],
                "_deploymentId": deployment["id"],
            }
        )
        if response[0] != 200:
            deployment["_start_after"] = time.time() + backoff_seconds(5)
            events.add(service, f"was unable to place a task: {bytes(response[2]).decode()}")
            return
        started = ", ".join(f"(task {state.task_id(task)})" for task in json.loads(response[2])["tasks"])
        events.add(service, f"has started {count} tasks: {started}.")

    # -- outcomes ---------------------------------------------------------------------------------------------

    def _settle(self, service: Record, primary: Record, tasks: list[Record]) -> None:
        """Complete the primary deployment once everything it replaces is on its way out."""
        desired = int(service["desiredCount"])
        primary["desiredCount"] = desired
        if primary["rolloutState"] == "FAILED":
            return
        live = [task for task in tasks if state.is_live(task)]
        new = state.deployment_tasks(primary, live)
        if self._lifecycle.runs(service, primary) and not self._shifted(service, primary, live, new):
            service["_steady"] = False
            return
        if len(new) != desired or len(live) != desired:
            service["_steady"] = False
            return
        if not all(self._health.passes(service, task) for task in new):
            service["_steady"] = False
            return
        leaving = [task for task in tasks if task["lastStatus"] in {*state.BEFORE_STOP}]
        if len(leaving) != desired:
            return
        if primary["rolloutState"] == "IN_PROGRESS":
            if bake.bakes(service, primary):
                return
            rollback.complete(service, primary)
        service["deployments"] = [primary]
        if not service.get("_steady"):
            service["_steady"] = True
            events.add(service, "has reached a steady state.")

    def _shifted(self, service: Record, primary: Record, live: list[Record], new: list[Record]) -> bool:
        """Take a gradual deployment further; whether all that is left is to see the old tasks go."""
        source = placement.serving(service)
        old = state.deployment_tasks(source, live) if source else []
        healthy = sum(self._health.passes(service, task) for task in new)
        superseded = len(live) - len(new) - len(old)
        return self._lifecycle.advance(service, primary, healthy=healthy, superseded=superseded)

    def _drain(self, key: ServiceKey, service: Record, tasks: list[Record], live: list[Record]) -> None:
        """Stop the tasks of a deleted service; it is INACTIVE when the last one has left."""
        for task in live:
            stop(task, reason="Service deleted", code="ServiceSchedulerInitiated")
        state.recount_service(key, service)
        if service["status"] == "DRAINING" and all(task["lastStatus"] == "STOPPED" for task in tasks):
            service["status"] = "INACTIVE"
            upstream.ecs._recount_cluster(key.cluster)


def stop(task: Record, *, reason: str, code: str) -> None:
    """Tell a task to stop; it leaves its load balancers first."""
    if state.want_stopped(task, reason=reason, code=code):
        run = task_run.run_of(task)
        if run is not None:
            run.request_stop()


def _may_start(deployment: Record) -> bool:
    return bool(deployment["rolloutState"] != "FAILED" and time.time() >= deployment["_start_after"])


def _names(tasks: list[Record]) -> str:
    return ", ".join(f"(task {state.task_id(task)})" for task in tasks)
