"""Which cloud a verb talks to: the local cloud, or AWS."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from localcloud.settings import CloudSettings

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_ssm import SSMClient

# This stack always runs on the local cloud, whatever the command line says.
LOCAL_STACK = "local"
# Deliberately not real credentials: the emulator takes any, and none of the person's own must reach it.
_LOCAL_CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A stack and the cloud it runs in, with the AWS clients to observe it.

    Args:
        stack: Name of the stack, `local` or an environment.
        region: AWS region of the stack.
        local: The local cloud's settings, or None when the stack runs on AWS.
    """

    stack: str
    region: str
    local: CloudSettings | None

    @property
    def selection(self) -> str:
        """The arguments with which a verb finds this stack, for messages: `dev`, `dev --local`, `local`."""
        return f"{self.stack} --local" if self.local and self.stack != LOCAL_STACK else self.stack

    def _client(self, service: str) -> Any:
        # Imported when a verb first asks AWS: `up` does not, and boto3 is half a second of its start.
        import boto3  # noqa: PLC0415
        from botocore.config import Config as ClientConfig  # noqa: PLC0415

        options: dict[str, Any] = {"region_name": self.region}
        if self.local is not None:
            options |= _LOCAL_CREDENTIALS
            options["endpoint_url"] = self.local.endpoint
            options["config"] = ClientConfig(connect_timeout=3, read_timeout=30, retries={"max_attempts": 2})
        make: Any = boto3.client  # the stubs want literal names and typed keywords
        return make(service, **options)

    @cached_property
    def ecs(self) -> "ECSClient":
        """Amazon ECS."""
        client: ECSClient = self._client("ecs")
        return client

    @cached_property
    def ssm(self) -> "SSMClient":
        """AWS Systems Manager, whose parameters keep the release ledger."""
        client: SSMClient = self._client("ssm")
        return client

    @cached_property
    def ecr(self) -> "ECRClient":
        """Amazon ECR."""
        client: ECRClient = self._client("ecr")
        return client

    @cached_property
    def cloudwatch(self) -> "CloudWatchClient":
        """CloudWatch alarms."""
        client: CloudWatchClient = self._client("cloudwatch")
        return client

    def client(self, service: str) -> Any:
        """Any other AWS service's client, untyped."""
        return self._client(service)

    @cached_property
    def elbv2(self) -> "ElasticLoadBalancingv2Client":
        """Elastic Load Balancing."""
        client: ElasticLoadBalancingv2Client = self._client("elbv2")
        return client

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """CloudWatch Logs."""
        client: CloudWatchLogsClient = self._client("logs")
        return client
