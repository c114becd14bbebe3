"""From a request to what a load balancer does with it: hosts, listeners, rules, compiled once and kept.

Where a load balancer answers on this machine, PORT being the local cloud's:

- `<name>.alb.localhost:PORT` is its listener on port 80, or its first one; so is the DNS name the API shows.
- `<listener port>.<name>.alb.localhost:PORT` is the listener on that port.
- `<host>.<name>.alb.localhost:PORT` is the first form asked with `Host: <host>`, for rules on the host header; and a
  request whose own Host header is named literally by a rule on the host header goes to that rule's load balancer.

TLS is not emulated: an HTTPS listener answers plain HTTP at its own name (`443.<name>.alb.localhost`).
"""

import logging
from dataclasses import dataclass

from localcloud.emulator.alb import tags_api
from localcloud.emulator.alb.actions import Action, action_of
from localcloud.emulator.alb.balancer_settings import BalancerSettings
from localcloud.emulator.alb.conditions import Request, Test, condition_test
from localcloud.emulator.alb.model import LOCAL_SUFFIX, STORE, LoadBalancer, Region
from localcloud.emulator.alb.model import Rule as RuleRecord

logger = logging.getLogger(__name__)


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
    """All listeners, compiled when they are first needed after a change."""

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
        self._by_name, self._by_host, self._known = {}, {}, {}
        for _, region in STORE.everything():
            for balancer in region.load_balancers.values():
                self._compile_balancer(region, balancer)

    def _compile_balancer(self, region: Region, balancer: LoadBalancer) -> None:
        if self._by_name is None:
            return
        settings = BalancerSettings.of(tags_api.shown(balancer.attributes))
        own = self._by_name.setdefault(balancer.name.lower(), [])
        for record in sorted(region.listeners_of(balancer.arn), key=lambda one: one.port or 0):
            ordered = region.rules_of(record.arn)
            own.append(
                Listener(
                    arn=record.arn,
                    balancer=balancer.arn,
                    name=balancer.name,
                    port=record.port or 0,
                    protocol=str(record.protocol),
                    settings=settings,
                    rules=tuple(compiled for rule in ordered if (compiled := _rule(rule))),
                )
            )
            for host in _literal_hosts(ordered):
                self._by_host.setdefault(host, own[-1])


def _rule(record: RuleRecord) -> Rule | None:
    """Compile a rule. The API refuses what makes no sense; should something get by, only its own rule is left out."""
    try:
        tests = tuple(condition_test(entry) for entry in record.conditions)
        return Rule(arn=record.arn, tests=tests, action=action_of(record.actions))
    except Exception:
        logger.exception("rule %s is left out", record.arn)
        return None


def _literal_hosts(rules: list[RuleRecord]) -> list[str]:
    return [
        value.lower()
        for rule in rules
        for condition in rule.conditions
        if condition["Field"] == "host-header"
        for value in (condition.get("HostHeaderConfig") or {}).get("Values") or []
        if not set(value) & {"*", "?"}
    ]
