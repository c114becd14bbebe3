"""Alarms over the wire: what is accepted, evaluated, said and sent."""

import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from packages.localcloud.tests.emulator.stage import Cloud, eventually

Put = Callable[..., str]


@pytest.fixture
def put(fast_cloud: Cloud, name: str) -> Put:
    """Make an alarm on a metric of this test's own, over 5 in one period; returns its name."""

    def make(**more: Any) -> str:
        plain = {"Namespace": name, "MetricName": "M", "Statistic": "Average", "Period": 60}
        fast_cloud.client("cloudwatch").put_metric_alarm(
            **{
                "AlarmName": name,
                "EvaluationPeriods": 1,
                "Threshold": 5,
                "ComparisonOperator": "GreaterThanThreshold",
                **({} if "Metrics" in more else plain),
                **more,
            }
        )
        return name

    return make


def publish(cloud: Cloud, name: str, value: float, metric: str = "M") -> None:
    cloud.client("cloudwatch").put_metric_data(
        Namespace=name, MetricData=[{"MetricName": metric, "Value": value}]
    )


def found(cloud: Cloud, name: str) -> dict[str, Any]:
    return dict(cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0])


def test_an_alarm_is_kept_as_it_was_put(fast_cloud: Cloud, put: Put) -> None:
    metric = {"Namespace": "N", "MetricName": "M", "Dimensions": [{"Name": "A", "Value": "b"}]}
    queries = [
        {"Id": "m", "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "p99"}},
        {"Id": "e", "ReturnData": True, "Expression": "MAX([FILL(m,0)])", "Label": "slow"},
    ]
    alarm = found(fast_cloud, put(Metrics=queries, DatapointsToAlarm=2, EvaluationPeriods=3, Tags=[]))
    assert alarm["Metrics"] == queries
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (2, 3)
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert "MetricName" not in alarm
    assert "Statistic" not in alarm


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm must be less"),
        ({"Period": 45}, "multiple of 60"),
        ({"Period": 3600, "EvaluationPeriods": 200}, "more than a week"),
        ({"Statistic": "Average", "ExtendedStatistic": "p99"}, "Exactly one of Statistic"),
        ({"ComparisonOperator": "Above"}, "enum value set"),
        ({"TreatMissingData": "nothing"}, "TreatMissingData"),
        ({"Metrics": [{"Id": "e", "Expression": "m+1"}]}, "refers to m"),
        ({"Metrics": [{"Id": "e", "Expression": "1", "ReturnData": False}]}, "Exactly one element"),
    ],
)
def test_what_is_refused(put: Put, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError) as caught:
        put(**changes)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert message in caught.value.response["Error"]["Message"]


def test_an_alarm_goes_off_tells_a_topic_and_calms_down(fast_cloud: Cloud, put: Put, name: str) -> None:
    queue = fast_cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    sqs, sns = fast_cloud.client("sqs"), fast_cloud.client("sns")
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    put(AlarmActions=[topic], OKActions=[topic], TreatMissingData="notBreaching")

    def state(wanted: str, value: float) -> bool:
        publish(fast_cloud, name, value)
        return bool(found(fast_cloud, name)["StateValue"] == wanted)

    eventually(lambda: state("ALARM", 9.0), pause=0.5)
    alarm = found(fast_cloud, name)
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoint [9]")
    assert json.loads(alarm["StateReasonData"])["period"] == 60
    eventually(lambda: state("OK", 1.0), pause=0.5)

    messages: list[dict[str, Any]] = []

    def told() -> list[str]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        messages.extend(json.loads(json.loads(one["Body"])["Message"]) for one in answer.get("Messages", []))
        return sorted({message["NewStateValue"] for message in messages})

    eventually(lambda: told() == ["ALARM", "OK"])
    assert {message["AlarmArn"] for message in messages} == {alarm["AlarmArn"]}
    assert messages[0]["Trigger"]["MetricName"] == "M"
    items = fast_cloud.client("cloudwatch").describe_alarm_history(AlarmName=name)["AlarmHistoryItems"]
    kinds = [item["HistoryItemType"] for item in items]
    assert kinds[-1] == "ConfigurationUpdate"
    assert kinds.count("StateUpdate") >= 2
    assert kinds.count("Action") >= 2


def test_metric_math_decides(fast_cloud: Cloud, put: Put, name: str) -> None:
    def stat(metric: str) -> dict[str, Any]:
        return {"Metric": {"Namespace": name, "MetricName": metric}, "Period": 60, "Stat": "Sum"}

    queries = [
        {"Id": "e0", "ReturnData": False, "MetricStat": stat("Errors")},
        {"Id": "r0", "ReturnData": False, "MetricStat": stat("Requests")},
        {"Id": "share", "Expression": "IF(FILL(r0,0)>=20,100*FILL(e0,0)/FILL(r0,0),0)", "ReturnData": True},
    ]
    put(Metrics=queries)
    eventually(lambda: found(fast_cloud, name)["StateValue"] == "OK")

    def alarmed() -> bool:
        publish(fast_cloud, name, 100.0, "Requests")
        publish(fast_cloud, name, 10.0, "Errors")
        return bool(found(fast_cloud, name)["StateValue"] == "ALARM")

    eventually(alarmed, pause=0.5)
    assert "[10]" in found(fast_cloud, name)["StateReason"]


