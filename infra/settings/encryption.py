"""A key of the account's own for what a stack keeps."""

from infra.settings.base import KeyArn, Model


class Encryption(Model):
    """Encrypt log groups and notifications with a key that the account controls; AWS encrypts logs without it too."""

    kms_key_arn: KeyArn | None = None
    """Existing key, whose policy lets CloudWatch Logs, CloudWatch and EventBridge use it; null makes one."""
