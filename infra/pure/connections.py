"""What a connection grants, and what the app is told of it.

The actions are those of the AWS CDK's grants, by which people know them (aws-cdk-lib: `aws-s3/lib/perms.ts`,
`aws-sqs/lib/queue-base.ts`, `aws-dynamodb/lib/perms.ts`), less what reads streams or changes tags and legal holds.
"""

from collections.abc import Sequence

from infra.pure.iam import Document, allow
from infra.settings.connections import Access, Kind

ACTIONS: dict[tuple[Kind, Access], tuple[str, ...]] = {
    ("bucket", "read"): ("s3:GetObject",),
    ("bucket", "write"): ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
    ("queue", "send"): ("sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
    ("queue", "consume"): (
        "sqs:ReceiveMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
    ),
    ("table", "read"): (
        "dynamodb:BatchGetItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DescribeTable",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
    ),
    ("table", "write"): (
        "dynamodb:BatchWriteItem",
        "dynamodb:DeleteItem",
        "dynamodb:DescribeTable",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    ),
}
"""What of which kind the app may do; the pairs that are not here do not exist."""

_DECRYPTS = frozenset({"read", "consume"})


def access_of(kind: Kind) -> list[Access]:
    """What can be done with a kind of thing."""
    return [access for one, access in ACTIONS if one == kind]


def statements(kind: Kind, arn: str, access: Sequence[Access], key_arn: str | None) -> list[Document]:
    """IAM statements that grant exactly this.

    Args:
        kind: What it is.
        arn: Its ARN.
        access: What the app does with it.
        key_arn: Customer-managed key that encrypts it.
    """
    actions = sorted({action for one in access for action in ACTIONS[kind, one]})
    resources = {"bucket": [f"{arn}/*"], "table": [arn, f"{arn}/index/*"]}.get(kind, [arn])
    found = [allow(actions, resources)]
    if kind == "bucket" and "read" in access:
        found.append(allow(["s3:ListBucket"], [arn]))  # without it, what is not there answers 403 and not 404
    if key_arn:
        # A producer needs to decrypt as well: multipart uploads (S3), and data keys that SQS reuses ("Key management").
        keys = (
            ["kms:Decrypt"]
            if set(access) <= _DECRYPTS and kind != "table"
            else ["kms:Decrypt", "kms:GenerateDataKey"]
        )
        found.append(allow(keys, [key_arn]))
    return found


def address(kind: Kind, arn: str) -> str:
    """What an SDK asks for: a bucket's or table's name, a queue's URL."""
    _, partition, _, region, account, rest = arn.split(":", 5)
    if kind == "queue":
        suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        return f"https://sqs.{region}.{suffix}/{account}/{rest}"
    return rest.removeprefix("table/")
