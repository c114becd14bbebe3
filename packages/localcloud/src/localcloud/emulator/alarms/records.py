"""Metric alarms in MiniStack's store: what AWS accepts, and how it is kept.

Every function works on the account and region of the current request scope.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alarms.evaluation import COMPARISONS
from localcloud.emulator.alarms.series import ids_in

Record = dict[str, Any]
_TREATMENTS = {"missing", "ignore", "breaching", "notBreaching"}
_STATISTICS = {"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
_BANDS = {
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
}
_DAY = 86_400
_KEPT = (
    "AlarmName",
    "AlarmDescription",
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Unit",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "EvaluateLowSampleCountPercentile",
    "Metrics",
    "ThresholdMetricId",
)
_STATE = (
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
)


def problem(request: Mapping[str, Any]) -> str | None:
    """Why AWS refuses a PutMetricAlarm request, or None."""
    missing = [
        name for name in ("AlarmName", "ComparisonOperator", "EvaluationPeriods") if not request.get(name)
    ]
    if missing:
        return f"The parameter {missing[0]} is required"
    checks = (_operator_problem, _periods_problem, _metric_problem, _queries_problem)
    return next((found for found in (check(request) for check in checks) if found), None)


def put(request: Mapping[str, Any]) -> Record:
    """Make or change an alarm; a changed one keeps its state."""
    name = str(request["AlarmName"])
    stored = upstream.cloudwatch._alarms
    present: Record | None = stored.get(name)
    now = time.time()
    account, region = upstream.responses.get_account_id(), upstream.responses.get_region()
    state = {
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
        "StateUpdatedTimestamp": now,
        "StateTransitionedTimestamp": now,
    }
    alarm: Record = {
        **{key: request[key] for key in _KEPT if request.get(key) is not None},
        "AlarmArn": f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
        "ActionsEnabled": bool(request.get("ActionsEnabled", True)),
        "AlarmActions": list(request.get("AlarmActions") or []),
        "OKActions": list(request.get("OKActions") or []),
        "InsufficientDataActions": list(request.get("InsufficientDataActions") or []),
        "Dimensions": list(request.get("Dimensions") or []),
        "TreatMissingData": request.get("TreatMissingData") or "missing",
        "AlarmConfigurationUpdatedTimestamp": now,
        **({key: present[key] for key in _STATE if key in present} if present else state),
    }
    stored[name] = alarm
    note(name, "ConfigurationUpdate", f'Alarm "{name}" {"updated" if present else "created"}')
    return alarm


def delete(names: Iterable[str]) -> None:
    """Delete metric alarms; those that are not there are left alone."""
    for name in names:
        upstream.cloudwatch.cloudformation_delete_metric_alarm(name)


def find(name: str) -> Record | None:
    """One metric alarm."""
    found: Record | None = upstream.cloudwatch._alarms.get(name)
    return found


def in_alarm_since(name: str) -> float | None:
    """When a metric or composite alarm went to ALARM, in seconds since 1970; None when it is in another state."""
    cloudwatch = upstream.cloudwatch
    alarm = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)
    return float(alarm["StateUpdatedTimestamp"]) if alarm and alarm["StateValue"] == "ALARM" else None


def period_of(alarm: Mapping[str, Any]) -> float:
    """The stated length of an alarm's periods, in seconds; metric math goes by its longest metric."""
    queries = alarm.get("Metrics") or ()
    stated = [query.get("Period") or (query.get("MetricStat") or {}).get("Period") for query in queries]
    return float(alarm.get("Period") or max((period for period in stated if period), default=60))


def with_action(arn: str) -> list[str]:
    """Names of the alarms that have an action."""
    return sorted(name for name, alarm in upstream.cloudwatch._alarms.items() if arn in alarm["AlarmActions"])


def note(name: str, kind: str, summary: str) -> None:
    """Add an item to the alarm's history, of type ConfigurationUpdate or Action."""
    upstream.cloudwatch._history_entries().append(
        {
            "AlarmName": name,
            "AlarmType": "MetricAlarm",
            "Timestamp": upstream.cloudwatch._ts_iso(time.time()),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": "{}",
        }
    )


def _operator_problem(request: Mapping[str, Any]) -> str | None:
    comparison = request["ComparisonOperator"]
    if comparison in _BANDS:
        return None if request.get("ThresholdMetricId") else "ThresholdMetricId must be specified"
    if comparison not in COMPARISONS:
        known = ", ".join(sorted({*COMPARISONS, *_BANDS}))
        return f"Value '{comparison}' at 'comparisonOperator' must satisfy enum value set: [{known}]"
    return "The parameter Threshold is required" if request.get("Threshold") is None else None


def _periods_problem(request: Mapping[str, Any]) -> str | None:
    periods, period = int(request["EvaluationPeriods"]), request.get("Period")
    datapoints = int(request.get("DatapointsToAlarm") or periods)
    if periods < 1:
        return "EvaluationPeriods must be at least 1"
    if datapoints > periods:
        return "DatapointsToAlarm must be less than or equal to EvaluationPeriods"
    if request.get("TreatMissingData", "missing") not in _TREATMENTS:
        return f"TreatMissingData must be one of {', '.join(sorted(_TREATMENTS))}"
    if period is not None and int(period) not in {10, 20, 30} and (int(period) < 60 or int(period) % 60):
        return "Period must be 10, 20, 30 or a multiple of 60"
    limit = _DAY if int(period or 60) < 3600 else 7 * _DAY
    if period is not None and int(period) * periods > limit:
        return f"Metrics cannot be checked across more than {'a day' if limit == _DAY else 'a week'}"
    return None


def _metric_problem(request: Mapping[str, Any]) -> str | None:
    if request.get("Metrics"):
        single = ("MetricName", "Namespace", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
        both = [name for name in single if request.get(name)]
        return f"{both[0]} must not be set when Metrics is" if both else None
    missing = [name for name in ("MetricName", "Namespace", "Period") if not request.get(name)]
    if missing:
        return f"The parameter {missing[0]} is required"
    basic, extended = request.get("Statistic"), request.get("ExtendedStatistic")
    if (basic is None) == (extended is None):
        return "Exactly one of Statistic and ExtendedStatistic must be specified"
    if basic is not None and basic not in _STATISTICS:
        return f"Statistic must be one of {', '.join(sorted(_STATISTICS))}"
    return None


def _queries_problem(request: Mapping[str, Any]) -> str | None:
    queries: Sequence[Mapping[str, Any]] = request.get("Metrics") or ()
    if not queries:
        return None
    ids = {str(query.get("Id")) for query in queries}
    if len(ids) != len(queries):
        return "The ids of Metrics must be unique"
    if sum(bool(query.get("ReturnData", True)) for query in queries) != 1:
        return "Exactly one element of the metrics list should return data"
    return next((found for found in (_query_problem(query, ids) for query in queries) if found), None)


def _query_problem(query: Mapping[str, Any], ids: set[str]) -> str | None:
    expression = query.get("Expression")
    if bool(expression) == bool(query.get("MetricStat")):
        return f"Exactly one of Expression and MetricStat must be specified for {query.get('Id')}"
    unknown = ids_in(str(expression)) - ids if expression else set()
    return f"Expression {expression!r} refers to {min(unknown)}, which is not there" if unknown else None
