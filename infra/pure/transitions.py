"""Changes of a running stack that cannot be made in one step without losing requests: said before anything is touched.

Each is refused with the steps that get there. What ECS and Elastic Load Balancing themselves refuse half-way is among
them: a service that shifts traffic names its listener rule, so that the rule is there before its tasks and goes after
them.
"""

from collections.abc import Iterator

from infra.pure.live import LiveRule, LiveService, LiveStack, Purpose
from infra.pure.references import has_reference
from infra.pure.routing import RouteKey, may_overlap
from infra.pure.takeover import EC2, STRATEGIES, moves_listener, settled
from infra.settings.problems import Assign, ByHand, Path, Problem
from infra.settings.root import Settings
from infra.settings.service import Service

NAMES = {"BLUE_GREEN": "blueGreen", "CANARY": "canary", "LINEAR": "linear", "ROLLING": "rolling"}


def problems(settings: Settings, live: LiveStack) -> Iterator[Problem]:
    """What has to be done in steps.

    Args:
        settings: The wanted settings.
        live: What was read of the stack.
    """
    for name, service in settings.services.items():
        present = live.services.get(name)
        if present is not None:
            yield from _running(name, service, present, settings, live)
        if service.route.enabled and not _is_reached(name, live):
            yield from _new_route(name, service, live)
    yield from _removed(settings, live)
    yield from _moved(settings, live)
    yield from _without_instances(settings, live)


def _without_instances(settings: Settings, live: LiveStack) -> Iterator[Problem]:
    """A cluster keeps a capacity provider that tasks run on (ECS API, PutClusterCapacityProviders: ResourceInUse).

    It has to be there before the services that want it, so that its end would come before they have left it; the AWS
    provider tries for ten minutes and fails (terraform-provider-aws, `retryClusterCapacityProvidersPut`).
    """
    users = sorted(
        name
        for name, service in live.services.items()
        if any(one.provider == EC2 for one in service.capacity)
    )
    if users and not settings.cluster.ec2 and not settings.cluster.existing:
        yield Problem(
            path=("cluster", "ec2"),
            is_missing=True,
            message=f"is gone from the settings while tasks of {', '.join(users)} run on its instances; allowed: "
            "cluster.ec2 as it was, deployed with the services on Fargate or without them, and then without it",
            fix=ByHand("put cluster.ec2 back for this update"),
            related=[("services", name, "launch") for name in users],
        )


def _moved(settings: Settings, live: LiveStack) -> Iterator[Problem]:
    """A service never leaves its cluster, and a target group has one load balancer only.

    ECS API, UpdateService; ELB API, `TargetGroupAssociationLimit`.
    """
    way = "another stack beside this one takes over with its own tasks, and this one is destroyed after that"
    asked = settings.cluster.existing
    wanted = live.own_cluster if asked is None else asked.rpartition("/")[2]
    known = bool(live.cluster and wanted and not has_reference(asked or ""))
    if live.services and known and wanted != live.cluster:
        yield Problem(
            path=("cluster", "existing"),
            value=asked or ...,
            message=f"the services run in the cluster {live.cluster}, which they cannot leave; "
            f"allowed: {live.cluster}; or {way}",
        )
    existing = settings.load_balancer.existing
    for balancer in sorted(
        {rule.balancer.split("/")[1] for rule in live.rules if rule.service in settings.services}
    ):
        if existing and existing.known_name not in {None, balancer}:
            yield Problem(
                path=("loadBalancer", "existing", "name"),
                value=existing.name,
                message=f"the services are behind the load balancer {balancer}, and their target groups with them; "
                f"allowed: {balancer}; or {way}",
            )


def rules_to_look_at(settings: Settings, live: LiveStack) -> list[LiveRule]:
    """Rules whose conditions decide whether a change loses requests; empty for most updates."""
    rules = [rule for rule in live.rules if rule.purpose is Purpose.PRODUCTION]
    new = any(
        service.route.enabled and service.deployment.needs_two_target_groups and not _is_reached(name, live)
        for name, service in settings.services.items()
    )
    if new:
        return rules
    return [rule for rule in rules if _goes_last(rule.service, settings, live)]


def main_port(settings: Settings) -> int | None:
    """Port of the listener that the services' rules belong to; None where the settings do not know it."""
    if settings.load_balancer.existing:
        return settings.load_balancer.existing.main_port
    return 443 if settings.load_balancer.serves_https else 80


