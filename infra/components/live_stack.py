"""What of the stack is live: read once, when the program begins, before anything is declared.

The tags of the stack say what there is, with an empty answer where there is nothing yet; only what they name is asked
for by name, because a data source of the provider fails for what does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pulumi
import pulumi_aws as aws

from infra.components.aws_account import AwsAccount
from infra.components.live_cluster import check_capacity
from infra.pure import transitions
from infra.pure.live import Capacity, LiveRule, LiveService, LiveStack, Purpose, newest_failed
from infra.pure.names import StackNames
from infra.pure.takeover import EC2, FARGATE
from infra.settings.root import Settings

BALANCING = "elasticloadbalancing"
TYPES = ("ecs:service", BALANCING)
GONE = (
    # aws_ecs_service and aws_lb_listener_rule of the real provider, and the local cloud's.
    "no matching ECS Service found",
    "couldn't find resource",
    "empty result",
    "MISSING",
    "NotFoundException",
    "RuleNotFound",
    "ListenerNotFound",
    "no service matches",
    "no listener matches",
)
"""What a data source says of something that the tags still name and that has gone a moment ago."""


def read_live(account: AwsAccount, names: StackNames, settings: Settings) -> LiveStack:
    """Read what is live, and refuse changes that could not be carried out without losing requests.

    Raises:
        pulumi.RunError: The settings ask for a change that has to be made in several steps, or for capacity that a
            cluster does not have; the message says which.
    """
    check_capacity(account, settings)
    stack = _read(account, names, settings)
    problems = [problem.render() for problem in transitions.problems(settings, stack)]
    if problems:
        count = "a change" if len(problems) == 1 else f"{len(problems)} changes"
        listing = "\n".join(problems)
        raise pulumi.RunError(
            f"stack {pulumi.get_stack()} runs, and {count} of it would lose requests or be refused half-way; "
            f"nothing was touched:\n{listing}"
        )
    return stack


def _read(account: AwsAccount, names: StackNames, settings: Settings) -> LiveStack:
    opts = pulumi.InvokeOptions(provider=account.provider)
    found = aws.resourcegroupstaggingapi.get_resources(
        resource_type_filters=list(TYPES),
        tag_filters=[
            aws.resourcegroupstaggingapi.GetResourcesTagFilterArgs(key=key, values=[names.tags[key]])
            for key in ("Project", "Stack")
        ],
        opts=opts,
    )
    tagged = {item.resource_arn: item.tags for item in found.resource_tag_mapping_lists}
    rules = [rule for arn, tags in tagged.items() if (rule := _rule(arn, tags))]
    known = sorted({tags["Service"] for tags in tagged.values() if "Service" in tags})
    where = {
        tags["Service"]: path for arn, tags in tagged.items() if "Service" in tags and (path := _path(arn))
    }
    cluster = next((cluster for cluster, _ in where.values()), None)
    services = {}
    for name in known:
        place = where.get(name, (names.cluster, names.service(name)))
        if service := _service(name, *place, tagged, opts):
            services[name] = service
    neighbours = _neighbours(settings, {rule.balancer for rule in rules}, set(tagged), opts)
    stack = LiveStack(
        services=services, rules=rules, cluster=cluster, own_cluster=names.cluster, neighbours=neighbours
    )
    asked = transitions.rules_to_look_at(settings, stack)
    looked = {rule.arn: _conditions(rule, opts) for rule in asked}
    stack = replace(stack, rules=[kept for rule in rules if (kept := looked.get(rule.arn, rule)) is not None])
    listeners = {rule.listener for rule in stack.rules if _is_moved(rule, services)}
    return replace(stack, ports=_ports(listeners, opts))


def _path(arn: str) -> tuple[str, str] | None:
    """Cluster and name of a service, as its ARN says them (Service Authorization Reference, Amazon ECS)."""
    cluster, _, name = arn.partition(":service/")[2].partition("/")
    return (cluster, name) if name else None


def _neighbours(
    settings: Settings, balancers: set[str], own: set[str], opts: pulumi.InvokeOptions
) -> list[LiveRule]:
    """Rules of other stacks of this program, which have numbers that this one cannot have.

    Of the load balancers that this stack's rules are on, and of the one that the settings name; where they name it by
    another stack's output, of every one: a number more that is avoided harms nobody.
    """
    existing = settings.load_balancer.existing
    if not any(service.route.enabled for service in settings.services.values()) or not (
        existing or balancers
    ):
        return []
    found = aws.resourcegroupstaggingapi.get_resources(
        resource_type_filters=[BALANCING],
        tag_filters=[
            aws.resourcegroupstaggingapi.GetResourcesTagFilterArgs(key="ManagedBy", values=["pulumi"]),
            aws.resourcegroupstaggingapi.GetResourcesTagFilterArgs(key="Rule", values=[*Purpose]),
        ],
        opts=opts,
    )
    listed = {item.resource_arn: item.tags for item in found.resource_tag_mapping_lists}
    rules = [
        rule
        for arn, tags in sorted(listed.items())
        if arn not in own and (rule := _rule(arn, tags)) is not None
    ]
    if existing and existing.known_name is None:
        return rules
    names = {balancer.split("/")[1] for balancer in balancers} | (
        {existing.known_name} if existing else set()
    )
    return [rule for rule in rules if rule.balancer.split("/")[1] in names]


def _rule(arn: str, tags: Mapping[str, str]) -> LiveRule | None:
    if ":listener-rule/" not in arn or not {"Service", "Rule"} & {*tags}:
        return None
    purpose = Purpose(tags.get("Rule", Purpose.PRODUCTION))
    if "Service" not in tags and purpose is not Purpose.REDIRECT:
        return None
    position, asked = tags.get("Priority", ""), tags.get("PriorityAsked", "")
    return LiveRule(
        service=tags.get("Service", ""),
        purpose=purpose,
        arn=arn,
        position=int(position) if position.isdecimal() else None,
        asked=int(asked) if asked.isdecimal() else None,
    )


def _service(
    name: str, cluster: str, physical: str, tagged: Mapping[str, object], opts: pulumi.InvokeOptions
) -> LiveService | None:
    try:
        found = aws.ecs.get_service(cluster_arn=cluster, service_name=physical, opts=opts)
    except Exception as error:
        listed = any(f":service/{cluster}/{physical}" in arn for arn in tagged)
        if listed and not _is_gone(error):
            raise pulumi.RunError(f"cannot tell what runs as service {name}: {error}") from error
        return None
    if found.status != "ACTIVE":
        return None
    return _described(name, found)


def _described(name: str, found: aws.ecs.GetServiceResult) -> LiveService:
    balancer = next(iter(found.load_balancers or []), None)
    advanced = next(iter(balancer.advanced_configurations or []), None) if balancer else None
    configuration = next(iter(found.deployment_configurations or []), None)
    running = [item for item in found.deployments if item.running_count or item.pending_count]
    return LiveService(
        name=name,
        controller=next((item.type for item in found.deployment_controllers or [] if item.type), "ECS"),
        strategy=(configuration.strategy if configuration else "") or "ROLLING",
        target_group=balancer.target_group_arn if balancer else None,
        container=(balancer.container_name, balancer.container_port) if balancer else None,
        shifts=bool(advanced and advanced.alternate_target_group_arn),
        tests=bool(advanced and advanced.test_listener_rule),
        capacity=_capacity(found.capacity_provider_strategies or []),
        desired_count=found.desired_count,
        minimum_percent=configuration.minimum_healthy_percent if configuration else 100,
        maximum_percent=configuration.maximum_percent if configuration else 200,
        grace_period=found.health_check_grace_period_seconds or 0,
        executes=bool(found.enable_execute_command),
        rebalances=found.availability_zone_rebalancing == "ENABLED",
        deploying=len(running) > 1,
        task_definition=found.task_definition or "",
        running=sum(item.running_count or 0 for item in found.deployments),
        fell_back=newest_failed(event.message for event in found.events or []),
    )


def _capacity(
    strategy: Sequence[aws.ecs.outputs.GetServiceCapacityProviderStrategyResult],
) -> frozenset[Capacity]:
    return frozenset(
        Capacity(
            provider=item.capacity_provider if item.capacity_provider in FARGATE else EC2,
            base=item.base or 0,
            weight=item.weight or 0,
        )
        for item in strategy
    )


def _conditions(rule: LiveRule, opts: pulumi.InvokeOptions) -> LiveRule | None:
    """A rule with what it matches; None when it has gone."""
    try:
        found = aws.lb.get_listener_rule(arn=rule.arn, opts=opts)
    except Exception as error:
        if _is_gone(error):
            return None
        raise
    hosts: list[str] = []
    paths: list[str] = []
    for condition in found.conditions or []:
        hosts += [value for item in condition.host_headers or [] for value in item.values]
        paths += [value for item in condition.path_patterns or [] for value in item.values]
    return replace(rule, hosts=hosts, paths=[path for path in paths if path != "/*"])


def _is_moved(rule: LiveRule, services: Mapping[str, LiveService]) -> bool:
    service = services.get(rule.service)
    return rule.purpose is Purpose.PRODUCTION and service is not None and service.has_two_groups


def _ports(listeners: Iterable[str], opts: pulumi.InvokeOptions) -> dict[str, int]:
    ports = {}
    for arn in sorted(listeners):
        try:
            ports[arn] = aws.lb.get_listener(arn=arn, opts=opts).port
        except Exception as error:
            if not _is_gone(error):
                raise
    return ports


def _is_gone(error: Exception) -> bool:
    return any(text in str(error) for text in GONE)
