"""An EventBridge rule that tells a topic in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class AnnouncementArgs:
    """What an announcement is made from.

    Args:
        description: What the rule is for.
        pattern: Events that it matches.
        topic_arn: Who is told.
        parts: Name → path in the event.
        message: The sentence, with `<name>` for the parts.
    """

    description: str
    pattern: pulumi.Input[dict[str, Any]]
    topic_arn: pulumi.Input[str]
    parts: Mapping[str, str]
    message: str


def announce(name: str, args: AnnouncementArgs, opts: pulumi.ResourceOptions) -> None:
    """Tell the topic of every event that matches."""
    rule = aws.cloudwatch.EventRule(
        name,
        description=args.description,
        event_pattern=pulumi.Output.json_dumps(args.pattern),
        opts=opts,
    )
    aws.cloudwatch.EventTarget(
        name,
        rule=rule.name,
        arn=args.topic_arn,
        input_transformer=aws.cloudwatch.EventTargetInputTransformerArgs(
            input_paths=dict(args.parts), input_template=args.message
        ),
        opts=opts,
    )
