"""Amazon SNS: topics, their policies, subscriptions."""

import json
import urllib.parse
from collections.abc import Callable, Mapping

from localcloud.providers.aws.compare import same_policy
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.inputs import convert_scalar
from localcloud.providers.aws.resource_type import Name, Operation, ResourceType, Step, TagApi
from localcloud.providers.values import UNKNOWN, Values

# https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
PROTOCOLS = {
    "application": "Application",
    "firehose": "Firehose",
    "http": "HTTP",
    "lambda": "Lambda",
    "sqs": "SQS",
}
TOPIC_ATTRIBUTES = {
    "archivePolicy": "ArchivePolicy",
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoThroughputScope": "FifoThroughputScope",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maximumMessageSize": "MaximumMessageSize",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
    **{
        f"{name}{suffix}": f"{wire}{suffix}"
        for name, wire in PROTOCOLS.items()
        for suffix in ("FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate")
    },
}
# https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
SUBSCRIPTION_ATTRIBUTES = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "replayPolicy": "ReplayPolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}


def _with_attributes(names: Mapping[str, str]) -> Callable[[Values, Values], None]:
    """A prepare rule: the given properties as the request's string attributes."""

    def prepare(request: Values, inputs: Values) -> None:
        found = {
            wire: inputs[name] if inputs[name] is UNKNOWN else convert_scalar(inputs[name], "string")
            for name, wire in names.items()
            if inputs.get(name) is not None
        }
        if found:
            request["Attributes"] = found

    return prepare


def _set_attributes(operation: str, member: str, names: Mapping[str, str]) -> Step:
    """SNS changes one attribute with each call."""

    def run(context: Context, wanted: Values, previous: Values) -> None:
        for name, wire in names.items():
            if wanted.get(name) != previous.get(name):
                value = "" if wanted.get(name) is None else convert_scalar(wanted[name], "string")
                context.call(
                    operation, {member: wanted["id"], "AttributeName": wire, "AttributeValue": value}
                )

    return Step(run=run, properties=frozenset(names), at_create=False)


def _topic(context: Context, state: Values) -> Values | None:
    found: Values = context.find_call("GetTopicAttributes", {"TopicArn": state["id"]}).get("Attributes") or {}
    return {**found, "Name": state["id"].rpartition(":")[2]} if found else None


def _existing_topic(context: Context, inputs: Values) -> str | None:
    arn = f"arn:aws:sns:{context.region}:{context.aws.account_id}:{inputs['name']}"
    return arn if context.find_call("GetTopicAttributes", {"TopicArn": arn}) else None


def _topic_attributes(request: Values, inputs: Values) -> None:
    _with_attributes({**TOPIC_ATTRIBUTES, "fifoTopic": "FifoTopic"})(request, inputs)


TOPIC = ResourceType(
    type="aws:sns/topic:Topic",
    service="sns",
    create=Operation(
        name="CreateTopic",
        only=frozenset({"name", "fifoTopic", *TOPIC_ATTRIBUTES}),
        prepare=_topic_attributes,
    ),
    read=_topic,
    update=(_set_attributes("SetTopicAttributes", "TopicArn", TOPIC_ATTRIBUTES),),
    delete=(Operation(name="DeleteTopic", keys=lambda state: {"TopicArn": state["id"]}),),
    id="TopicArn",
    name=Name(maximum=256),
    json=frozenset({"policy", "deliveryPolicy", "archivePolicy"}),
    equal={"policy": same_policy},
    defaults={"contentBasedDeduplication": False, "fifoTopic": False},
    computed=frozenset(
        {"fifoThroughputScope", "maximumMessageSize", "policy", "signatureVersion", "tracingConfig"}
    ),
    replace=frozenset({"name", "fifoTopic"}),
    outputs={"arn": "TopicArn"},
    tags=TagApi(
        member="Tags",
        keys=lambda state: {"ResourceArn": state["arn"]},
        tag_member="Tags",
        untag_member="TagKeys",
        read="ListTagsForResource",
        read_result="Tags",
        key="Key",
        value="Value",
    ),
    find=_existing_topic,
)


