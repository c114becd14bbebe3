"""Names of AWS resources that people look up, and the limits that names must fit.

Everything else is auto-named by Pulumi (logical name plus seven random hex digits), so that a replacement can
be created before the old resource is deleted.
"""

import hashlib
import re
from dataclasses import dataclass

AUTO_NAME_SUFFIX = 8
"""Characters that Pulumi's auto-naming appends: a hyphen and seven hex digits."""

TARGET_GROUP_PORT = 5000
"""Port that target groups are made with. ECS registers each task with its own; another one would replace the group."""

LOAD_BALANCER_LIMIT = 32
"""Characters in the name of a load balancer or target group (ELBv2 API reference, CreateTargetGroup)."""

LOG_GROUP_PREFIX = "aws-waf-logs-"
"""WAF refuses log groups whose name does not begin with it ("Sending web ACL traffic logs to CloudWatch Logs")."""

ROLE_LIMIT = 64
"""Characters in the name of an IAM role (IAM API reference, CreateRole)."""


def shorten(name: str, limit: int) -> str:
    """`name`, or its beginning and a six-digit hash of all of it where it is longer than `limit` characters.

    The hash keeps two long names with the same beginning apart, and the result never ends up with two hyphens
    in a row or a trailing one, which several AWS services refuse.
    """
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: limit - 7].rstrip('-')}-{digest}"


def target_group(service: str, colour: str = "") -> str:
    """Logical name of a service's target group, short enough to be auto-named within 32 characters."""
    name = f"{service}-{colour}" if colour else service
    return shorten(name, LOAD_BALANCER_LIMIT - AUTO_NAME_SUFFIX)


@dataclass(frozen=True)
class StackNames:
    """Physical names of one stack's resources.

    Args:
        project: Pulumi project, for example `ecs-microservice`.
        stack: Pulumi stack, for example `prod`; characters that ECS or ECR refuse become hyphens.
        shares_cluster: Whether other stacks have services in the same cluster, which has a name only once.
    """

    project: str
    stack: str
    shares_cluster: bool = False

    @property
    def prefix(self) -> str:
        """`<project>-<stack>` in lower case, hyphens for everything but letters and digits."""
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.project}-{self.stack}".lower()).strip("-")
        # The longest name built on it is an ECR repository's (256); a service's name has up to 24 characters.
        return shorten(words, 200)

    @property
    def tags(self) -> dict[str, str]:
        """Tags that every resource of the stack has, cost allocation by project and stack among them."""
        return {"Project": self.project, "Stack": self.stack, "ManagedBy": "pulumi"}

    @property
    def cluster(self) -> str:
        """Name of the ECS cluster."""
        return self.prefix

    def service(self, service: str) -> str:
        """Name of the ECS service."""
        return self.family(service) if self.shares_cluster else service

    def family(self, service: str) -> str:
        """Task-definition family of a service: stable, so that its revisions stay one history."""
        return f"{self.prefix}-{service}"

    def log_group(self, service: str) -> str:
        """CloudWatch log group of a service."""
        return f"/ecs/{self.prefix}/{service}"

    @property
    def session_log_group(self) -> str:
        """CloudWatch log group of ECS Exec sessions."""
        return f"/ecs/{self.prefix}-sessions"

    @property
    def flow_log_group(self) -> str:
        """CloudWatch log group of the VPC's connections."""
        return f"/vpc/{self.prefix}"

    @property
    def firewall_log_group(self) -> str:
        """CloudWatch log group of the firewall; WAF asks for the beginning."""
        return f"{LOG_GROUP_PREFIX}{self.prefix}"

    def repository(self, service: str) -> str:
        """ECR repository of a service's images."""
        return f"{self.prefix}/{service}"
