"""The CloudWatch alarms that target tracking policies keep."""

import uuid
from collections.abc import Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alarms import records
from localcloud.emulator.scaling import tracking
from localcloud.emulator.scaling.model import Policy, Scope


def keep(policy: Policy) -> None:
    """Make a policy's alarms what its configuration asks for; their names stay for the policy's life."""
    ids = {side: _suffix(policy.alarms.get(side)) for side in ("High", "Low")}
    wanted = tracking.alarms(
        policy.configuration,
        resource_id=policy.ref.resource_id,
        policy_arn=policy.arn,
        high_id=ids["High"],
        low_id=ids["Low"],
    )
    with _scope(policy.ref.scope):
        for request in wanted:
            records.put(request)
        names = dict(zip(("High", "Low"), (str(request["AlarmName"]) for request in wanted), strict=False))
        records.delete([name for name in policy.alarms.values() if name not in names.values()])
    policy.alarms = names


def remove(policy: Policy) -> None:
    """Delete a policy's alarms."""
    with _scope(policy.ref.scope):
        records.delete(list(policy.alarms.values()))
    policy.alarms = {}


def described(policy: Policy) -> list[dict[str, str]]:
    """The alarms that set a policy off: its own, or those that name it as an action."""
    scope = policy.ref.scope
    with _scope(scope):
        names = list(policy.alarms.values()) or records.with_action(policy.arn)
    prefix = f"arn:aws:cloudwatch:{scope.region}:{scope.account}:alarm"
    return [{"AlarmName": name, "AlarmARN": f"{prefix}:{name}"} for name in names]


def state(policy: Policy, side: str) -> str | None:
    """The state of one of a policy's alarms; None when it keeps no such alarm."""
    name = policy.alarms.get(side)
    with _scope(policy.ref.scope):
        alarm: Mapping[str, Any] | None = records.find(name) if name else None
    return str(alarm["StateValue"]) if alarm else None


def _suffix(name: str | None) -> str:
    return name[-36:] if name else str(uuid.uuid4())


def _scope(scope: Scope) -> Any:
    return upstream.responses.request_scope(scope.account, scope.region)
