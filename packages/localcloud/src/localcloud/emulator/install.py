"""Put our modules in the place of the MiniStack functions listed in `wrapped`."""

import functools
import os
import uuid
from collections.abc import Mapping
from typing import Any

from localcloud.containment import Containment
from localcloud.emulator import event_bus, notifications, upstream
from localcloud.emulator.alb import probes
from localcloud.emulator.alb.balancing import Balancing
from localcloud.emulator.alb.model import STORE
from localcloud.emulator.alb.registry import Registry, Target
from localcloud.emulator.alb.routing import Routes
from localcloud.emulator.alb.service import LoadBalancingService, tagged
from localcloud.emulator.alb.traffic import Traffic
from localcloud.emulator.alb.upstream_connection import Pool
from localcloud.emulator.cloud_map import install as cloud_map
from localcloud.emulator.codedeploy import install as codedeploy
from localcloud.emulator.ecr import install as ecr
from localcloud.emulator.ecs import admission, engine, state, task_definitions
from localcloud.emulator.ecs import api as ecs_api
from localcloud.emulator.ecs.health import targets_of
from localcloud.emulator.ecs.scheduler import Scheduler
from localcloud.emulator.ecs.service_api import ServiceApi
from localcloud.emulator.ecs.service_deployment_api import ServiceDeploymentApi
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.ecs.task_run import Hooks, TaskRun
from localcloud.emulator.metrics import store
from localcloud.emulator.naming.discovery import Discovery
from localcloud.emulator.resetting import on_reset
from localcloud.emulator.shifting.weights import Weights
from localcloud.emulator.vpc import install as vpc


def install(port: int, containment: Containment) -> Balancing:
    """Install everything and start the service scheduler; called once, on the event loop's thread.

    Args:
        port: The local cloud's port.
        containment: What containers may have of this machine.

    Returns:
        What the front of the port serves load balancers with.
    """
    registry = Registry()
    balancing = Balancing(Routes(), registry, Traffic(), Pool(), port)
    scheduler = Scheduler(registry, Weights(balancing.routes.forget))
    probes.install(registry)

    def target_changed(target: Target) -> None:
        if target.state == "draining":
            balancing.pool.drop(target)
        scheduler.wake()

    registry.changed = target_changed
    _install_load_balancing(LoadBalancingService(registry, balancing.routes))
    discovery = Discovery(registry.on_loop)
    _install_tasks(scheduler, registry, discovery)
    _install_services(scheduler, discovery)
    register = upstream.ecs._ACTION_MAP["RegisterTaskDefinition"]
    upstream.ecs._ACTION_MAP["RegisterTaskDefinition"] = admission.admitting(register, containment)
    upstream.app.SERVICE_HANDLERS["ecs"] = ecs_api.handler(upstream.app.SERVICE_HANDLERS["ecs"])
    _install_registry_addresses(port)
    ecr.install()
    notifications.install()
    event_bus.install()
    vpc.install()
    upstream.cloudwatch._evict_old_metrics = store.evict
    codedeploy.install(scheduler.wake)
    cloud_map.install()
    scheduler.start()
    discovery.start()
    on_reset(STORE.clear)
    on_reset(registry.clear)
    on_reset(balancing.routes.forget)
    return balancing


def _install_load_balancing(service: LoadBalancingService) -> None:
    upstream.app.SERVICE_HANDLERS["elasticloadbalancing"] = service.handle
    # MiniStack's ECS tells its own load balancers about tasks; ours hear of them from the task itself.
    upstream.alb.set_targets_for_group = lambda *_arguments: True
    upstream.tagging._COLLECTORS["elasticloadbalancing"] = tagged


def _install_tasks(scheduler: Scheduler, registry: Registry, discovery: Discovery) -> None:
    ecs = upstream.ecs

    def ready(task: Record) -> None:
        key = state.service_of_task(task)
        service = key.record() if key else None
        found = targets_of(service, task) if service else []
        # A container that has already ended has no address; the task is about to notice.
        task["_targets"] = [target for target in found if target[1]]
        for target in task["_targets"]:
            registry.on_loop(functools.partial(registry.register, *target))
        discovery.sync()

    def silent(task: Record) -> None:
        for target in task.get("_targets") or []:
            registry.on_loop(functools.partial(registry.avoid, *target))

    def leave(task: Record, answers: bool) -> None:
        discovery.sync()
        for target in task.get("_targets") or []:
            registry.deregister_and_wait(*target, answers=answers)

    def changed(_task: Record) -> None:
        discovery.sync()
        scheduler.wake()

    hooks = Hooks(
        starting=lambda _task: discovery.sync(),
        ready=ready,
        silent=silent,
        leave=leave,
        ended=lambda _task: scheduler.wake(),
        changed=changed,
    )

    def run_task_worker(
        task: Record,
        definition: Mapping[str, Any],
        overrides: list[dict[str, Any]],
        _docker: object,
        account: str,
        region: str,
    ) -> None:
        with upstream.responses.request_scope(account, region):
            TaskRun(task, definition, overrides, hooks).run()

    ecs._run_task_worker = run_task_worker
    ecs._get_docker = engine.client
    # Ids of tasks are 32 hex digits (Developer Guide, "Amazon Resource Names (ARNs) and IDs"), not UUIDs with hyphens.
    ecs.new_uuid = lambda: uuid.uuid4().hex
    ecs._maybe_mark_stopped = lambda *_arguments: None
    plain_sanitize = ecs._sanitize

    def sanitize(document: Any) -> Any:
        with state.LOCK:
            return plain_sanitize(document)

    ecs._sanitize = sanitize


def _install_services(scheduler: Scheduler, discovery: Discovery) -> None:
    ecs = upstream.ecs
    actions = {name: discovery.around(action) for name, action in ServiceApi(scheduler).actions().items()}
    ecs._ACTION_MAP.update(ServiceDeploymentApi(scheduler).actions())
    ecs._ACTION_MAP.update(actions)
    register = task_definitions.checked(ecs._register_task_definition)
    ecs._ACTION_MAP["RegisterTaskDefinition"] = ecs._register_task_definition = register
    # CloudFormation and the REST paths call the functions, not the map.
    for name, action in (
        ("_create_service", "CreateService"),
        ("_update_service", "UpdateService"),
        ("_delete_service", "DeleteService"),
        ("_stop_task", "StopTask"),
    ):
        setattr(ecs, name, actions[action])
    ecs._reconcile_service_tasks = lambda *_arguments: scheduler.wake()
    for name in (
        "_sync_service_targets",
        "_refresh_service_state",
        "_complete_service_deployment",
        "_record_service_task_failure",
    ):
        setattr(ecs, name, lambda *_arguments, **_keywords: None)


def _install_registry_addresses(port: int) -> None:
    """The emulated ECR is reached where it really is, so that `docker push` to a repository's URI works."""
    ecr = upstream.ecr
    plain_token = ecr._get_authorization_token
    ecr._repo_uri = lambda name: f"localhost:{port}/{name}"

    def authorization_token(request: Mapping[str, Any]) -> Any:
        status, headers, body = plain_token(request)
        own = f"https://{upstream.responses.get_account_id()}.dkr.ecr.{upstream.responses.get_region()}.amazonaws.com"
        return (
            status,
            headers,
            body.replace(own.encode(), f"http://localhost:{os.environ['GATEWAY_PORT']}".encode()),
        )

    ecr._get_authorization_token = authorization_token
