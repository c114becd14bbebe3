"""The keys under `aws:` that the program hands to its AWS provider.

An explicit provider does not read the stack's `aws:` configuration by itself, so a key that is not handed on
would be ignored without a word; such a key is refused instead.
"""

from typing import Any

from pydantic import Field, ValidationError

from infra.settings.base import Model
from infra.settings.problems import Problem, Remove


class AssumeRole(Model):
    """A role that the provider assumes before it calls AWS."""

    role_arn: str
    """ARN of the role."""

    session_name: str | None = None
    """Name of the session in CloudTrail."""

    external_id: str | None = None
    """External id that the role asks for."""


class AwsSettings(Model):
    """Where and as whom the program talks to AWS; every key has the AWS tools' own default."""

    region: str | None = Field(default=None, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    """Region; null for the environment's."""

    profile: str | None = None
    """Profile of the AWS tools' configuration; null for the environment's credentials."""

    allowed_account_ids: tuple[str, ...] = ()
    """Accounts that this stack may touch; empty for any."""

    assume_roles: tuple[AssumeRole, ...] = ()
    """Roles to assume, one after the other."""

    max_retries: int | None = Field(default=None, ge=0)
    """Attempts per API call; null for the provider's default."""

    @classmethod
    def parse(cls, data: dict[str, Any]) -> tuple["AwsSettings | None", list[Problem]]:
        """The settings in `data`, or all its problems."""
        try:
            return cls.model_validate(data), []
        except ValidationError as error:
            return None, [
                Problem(
                    path=details["loc"],
                    value=details["input"],
                    message="unknown key; allowed: " + cls._known(),
                    fix=Remove(),
                )
                if details["type"] == "extra_forbidden"
                else Problem(path=details["loc"], value=details["input"], message=details["msg"])
                for details in error.errors()
            ]

    @classmethod
    def _known(cls) -> str:
        return ", ".join(str(field.alias) for field in cls.model_fields.values())
