"""What a service reaches: a database, another service, a bucket, a queue, a table, a secret."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from infra.pure.references import or_reference
from infra.settings.base import KeyArn, Model, Port
from infra.settings.secrets import SecretSource

SecurityGroup = Annotated[
    str,
    Field(
        pattern=or_reference(r"^(sg-[0-9a-f]{8,17}|[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!*-]{1,255})$"),
        examples=["sg-0a1b2c3d4e5f67890"],
    ),
]
"""A security group by its id, its name, or the output of another stack."""

BucketArn = Annotated[
    str,
    Field(
        pattern=or_reference(r"^arn:[a-z-]+:s3:::[a-z0-9.-]{3,63}$"), examples=["arn:aws:s3:::shop-uploads"]
    ),
]
QueueArn = Annotated[
    str,
    Field(
        pattern=or_reference(r"^arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}(\.fifo)?$"),
        examples=["arn:aws:sqs:us-east-1:123456789012:orders"],
    ),
]
TableArn = Annotated[
    str,
    Field(
        pattern=or_reference(r"^arn:[a-z-]+:dynamodb:[a-z0-9-]+:\d{12}:table/[A-Za-z0-9_.-]{3,255}$"),
        examples=["arn:aws:dynamodb:us-east-1:123456789012:table/orders"],
    ),
]

Access = Literal["read", "write", "send", "consume"]
Kind = Literal["securityGroup", "service", "bucket", "queue", "table", "secret"]
SecretKey = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", examples=["password"])]


class Connection(Model):
    """One thing that the service reaches.

    Exactly one of securityGroup, service, bucket, queue and table, or a secret alone. What the app is told begins with
    the connection's name in capitals: `orders-db` gives `ORDERS_DB_HOST`.
    """

    security_group: SecurityGroup | None = None
    """Group of a database or cache: its port is opened there for the service's tasks. By id, name, or the output of
    another stack.
    """

    port: Port | None = None
    """Its port; the app finds it in `<NAME>_PORT`."""

    host: Annotated[str, Field(min_length=1, examples=["db.internal"])] | None = None
    """Its host name, or the output of another stack, `${stack:acme/db/prod#host}`; `<NAME>_HOST`."""

    service: Annotated[str, Field(examples=["api"])] | None = None
    """Another service of the stack, both with `discovery`; its address is in `<NAME>_URL`."""

    bucket: BucketArn | None = None
    """ARN of an S3 bucket; its name is in `<NAME>_BUCKET`."""

    queue: QueueArn | None = None
    """ARN of an SQS queue; its URL is in `<NAME>_QUEUE_URL`."""

    table: TableArn | None = None
    """ARN of a DynamoDB table; its name is in `<NAME>_TABLE`."""

    access: tuple[Access, ...] = ()
    """What the app does with it: read and write (bucket, table), send and consume (queue)."""

    secret: Annotated[str, Field(min_length=1, examples=["shop/prod/db"])] | None = None
    """Name or ARN of a secret in Secrets Manager, such as a database's, or the output of another stack;
    `<NAME>_SECRET`.
    """

    secret_keys: tuple[SecretKey, ...] = ()
    """Keys of the secret, where it is a JSON object, as a variable each: `password` gives `<NAME>_PASSWORD`; empty for
    the whole secret.
    """

    kms_key_arn: KeyArn | None = None
    """Customer-managed key that encrypts it; null for AWS's own keys."""

    @property
    def kinds(self) -> list[Kind]:
        """What it is; one, where the rules accept it."""
        given: dict[Kind, object] = {
            "securityGroup": self.security_group,
            "service": self.service,
            "bucket": self.bucket,
            "queue": self.queue,
            "table": self.table,
        }
        found: list[Kind] = [kind for kind, value in given.items() if value]
        return found or (["secret"] if self.secret else [])

    @property
    def arn(self) -> str | None:
        """ARN of what the app is granted something on; None for the other kinds."""
        return self.bucket or self.queue or self.table

    def secrets(self, name: str) -> Mapping[str, SecretSource]:
        """Variable → secret."""
        if not self.secret:
            return {}
        key = self.kms_key_arn if not self.arn else None
        wanted: dict[str, str | None] = {one.upper(): one for one in self.secret_keys}
        wanted = wanted or {"SECRET": None}
        return {
            variable(name, suffix): SecretSource.model_validate(
                {"secretsManager": self.secret, "jsonKey": inner, "kmsKeyArn": key}
            )
            for suffix, inner in wanted.items()
        }

    def variables(self, name: str) -> list[str]:
        """Names of all variables that come of it, those of secrets too."""
        suffixes = {
            "HOST": self.host,
            "PORT": self.security_group and self.port,
            "URL": self.service,
            "BUCKET": self.bucket,
            "QUEUE_URL": self.queue,
            "TABLE": self.table,
        }
        return [*(variable(name, suffix) for suffix, value in suffixes.items() if value), *self.secrets(name)]


def variable(connection: str, suffix: str) -> str:
    """Name of a variable of a connection."""
    return f"{connection.upper().replace('-', '_')}_{suffix}"
