"""Deployment strategies and what they need from the rest of the stack."""

import math
from collections.abc import Iterator

from infra.pure import instances
from infra.settings.cluster import Ec2Capacity
from infra.settings.deployment import Hook
from infra.settings.problems import Assign, Path, Problem, Remove
from infra.settings.root import Settings
from infra.settings.service import CPU_SIZES, Service


def problems(name: str, service: Service, settings: Settings) -> Iterator[Problem]:
    """Broken rules of a service's deployments."""
    path = ("services", name)
    yield from _rolling(path, service)
    if service.deployment.needs_two_target_groups:
        yield from _target_groups(path, service)
    yield from _tests(path, service, settings)
    yield from _scaling(path, service)
    if service.deployment.strategy == "codeDeploy":
        yield from _code_deploy(path, service)
    yield from _capacity(path, service, settings)


def _rolling(path: Path, service: Service) -> Iterator[Problem]:
    """A rolling deployment must be able to stop an old task or to start a new one."""
    deployment, here = service.deployment, (*path, "deployment")
    count = max(service.desired_count, 1)
    low = math.ceil(count * deployment.minimum_healthy_percent / 100)
    high = math.floor(count * deployment.maximum_percent / 100)
    if high <= low:
        yield Problem(
            path=(*here, "maximumPercent"),
            value=deployment.maximum_percent,
            message=(
                f"of {count} tasks, {low} must keep running and at most {high} may run, so that none could be "
                "replaced; allowed: more, or a lower minimumHealthyPercent"
            ),
            fix=200,
            related=[(*here, "minimumHealthyPercent"), (*path, "desiredCount")],
        )
    elif service.availability_zone_rebalancing and deployment.maximum_percent <= 100:
        yield Problem(
            path=(*path, "availabilityZoneRebalancing"),
            value=True,
            message="needs room for another task; allowed: false with a maximumPercent of 100",
            fix=False,
            related=[(*here, "maximumPercent")],
        )


def _target_groups(path: Path, service: Service) -> Iterator[Problem]:
    if not service.route.enabled:
        yield Problem(
            path=(*path, "deployment", "strategy"),
            value=service.deployment.strategy,
            message="moves the load balancer's traffic, which does not reach this service; allowed: rolling",
            fix="rolling",
            related=[(*path, "route", "enabled")],
        )


def _tests(path: Path, service: Service, settings: Settings) -> Iterator[Problem]:
    deployment, here = service.deployment, (*path, "deployment")
    if deployment.test_traffic and not deployment.needs_two_target_groups:
        yield Problem(
            path=(*here, "testTraffic"),
            value=True,
            message="a rolling deployment has no version to test apart; allowed: with another strategy",
            fix=Remove(),
            related=[(*here, "strategy")],
        )
    elif deployment.test_traffic and not settings.load_balancer.has_test_listener:
        shared = settings.load_balancer.existing is not None
        key = "loadBalancer.existing.testListener" if shared else "loadBalancer.testListener"
        own = Assign(("loadBalancer", "testListener", "allowedCidrs"), ["203.0.113.0/24"])
        yield Problem(
            path=(*here, "testTraffic"),
            value=True,
            message=f"needs the load balancer's testListener; allowed: with {key}",
            fix=Assign(("loadBalancer", "existing", "testListener"), "9000") if shared else own,
            related=[("loadBalancer", "testListener"), ("loadBalancer", "existing")],
        )
    if deployment.hooks and not deployment.is_gradual:
        yield Problem(
            path=(*here, "hooks"),
            message="ECS asks hooks in blueGreen, canary and linear deployments; allowed: with those",
            fix=Remove(),
            related=[(*here, "strategy")],
        )
    for index, hook in enumerate(deployment.hooks):
        yield from _hook((*here, "hooks", index), hook)


def _hook(path: Path, hook: Hook) -> Iterator[Problem]:
    if bool(hook.lambda_arn) == bool(hook.pause):
        found = "has both lambdaArn and pause" if hook.pause else "has neither lambdaArn nor pause"
        yield Problem(
            path=path,
            message=f"{found}; allowed: exactly one of the two",
            fix=Assign((*path, "pause", "timeoutMinutes"), 60) if not hook.pause else None,
        )
    shifts = sorted({"TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"} & set(hook.stages))
    if hook.pause and shifts:
        yield Problem(
            path=(*path, "stages"),
            value=list(hook.stages),
            message=f"ECS does not wait for people at {' and '.join(shifts)}; allowed: the stage before or after, "
            "such as POST_TEST_TRAFFIC_SHIFT",
            related=[(*path, "pause")],
        )


