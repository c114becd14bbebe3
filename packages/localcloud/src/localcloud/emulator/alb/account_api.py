"""What Elastic Load Balancing says of itself: limits and security policies."""

from typing import Any

from localcloud.emulator.alb import finding
from localcloud.emulator.alb.finding import Request
from localcloud.emulator.alb.model import Region
from localcloud.emulator.alb.policies import POLICIES
from localcloud.emulator.alb.refusal import RefusedError

# API Reference, `Limit`, with the defaults of "Quotas for your Application Load Balancers" and its two siblings.
_LIMITS = {
    "application-load-balancers": 50,
    "condition-values-per-alb-rule": 5,
    "condition-wildcards-per-alb-rule": 6,
    "gateway-load-balancers": 100,
    "gateway-load-balancers-per-vpc": 100,
    "geneve-target-groups": 100,
    "listeners-per-application-load-balancer": 50,
    "listeners-per-network-load-balancer": 50,
    "network-load-balancers": 50,
    "rules-per-application-load-balancer": 100,
    "target-groups": 3000,
    "target-groups-per-action-on-application-load-balancer": 5,
    "target-groups-per-action-on-network-load-balancer": 1,
    "target-groups-per-application-load-balancer": 100,
    "targets-per-application-load-balancer": 1000,
    "targets-per-availability-zone-per-gateway-load-balancer": 300,
    "targets-per-availability-zone-per-network-load-balancer": 500,
    "targets-per-network-load-balancer": 3000,
}


def describe_limits(region: Region, request: Request) -> dict[str, Any]:  # noqa: ARG001  every operation has both
    """DescribeAccountLimits."""
    found = [{"Name": name, "Max": str(most)} for name, most in _LIMITS.items()]
    shown, marker = finding.page(found, request)
    return {"Limits": shown, "NextMarker": marker}


def describe_policies(region: Region, request: Request) -> dict[str, Any]:  # noqa: ARG001  every operation has both
    """DescribeSSLPolicies."""
    names = list(dict.fromkeys(request.get("Names") or POLICIES))
    missing = [name for name in names if name not in POLICIES]
    if missing:
        raise RefusedError(f"SSL policies '{', '.join(missing)}' not found", "SSLPolicyNotFound")
    found = [
        {
            "Name": name,
            "SslProtocols": list(POLICIES[name].protocols),
            "Ciphers": [
                {"Name": cipher, "Priority": place} for place, cipher in enumerate(POLICIES[name].ciphers, 1)
            ],
            "SupportedLoadBalancerTypes": ["application", "network"],
        }
        for name in names
    ]
    shown, marker = finding.page(found, request)
    return {"SslPolicies": shown, "NextMarker": marker}
