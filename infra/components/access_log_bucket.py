"""AccessLogBucket: where a load balancer writes a line per request."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.aws_account import AwsAccount
from infra.pure import iam


@dataclass(frozen=True, kw_only=True)
class AccessLogBucketArgs:
    """What an `AccessLogBucket` is made from.

    Args:
        account: Provider and facts of the AWS account.
        retention_days: Days that a line is kept.
        force_destroy: Whether destroying the stack may delete the lines.
    """

    account: AwsAccount
    retention_days: int
    force_destroy: bool


class AccessLogBucket(pulumi.ComponentResource):
    """A private, encrypted bucket that only the load balancer writes to and that forgets old lines.

    Outputs:
        bucket_name: Its name; known once the load balancer may write.
    """

    bucket_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: AccessLogBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ecs-microservice:index:AccessLogBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(name, force_destroy=args.force_destroy, opts=child)
        aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        self._encrypt(name, bucket)
        self._expire(name, bucket, args.retention_days)
        document = pulumi.Output.all(bucket_arn=bucket.arn, account_id=args.account.account_id).apply(
            lambda known: iam.load_balancer_logs(**known)
        )
        policy = aws.s3.BucketPolicy(
            name, bucket=bucket.bucket, policy=pulumi.Output.json_dumps(document), opts=child
        )
        self.bucket_name = policy.bucket
        self.register_outputs({"bucketName": self.bucket_name})

    def _encrypt(self, name: str, bucket: aws.s3.Bucket) -> None:
        # Load balancers write only to buckets with S3's own keys, not with KMS.
        default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="AES256"
        )
        rule = aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
            apply_server_side_encryption_by_default=default
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name, bucket=bucket.bucket, rules=[rule], opts=pulumi.ResourceOptions(parent=self)
        )

    def _expire(self, name: str, bucket: aws.s3.Bucket, days: int) -> None:
        rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="expire",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
        )
        aws.s3.BucketLifecycleConfiguration(
            name, bucket=bucket.bucket, rules=[rule], opts=pulumi.ResourceOptions(parent=self)
        )
