"""Who stands in a subnet, or in a security group: load balancers, NAT gateways, endpoints, tasks, other groups."""

from collections.abc import Iterator
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alb.model import STORE
from localcloud.emulator.ecs import state


def in_subnet(subnet: str) -> Iterator[str]:
    """What has a network interface in a subnet."""
    for balancer in STORE.here().load_balancers.values():
        if subnet in balancer.subnets:
            yield balancer.name
    for gateway in upstream.ec2._nat_gateways.values():
        if gateway["SubnetId"] == subnet and gateway["State"] != "deleted":
            yield str(gateway["NatGatewayId"])
    for endpoint in upstream.ec2._vpc_endpoints.values():
        if subnet in (endpoint.get("SubnetIds") or []):
            yield str(endpoint["VpcEndpointId"])
    for task in _tasks():
        if task.get("_subnet") == subnet:
            yield str(task["taskArn"])


def of_group(group: str) -> Iterator[str]:
    """What is in a security group, or has a rule that names it."""
    for balancer in STORE.here().load_balancers.values():
        if group in balancer.security_groups:
            yield balancer.name
    for task in _tasks():
        key = state.service_of_task(task)
        service = key.record() if key else None
        network = ((service or {}).get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
        if group in (network.get("securityGroups") or []):
            yield str(task["taskArn"])
    for other in upstream.ec2._security_groups.values():
        if other["GroupId"] != group and group in _named(other):
            yield str(other["GroupId"])


def public_addresses(vpc: str) -> Iterator[str]:
    """What of a VPC is reached from the internet: it needs the internet gateway."""
    for gateway in upstream.ec2._nat_gateways.values():
        if gateway["VpcId"] == vpc and gateway["State"] != "deleted":
            yield str(gateway["NatGatewayId"])
    for balancer in STORE.here().load_balancers.values():
        if balancer.vpc == vpc and balancer.scheme == "internet-facing":
            yield balancer.name


def _named(group: dict[str, Any]) -> set[str]:
    rules = [*group.get("IpPermissions", []), *group.get("IpPermissionsEgress", [])]
    return {str(pair.get("GroupId")) for rule in rules for pair in rule.get("UserIdGroupPairs", [])}


def _tasks() -> list[Any]:
    with state.LOCK:
        return [task for task in upstream.ecs._tasks.values() if task["lastStatus"] != "STOPPED"]
