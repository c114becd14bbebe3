"""The table: one row for every resource type the local `aws` provider knows."""

from collections.abc import Mapping

from localcloud.providers.aws.resource_type import ResourceType
from localcloud.providers.aws.table import (
    certificates,
    cloudwatch,
    codedeploy,
    compute,
    discovery,
    ecr,
    ecs,
    elbv2,
    endpoints,
    events,
    firewall,
    iam,
    logs,
    network,
    s3,
    scaling,
    secrets,
    security_groups,
    sns,
)

MODULES = (
    ecs,
    ecr,
    elbv2,
    iam,
    logs,
    network,
    security_groups,
    scaling,
    cloudwatch,
    events,
    sns,
    discovery,
    secrets,
    certificates,
    s3,
    firewall,
    compute,
    endpoints,
    codedeploy,
)
RESOURCE_TYPES: Mapping[str, ResourceType] = {kind.type: kind for module in MODULES for kind in module.TYPES}
