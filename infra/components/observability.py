"""Observability: who is told when something is wrong, and the dashboard they look at then."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.components.announcement import AnnouncementArgs, announce
from infra.components.cluster import Cluster
from infra.components.load_balancer import LoadBalancer
from infra.components.stack_context import StackContext
from infra.pure import alarms, dashboard, events, iam


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    """What `Observability` is made from.

    Args:
        stack: Account, names and settings of the stack.
        cluster: What its services run on.
        load_balancer: Load balancer in front of its services; None where there is none.
    """

    stack: StackContext
    cluster: Cluster
    load_balancer: LoadBalancer | None


class Observability(pulumi.ComponentResource):
    """A topic for alarms and failed deployments, its subscribers, and a dashboard.

    Outputs:
        topic_arn: Where alarms are sent.
    """

    topic_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ecs-microservice:index:Observability", name, None, opts)
        self._name = name
        self._stack = args.stack
        self._load_balancer = args.load_balancer
        self._cluster = args.cluster
        self._child = pulumi.ResourceOptions(parent=self)
        topic = self._topic()
        self._subscribe(topic)
        self._announce_failed_deployments(topic)
        if args.stack.settings.has_dashboard:
            self._dashboard()
        self.topic_arn = topic.arn
        self.register_outputs({"topicArn": self.topic_arn})

    def _topic(self) -> aws.sns.Topic:
        topic = aws.sns.Topic(
            self._name,
            display_name=self._stack.names.prefix,
            kms_master_key_id=self._stack.settings.observability.kms_key_arn or self._stack.key_arn,
            opts=self._child,
        )
        document = pulumi.Output.all(topic_arn=topic.arn, account_id=self._stack.account.account_id).apply(
            lambda known: iam.topic_publishers(**known)
        )
        aws.sns.TopicPolicy(
            self._name, arn=topic.arn, policy=pulumi.Output.json_dumps(document), opts=self._child
        )
        return topic

    def _subscribe(self, topic: aws.sns.Topic) -> None:
        settings = self._stack.settings.observability
        subscribers = [("email", address) for address in settings.emails]
        subscribers += [("https", address) for address in settings.webhooks]
        for protocol, address in subscribers:
            aws.sns.TopicSubscription(
                f"{self._name}-{address}",
                topic=topic.arn,
                protocol=protocol,
                endpoint=address,
                opts=self._child,
            )

    def _announce_failed_deployments(self, topic: aws.sns.Topic) -> None:
        """Of every service in a cluster of the stack's own; in one that others use too, of the stack's by name."""
        names = self._stack.names
        services = sorted(map(names.service, self._stack.settings.services)) if names.shares_cluster else []
        for first in range(0, max(len(services), 1), events.SERVICES_AT_ONCE):
            self._announce_failed(topic, services[first : first + events.SERVICES_AT_ONCE], first)

    def _announce_failed(self, topic: aws.sns.Topic, services: Sequence[str], first: int) -> None:
        pattern = pulumi.Output.all(
            facts=self._stack.account.facts, cluster=self._cluster.cluster_name
        ).apply(
            lambda known: events.failed_deployments(
                cluster=known["cluster"], services=services, **known["facts"]
            )
        )
        announce(
            f"{self._name}-deployments{f'-{first}' if first else ''}",
            AnnouncementArgs(
                description=f"Deployments that failed in {self._stack.names.prefix}",
                pattern=pattern,
                topic_arn=topic.arn,
                parts=events.MESSAGE_PARTS,
                message=events.MESSAGE,
            ),
            self._child,
        )

    def _dashboard(self) -> None:
        names = self._alarm_names()
        services = sorted(map(self._stack.names.service, self._stack.settings.services))
        insights = self._cluster.has_insights

        def body(known: dict[str, Any]) -> str:
            facts = known["facts"]
            watched = [alarms.alarm_arn(name, **facts) for name in names]
            return json.dumps(
                dashboard.body(
                    region=facts["region"],
                    cluster=known["cluster"],
                    load_balancer=known["load_balancer"],
                    services=services,
                    alarms=watched,
                    insights=insights,
                )
            )

        known = pulumi.Output.all(
            facts=self._stack.account.facts,
            cluster=self._cluster.cluster_name,
            load_balancer=self._load_balancer.arn_suffix if self._load_balancer else None,
        )
        aws.cloudwatch.Dashboard(
            self._name,
            dashboard_name=self._stack.names.prefix,
            dashboard_body=known.apply(body),
            opts=self._child,
        )

    def _alarm_names(self) -> list[str]:
        """Every alarm of the stack; the services, which come later, make them under these names."""
        names, settings = self._stack.names, self._stack.settings
        if not settings.has_alarms:
            return []
        return [
            alarms.alarm_name(names.family(name), alarm)
            for name, service in sorted(settings.services.items())
            for alarm in alarms.service_alarms(name, service, insights=self._cluster.has_insights)
        ]
