"""The CloudWatch operations that know about metric math, in MiniStack's form and its three protocols."""

import time
from collections.abc import Mapping
from typing import Any

from localcloud.emulator import query_protocol, upstream
from localcloud.emulator.alarms import records, series
from localcloud.emulator.alarms.series import Window
from localcloud.emulator.metrics.expressions import UnsupportedExpressionError

Response = tuple[int, dict[str, str], bytes]
Parameters = Mapping[str, Any]
# More datapoints than GetMetricData may ask for in one request.
_MOST_POINTS = 100_800


def put_metric_alarm(
    parameters: Parameters, data: Parameters, is_cbor: bool, is_json: bool = False
) -> Response:
    """Make or change an alarm, with everything it says; MiniStack's forgets metric math."""
    cloudwatch = upstream.cloudwatch
    request = (
        data if is_cbor or is_json else query_protocol.decoded("cloudwatch", "PutMetricAlarm", parameters)
    )
    name, tags = str(request.get("AlarmName") or ""), request.get("Tags")
    is_new = records.find(name) is None
    datapoints = request.get("DatapointsToAlarm")
    refusal: Response | None = cloudwatch._alarm_tags_refusal(tags, datapoints, is_new, is_cbor, is_json)
    if refusal:
        return refusal
    problem = records.problem(request)
    if problem:
        error: Response = cloudwatch._error(
            "ValidationError", problem, 400, use_json=is_json, use_cbor=is_cbor
        )
        return error
    alarm = records.put(request)
    if is_new and tags:
        cloudwatch._resource_tags[alarm["AlarmArn"]] = {tag["Key"]: tag["Value"] for tag in tags}
    return _answer({}, is_cbor, is_json) or cloudwatch._xml(200, "PutMetricAlarmResponse", "")


class MetricData:
    """GetMetricData with expressions, newest value first; MiniStack knows neither."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __call__(
        self, parameters: Parameters, data: Parameters, is_cbor: bool, is_json: bool = False
    ) -> Response:
        """Answer the operation."""
        if not (is_cbor or is_json):
            # In the Query protocol MiniStack overlooks expressions; clients that old do not send any.
            response: Response = self._original(parameters, data, is_cbor, is_json)
            return response
        queries = data.get("MetricDataQueries") or []
        # Expressions need all series at one pace; metrics alone keep their own periods.
        is_math = any(query.get("Expression") for query in queries)
        groups = [queries] if is_math else [[query] for query in queries]
        try:
            results = [result for group in groups for result in _results(group, data)]
        except UnsupportedExpressionError as error:
            refusal: Response = upstream.cloudwatch._error(
                "ValidationError", str(error), 400, use_json=is_json, use_cbor=is_cbor
            )
            return refusal
        answer = _answer({"MetricDataResults": results}, is_cbor, is_json)
        assert answer is not None  # noqa: S101  one of the two protocols
        return answer


def _results(queries: list[Mapping[str, Any]], data: Parameters) -> list[dict[str, Any]]:
    cloudwatch = upstream.cloudwatch
    stated = [query.get("Period") or (query.get("MetricStat") or {}).get("Period") for query in queries]
    seconds = float(max((period for period in stated if period), default=60))
    start = cloudwatch._parse_ts(data.get("StartTime")) or time.time() - 3600
    end = cloudwatch._parse_ts(data.get("EndTime")) or time.time()
    first = start // seconds
    count = max(0, int(-(-end // seconds) - first))
    if count * len(queries) > _MOST_POINTS:
        raise UnsupportedExpressionError(f"The request asks for more than {_MOST_POINTS} datapoints")
    # Answers keep the real clock: a period asked for is that long.
    window = Window(start=first * seconds, length=seconds, count=count, seconds=seconds)
    known = series.values(queries, window)
    results = []
    for query in queries:
        if not query.get("ReturnData", True):
            continue
        metric = (query.get("MetricStat") or {}).get("Metric") or {}
        found = [entry for entry in enumerate(known[str(query["Id"])]) if entry[1] is not None]
        found.sort(reverse=data.get("ScanBy") != "TimestampAscending")
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label") or metric.get("MetricName") or query["Id"],
                "Timestamps": [cloudwatch._ts_iso(window.start + place * seconds) for place, _ in found],
                "Values": [value for _, value in found],
                "StatusCode": "Complete",
            }
        )
    return results


def _answer(document: dict[str, Any], is_cbor: bool, is_json: bool) -> Response | None:
    cloudwatch = upstream.cloudwatch
    response: Response | None = None
    if is_cbor:
        results = [
            cloudwatch._cbor_metric_data_result(entry) for entry in document.get("MetricDataResults", [])
        ]
        response = cloudwatch._cbor_ok({"MetricDataResults": results} if results else document)
    elif is_json:
        response = cloudwatch._json_ok(document)
    return response
