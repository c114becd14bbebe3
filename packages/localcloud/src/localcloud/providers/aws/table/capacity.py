"""ECS capacity providers and EC2 instance profiles."""

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Name, Operation, Read, ResourceType, Step
from localcloud.providers.aws.table.services import ECS_TAGS, INSTANCE_PROFILE_TAGS
from localcloud.providers.values import Values


def _existing_provider(context: Context, inputs: Values) -> str | None:
    request = {"capacityProviders": [inputs["name"]]}
    found = context.find_call("DescribeCapacityProviders", request).get("capacityProviders", [])
    return next((str(item["capacityProviderArn"]) for item in found if item.get("status") == "ACTIVE"), None)


def _provider_body(request: Values, state: Values) -> None:  # noqa: ARG001  the signature of every prepare
    """The group of a capacity provider cannot change, and the update call does not take it."""
    (request.get("autoScalingGroupProvider") or {}).pop("autoScalingGroupArn", None)


CAPACITY_PROVIDER = ResourceType(
    type="aws:ecs/capacityProvider:CapacityProvider",
    service="ecs",
    create=Operation(name="CreateCapacityProvider"),
    read=Read(
        name="DescribeCapacityProviders",
        keys=lambda state: {"capacityProviders": [state["id"]], "include": ["TAGS"]},
        result="capacityProviders[0]",
        gone=lambda wire: wire.get("status") == "INACTIVE",
    ),
    update=(
        Operation(
            name="UpdateCapacityProvider",
            keys=lambda state: {"name": state["name"]},
            only=frozenset({"autoScalingGroupProvider", "managedInstancesProvider"}),
            prepare=_provider_body,
        ),
    ),
    delete=(Operation(name="DeleteCapacityProvider", keys=lambda state: {"capacityProvider": state["id"]}),),
    id="capacityProvider.capacityProviderArn",
    name=Name(prefix=""),
    computed=frozenset({"cluster"}),
    unread=frozenset({"autoScalingGroupProvider.managedDraining"}),
    replace=frozenset({"name", "cluster"}),
    outputs={"arn": "capacityProviderArn"},
    tags=ECS_TAGS,
    find=_existing_provider,
)


def _profile(state: Values) -> Values:
    return {"InstanceProfileName": state["id"]}


def _set_role(context: Context, wanted: Values, previous: Values) -> None:
    now, before = wanted.get("role"), previous.get("role")
    if before and before != now:
        context.find_call("RemoveRoleFromInstanceProfile", {**_profile(wanted), "RoleName": before})
    if now and now != before:
        context.call("AddRoleToInstanceProfile", {**_profile(wanted), "RoleName": now})


def _remove_role(context: Context, state: Values) -> None:
    if state.get("role"):
        context.find_call("RemoveRoleFromInstanceProfile", {**_profile(state), "RoleName": state["role"]})


INSTANCE_PROFILE = ResourceType(
    type="aws:iam/instanceProfile:InstanceProfile",
    service="iam",
    create=Operation(name="CreateInstanceProfile"),
    read=Read(name="GetInstanceProfile", keys=_profile, result="InstanceProfile"),
    update=(Step(run=_set_role, properties=frozenset({"role"})),),
    before_delete=_remove_role,
    delete=(Operation(name="DeleteInstanceProfile", keys=_profile),),
    id=lambda state: str(state["name"]),
    name=Name(maximum=128),
    members={"name": "InstanceProfileName", "uniqueId": "InstanceProfileId", "role": "Roles.RoleName"},
    defaults={"path": "/"},
    replace=frozenset({"name", "path"}),
    tags=INSTANCE_PROFILE_TAGS,
)


TYPES = (
    CAPACITY_PROVIDER,
    INSTANCE_PROFILE,
)