def _topic_policy(context: Context, state: Values) -> Values | None:
    found = context.find_call("GetTopicAttributes", {"TopicArn": state["id"]}).get("Attributes") or {}
    if not found.get("Policy") or same_policy(
        found["Policy"], default_policy(state["id"], context.aws.account_id)
    ):
        return None
    return {"TopicArn": state["id"], "AttributeValue": found["Policy"], "Owner": found.get("Owner")}


def default_policy(topic_arn: str, account_id: str) -> str:
    """The policy AWS gives a new topic, which Terraform restores when the policy resource goes."""
    actions = (
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    )
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions],
        "Resource": topic_arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account_id}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def _restore_default(context: Context, state: Values) -> None:
    value = default_policy(state["arn"], context.aws.account_id)
    request = {"TopicArn": state["arn"], "AttributeName": "Policy", "AttributeValue": value}
    context.find_call("SetTopicAttributes", request)


TOPIC_POLICY = ResourceType(
    type="aws:sns/topicPolicy:TopicPolicy",
    service="sns",
    create=Operation(name="SetTopicAttributes", keys=lambda state: {"AttributeName": "Policy"}),  # noqa: ARG005  key rule
    read=_topic_policy,
    update=(
        Operation(name="SetTopicAttributes", whole=True, keys=lambda state: {"AttributeName": "Policy"}),  # noqa: ARG005
    ),
    before_delete=_restore_default,
    id=lambda state: str(state["arn"]),
    members={"arn": "TopicArn", "policy": "AttributeValue"},
    json=frozenset({"policy"}),
    equal={"policy": same_policy},
    replace=frozenset({"arn"}),
)


def _subscription(context: Context, state: Values) -> Values | None:
    return context.find_call("GetSubscriptionAttributes", {"SubscriptionArn": state["id"]}).get("Attributes")


def _existing_subscription(context: Context, inputs: Values) -> str | None:
    request = {"TopicArn": inputs["topic"]}
    for item in context.find_call("ListSubscriptionsByTopic", request).get("Subscriptions", []):
        if (item["Protocol"], item["Endpoint"]) == (inputs["protocol"], inputs["endpoint"]):
            return str(item["SubscriptionArn"])
    return None


def _subscription_differs(values: Values) -> str:
    """A rehearsal pages nobody; endpoints of this machine are the emulator's own business."""
    if values.get("protocol") in {"email", "email-json", "sms"}:
        return "no message is sent"
    host = urllib.parse.urlsplit(str(values.get("endpoint") or "")).hostname
    if values.get("protocol") in {"http", "https"} and host:
        return f"nothing is sent to {host}: the local cloud reaches endpoints on this machine only"
    return ""


TOPIC_SUBSCRIPTION = ResourceType(
    type="aws:sns/topicSubscription:TopicSubscription",
    service="sns",
    create=Operation(
        name="Subscribe",
        keys=lambda state: {"ReturnSubscriptionArn": True},  # noqa: ARG005  the signature of every key rule
        only=frozenset({"topic", "protocol", "endpoint", *SUBSCRIPTION_ATTRIBUTES}),
        prepare=_with_attributes(SUBSCRIPTION_ATTRIBUTES),
    ),
    read=_subscription,
    update=(_set_attributes("SetSubscriptionAttributes", "SubscriptionArn", SUBSCRIPTION_ATTRIBUTES),),
    delete=(Operation(name="Unsubscribe", keys=lambda state: {"SubscriptionArn": state["id"]}),),
    id="SubscriptionArn",
    members={"topic": "TopicArn", "ownerId": "Owner"},
    json=frozenset({"deliveryPolicy", "filterPolicy", "redrivePolicy", "replayPolicy"}),
    defaults={
        "confirmationTimeoutInMinutes": 1,
        "endpointAutoConfirms": False,
        "rawMessageDelivery": False,
    },
    computed=frozenset({"filterPolicyScope"}),
    local=frozenset({"confirmationTimeoutInMinutes", "endpointAutoConfirms"}),
    replace=frozenset({"topic", "protocol", "endpoint"}),
    outputs={"arn": "SubscriptionArn"},
    differs=_subscription_differs,
    find=_existing_subscription,
)

TYPES = (TOPIC, TOPIC_POLICY, TOPIC_SUBSCRIPTION)
