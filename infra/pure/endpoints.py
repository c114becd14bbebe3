"""VPC endpoint services: their names ("AWS services that integrate with AWS PrivateLink") and who may use them."""

from collections.abc import Mapping
from typing import Any

from infra.pure import iam
from infra.settings.network import Endpoint

GATEWAYS = frozenset({"s3"})
"""Services reached through route tables: free of charge, and without a network interface."""

_REGISTRY = ("ecr.api", "ecr.dkr")
_SEVERAL: Mapping[Endpoint, tuple[str, ...]] = {
    "ecr": _REGISTRY,
    "ecs": ("ecs", "ecs-agent", "ecs-telemetry"),
}


def services_of(endpoint: Endpoint) -> tuple[str, ...]:
    """The endpoint services behind one entry of the settings."""
    return _SEVERAL.get(endpoint, (endpoint,))


def service_name(service: str, *, partition: str, region: str) -> str:
    """Full name of an endpoint service; the registry's begin differently in China."""
    prefix = "cn." if partition == "aws-cn" and service in _REGISTRY else ""
    return f"{prefix}com.amazonaws.{region}.{service}"


def policy(service: str, *, partition: str, region: str, account_id: str, instances: bool) -> dict[str, Any]:
    """Policy of an endpoint: this account's own principals, whatever their policies say.

    Nobody carries data out of the VPC with credentials of another account. Layers of images are fetched from a bucket
    of ECR's with a URL that ECR signed ("Amazon ECR interface VPC endpoints", minimum Amazon S3 bucket permissions).

    Args:
        service: Endpoint service, such as `s3`.
        partition: Partition of the account.
        region: Its region.
        account_id: The account.
        instances: Whether container instances install packages through it ("Amazon Linux 2023 repositories").
    """
    own: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": account_id}},
    }
    if service != "s3":
        return iam.policy([own])
    buckets = [f"prod-{region}-starport-layer-bucket"]
    if instances:
        buckets.append(f"al2023-repos-{region}-de612dc2")
    layers = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": [f"arn:{partition}:s3:::{bucket}/*" for bucket in buckets],
    }
    return iam.policy([own, layers])
