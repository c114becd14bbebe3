"""Amazon ECS: task definitions."""

import json
from typing import Any

from localcloud.providers.aws.compare import covers
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Operation, Read, ResourceType
from localcloud.providers.aws.table.ecs import inactive
from localcloud.providers.aws.table.services import ECS_TAGS
from localcloud.providers.values import Values


def _normal_container(container: Any) -> Any:
    """A container definition without what ECS fills in by itself (Terraform: `containerDefinitions.reduce`)."""
    if not isinstance(container, dict):
        return container
    defaults: Values = {"essential": True, "cpu": 0}
    kept = {
        key: item
        for key, item in container.items()
        if item not in ([], {}, None, "") and defaults.get(key) != item
    }
    for name in ("environment", "secrets"):
        if isinstance(kept.get(name), list):
            kept[name] = sorted(kept[name], key=lambda pair: str(pair.get("name")))
    for mapping in kept.get("portMappings", []):
        mapping.setdefault("protocol", "tcp")
        if not mapping.get("hostPort"):
            mapping["hostPort"] = mapping.get("containerPort")
    return kept


def same_containers(old: Any, new: Any) -> bool:
    """Whether two container definition documents make ECS run the same."""
    try:
        documents = [json.loads(text) for text in (old, new)]
    except (TypeError, ValueError):
        return False
    first, second = (
        [_normal_container(item) for item in document] if isinstance(document, list) else document
        for document in documents
    )
    return bool(first == second)


def _containers_check(values: Values) -> list[tuple[str, str]]:
    text = values.get("containerDefinitions")
    if not isinstance(text, str):
        return []
    document = json.loads(text)
    if not isinstance(document, list) or not document:
        return [("containerDefinitions", "must be a JSON list with at least one container")]
    return []


def _same_definition(context: Context, inputs: Values) -> str | None:
    """The newest revision of the family, when an interrupted run registered it from these very inputs."""
    described = context.find_call("DescribeTaskDefinition", {"taskDefinition": inputs["family"]}).get(
        "taskDefinition"
    )
    if not described or inactive(described):
        return None
    plain = {
        name: inputs[name] for name in ("cpu", "memory", "executionRoleArn", "taskRoleArn") if name in inputs
    }
    same_rest = covers(TASK_DEFINITION, described, plain, "")
    containers = json.dumps(described["containerDefinitions"])
    return (
        inputs["family"]
        if same_rest and same_containers(containers, inputs["containerDefinitions"])
        else None
    )


def _deregister(context: Context, state: Values) -> None:
    if not state.get("skipDestroy"):
        context.find_call("DeregisterTaskDefinition", {"taskDefinition": state["arn"]})


def _without_revision(context: Context, state: Values, wire: Values) -> str:  # noqa: ARG001  an output rule
    arn: str = wire["taskDefinitionArn"]
    return arn.rpartition(":")[0]


TASK_DEFINITION = ResourceType(
    type="aws:ecs/taskDefinition:TaskDefinition",
    service="ecs",
    create=Operation(name="RegisterTaskDefinition"),
    read=Read(
        name="DescribeTaskDefinition",
        keys=lambda state: {
            "taskDefinition": state["family"]
            if state.get("trackLatest")
            else state.get("arn") or state.get("family") or state["id"],
            "include": ["TAGS"],
        },
        result="merge(taskDefinition, {tags: tags})",
        gone=inactive,
    ),
    before_delete=_deregister,
    id=lambda state: str(state["family"]),
    from_create={"arn": "taskDefinition.taskDefinitionArn"},
    outputs={
        "arn": "taskDefinitionArn",
        "arnWithoutRevision": _without_revision,
    },
    members={"volumes.hostPath": "host.sourcePath", "volumes.configureAtLaunch": "configuredAtLaunch"},
    codecs={
        "proxyConfiguration.properties": Codec(
            to_wire=lambda pairs: [{"name": name, "value": value} for name, value in pairs.items()],
            from_wire=lambda pairs: {pair["name"]: pair["value"] for pair in pairs},
        )
    },
    json=frozenset({"containerDefinitions"}),
    equal={"containerDefinitions": same_containers},
    sets=frozenset({"requiresCompatibilities", "placementConstraints", "volumes"}),
    computed=frozenset({"networkMode", "enableFaultInjection"}),
    local=frozenset({"skipDestroy", "trackLatest"}),
    replace=frozenset(
        {
            "containerDefinitions",
            "cpu",
            "enableFaultInjection",
            "ephemeralStorage",
            "executionRoleArn",
            "family",
            "ipcMode",
            "memory",
            "networkMode",
            "pidMode",
            "placementConstraints",
            "proxyConfiguration",
            "requiresCompatibilities",
            "runtimePlatform",
            "taskRoleArn",
            "volumes",
        }
    ),
    check=_containers_check,
    tags=ECS_TAGS,
    find=_same_definition,
)


TYPES = (TASK_DEFINITION,)
