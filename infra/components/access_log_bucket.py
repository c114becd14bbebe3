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
    """A private, encrypted, versioned bucket that only the load balancer writes to and that forgets old lines.

    Versions keep a line that somebody deleted or wrote over until it would have gone anyway.

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
        versioning = aws.s3.BucketVersioning(
            name,
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=child,
        )
        self._expire(name, bucket, args.retention_days, versioning)
        document = pulumi.Output.all(bucket_arn=bucket.arn, facts=args.account.facts).apply(
            lambda known: iam.load_balancer_logs(bucket_arn=known["bucket_arn"], **known["facts"])
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

    def _expire(
        self, name: str, bucket: aws.s3.Bucket, days: int, versioning: aws.s3.BucketVersioning
    ) -> None:
        everything = aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
        expire = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="expire",
            status="Enabled",
            filter=everything,
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=days
            ),
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=1
            ),
        )
        # What expired leaves a marker behind, which goes by a rule of its own.
        tidy = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="tidy",
            status="Enabled",
            filter=everything,
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(
                expired_object_delete_marker=True
            ),
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.bucket,
            rules=[expire, tidy],
            # Rules for versions come after the versions (terraform-provider-aws, s3_bucket_lifecycle_configuration).
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