def _scaling(path: Path, service: Service) -> Iterator[Problem]:
    """containers-roadmap#1681: while traffic moves, an average over both versions says nothing about either."""
    scaling = service.scaling
    if not scaling or not service.deployment.needs_two_target_groups or not service.route.enabled:
        return
    if scaling.schedules and not any((scaling.cpu, scaling.memory, scaling.step_cpu, scaling.step_memory)):
        return
    if not scaling.requests_per_target:
        yield Problem(
            path=(*path, "scaling", "requestsPerTarget"),
            message=(
                f"is missing; with {service.deployment.strategy}, CPU and memory mislead while old and new tasks "
                "run side by side; allowed: requests per task and minute, beside the others"
            ),
            fix=Assign((*path, "scaling", "requestsPerTarget", "target"), 1000),
            related=[(*path, "deployment", "strategy")],
        )


def _code_deploy(path: Path, service: Service) -> Iterator[Problem]:
    strategy = (*path, "deployment", "strategy")
    if service.discovery and service.discovery.mode == "serviceConnect":
        yield Problem(
            path=(*path, "discovery", "mode"),
            value="serviceConnect",
            message="CodeDeploy cannot move Service Connect traffic; allowed: dns with codeDeploy",
            fix="dns",
            related=[strategy],
        )
    if service.launch == "ec2":
        yield Problem(
            path=(*path, "launch"),
            value="ec2",
            message="CodeDeploy does not work with scaled EC2 capacity; allowed: fargate with codeDeploy",
            fix="fargate",
            related=[strategy],
        )


def _capacity(path: Path, service: Service, settings: Settings) -> Iterator[Problem]:
    if service.launch != "ec2":
        return
    ec2 = settings.cluster.ec2
    if not ec2:
        yield Problem(
            path=(*path, "launch"),
            value="ec2",
            message="the cluster has no EC2 capacity; allowed: with cluster.ec2, or fargate",
            fix="fargate",
            related=[("cluster", "ec2")],
        )
        return
    yield from _fits(path, service, ec2)
    network = settings.network
    if network.tasks_are_public and not network.endpoints:
        yield Problem(
            path=(*path, "launch"),
            value="ec2",
            # Developer Guide, "Allocate a network interface for an Amazon ECS task": with awsvpc, tasks on instances
            # get no public address, and reach the internet from private subnets with a NAT gateway.
            message="gives tasks no public address, so that in public subnets they reach nothing outside the VPC; "
            "allowed: with network.create and its NAT, existing.privateSubnetIds, network.endpoints, or fargate",
            fix="fargate",
            related=[("network",)],
        )
    if ec2.architecture != service.architecture:
        yield Problem(
            path=(*path, "architecture"),
            value=service.architecture,
            message=f"the cluster's instances are {ec2.architecture}; allowed: the same",
            fix=ec2.architecture,
            related=[("cluster", "ec2", "architecture")],
        )


def _fits(path: Path, service: Service, ec2: Ec2Capacity) -> Iterator[Problem]:
    """A task that no instance can take stays PROVISIONING, whatever the auto scaling group starts."""
    offered = instances.size(ec2.instance_type)
    if not offered:
        return
    cpu, memory = offered
    related = [("cluster", "ec2", "instanceType"), (*path, "launch")]
    if service.cpu > cpu:
        yield Problem(
            path=(*path, "cpu"),
            value=service.cpu,
            message=f"is more than the {cpu} of a {ec2.instance_type}; allowed: at most that, or a larger "
            "cluster.ec2.instanceType",
            fix=max(size for size in CPU_SIZES if size <= cpu),
            related=related,
        )
    # ECS registers what the system and the agent leave (Developer Guide, "Reserving Amazon ECS Linux container
    # instance memory"), which is never all of it.
    if service.memory >= memory:
        yield Problem(
            path=(*path, "memory"),
            value=service.memory,
            message=f"does not fit into the {memory} MiB of a {ec2.instance_type}, of which the system takes a part; "
            f"allowed: about {memory * 9 // 10} at most, or a larger cluster.ec2.instanceType",
            fix=max(128, memory * 9 // 10),
            related=related,
        )
