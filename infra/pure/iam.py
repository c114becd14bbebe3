"""IAM policy documents as plain data.

Trust policies name the account they act for, which keeps another account's service from borrowing a role
("The confused deputy problem", IAM User Guide).
"""

from collections.abc import Mapping, Sequence
from typing import Any

Document = dict[str, Any]

POLICY_VERSION = "2012-10-17"


def policy(statements: Sequence[Mapping[str, Any]]) -> Document:
    """A policy document of these statements."""
    return {"Version": POLICY_VERSION, "Statement": [dict(statement) for statement in statements]}


def service_trust(service: str, *, account_id: str | None = None) -> Document:
    """Trust policy that lets one AWS service assume a role.

    Args:
        service: Service principal, for example `ecs-tasks.amazonaws.com`.
        account_id: Account whose resources the service must act for; None where the service sends no source
            account.
    """
    statement: Document = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if account_id:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account_id}}
    return policy([statement])


def allow(actions: Sequence[str], resources: Sequence[Any], **condition: Any) -> Document:
    """One statement that allows actions on resources, optionally under a condition."""
    statement: Document = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    if condition:
        statement["Condition"] = condition
    return statement
