"""The wire protocol of Application Auto Scaling: JSON 1.1, one operation per `X-Amz-Target`."""

from collections.abc import Callable, Mapping

from localcloud.emulator import json_api
from localcloud.emulator.json_api import Handler, Refused, Request
from localcloud.emulator.scaling import requests, validation
from localcloud.emulator.scaling.model import Store
from localcloud.emulator.scaling.policies_api import PoliciesApi
from localcloud.emulator.scaling.scaler import Scaler
from localcloud.emulator.scaling.schedules_api import SchedulesApi
from localcloud.emulator.scaling.targets_api import TargetsApi

TARGET_PREFIX = "AnyScaleFrontendService"


def handler(store: Store, scaler: Scaler) -> Handler:
    """The service in the form of MiniStack's table of services."""
    targets, policies, schedules = TargetsApi(store, scaler), PoliciesApi(store), SchedulesApi(store)
    operations: Mapping[str, Callable[[Request], Request]] = {
        "RegisterScalableTarget": targets.register,
        "DeregisterScalableTarget": targets.deregister,
        "DescribeScalableTargets": targets.describe,
        "DescribeScalingActivities": targets.describe_activities,
        "TagResource": targets.tag,
        "UntagResource": targets.untag,
        "ListTagsForResource": targets.list_tags,
        "PutScalingPolicy": policies.put,
        "DeleteScalingPolicy": policies.delete,
        "DescribeScalingPolicies": policies.describe,
        "PutScheduledAction": schedules.put,
        "DeleteScheduledAction": schedules.delete,
        "DescribeScheduledActions": schedules.describe,
    }

    def answer(operation: str, request: Request) -> Request:
        if operation not in operations:
            raise _unanswered(operation)
        validation.check(operation, request)
        if operation.startswith("Describe"):
            requests.check_filters(request)
        return operations[operation](request)

    return json_api.handler(answer, message_key="Message")


def _unanswered(operation: str) -> Refused:
    if operation in validation.operations():
        # GetPredictiveScalingForecast: there are no two weeks of history to forecast from.
        return Refused("ValidationException", f"The local cloud does not emulate {operation}.")
    return Refused("UnknownOperationException", f"Unknown operation: {operation}")
