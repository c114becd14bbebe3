"""What Elastic Load Balancing knows: load balancers, target groups, listeners and rules, of every account and region.

Names are those of the API Reference's types, in Python's notation. Handlers of the API change them, the data plane
reads them; all of it happens while one request is answered, on the event loop's thread or in a task's scope.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localcloud.emulator import upstream

Document = dict[str, Any]
# The hosted zone of load balancers in us-east-1 (AWS General Reference, "Elastic Load Balancing endpoints and quotas").
HOSTED_ZONES = {"application": "Z35SXDOTRQ7X7K", "network": "Z26RNL4JYFTOTI", "gateway": ""}
LOCAL_SUFFIX = ".alb.localhost"


def now() -> datetime:
    """The time of a creation, with the API's milliseconds."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def identifier() -> str:
    """The last part of an ARN: sixteen hex digits."""
    return secrets.token_hex(8)


@dataclass(kw_only=True)
class Zone:
    """Where a load balancer has a node.

    Args:
        name: Availability Zone.
        subnet: Subnet in it.
        addresses: Elastic and private addresses that were asked for, as the API shows them.
    """

    name: str
    subnet: str
    addresses: list[Document] = field(default_factory=list)

    def described(self) -> Document:
        """Its `AvailabilityZone`."""
        return {"ZoneName": self.name, "SubnetId": self.subnet, "LoadBalancerAddresses": self.addresses}


@dataclass(kw_only=True)
class LoadBalancer:
    """A load balancer of any type."""

    arn: str
    name: str
    type: str
    scheme: str
    vpc: str
    dns_name: str
    zones: list[Zone]
    security_groups: list[str]
    ip_address_type: str
    attributes: dict[str, str]
    created: datetime = field(default_factory=now)
    tags: dict[str, str] = field(default_factory=dict)
    enforce_inbound_rules_on_private_link: str | None = None
    customer_owned_pool: str | None = None

    @property
    def subnets(self) -> list[str]:
        """The subnets it stands in."""
        return [zone.subnet for zone in self.zones]

    def described(self) -> Document:
        """Its `LoadBalancer`."""
        found: Document = {
            "LoadBalancerArn": self.arn,
            "DNSName": self.dns_name,
            "CanonicalHostedZoneId": HOSTED_ZONES[self.type],
            "CreatedTime": self.created,
            "LoadBalancerName": self.name,
            "Scheme": self.scheme,
            "VpcId": self.vpc,
            "State": {"Code": "active"},
            "Type": self.type,
            "AvailabilityZones": [zone.described() for zone in self.zones],
            "IpAddressType": self.ip_address_type,
        }
        if self.security_groups or self.type == "application":
            found["SecurityGroups"] = list(self.security_groups)
        if self.customer_owned_pool:
            found["CustomerOwnedIpv4Pool"] = self.customer_owned_pool
        if self.enforce_inbound_rules_on_private_link:
            found["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] = (
                self.enforce_inbound_rules_on_private_link
            )
        return found


@dataclass(kw_only=True)
class TargetGroup:
    """A target group; what does not apply to its kind is None.

    Args:
        health_check: The health check's members of the API's `TargetGroup`, all that apply.
    """

    arn: str
    name: str
    target_type: str
    protocol: str | None
    protocol_version: str | None
    port: int | None
    vpc: str | None
    ip_address_type: str | None
    health_check: Document
    attributes: dict[str, str]
    tags: dict[str, str] = field(default_factory=dict)
    load_balancers: list[str] = field(default_factory=list)

    def described(self) -> Document:
        """Its `TargetGroup`."""
        stated = {
            "TargetGroupArn": self.arn,
            "TargetGroupName": self.name,
            "Protocol": self.protocol,
            "Port": self.port,
            "VpcId": self.vpc,
            **self.health_check,
            "LoadBalancerArns": list(self.load_balancers),
            "TargetType": self.target_type,
            "ProtocolVersion": self.protocol_version,
            "IpAddressType": self.ip_address_type,
        }
        return {name: value for name, value in stated.items() if value is not None}


@dataclass(kw_only=True)
class Listener:
    """A listener; a gateway load balancer's has neither port nor protocol."""

    arn: str
    load_balancer: str
    port: int | None
    protocol: str | None
    certificates: list[str]
    ssl_policy: str | None
    alpn_policy: list[str]
    mutual_authentication: Document | None
    attributes: dict[str, str]
    tags: dict[str, str] = field(default_factory=dict)

    def described(self, default_actions: list[Document]) -> Document:
        """Its `Listener`, with the actions of its default rule."""
        stated = {
            "ListenerArn": self.arn,
            "LoadBalancerArn": self.load_balancer,
            "Port": self.port,
            "Protocol": self.protocol,
            # The default certificate alone: DescribeListenerCertificates has the others.
            "Certificates": [{"CertificateArn": arn} for arn in self.certificates[:1]] or None,
            "SslPolicy": self.ssl_policy,
            "DefaultActions": default_actions,
            "AlpnPolicy": self.alpn_policy or None,
            "MutualAuthentication": self.mutual_authentication,
        }
        return {name: value for name, value in stated.items() if value is not None}


