"""From a request to what a load balancer does with it: hosts, listeners, rules, compiled once and kept.

Where a load balancer answers on this machine, PORT being the local cloud's:

- `<name>.alb.localhost:PORT` is its listener on port 80, or its first one; so is the DNS name the API shows.
- `<listener port>.<name>.alb.localhost:PORT` is the listener on that port.
- `<host>.<name>.alb.localhost:PORT` is the first form asked with `Host: <host>`, for rules on the host header; and a
  request whose own Host header is named literally by a rule on the host header goes to that rule's load balancer.

TLS is not emulated: an HTTPS listener answers plain HTTP at its own name (`443.<name>.alb.localhost`).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alb.actions import Action, action_of
from localcloud.emulator.alb.balancer_settings import BalancerSettings
from localcloud.emulator.alb.conditions import Request, Test, condition_test
from localcloud.emulator.alb.groups import account_of

logger = logging.getLogger(__name__)
LOCAL_SUFFIX = ".alb.localhost"
AWS_SUFFIX = ".elb.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: all tests must hold; the default rule has none."""

    arn: str
    tests: tuple[Test, ...]
    action: Action | None

    def matches(self, request: Request) -> bool:
        """Whether the request falls under this rule."""
        return all(test(request) for test in self.tests)


@dataclass(frozen=True, kw_only=True)
class Listener:
    """One listener with its rules by priority, the default rule last."""

    arn: str
    balancer: str
    name: str
    port: int
    protocol: str
    settings: BalancerSettings
    rules: tuple[Rule, ...]

    def rule_for(self, request: Request) -> Rule | None:
        """The first rule that matches."""
        return next((rule for rule in self.rules if rule.matches(request)), None)


@dataclass(frozen=True)
class Destination:
    """Where a host name leads: the listener, or None when there is no such load balancer, and the host rules see."""

    listener: Listener | None
    host: str


class Routes:
    """All listeners, compiled from MiniStack's records when they are first needed after a change."""

    def __init__(self) -> None:
        self._by_name: dict[str, list[Listener]] | None = None
        self._by_host: dict[str, Listener] = {}
        self._known: dict[str, Destination] = {}

    def forget(self) -> None:
        """Compile anew: a load balancer, listener or rule changed."""
        self._by_name = None

    def destination(self, host_header: str) -> Destination | None:
        """Where a Host header leads; None when it is not a load balancer's."""
        if self._by_name is None:
            self._compile()
        known = self._known.get(host_header)
        if known is None:
            known = self._resolve(host_header.partition(":")[0].lower().rstrip("."))
            if known is None:
                return None
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[host_header] = known
        return known

    def _resolve(self, host: str) -> Destination | None:
        if host in self._by_host:
            return Destination(self._by_host[host], host)
        if host.endswith(AWS_SUFFIX):
            return Destination(self._first(self._names().get(host, [])), host)
        if not host.endswith(LOCAL_SUFFIX):
            return None
        before, _, name = host.removesuffix(LOCAL_SUFFIX).rpartition(".")
        listeners = self._names().get(name, [])
        seen, _, port = before.rpartition(".")
        if port.isdigit():
            chosen = next((listener for listener in listeners if listener.port == int(port)), None)
            return Destination(chosen, seen or host)
        return Destination(self._first(listeners), before or host)

    def _names(self) -> dict[str, list[Listener]]:
        return self._by_name or {}

    @staticmethod
    def _first(listeners: list[Listener]) -> Listener | None:
        return next((entry for entry in listeners if entry.port == 80), next(iter(listeners), None))

    def _compile(self) -> None:
        alb = upstream.alb
        self._by_name, self._by_host, self._known = {}, {}, {}
        rules: dict[str, list[Mapping[str, Any]]] = {}
        for rule in alb._rules.all_values():
            rules.setdefault(rule["ListenerArn"], []).append(rule)
        balancers = {entry["LoadBalancerArn"]: entry for entry in alb._lbs.all_values()}
        settings = {
            arn: BalancerSettings.of(alb._lb_attrs._data.get((account_of(arn), arn)) or [])
            for arn in balancers
        }
        for balancer in balancers.values():
            self._by_name[balancer["LoadBalancerName"].lower()] = []
            self._by_name[balancer["DNSName"].lower()] = []
        for record in sorted(alb._listeners.all_values(), key=lambda entry: int(entry["Port"])):
            balancer = balancers.get(record["LoadBalancerArn"])
            if balancer is None:
                continue
            ordered = sorted(rules.get(record["ListenerArn"], []), key=alb._rule_sort_key)
            listener = Listener(
                arn=record["ListenerArn"],
                balancer=record["LoadBalancerArn"],
                name=balancer["LoadBalancerName"],
                port=int(record["Port"]),
                protocol=str(record["Protocol"]),
                settings=settings[record["LoadBalancerArn"]],
                rules=tuple(compiled for rule in ordered if (compiled := _rule(rule))),
            )
            for name in (balancer["LoadBalancerName"].lower(), balancer["DNSName"].lower()):
                self._by_name[name].append(listener)
            for host in _literal_hosts(ordered):
                self._by_host.setdefault(host, listener)


def _rule(record: Mapping[str, Any]) -> Rule | None:
    """Compile a rule. The API refuses what makes no sense; should something get by, only its own rule is left out."""
    try:
        tests = (
            () if record.get("IsDefault") else tuple(condition_test(entry) for entry in record["Conditions"])
        )
        return Rule(arn=record["RuleArn"], tests=tests, action=action_of(record["Actions"]))
    except Exception:
        logger.exception("rule %s is left out", record.get("RuleArn"))
        return None


def _literal_hosts(rules: list[Mapping[str, Any]]) -> list[str]:
    return [
        value.lower()
        for rule in rules
        for condition in rule["Conditions"]
        if condition["Field"] == "host-header"
        for value in (condition.get("HostHeaderConfig") or {}).get("Values") or []
        if not set(value) & {"*", "?"}
    ]
