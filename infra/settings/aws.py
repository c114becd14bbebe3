"""The keys under `aws:` that the program hands to its AWS provider.

An explicit provider does not read the stack's `aws:` configuration by itself, so a key that is not handed on
would be ignored without a word; such a key is refused instead.
"""

import difflib
from typing import Any

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from infra.settings.base import Model
from infra.settings.problems import Problem, Remove, Rename


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

    region: str | None = Field(default=None, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", examples=["us-east-1"])
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
            return None, [cls._problem(details) for details in error.errors(include_url=False)]

    @classmethod
    def _problem(cls, details: ErrorDetails) -> Problem:
        path, value = details["loc"], details["input"]
        if details["type"] == "extra_forbidden":
            known = [str(field.alias) for field in cls.model_fields.values()]
            close = difflib.get_close_matches(str(path[-1]), known, n=1)
            if close and len(path) == 1:
                message = f"unknown key; did you mean {close[0]}?"
                return Problem(path=path, value=value, message=message, fix=Rename(close[0], value))
            message = f"unknown key; allowed: {', '.join(known)}"
            return Problem(path=path, value=value, message=message, fix=Remove())
        if path == ("region",):
            message = "allowed: the code of a region, such as us-east-1"
            return Problem(path=path, value=value, message=message, fix="us-east-1")
        return Problem(path=path, value=value, message=details["msg"])
