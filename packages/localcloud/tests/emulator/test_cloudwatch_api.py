"""CloudWatch's API: what the Query protocol tells of an alarm, and what is refused with which code."""

import datetime as dt
import xml.etree.ElementTree as ET
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from packages.localcloud.tests.emulator.stage import Cloud

NOW = dt.datetime(2026, 11, 25, 12, 0, 0, tzinfo=dt.UTC)
ALARM = {
    "AlarmName": "busy",
    "AlarmDescription": "CPU & memory",
    "Namespace": "AWS/ECS",
    "MetricName": "CPUUtilization",
    "Dimensions": [{"Name": "ClusterName", "Value": "a"}],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 80.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:ops"],
}
STATISTICS = {
    "Namespace": "own",
    "MetricName": "m",
    "StartTime": NOW,
    "EndTime": NOW + dt.timedelta(hours=1),
    "Period": 60,
}

SUMS = {**STATISTICS, "Statistics": ["Sum"]}


@pytest.fixture
def cloudwatch(plain: Cloud) -> Any:
    return plain.client("cloudwatch")


def asked_in_query(cloud: Cloud, operation: str, **parameters: str) -> tuple[int, ET.Element]:
    """A request as SDKs before the JSON protocol send it."""
    answer = httpx.post(
        cloud.settings.endpoint,
        data={"Action": operation, "Version": "2010-08-01", **parameters},
        headers={
            "authorization": "AWS4-HMAC-SHA256 Credential=test/20261125/us-east-1/monitoring/aws4_request"
        },
        trust_env=False,
    )
    text = answer.text.replace(' xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"', "")
    return answer.status_code, ET.fromstring(text)  # noqa: S314  our own answer


def test_the_query_protocol_tells_all_of_an_alarm(plain: Cloud, cloudwatch: Any) -> None:
    cloudwatch.put_metric_alarm(**ALARM)
    status, answer = asked_in_query(plain, "DescribeAlarms", **{"AlarmNames.member.1": "busy"})
    assert status == 200
    [alarm] = answer.findall("./DescribeAlarmsResult/MetricAlarms/member")
    for name in ("AlarmDescription", "MetricName", "Statistic", "Period", "EvaluationPeriods"):
        assert alarm.findtext(name) == str(ALARM[name])
    assert float(alarm.findtext("Threshold") or 0) == 80.0
    assert alarm.findtext("AlarmActions/member") == "arn:aws:sns:us-east-1:000000000000:ops"
    assert alarm.findtext("Dimensions/member/Name") == "ClusterName"
    assert dt.datetime.fromisoformat(alarm.findtext("StateUpdatedTimestamp") or "").tzinfo is not None


def test_the_query_protocol_makes_and_refuses(plain: Cloud, cloudwatch: Any) -> None:
    series = {"Namespace": "query", "MetricData.member.1.MetricName": "m"}
    status, _ = asked_in_query(plain, "PutMetricData", **series, **{"MetricData.member.1.Value": "3"})
    assert status == 200
    assert [metric["MetricName"] for metric in cloudwatch.list_metrics(Namespace="query")["Metrics"]] == ["m"]
    status, answer = asked_in_query(plain, "GetDashboard", DashboardName="nobody")
    assert (status, answer.findtext("./Error/Code")) == (404, "ResourceNotFound")
    status, answer = asked_in_query(plain, "DescribeNothing")
    assert (status, answer.findtext("./Error/Code")) == (400, "InvalidAction")


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        (
            "put_metric_data",
            {"Namespace": "own", "MetricData": [{"MetricName": "m", "Value": 1.0, "Values": [1.0]}]},
            "InvalidParameterValue",
        ),
        (
            "put_metric_data",
            {"Namespace": "own", "MetricData": [{"MetricName": "m", "Values": [1.0, 2.0], "Counts": [1.0]}]},
            "InvalidParameterValue",
        ),
        (
            "put_metric_data",
            {"Namespace": "own", "MetricData": [{"MetricName": "m", "Value": float("nan")}]},
            "InvalidParameterValue",
        ),
        ("get_metric_statistics", STATISTICS, "InvalidParameterCombination"),
        ("get_metric_statistics", {**SUMS, "EndTime": NOW}, "InvalidParameterValue"),
        ("get_metric_statistics", {**SUMS, "Period": 61}, "InvalidParameterValue"),
        (
            "get_metric_statistics",
            {**SUMS, "EndTime": NOW + dt.timedelta(days=2)},
            "InvalidParameterCombination",
        ),
        (
            "get_metric_data",
            {"MetricDataQueries": [{"Id": "a", "Expression": "1"}], "StartTime": NOW, "EndTime": NOW},
            "ValidationError",
        ),
        (
            "get_metric_data",
            {
                "MetricDataQueries": [{"Id": "a"}],
                "StartTime": NOW,
                "EndTime": NOW + dt.timedelta(minutes=1),
            },
            "ValidationError",
        ),
        ("list_metrics", {"NextToken": "x"}, "InvalidParameterValue"),
        ("put_dashboard", {"DashboardName": "d", "DashboardBody": "{"}, "InvalidParameterInput"),
        ("delete_dashboards", {"DashboardNames": []}, "InvalidParameterValue"),
        ("get_dashboard", {"DashboardName": "nobody"}, "ResourceNotFound"),
        (
            "put_metric_alarm",
            {**{k: v for k, v in ALARM.items() if k != "Statistic"}, "ExtendedStatistic": "90"},
            "InvalidParameterValue",
        ),
        (
            "put_metric_alarm",
            {**ALARM, "EvaluateLowSampleCountPercentile": "sometimes"},
            "ValidationError",
        ),
    ],
)
def test_refuses_with_the_code_of_aws(
    cloudwatch: Any, operation: str, request_: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(cloudwatch, operation)(**request_)
    assert error.value.response["Error"]["Code"] == code, error.value


def test_metrics_come_in_pages_of_five_hundred(plain: Cloud) -> None:
    cloudwatch: Any = boto3.client(
        "cloudwatch",
        endpoint_url=plain.settings.endpoint,
        region_name="eu-west-3",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    data = [{"MetricName": f"m{number}", "Value": 1.0} for number in range(501)]
    cloudwatch.put_metric_data(Namespace="many", MetricData=data)
    pages = [page["Metrics"] for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace="many")]
    assert [len(page) for page in pages] == [500, 1]


def test_a_rule_for_all_traffic_is_revoked_with_ports_and_without(plain: Cloud) -> None:
    ec2 = plain.client("ec2")
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    zeros, none = {"FromPort": 0, "ToPort": 0}, {"FromPort": -1, "ToPort": -1}
    for name, ports in (("plain", {}), ("zeros", zeros), ("none", none)):
        group = ec2.create_security_group(GroupName=f"all-{name}", Description="x")["GroupId"]
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[{**everything, **ports}])
        [left] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
        assert left["IpPermissionsEgress"] == []
