"""What EventBridge tells topics, and what it may not."""

import json
from typing import Any

import pytest

from packages.localcloud.tests.emulator.stage import Cloud, eventually

CONDITION = {"StringEquals": {"aws:SourceAccount": "000000000000"}}


@pytest.mark.parametrize("condition", [None, CONDITION])
def test_topic_hears_of_events_only_by_a_statement_without_a_condition(
    fast_cloud: Cloud, name: str, condition: dict[str, Any] | None
) -> None:
    """EventBridge User Guide: no condition blocks in SNS topic policies for EventBridge."""
    sns, sqs, bus = (fast_cloud.client(service) for service in ("sns", "sqs", "events"))
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        **({"Condition": condition} if condition else {}),
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    bus.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    bus.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": topic}])
    bus.put_events(Entries=[{"Source": name, "DetailType": "x", "Detail": "{}"}])

    def received() -> list[Any]:
        return list(sqs.receive_message(QueueUrl=queue).get("Messages") or [])

    if condition:
        assert received() == []
    else:
        eventually(received)