def test_get_metric_data_evaluates_expressions(fast_cloud: Cloud, name: str) -> None:
    publish(fast_cloud, name, 3.0)
    publish(fast_cloud, name, 4.0)
    stat = {"Metric": {"Namespace": name, "MetricName": "M"}, "Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "m", "MetricStat": stat, "ReturnData": False},
        {"Id": "twice", "Expression": "m*2", "Label": "two times"},
    ]
    now = time.time()
    answer = fast_cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=now - 300, EndTime=now + 60
    )
    [result] = answer["MetricDataResults"]
    # The real clock counts here: what was published is what is answered.
    assert (result["Id"], result["Label"], sum(result["Values"])) == ("twice", "two times", 14.0)


def test_get_metric_data_answers_with_the_newest_value_first_unless_asked_otherwise(
    fast_cloud: Cloud, name: str
) -> None:
    now = time.time()
    data = [{"MetricName": "M", "Value": float(age), "Timestamp": now - 60 * age} for age in (2, 1, 0)]
    fast_cloud.client("cloudwatch").put_metric_data(Namespace=name, MetricData=data)
    stat = {"Metric": {"Namespace": name, "MetricName": "M"}, "Period": 60, "Stat": "Average"}

    def ask(**more: str) -> dict[str, Any]:
        answer = fast_cloud.client("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": stat}], StartTime=now - 300, EndTime=now + 60, **more
        )
        return dict(answer["MetricDataResults"][0])

    newest_first = ask()
    assert newest_first["Label"] == "M"
    assert newest_first["Values"] == [0.0, 1.0, 2.0]
    assert newest_first["Timestamps"] == sorted(newest_first["Timestamps"], reverse=True)
    assert ask(ScanBy="TimestampAscending")["Values"] == [2.0, 1.0, 0.0]


def test_missing_data_is_insufficient(fast_cloud: Cloud, put: Put, name: str) -> None:
    put()

    def calm() -> bool:
        publish(fast_cloud, name, 1.0)
        return bool(found(fast_cloud, name)["StateValue"] == "OK")

    eventually(calm, pause=0.5)
    eventually(lambda: found(fast_cloud, name)["StateValue"] == "INSUFFICIENT_DATA")
    assert found(fast_cloud, name)["StateReason"] == "Insufficient Data: 1 datapoint was unknown."


def test_a_composite_alarm_follows(fast_cloud: Cloud, put: Put, name: str) -> None:
    put()
    cloudwatch = fast_cloud.client("cloudwatch")
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-all", AlarmRule=f'ALARM("{name}")')

    def alarmed() -> bool:
        publish(fast_cloud, name, 9.0)
        both = cloudwatch.describe_alarms(AlarmNames=[f"{name}-all"], AlarmTypes=["CompositeAlarm"])
        return bool(both["CompositeAlarms"][0]["StateValue"] == "ALARM")

    eventually(alarmed, pause=0.5)


def test_the_query_protocol_of_older_clients_carries_metric_math(fast_cloud: Cloud, name: str) -> None:
    form = {
        "Action": "PutMetricAlarm",
        "Version": "2010-08-01",
        "AlarmName": name,
        "EvaluationPeriods": "2",
        "Threshold": "0.5",
        "ComparisonOperator": "GreaterThanThreshold",
        "ActionsEnabled": "false",
        "Metrics.member.1.Id": "e",
        "Metrics.member.1.Expression": "m/2",
        "Metrics.member.2.Id": "m",
        "Metrics.member.2.ReturnData": "false",
        "Metrics.member.2.MetricStat.Period": "60",
        "Metrics.member.2.MetricStat.Stat": "Sum",
        "Metrics.member.2.MetricStat.Metric.Namespace": "N",
        "Metrics.member.2.MetricStat.Metric.MetricName": "M",
        "Metrics.member.2.MetricStat.Metric.Dimensions.member.1.Name": "A",
        "Metrics.member.2.MetricStat.Metric.Dimensions.member.1.Value": "b",
    }
    signed = "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/monitoring/aws4_request"
    response = httpx.post(
        fast_cloud.settings.endpoint, data=form, headers={"Authorization": signed}, trust_env=False
    )
    assert response.status_code == 200, response.text
    alarm = found(fast_cloud, name)
    assert (alarm["EvaluationPeriods"], alarm["Threshold"], alarm["ActionsEnabled"]) == (2, 0.5, False)
    assert alarm["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "A", "Value": "b"}]
    assert alarm["Metrics"][1]["ReturnData"] is False


def test_regions_are_apart(fast_cloud: Cloud, put: Put, name: str) -> None:
    put()
    elsewhere = boto3.client(
        "cloudwatch",
        endpoint_url=fast_cloud.settings.endpoint,
        region_name="eu-central-1",
        aws_access_key_id=fast_cloud.settings.account_id,
        aws_secret_access_key="test",
    )
    assert elsewhere.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []
