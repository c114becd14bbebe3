"""Whether a cluster that exists has the capacity that the stack's services ask for, seen before anything is touched."""

from __future__ import annotations

import json
import shlex

import pulumi
import pulumi_aws as aws

from infra.components.aws_account import AwsAccount
from infra.pure.references import has_reference
from infra.settings.root import Settings

CLUSTER_TYPE = "AWS::ECS::Cluster"


def check_capacity(account: AwsAccount, settings: Settings) -> None:
    """Refuse a cluster that lacks a capacity provider: ECS does only when the service is made, half-way.

    No data source of ECS says which ones it has; Cloud Control does. Where the credentials may not ask that (it takes
    `cloudformation:GetResource`), where another stack names the cluster, and where there is none, others say it.

    Args:
        account: Provider of the AWS account.
        settings: The settings.

    Raises:
        pulumi.RunError: It lacks one.
    """
    asked, services = settings.cluster.existing or "", settings.services.values()
    if not asked or has_reference(asked) or all(service.launch != "fargate" for service in services):
        return
    name = asked.rpartition("/")[2]
    wanted = [provider for provider, _, _ in settings.cluster.fargate.strategy]
    try:
        found = aws.cloudcontrol.get_resource(
            identifier=name, type_name=CLUSTER_TYPE, opts=pulumi.InvokeOptions(provider=account.provider)
        )
    except Exception as error:  # noqa: BLE001  the SDK raises nothing more exact
        pulumi.log.debug(f"cluster.existing: which capacity providers {name} has was not told: {error}")
        return
    present = json.loads(found.properties).get("CapacityProviders", [])
    missing = [provider for provider in wanted if provider not in present]
    if not missing:
        return
    cluster, strategy = shlex.quote(name), _default(found.properties)
    providers = " ".join(shlex.quote(provider) for provider in [*present, *missing])
    raise pulumi.RunError(
        f"cluster.existing is {name!r}: that cluster has no capacity provider {' and no '.join(missing)}, and ECS "
        f"would refuse the services half-way; it has {', '.join(present) or 'none'}; nothing was touched\n"
        f"  fix: aws ecs put-cluster-capacity-providers --cluster {cluster} --capacity-providers {providers} "
        f"--default-capacity-provider-strategy {strategy}"
    )


def _default(properties: str) -> str:
    """The cluster's own default strategy, which that command would otherwise take away."""
    strategy = json.loads(properties).get("DefaultCapacityProviderStrategy", [])
    members = {"CapacityProvider": "capacityProvider", "Weight": "weight", "Base": "base"}
    known = [
        ",".join(f"{name}={item[key]}" for key, name in members.items() if key in item) for item in strategy
    ]
    return " ".join(shlex.quote(item) for item in known) or "'[]'"