@dataclass(kw_only=True)
class Rule:
    """A rule; the default rule of a listener has no priority and no conditions."""

    arn: str
    listener: str
    priority: int | None
    conditions: list[Document]
    actions: list[Document]
    transforms: list[Document] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def is_default(self) -> bool:
        """Whether it is its listener's last word."""
        return self.priority is None

    def described(self) -> Document:
        """Its `Rule`."""
        return {
            "RuleArn": self.arn,
            "Priority": "default" if self.priority is None else str(self.priority),
            "Conditions": self.conditions,
            "Actions": [_without_secret(action) for action in self.actions],
            "IsDefault": self.is_default,
            "Transforms": self.transforms,
        }

    def target_groups(self) -> set[str]:
        """ARNs of the target groups it forwards to."""
        return {arn for action in self.actions for arn, _ in target_groups_of(action)}


def _without_secret(action: Document) -> Document:
    """AWS never shows the client's secret again."""
    oidc = action.get("AuthenticateOidcConfig")
    if not oidc or "ClientSecret" not in oidc:
        return action
    shown = {name: value for name, value in oidc.items() if name != "ClientSecret"}
    return {**action, "AuthenticateOidcConfig": shown}


def target_groups_of(action: Document) -> list[tuple[str, int]]:
    """The target groups of a forward action with their weights."""
    weighted = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    if weighted:
        return [(entry["TargetGroupArn"], int(entry.get("Weight", 1))) for entry in weighted]
    return [(action["TargetGroupArn"], 1)] if action.get("TargetGroupArn") else []


Taggable = LoadBalancer | TargetGroup | Listener | Rule


@dataclass
class Region:
    """Everything of one account in one region, by ARN, in the order it was made."""

    load_balancers: dict[str, LoadBalancer] = field(default_factory=dict)
    target_groups: dict[str, TargetGroup] = field(default_factory=dict)
    listeners: dict[str, Listener] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)

    def rules_of(self, listener: str) -> list[Rule]:
        """A listener's rules by priority, the default rule last."""
        found = [rule for rule in self.rules.values() if rule.listener == listener]
        return sorted(found, key=lambda rule: (rule.is_default, rule.priority or 0))

    def listeners_of(self, balancer: str) -> list[Listener]:
        """A load balancer's listeners."""
        return [listener for listener in self.listeners.values() if listener.load_balancer == balancer]

    def default_actions(self, listener: str) -> list[Document]:
        """The actions of a listener's default rule."""
        return [action for rule in self.rules_of(listener) if rule.is_default for action in rule.actions]

    def taggables(self) -> Iterator[Taggable]:
        """Everything that has tags."""
        yield from self.load_balancers.values()
        yield from self.target_groups.values()
        yield from self.listeners.values()
        yield from self.rules.values()

    def associate(self) -> None:
        """Work out anew which load balancers each target group belongs to."""
        used: dict[str, list[str]] = {}
        for rule in self.rules.values():
            balancer = self.listeners[rule.listener].load_balancer
            for arn in rule.target_groups():
                if balancer not in used.setdefault(arn, []):
                    used[arn].append(balancer)
        for arn, group in self.target_groups.items():
            group.load_balancers = used.get(arn, [])


Owner = tuple[str, str]
"""Account and region."""


class Store:
    """All of it, by account and region."""

    def __init__(self) -> None:
        self._regions: dict[Owner, Region] = {}

    def here(self) -> Region:
        """The account and region of the request that is being answered."""
        return self.region(upstream.responses.get_account_id(), upstream.responses.get_region())

    def region(self, account: str, region: str) -> Region:
        """One account's region."""
        return self._regions.setdefault((account, region), Region())

    def of(self, arn: str) -> Region:
        """The account and region an ARN names."""
        parts = arn.split(":", 5)
        return self.region(parts[4], parts[3]) if len(parts) == 6 else Region()

    def everything(self) -> list[tuple[Owner, Region]]:
        """Every account and region that was asked about."""
        return list(self._regions.items())

    def group(self, arn: str) -> TargetGroup | None:
        """One target group."""
        return self.of(arn).target_groups.get(arn)

    def clear(self) -> None:
        """Forget everything."""
        self._regions.clear()


STORE = Store()
