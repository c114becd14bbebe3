"""The table: one row for every resource type the local `aws` provider knows."""

from collections.abc import Mapping

from localcloud.providers.aws.resource_type import ResourceType
from localcloud.providers.aws.table import ecr, ecs, elbv2, iam, logs, network, security_groups

RESOURCE_TYPES: Mapping[str, ResourceType] = {
    kind.type: kind
    for module in (ecs, ecr, elbv2, iam, logs, network, security_groups)
    for kind in module.TYPES
}
