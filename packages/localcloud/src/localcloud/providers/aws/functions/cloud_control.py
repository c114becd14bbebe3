"""Cloud Control API, as far as the local cloud answers for it: ECS clusters."""

import json
from collections.abc import Mapping
from typing import Any

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.clients import Aws
from localcloud.providers.aws.functions.lookup import Function
from localcloud.providers.values import Values

_CLUSTER = "AWS::ECS::Cluster"


def resource(aws: Aws, arguments: Values) -> Values:
    """`aws.cloudcontrol.get_resource`: the properties of an object as CloudFormation names them, as JSON.

    The emulator has no Cloud Control API. What its handler of clusters reads is asked from ECS instead
    (CloudFormation Template Reference, `AWS::ECS::Cluster`).

    Raises:
        LocalCloudError: There is no such cluster, or it is asked for another type.
    """
    if arguments["typeName"] != _CLUSTER:
        raise LocalCloudError(
            f"the local cloud reads no {arguments['typeName']} by Cloud Control", fix=f"use {_CLUSTER}"
        )
    name = str(arguments["identifier"])
    request: Values = {"clusters": [name], "include": ["SETTINGS", "CONFIGURATIONS", "TAGS"]}
    found = aws.call("ecs", "DescribeClusters", request)["clusters"]
    if not found or found[0]["status"] != "ACTIVE":
        raise LocalCloudError(f"ResourceNotFoundException: there is no {_CLUSTER} {name!r}")
    return {
        **arguments,
        "id": name,
        "properties": json.dumps(_properties(found[0])),
        "region": aws.region,
    }


def _properties(cluster: Mapping[str, Any]) -> Values:
    strategy = [
        {f"{key[0].upper()}{key[1:]}": value for key, value in item.items()}
        for item in cluster.get("defaultCapacityProviderStrategy", [])
    ]
    return {
        "Arn": cluster["clusterArn"],
        "ClusterName": cluster["clusterName"],
        "CapacityProviders": cluster.get("capacityProviders", []),
        "DefaultCapacityProviderStrategy": strategy,
    }


FUNCTIONS: Mapping[str, Function] = {"aws:cloudcontrol/getResource:getResource": resource}
