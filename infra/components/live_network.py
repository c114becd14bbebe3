"""Where the stack stands already: read once, when the program begins, before anything is declared."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.components.aws_account import AwsAccount
from infra.pure import standing
from infra.settings.root import Settings


def check_standing(account: AwsAccount, settings: Settings, tags: Mapping[str, str]) -> None:
    """Refuse a network, an exposure or another one, that the load balancer of a running stack cannot have.

    Args:
        account: Provider of the AWS account.
        settings: The settings.
        tags: Tags of what belongs to the stack, and to no other.

    Raises:
        pulumi.RunError: The settings ask for what AWS would refuse half-way; the message says how to get there.
    """
    opts = pulumi.InvokeOptions(provider=account.provider)
    found = aws.lb.get_lbs(tags=tags, opts=opts).arns
    problems = [
        problem.render()
        for arn in found
        for problem in standing.problems(settings, _balancer(arn, opts), tags)
    ]
    if problems:
        listing = "\n".join([*problems, *standing.way(settings)])
        raise pulumi.RunError(
            f"stack {pulumi.get_stack()} runs, and cannot have this change; nothing was touched:\n{listing}"
        )


def _balancer(arn: str, opts: pulumi.InvokeOptions) -> standing.LiveBalancer:
    balancer = aws.lb.get_load_balancer(arn=arn, opts=opts)
    vpc = aws.ec2.get_vpc(id=balancer.vpc_id, opts=opts)
    return standing.LiveBalancer(
        name=balancer.name,
        internal=balancer.internal,
        vpc_id=balancer.vpc_id,
        vpc_cidr=vpc.cidr_block,
        vpc_is_default=vpc.default,
        vpc_tags=vpc.tags,
    )
