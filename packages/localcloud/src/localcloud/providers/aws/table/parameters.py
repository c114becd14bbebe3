"""AWS Systems Manager parameters."""

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Name, Operation, ResourceType, TagApi
from localcloud.providers.values import Values


def _value(request: Values, inputs: Values) -> None:
    for name in ("insecureValue", "valueWo"):
        if inputs.get(name) is not None:
            request["Value"] = inputs[name]


def _overwrite(request: Values, inputs: Values) -> None:
    _value(request, inputs)
    request["Overwrite"] = True


def _parameter(context: Context, state: Values) -> Values | None:
    found = context.find_call("GetParameter", {"Name": state["id"], "WithDecryption": True}).get("Parameter")
    if not found:
        return None
    filters = [{"Key": "Name", "Option": "Equals", "Values": [state["id"]]}]
    described = context.call("DescribeParameters", {"ParameterFilters": filters}).get("Parameters") or [{}]
    return {
        **described[0],
        **found,
        **({"InsecureValue": found["Value"]} if state.get("insecureValue") else {}),
    }


def _parameter_check(values: Values) -> list[tuple[str, str]]:
    names = ("value", "insecureValue", "valueWo")
    given = [name for name in names if values.get(name) is not None]
    if len(given) != 1:
        return [(given[1] if given else "value", f"give exactly one of {', '.join(names)}")]
    if given == ["insecureValue"] and values.get("type") == "SecureString":
        return [("insecureValue", "is not allowed with type SecureString: give 'value'")]
    return []


SENT = frozenset(
    {
        "name",
        "type",
        "allowedPattern",
        "dataType",
        "description",
        "insecureValue",
        "keyId",
        "tier",
        "value",
        "valueWo",
    }
)

PARAMETER = ResourceType(
    type="aws:ssm/parameter:Parameter",
    service="ssm",
    create=Operation(name="PutParameter", only=SENT | {"overwrite"}, prepare=_value),
    read=_parameter,
    update=(Operation(name="PutParameter", only=SENT | {"overwrite"}, whole=True, prepare=_overwrite),),
    delete=(Operation(name="DeleteParameter", keys=lambda state: {"Name": state["id"]}),),
    id=lambda state: str(state["name"]),
    name=Name(maximum=2048, prefix=""),
    computed=frozenset({"arn", "dataType", "insecureValue", "keyId", "tier", "value"}),
    local=frozenset({"valueWoVersion", "arn"}),
    unread=frozenset({"overwrite", "valueWo"}),
    replace=frozenset({"name", "type", "valueWoVersion"}),
    volatile=frozenset({"version"}),
    secrets=frozenset({"value", "valueWo"}),
    outputs={
        "arn": "ARN",
        "hasValueWo": lambda context, state, wire: state.get("valueWo") is not None,  # noqa: ARG005  output rule
    },
    check=_parameter_check,
    tags=TagApi(
        member="Tags",
        tag="AddTagsToResource",
        untag="RemoveTagsFromResource",
        keys=lambda state: {"ResourceType": "Parameter", "ResourceId": state["id"]},
        tag_member="Tags",
        untag_member="TagKeys",
        read="ListTagsForResource",
        read_result="TagList",
        key="Key",
        value="Value",
    ),
)


TYPES = (PARAMETER,)
