"""Amazon CloudWatch: alarms and dashboards."""

from typing import Any

from localcloud.providers.aws.resource_type import Codec, Name, Operation, Read, ResourceType
from localcloud.providers.aws.table.services import by_resource_arn
from localcloud.providers.values import Values

DIMENSIONS = Codec(
    to_wire=lambda pairs: [{"name": name, "value": value} for name, value in sorted(pairs.items())],
    from_wire=lambda pairs: {pair["Name"]: pair["Value"] for pair in pairs},
)
ACTIONS = frozenset({"alarmActions", "okActions", "insufficientDataActions"})


def _alarm_check(values: Values) -> list[tuple[str, str]]:
    given = [
        name for name in ("metricName", "metricQueries", "evaluationCriteria") if values.get(name) is not None
    ]
    failures = []
    if len(given) != 1:
        failures.append(
            (given[1] if given else "metricName", "give exactly one of metricName, metricQueries")
        )
    if values.get("metricName") is not None:
        missing = [name for name in ("namespace", "period") if values.get(name) is None]
        failures += [(name, "missing: an alarm on one metric needs it") for name in missing]
    if values.get("statistic") is not None and values.get("extendedStatistic") is not None:
        failures.append(("extendedStatistic", "conflicts with 'statistic': give one of them"))
    return failures


def _alarm(state: Values) -> Values:
    return {"AlarmNames": [state["id"]]}


METRIC_ALARM = ResourceType(
    type="aws:cloudwatch/metricAlarm:MetricAlarm",
    service="cloudwatch",
    create=Operation(name="PutMetricAlarm"),
    read=Read(
        name="DescribeAlarms",
        keys=lambda state: {**_alarm(state), "AlarmTypes": ["MetricAlarm"]},
        result="MetricAlarms[0]",
    ),
    update=(Operation(name="PutMetricAlarm", whole=True),),
    delete=(Operation(name="DeleteAlarms", keys=_alarm),),
    id=lambda state: str(state["name"]),
    name=Name(prefix=""),
    members={
        "name": "AlarmName",
        "metricQueries": "Metrics",
        "metricQueries.metric": "MetricStat",
        "metricQueries.metric.metricName": "Metric.MetricName",
        "metricQueries.metric.namespace": "Metric.Namespace",
        "metricQueries.metric.dimensions": "Metric.Dimensions",
    },
    codecs={"dimensions": DIMENSIONS, "metricQueries.metric.dimensions": DIMENSIONS},
    sets=ACTIONS | {"metricQueries"},
    defaults={"actionsEnabled": True, "treatMissingData": "missing"},
    computed=frozenset({"evaluateLowSampleCountPercentiles"}),
    replace=frozenset({"name"}),
    outputs={"arn": "AlarmArn"},
    check=_alarm_check,
    tags=by_resource_arn(),
)

COMPOSITE_ALARM = ResourceType(
    type="aws:cloudwatch/compositeAlarm:CompositeAlarm",
    service="cloudwatch",
    create=Operation(name="PutCompositeAlarm"),
    read=Read(
        name="DescribeAlarms",
        keys=lambda state: {**_alarm(state), "AlarmTypes": ["CompositeAlarm"]},
        result="CompositeAlarms[0]",
    ),
    update=(Operation(name="PutCompositeAlarm", whole=True),),
    delete=(Operation(name="DeleteAlarms", keys=_alarm),),
    id=lambda state: str(state["alarmName"]),
    members={
        "actionsSuppressor": "",
        "actionsSuppressor.alarm": "ActionsSuppressor",
        "actionsSuppressor.extensionPeriod": "ActionsSuppressorExtensionPeriod",
        "actionsSuppressor.waitPeriod": "ActionsSuppressorWaitPeriod",
    },
    sets=ACTIONS,
    defaults={"actionsEnabled": True},
    replace=frozenset({"alarmName", "actionsEnabled"}),
    delete_before_replace=True,
    outputs={"arn": "AlarmArn"},
    tags=by_resource_arn(),
)


def _dashboard_arn(context: Any, state: Values, wire: Values) -> str:
    found = wire.get("DashboardArn")
    return str(found or f"arn:aws:cloudwatch::{context.aws.account_id}:dashboard/{state['dashboardName']}")


DASHBOARD = ResourceType(
    type="aws:cloudwatch/dashboard:Dashboard",
    service="cloudwatch",
    create=Operation(name="PutDashboard"),
    read=Read(name="GetDashboard", keys=lambda state: {"DashboardName": state["id"]}, result="@"),
    update=(Operation(name="PutDashboard", whole=True),),
    delete=(Operation(name="DeleteDashboards", keys=lambda state: {"DashboardNames": [state["id"]]}),),
    id=lambda state: str(state["dashboardName"]),
    json=frozenset({"dashboardBody"}),
    replace=frozenset({"dashboardName"}),
    delete_before_replace=True,
    outputs={"dashboardArn": _dashboard_arn},
)

TYPES = (METRIC_ALARM, COMPOSITE_ALARM, DASHBOARD)
