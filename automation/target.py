"""Which cloud a verb talks to: the local cloud, or AWS."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automation.commands import verb_of
from automation.identity import Identity, make_client, session_of
from infra.deployments.session import session_without_profiles
from localcloud.settings import CloudSettings

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_ssm import SSMClient

_ENVIRONMENT = Identity()
# Of botocore's mode `standard`: throttling, timeouts, 5xx and a lost connection are tried again after 1, 2, 4 … 20 s,
# with jitter (AWS SDKs and Tools Reference Guide, "Retry behavior"). Nine more attempts outlast a minute and a half.
_RETRIES = 9
# Deliberately not real credentials: the emulator takes any, and none of the person's own must reach it.
_LOCAL_CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A stack and the cloud it runs in, with the AWS clients to observe it.

    Args:
        stack: Name of the stack, `local` or an environment.
        region: AWS region of the stack.
        local: The local cloud's settings, or None when the stack runs on AWS.
        identity: Whose credentials are used on AWS; by default the environment's.
        folder: Folder of Pulumi.yaml, for messages; None for this repository.
    """

    stack: str
    region: str
    local: CloudSettings | None
    identity: Identity = _ENVIRONMENT
    folder: Path | None = None

    def verb(self, name: str) -> str:
        """The command line of a verb for this stack, for messages: `python -m automation status dev --local`."""
        return verb_of(name, self.stack, local=self.local is not None, folder=self.folder)

    @cached_property
    def session(self) -> "boto3.Session":
        """The stack's session; all its clients share it."""
        if self.local is not None:
            return session_without_profiles(self.region)
        return session_of(self.identity, self.region)

    def _client(self, service: str, region: str | None = None) -> Any:
        # Imported when a verb first asks AWS: `up` does not, and boto3 is half a second of its start.
        from botocore.config import Config as ClientConfig  # noqa: PLC0415

        if self.local is not None:
            waits = ClientConfig(connect_timeout=3, read_timeout=30, retries={"max_attempts": 2})
            options = {"endpoint_url": self.local.endpoint, "config": waits, **_LOCAL_CREDENTIALS}
            return make_client(self.session, service, options)
        elsewhere = {"region_name": region} if region else {}
        attempts = _RETRIES if self.identity.retries is None else self.identity.retries
        patience = ClientConfig(retries={"mode": "standard", "total_max_attempts": attempts + 1})
        return make_client(self.session, service, {"config": patience, **elsewhere})

    def ecr_in(self, region: str | None) -> "ECRClient":
        """Amazon ECR of a region; None for the stack's own."""
        client: ECRClient = self._client("ecr", region)
        return client

    @cached_property
    def account(self) -> str:
        """Id of the AWS account."""
        return str(self._client("sts").get_caller_identity()["Account"])

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