def _is_reached(name: str, live: LiveStack) -> bool:
    """Whether the load balancer sends requests to tasks of a service now."""
    present = live.services.get(name)
    return present is not None and present.target_group is not None and live.rule(name) is not None


def _running(
    name: str, service: Service, present: LiveService, settings: Settings, live: LiveStack
) -> Iterator[Problem]:
    strategy: Path = ("services", name, "deployment", "strategy")
    wanted = service.deployment.strategy
    port = main_port(settings)
    if wanted == "codeDeploy" and present.is_gradual:
        yield Problem(
            path=strategy,
            value=wanted,
            message=(
                f"ECS shifts this service's traffic ({NAMES[present.strategy]}), and CodeDeploy takes over services "
                "that nobody shifts; allowed: rolling, deployed once, and codeDeploy after that"
            ),
            fix="rolling",
        )
    if not service.route.enabled and _is_reached(name, live):
        yield Problem(
            path=("services", name, "route", "enabled"),
            value=False,
            message=(
                "the service answers requests, and its listener rule would outlive the last task that does; allowed: "
                "true, or the same service under another name without a route, and this one taken out, in one update"
            ),
            fix=True,
        )
        return
    if (
        wanted in {"blueGreen", "canary", "linear"}
        and present.is_gradual
        and moves_listener(name, live, port)
    ):
        yield Problem(
            path=strategy,
            value=wanted,
            message=(
                f"the rule moves to {f'the listener on port {port}' if port else 'another listener'}, which ECS "
                "cannot shift together with the present one; "
                "allowed: rolling, deployed before and with the change of domain or certificate, and then this one"
            ),
            fix="rolling",
            related=[("loadBalancer", "domain"), ("loadBalancer", "certificateArn")],
        )
    changes = STRATEGIES[wanted] != (present.strategy if present.controller == "ECS" else "")
    if present.deploying and changes and not settled(name, service, present, live, port):
        yield Problem(
            path=strategy,
            value=wanted,
            message=(
                "a deployment of the service goes on, and another strategy would have to take over in the middle of "
                "it; allowed: the present one until it has ended (`python -m automation events -f` shows it)"
            ),
        )


def _new_route(name: str, service: Service, live: LiveStack) -> Iterator[Problem]:
    """A service that shifts traffic needs its rule before its tasks: it would take requests that nobody answers yet."""
    deployment = service.deployment
    if not deployment.needs_two_target_groups:
        return
    for rule in live.rules:
        other = rule.service != name and rule.purpose is Purpose.PRODUCTION
        if other and may_overlap(service.route.key, _key(rule)):
            yield Problem(
                path=("services", name, "deployment", "strategy"),
                value=deployment.strategy,
                message=(
                    f"the service is new, and would take requests that {rule.service} answers now before its own tasks "
                    f"can; allowed: rolling for its first deployment, which waits for them, and {deployment.strategy} "
                    "after that"
                ),
                fix="rolling",
                related=[("services", name, "route")],
            )
            return


def _removed(settings: Settings, live: LiveStack) -> Iterator[Problem]:
    """A service that shifts traffic is gone before its rule: what another service could answer meets nobody."""
    for rule in live.rules:
        if rule.purpose is not Purpose.PRODUCTION or not _goes_last(rule.service, settings, live):
            continue
        heirs = [
            other
            for other, service in settings.services.items()
            if service.route.enabled and may_overlap(service.route.key, _key(rule))
        ]
        if heirs:
            path: Path = ("services", rule.service)
            present = live.services[rule.service]
            strategy = NAMES[present.strategy] if present.controller == "ECS" else "codeDeploy"
            yield Problem(
                path=path,
                is_missing=True,
                message=(
                    f"is gone from the settings; its deployments are {strategy}, so that its rule would outlive its "
                    f"tasks and keep requests from {heirs[0]}; allowed: the service once more with "
                    "deployment.strategy rolling, deployed, and then without it"
                ),
                fix=Assign((*path, "deployment", "strategy"), "rolling"),
            )


def _goes_last(name: str, settings: Settings, live: LiveStack) -> bool:
    present = live.services.get(name)
    return name not in settings.services and present is not None and present.has_two_groups


def _key(rule: LiveRule) -> RouteKey:
    return RouteKey(hosts=rule.hosts, paths=rule.paths)
