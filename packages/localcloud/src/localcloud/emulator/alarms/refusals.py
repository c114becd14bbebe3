"""What CloudWatch refuses, and its pages of metrics.

Sources: API Reference of CloudWatch (PutMetricData, GetMetricStatistics, GetMetricData, PutMetricAlarm, PutDashboard,
ListMetrics); words as moto has recorded them from AWS.
"""

import base64
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.json_api import Refused
from localcloud.emulator.query_protocol import Response

Request = Mapping[str, Any]
# "the results include up to 500 metrics" (ListMetrics); "a maximum of 1,440 data points" (GetMetricStatistics).
_METRICS_PER_PAGE = 500
_MOST_DATAPOINTS = 1440
_MOST_DATA = 1000
_EXTENDED = re.compile(
    r"p(\d{1,2}(\.\d{0,2})?|100)|(tm|wm|tc|ts)(\d{1,2}(\.\d{0,2})?|100)|(TM|WM|TC|TS|PR)\(.+\)|IQM"
)


def check(operation: str, request: Request) -> None:
    """Check a request.

    Raises:
        Refused: CloudWatch refuses it.
    """
    check_ = _CHECKS.get(operation)
    if check_ is not None:
        check_(request)


def _put_metric_data(request: Request) -> None:
    data: Sequence[Request] = request.get("MetricData") or []
    if len(data) > _MOST_DATA:
        raise Refused(
            "InvalidParameterValue",
            f"The collection MetricData must not have a size greater than {_MOST_DATA}.",
        )
    for number, datum in enumerate(data, 1):
        _check_datum(f"MetricData.member.{number}", datum)


def _check_datum(name: str, datum: Request) -> None:
    value, values, counts = datum.get("Value"), datum.get("Values"), datum.get("Counts")
    both = "are mutually exclusive and you have specified both."
    if value is not None and values:
        raise Refused("InvalidParameterValue", f"The parameters {name}.Value and {name}.Values {both}")
    if values and counts and len(values) != len(counts):
        raise Refused(
            "InvalidParameterValue",
            f"The parameters {name}.Values and {name}.Counts must be of the same size.",
        )
    if value is not None and datum.get("StatisticValues"):
        raise Refused(
            "InvalidParameterCombination", f"The parameters {name}.Value and {name}.StatisticValues {both}"
        )
    for member, found in (("Value", [value] if value is not None else []), ("Values", values or [])):
        wrong = next((one for one in found if not math.isfinite(float(one))), None)
        if wrong is not None:
            shown = "NaN" if math.isnan(float(wrong)) else str(wrong)
            raise Refused(
                "InvalidParameterValue", f"The value {shown} for parameter {name}.{member} is invalid."
            )


def _get_metric_statistics(request: Request) -> None:
    if not request.get("Statistics") and not request.get("ExtendedStatistics"):
        raise Refused("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics")
    start, end = _second(request.get("StartTime")), _second(request.get("EndTime"))
    if start is None or end is None:
        return
    if start >= end:
        raise Refused(
            "InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime."
        )
    period = int(request.get("Period") or 60)
    if period < 1 or (period % 60 and period not in {1, 5, 10, 20, 30}):
        raise Refused(
            "InvalidParameterValue", "The parameter Period must be greater than 0 and a multiple of 60."
        )
    points = math.ceil((end - start) / period)
    if points > _MOST_DATAPOINTS:
        raise Refused(
            "InvalidParameterCombination",
            f"You have requested up to {points:,} datapoints, which exceeds the limit of {_MOST_DATAPOINTS:,}. You may "
            "reduce the datapoints requested by increasing Period, or decreasing the time range.",
        )


def _get_metric_data(request: Request) -> None:
    start, end = _second(request.get("StartTime")), _second(request.get("EndTime"))
    if start is not None and end is not None and start > end:
        raise Refused("ValidationError", "The parameter EndTime must be greater than StartTime.")
    if start is not None and start == end:
        raise Refused("ValidationError", "The parameter StartTime must not equal parameter EndTime.")
    for query in request.get("MetricDataQueries") or []:
        if bool(query.get("Expression")) == bool(query.get("MetricStat")):
            raise Refused(
                "ValidationError",
                f"The parameter MetricDataQueries.member.{query.get('Id')} must have exactly one of MetricStat and "
                "Expression",
            )


def _second(given: object) -> int | None:
    """A time as CloudWatch compares it: whole seconds."""
    if isinstance(given, datetime):
        return int(given.timestamp())
    value = getattr(given, "value", given)
    found = upstream.cloudwatch._parse_ts(value) if value is not None else None
    return int(found) if found is not None else None


def _put_metric_alarm(request: Request) -> None:
    extended = request.get("ExtendedStatistic")
    if extended is not None and not _EXTENDED.fullmatch(str(extended)):
        raise Refused(
            "InvalidParameterValue", f"The value {extended} for parameter ExtendedStatistic is not supported."
        )
    option = request.get("EvaluateLowSampleCountPercentile")
    if option not in {None, "evaluate", "ignore"}:
        raise Refused(
            "ValidationError",
            f"Option {option} is not supported. Supported options for parameter EvaluateLowSampleCountPercentile are "
            "evaluate and ignore.",
        )


def _put_dashboard(request: Request) -> None:
    try:
        body = json.loads(str(request.get("DashboardBody") or ""))
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused("InvalidParameterInput", "The field DashboardBody must be a valid JSON object")


def _delete_dashboards(request: Request) -> None:
    if not request.get("DashboardNames"):
        raise Refused("InvalidParameterValue", "Need to specify at least 1 dashboard name to delete.")


def _list_metrics(request: Request) -> None:
    _first(request)


def _first(request: Request) -> int:
    """Where a page of metrics begins."""
    token = request.get("NextToken")
    if not token:
        return 0
    try:
        return int(base64.b64decode(str(token).encode(), validate=True).decode())
    except ValueError:
        raise Refused("InvalidParameterValue", "Request parameter NextToken is invalid") from None


def paged(operation: str, request: Request, answer: Response) -> Response:
    """An answer of ListMetrics cut to a page; MiniStack gives all of them at once."""
    status, headers, body = answer
    if operation != "ListMetrics" or status != 200:
        return answer
    document = json.loads(body)
    found, first = document.get("Metrics") or [], _first(request)
    last = first + _METRICS_PER_PAGE
    document["Metrics"] = found[first:last]
    document.pop("NextToken", None)
    if last < len(found):
        document["NextToken"] = base64.b64encode(str(last).encode()).decode()
    return status, headers, json.dumps(document).encode()


_CHECKS: Mapping[str, Callable[[Request], None]] = {
    "PutMetricData": _put_metric_data,
    "GetMetricStatistics": _get_metric_statistics,
    "GetMetricData": _get_metric_data,
    "PutMetricAlarm": _put_metric_alarm,
    "PutDashboard": _put_dashboard,
    "DeleteDashboards": _delete_dashboards,
    "ListMetrics": _list_metrics,
}
