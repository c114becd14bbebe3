"""IAM policy documents as plain data.

Trust policies name the account they act for, which keeps another account's service from borrowing a role ("The
confused deputy problem", IAM User Guide), where AWS says that the service sends it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from infra.settings.secrets import Statement

Document = dict[str, Any]

POLICY_VERSION = "2012-10-17"


def policy(statements: Sequence[Mapping[str, Any]]) -> Document:
    """A policy document of these statements."""
    return {"Version": POLICY_VERSION, "Statement": [dict(statement) for statement in statements]}


def service_trust(service: str, *, account_id: str | None = None) -> Document:
    """Trust policy that lets one AWS service assume a role.

    Args:
        service: Service principal, for example `ecs-tasks.amazonaws.com`.
        account_id: Account whose resources the service must act for; None where it sends no source account.
    """
    statement: Document = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if account_id:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account_id}}
    return policy([statement])


def allow(actions: Sequence[str], resources: Sequence[str]) -> Document:
    """One statement that allows actions on resources."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


ECR = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<name>[^:@]+)"
)
"""An image in ECR."""


def start_tasks(
    *, partition: str, log_group_arn: str, repository_arns: Sequence[str], images: Sequence[str]
) -> list[Document]:
    """Statements that let an execution role pull exactly these images and write exactly this log.

    What `AmazonECSTaskExecutionRolePolicy` allows everywhere, only where it is needed ("Amazon ECS task execution IAM
    role").

    Args:
        partition: Partition of the account.
        log_group_arn: Log group of the containers.
        repository_arns: Repositories by ARN.
        images: More images by reference; those outside ECR need no permission.
    """
    found = [match for image in images if (match := ECR.match(image))]
    named = [f"arn:{partition}:ecr:{m['region']}:{m['account']}:repository/{m['name']}" for m in found]
    repositories = sorted({*repository_arns, *named})
    pull = [
        # A token is for the whole registry: the action has no resources.
        allow(["ecr:GetAuthorizationToken"], ["*"]),
        allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            repositories,
        ),
    ]
    log = allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:*"])
    return [*(pull if repositories else []), log]


def read_secrets(*, parameters: Sequence[str], secrets: Sequence[str], keys: Sequence[str]) -> list[Document]:
    """Statements that let an execution role read exactly these SSM parameters, secrets and KMS keys (ARNs)."""
    statements = [
        (["ssm:GetParameters"], parameters),
        (["secretsmanager:GetSecretValue"], secrets),
        (["kms:Decrypt"], keys),
    ]
    return [allow(actions, sorted(set(resources))) for actions, resources in statements if resources]


def open_sessions(*, key_arn: str, log_group_arn: str) -> list[Document]:
    """Statements that let a task take part in ECS Exec sessions ("Monitor Amazon ECS containers with ECS Exec")."""
    return [
        # The session channels have no resources of their own.
        allow(
            [
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            ["*"],
        ),
        allow(["logs:DescribeLogGroups"], ["*"]),
        allow(
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], [f"{log_group_arn}:*"]
        ),
        allow(["kms:Decrypt"], [key_arn]),
    ]


def from_settings(statement: Statement, *, partition: str, region: str, account_id: str) -> Document:
    """A statement of the settings with its placeholders filled in."""
    known = {"${partition}": partition, "${region}": region, "${account}": account_id}

    def filled(text: str) -> str:
        for placeholder, value in known.items():
            text = text.replace(placeholder, value)
        return text

    document = allow(statement.actions, [filled(resource) for resource in statement.resources])
    if statement.conditions:
        document["Condition"] = {
            operator: {key: list(v) if isinstance(v, tuple) else v for key, v in conditions.items()}
            for operator, conditions in statement.conditions.items()
        }
    return document


def key_for_logs(*, partition: str, region: str, account_id: str) -> Document:
    """Policy of a key that CloudWatch Logs encrypts with, administered by the account ("Encrypt log data")."""
    return policy(_key_for_logs(partition, region, account_id))


def key_for_logs_and_notifications(*, partition: str, region: str, account_id: str) -> Document:
    """The same, for a topic too that alarms and events are sent to.

    AWS's own key of SNS would not do: CloudWatch and EventBridge cannot be let in ("Encrypting messages published to
    Amazon SNS with AWS KMS"). EventBridge sends no keys for a condition here either.
    """
    publishers = {
        "Effect": "Allow",
        "Principal": {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": "*",
    }
    return policy([*_key_for_logs(partition, region, account_id), publishers])


def _key_for_logs(partition: str, region: str, account_id: str) -> list[Document]:
    return [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition}:iam::{account_id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": [
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
                "kms:GenerateDataKey",
                "kms:DescribeKey",
            ],
            "Resource": "*",
            "Condition": {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": f"arn:{partition}:logs:{region}:{account_id}:*"
                }
            },
        },
    ]


def load_balancer_logs(*, bucket_arn: str, partition: str, region: str, account_id: str) -> Document:
    """Policy of a bucket that this account's load balancers write access logs to, and that nobody reads in the clear.

    `aws:SourceArn` keeps another account's load balancer out ("Enable access logs for your Application Load Balancer").
    """
    return policy(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"{bucket_arn}/AWSLogs/{account_id}/*",
                "Condition": {
                    "ArnLike": {
                        "aws:SourceArn": f"arn:{partition}:elasticloadbalancing:{region}:{account_id}:loadbalancer/*"
                    }
                },
            },
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [bucket_arn, f"{bucket_arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ]
    )


def topic_publishers(*, topic_arn: str, account_id: str) -> Document:
    """Policy of a topic that this account's alarms, and EventBridge, publish to.

    EventBridge's statement has no condition: "You can't use Condition blocks in Amazon SNS topic policies for
    EventBridge" (EventBridge User Guide, "Amazon SNS permissions"). It sends none of the keys, so that a statement
    with a condition never allows it, and the rule drops its events without a word.
    """
    alarms = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic_arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
    }
    events = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic_arn,
    }
    return policy([alarms, events])


def pull_images(*, partition: str, accounts: Sequence[str]) -> Document:
    """Policy of a repository that other accounts pull from."""
    return policy(
        [
            {
                "Effect": "Allow",
                "Principal": {
                    "AWS": [f"arn:{partition}:iam::{account}:root" for account in sorted(accounts)]
                },
                "Action": [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    # The AWS provider resolves a tag, and `preflight` and `rollback` look for a digest, with it.
                    "ecr:DescribeImages",
                    "ecr:GetDownloadUrlForLayer",
                ],
            }
        ]
    )
