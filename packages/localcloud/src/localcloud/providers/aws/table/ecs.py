"""Amazon ECS: clusters and their capacity."""

from localcloud.providers.aws.clients import AwsCallError
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Name, Operation, Read, ResourceType
from localcloud.providers.aws.table.services import ECS_TAGS
from localcloud.providers.values import Values


def inactive(wire: Values) -> bool:
    """Whether ECS only still lists the object: deleted ones stay visible for a while."""
    return wire.get("status") in ("INACTIVE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE")


def _existing_cluster(context: Context, inputs: Values) -> str | None:
    found = context.find_call("DescribeClusters", {"clusters": [inputs["name"]]}).get("clusters")
    return str(found[0]["clusterArn"]) if found and not inactive(found[0]) else None


CLUSTER = ResourceType(
    type="aws:ecs/cluster:Cluster",
    service="ecs",
    create=Operation(name="CreateCluster"),
    read=Read(
        name="DescribeClusters",
        keys=lambda state: {"clusters": [state["id"]], "include": ["SETTINGS", "CONFIGURATIONS", "TAGS"]},
        result="clusters[0]",
        gone=inactive,
    ),
    update=(Operation(name="UpdateCluster", keys=lambda state: {"cluster": state["id"]}),),
    delete=(Operation(name="DeleteCluster", keys=lambda state: {"cluster": state["id"]}),),
    id="cluster.clusterArn",
    name=Name(prefix=""),
    members={
        "name": "clusterName",
        "configuration.executeCommandConfiguration.logConfiguration.s3BucketEncryptionEnabled": "s3EncryptionEnabled",
    },
    outputs={"arn": "clusterArn"},
    sets=frozenset({"settings"}),
    computed=frozenset({"settings"}),
    replace=frozenset({"name"}),
    tags=ECS_TAGS,
    find=_existing_cluster,
)


def _detach_capacity(context: Context, state: Values) -> None:
    """Take them off; the last task on them may be stopping, for which Terraform's provider waits as well."""
    nothing = {"cluster": state["id"], "capacityProviders": [], "defaultCapacityProviderStrategy": []}

    def detached() -> bool:
        try:
            context.find_call("PutClusterCapacityProviders", nothing)
        except AwsCallError as error:
            if error.code != "ResourceInUseException":
                raise
            return False
        return True

    context.wait_until(detached, "the end of the last task on its capacity providers")


def _capacity(request: Values, inputs: Values) -> None:  # noqa: ARG001  the signature of every prepare
    request.setdefault("capacityProviders", [])
    request.setdefault("defaultCapacityProviderStrategy", [])


CLUSTER_CAPACITY_PROVIDERS = ResourceType(
    type="aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
    service="ecs",
    create=Operation(name="PutClusterCapacityProviders", prepare=_capacity),
    read=Read(
        name="DescribeClusters",
        keys=lambda state: {"clusters": [state["id"]]},
        result="clusters[0]",
        gone=inactive,
    ),
    update=(Operation(name="PutClusterCapacityProviders", whole=True, prepare=_capacity),),
    before_delete=_detach_capacity,
    id=lambda state: str(state["clusterName"]),
    from_import=lambda id_: {"clusterName": id_},
    members={"clusterName": "cluster"},
    sets=frozenset({"capacityProviders", "defaultCapacityProviderStrategies"}),
    replace=frozenset({"clusterName"}),
    unread=frozenset({"clusterName"}),
)


TYPES = (
    CLUSTER,
    CLUSTER_CAPACITY_PROVIDERS,
)
