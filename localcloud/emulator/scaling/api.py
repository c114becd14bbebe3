"""The wire protocol of Application Auto Scaling: JSON 1.1, one operation per `X-Amz-Target`."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.scaling import requests, validation
from localcloud.emulator.scaling.errors import Refused
from localcloud.emulator.scaling.model import Store
from localcloud.emulator.scaling.policies_api import PoliciesApi
from localcloud.emulator.scaling.requests import Request
from localcloud.emulator.scaling.scaler import Scaler
from localcloud.emulator.scaling.schedules_api import SchedulesApi
from localcloud.emulator.scaling.targets_api import TargetsApi

TARGET_PREFIX = "AnyScaleFrontendService"
CONTENT_TYPE = "application/x-amz-json-1.1"
Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, Mapping[str, str], bytes, Mapping[str, Any]], Awaitable[Response]]


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

    async def handle(
        _method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Mapping[str, Any]
    ) -> Response:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            request = _decoded(body)
            if operation not in operations:
                raise _unanswered(operation)
            validation.check(operation, request)
            if operation.startswith("Describe"):
                requests.check_filters(request)
            answer = operations[operation](request)
        except Refused as refusal:
            refused: Response = upstream.responses.error_response_json(
                refusal.code, str(refusal), 400, content_type=CONTENT_TYPE, message_key="Message"
            )
            return refused
        response: Response = upstream.responses.json_response(answer, content_type=CONTENT_TYPE)
        return response

    return handle


def _decoded(body: bytes) -> Request:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise Refused("SerializationException", "The request is not a JSON object.")
    return request


def _unanswered(operation: str) -> Refused:
    if operation in validation.operations():
        # GetPredictiveScalingForecast: there are no two weeks of history to forecast from.
        return Refused("ValidationException", f"The local cloud does not emulate {operation}.")
    return Refused("UnknownOperationException", f"Unknown operation: {operation}")
