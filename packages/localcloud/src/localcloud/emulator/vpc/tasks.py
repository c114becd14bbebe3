"""What ECS refuses about the network of tasks."""

from collections.abc import Mapping
from typing import Any

from localcloud.emulator import upstream


def refusal(configuration: Mapping[str, Any]) -> str | None:
    """Why ECS takes no such network configuration; None where it does.

    ECS API, AwsVpcConfiguration: "All specified subnets must be from the same VPC", and all security groups. The words
    about a group are AWS's (aws/aws-dotnet-deploy#735, from CreateService); those about subnets are ours. Subnets and
    groups that this EC2 does not know are not judged.

    Args:
        configuration: `networkConfiguration` of a service.
    """
    network = configuration.get("awsvpcConfiguration") or {}
    subnets = {name: upstream.ec2._subnets.get(name) for name in network.get("subnets") or []}
    vpcs = {subnet["VpcId"] for subnet in subnets.values() if subnet}
    if len(vpcs) > 1:
        return f"The subnets {', '.join(sorted(subnets))} do not belong to the same VPC."
    for name in network.get("securityGroups") or []:
        group = upstream.ec2._security_groups.get(name)
        if vpcs and group and group["VpcId"] not in vpcs:
            return f"Security group {name} does not appear to belong to the same VPC as the input subnets."
    return None
