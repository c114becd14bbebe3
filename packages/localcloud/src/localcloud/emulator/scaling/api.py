"""The wire protocol of Application Auto Scaling: JSON 1.1, one operation per `X-Amz-Target`."""

from collections.abc import Callable, Mapping

from localcloud.emulator.json_api import Api, Handler, Request
from localcloud.emulator.scaling import requests, validation
from localcloud.emulator.scaling.model import Store
from localcloud.emulator.scaling.policies_api import PoliciesApi
from localcloud.emulator.scaling.scaler import Scaler
from localcloud.emulator.scaling.schedules_api import SchedulesApi
from localcloud.emulator.scaling.targets_api import TargetsApi

TARGET_PREFIX = "AnyScaleFrontendService"
SERVICE = "application-autoscaling"


def handler(store: Store, scaler: Scaler) -> Handler:
    """The service in the form of MiniStack's table of services.

    GetPredictiveScalingForecast is not there: there are no two weeks of history to forecast from.
    """
    targets, policies, schedules = TargetsApi(store, scaler), PoliciesApi(store), SchedulesApi(store)
    operations: Mapping[str, Callable[[Request], Request]] = {
        "RegisterScalableTarget": targets.register,
        "DeregisterScalableTarget": targets.deregister,
        "DescribeScalableTargets": _filtered(targets.describe),
        "DescribeScalingActivities": _filtered(targets.describe_activities),
        "TagResource": targets.tag,
        "UntagResource": targets.untag,
        "ListTagsForResource": targets.list_tags,
        "PutScalingPolicy": policies.put,
        "DeleteScalingPolicy": policies.delete,
        "DescribeScalingPolicies": _filtered(policies.describe),
        "PutScheduledAction": schedules.put,
        "DeleteScheduledAction": schedules.delete,
        "DescribeScheduledActions": _filtered(schedules.describe),
    }
    return Api(
        SERVICE, operations, invalid="ValidationException", message_key="Message", check=validation.names
    ).handle


def _filtered(describe: Callable[[Request], Request]) -> Callable[[Request], Request]:
    def answer(request: Request) -> Request:
        requests.check_filters(request)
        return describe(request)

    return answer
