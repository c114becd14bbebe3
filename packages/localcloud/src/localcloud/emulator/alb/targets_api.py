"""Operations on targets: who gets requests, and how they do.

Sources: API Reference, `RegisterTargets`, `DeregisterTargets`, `DescribeTargetHealth`, `TargetDescription`; words of
`InvalidTarget` as reported from AWS (terraform-provider-aws, moto's verified tests).
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alb import finding, groups
from localcloud.emulator.alb.finding import Request
from localcloud.emulator.alb.model import Region, TargetGroup
from localcloud.emulator.alb.refusal import RefusedError
from localcloud.emulator.alb.registry import REASONS, Registry, Target

_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")
# "The valid IP addresses" of targets outside the VPC's own blocks (RegisterTargets, TargetDescription).
_PRIVATE = [
    ipaddress.ip_network(block)
    # The last one is this machine's own processes, which AWS knows nothing of.
    for block in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")
]


class TargetsApi:
    """The operations.

    Args:
        registry: Probes the targets and hands them requests.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def register(self, region: Region, request: Request) -> None:
        """RegisterTargets; they get requests once they pass their first health check."""
        group = finding.target_group(region, request["TargetGroupArn"])
        for target in request["Targets"]:
            _check(group, str(target["Id"]))
        for address, port in _places(group, request):
            self._registry.register(group.arn, address, port)

    def deregister(self, region: Region, request: Request) -> None:
        """DeregisterTargets; they are gone when nothing is in flight, at the latest after the delay."""
        group = finding.target_group(region, request["TargetGroupArn"])
        present = {(target.id, target.port) for target in self._registry.targets(group.arn)}
        for target in request["Targets"]:
            address = str(target["Id"])
            # "If the port was left out … all ports" is what the console's words come to; the API's default is the
            # group's own port, and a target that is not there is no error unless its id cannot be one.
            ports = (
                [int(target["Port"])]
                if "Port" in target
                else [port for known, port in present if known == address]
            )
            for port in ports:
                self._registry.drain(group.arn, address, port)

    def describe_health(self, region: Region, request: Request) -> dict[str, Any]:
        """DescribeTargetHealth: the state of every target with AWS's reason codes."""
        group = finding.target_group(region, request["TargetGroupArn"])
        found = {(target.id, target.port): target for target in self._registry.targets(group.arn)}
        asked = _places(group, request)
        described = [_described(group, place, found.get(place)) for place in asked or found]
        return {"TargetHealthDescriptions": described}


def _places(group: TargetGroup, request: Request) -> list[tuple[str, int]]:
    """The addresses and ports that a request names; a Lambda function has no port."""
    return [
        (str(target["Id"]), int(target.get("Port") or group.port or 0))
        for target in request.get("Targets") or []
    ]


def _check(group: TargetGroup, target: str) -> None:
    if group.target_type == "instance":
        _check_instance(target)
    elif group.target_type == "ip":
        _check_address(group, target)
    elif group.target_type == "lambda" and ":function:" not in target:
        raise RefusedError(f"'{target}' is not a valid target ARN")


def _check_instance(target: str) -> None:
    record = upstream.ec2._instances.get(target) if _INSTANCE.fullmatch(target) else None
    if record is None:
        raise RefusedError(
            f"The following targets are not in the target group VPC or do not exist: '{target}'",
            "InvalidTarget",
        )
    if str((record.get("State") or {}).get("Name")) not in {"running", "pending"}:
        raise RefusedError(
            f"The following targets are not in a running state and cannot be registered: '{target}'",
            "InvalidTarget",
        )


def _check_address(group: TargetGroup, target: str) -> None:
    try:
        address = ipaddress.ip_address(target)
    except ValueError:
        raise RefusedError(f"The IP address '{target}' is not a valid IPv4 address") from None
    own = ipaddress.ip_network(
        str((upstream.ec2._vpcs.get(group.vpc) or {}).get("CidrBlock") or "0.0.0.0/32")
    )
    if address.version == 4 and address not in own and not any(address in block for block in _PRIVATE):
        raise RefusedError(
            f"The IP address '{target}' is not within a valid range: the VPC's, or one of 10.0.0.0/8, 100.64.0.0/10, "
            "172.16.0.0/12, 192.168.0.0/16",
            "InvalidTarget",
        )


def _described(group: TargetGroup, place: tuple[str, int], target: Target | None) -> Mapping[str, Any]:
    state, reason, text = "unused", "Target.NotRegistered", REASONS["Target.NotRegistered"]
    if target is not None and not group.load_balancers and target.state != "draining":
        reason, text = "Target.NotInUse", REASONS["Target.NotInUse"]
    elif target is not None:
        state, reason, text = target.state, target.reason, target.description
    address, port = place
    check = str(group.health_check.get("HealthCheckPort") or "traffic-port")
    own: dict[str, Any] = {"Id": address} | ({"Port": port} if port else {})
    if group.target_type == "ip":
        own["AvailabilityZone"] = f"{groups.region_of(group.arn)}a"
    return {
        "Target": own,
        "HealthCheckPort": str(port) if check == "traffic-port" else check,
        "TargetHealth": {"State": state} | ({"Reason": reason, "Description": text} if reason else {}),
    }
