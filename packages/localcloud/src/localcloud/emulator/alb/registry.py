"""Targets of every target group: their state, what is in flight, and who gets the next request.

Everything here runs on the event loop's thread; other threads go through `on_loop`. So choosing a target and
counting its request is one step, and a target that is told to leave cannot be chosen by a request halfway in.
"""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from localcloud.emulator.alb import groups

State = Literal["initial", "healthy", "unhealthy", "draining"]
T = TypeVar("T")

REASONS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.Timeout": "Request timed out",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.NotRegistered": "Target is not registered to the target group",
    "Target.HealthCheckDisabled": "Health checks are disabled for this target",
}


class InFlight(Protocol):
    """A request that a target is working on."""

    def interrupt(self) -> None:
        """Give up: the target is gone."""


@dataclass(eq=False)
class Target:
    """One address in one target group.

    Args:
        group: ARN of the target group.
        id: IP address of the target.
        port: Port it listens on.
    """

    group: str
    id: str
    port: int
    state: State = "initial"
    reason: str = "Elb.RegistrationInProgress"
    description: str = REASONS["Elb.RegistrationInProgress"]
    registered: float = field(default_factory=time.monotonic)
    requests: set[InFlight] = field(default_factory=set)
    passed: int = 0
    failed: int = 0
    drained: asyncio.Event = field(default_factory=asyncio.Event)
    prober: asyncio.Task[None] | None = None

    def become(self, state: State, reason: str = "", description: str | None = None) -> bool:
        """Change the state; True when it is another one than before."""
        changed = self.state != state
        self.state = state
        self.reason = reason
        self.description = REASONS.get(reason, "") if description is None else description
        return changed

    def leaving(self) -> bool:
        """Whether the target gets no more requests."""
        return self.state == "draining"

    @property
    def in_flight(self) -> int:
        """How many requests it is working on."""
        return len(self.requests)

    def begin(self, request: InFlight) -> None:
        """Count a request that goes to this target."""
        self.requests.add(request)

    def finish(self, request: InFlight) -> None:
        """Count it off again; the last one ends a draining target's wait."""
        self.requests.discard(request)
        if self.state == "draining" and not self.requests:
            self.drained.set()


class Registry:
    """All targets of one emulator."""

    def __init__(self) -> None:
        self._targets: dict[str, dict[tuple[str, int], Target]] = {}
        self._turns: dict[str, Iterator[int]] = {}
        self._draining: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.start_probing: Callable[[Target], asyncio.Task[None]] | None = None
        self.changed: Callable[[Target], None] = lambda _target: None

    def serve_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tie the registry to the loop that serves requests."""
        self._loop = loop

    def on_loop(self, work: Callable[[], T]) -> T:
        """Run something on the loop's thread and return its result; callable from every thread."""
        loop = self._loop
        if loop is None:
            raise RuntimeError("the registry serves no loop yet")
        try:
            if asyncio.get_running_loop() is loop:
                return work()
        except RuntimeError:
            pass

        async def call() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(call(), loop).result()

    def register(self, group: str, address: str, port: int) -> Target:
        """Add a target, or take one that drains back in; it starts `initial` and its first probe is due now."""
        targets = self._targets.setdefault(group, {})
        present = targets.get((address, port))
        if present is not None and present.state != "draining":
            return present
        target = Target(group=group, id=address, port=port)
        targets[(address, port)] = target
        if self.start_probing is not None:
            target.prober = self.start_probing(target)
        return target

    async def deregister(self, group: str, address: str, port: int, *, answers: bool = True) -> None:
        """Take a target out and wait until it has nothing in flight, at most the deregistration delay.

        AWS always waits the whole delay; here the wait ends as soon as no request is in flight. A target that
        no longer answers is taken out at once.
        """
        target = self._targets.get(group, {}).get((address, port))
        if target is None:
            return
        if target.prober is not None:
            target.prober.cancel()
        if target.state != "draining":
            target.become("draining", "Target.DeregistrationInProgress")
            self.changed(target)
        delay = float(groups.attribute(group, "deregistration_delay.timeout_seconds", "300"))
        if answers and target.in_flight:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(target.drained.wait(), timeout=delay)
        # Troubleshooting guide, 502: "The deregistration delay period elapsed for a request being handled by a target
        # that was deregistered."
        for request in list(target.requests):
            request.interrupt()
        if self._targets.get(group, {}).get((address, port)) is target:
            del self._targets[group][(address, port)]
        self.changed(target)

    def avoid(self, group: str, address: str, port: int) -> None:
        """Send a target that answers nobody any more no request from now on."""
        target = self._targets.get(group, {}).get((address, port))
        if target is not None and target.become("draining", "Target.DeregistrationInProgress"):
            self.changed(target)

    def drain(self, group: str, address: str, port: int) -> None:
        """`deregister` without waiting for its end."""
        work = asyncio.get_running_loop().create_task(self.deregister(group, address, port))
        self._draining.add(work)
        work.add_done_callback(self._draining.discard)

    def deregister_and_wait(self, group: str, address: str, port: int, *, answers: bool = True) -> None:
        """`deregister` from another thread than the loop's."""
        if self._loop is not None:
            work = self.deregister(group, address, port, answers=answers)
            asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def drop_group(self, group: str) -> None:
        """Forget a target group that was deleted."""
        for target in self._targets.pop(group, {}).values():
            if target.prober is not None:
                target.prober.cancel()
        self._turns.pop(group, None)

    def clear(self) -> None:
        """Forget every target."""
        for group in list(self._targets):
            self.drop_group(group)

    def targets(self, group: str) -> list[Target]:
        """The targets of a group in the order they were registered."""
        return list(self._targets.get(group, {}).values())

    def groups(self) -> list[str]:
        """ARNs of the groups that have targets."""
        return [group for group, targets in self._targets.items() if targets]

    def find(self, group: str, address: str, port: int) -> Target | None:
        """One target."""
        return self._targets.get(group, {}).get((address, port))

    def choose(self, group: str) -> Target | None:
        """The target of the next request: a healthy one; any unhealthy one when all are (AWS "fails open").

        Targets that have not passed their first health check and targets that drain get nothing.
        """
        present = self._targets.get(group)
        if not present:
            return None
        eligible = [target for target in present.values() if target.state == "healthy"]
        if not eligible:
            eligible = [target for target in present.values() if target.state == "unhealthy"]
        if not eligible:
            return None
        if len(eligible) == 1:
            return eligible[0]
        algorithm = groups.attribute(group, "load_balancing.algorithm.type", "round_robin")
        if algorithm == "least_outstanding_requests":
            return min(eligible, key=lambda target: target.in_flight)
        turn = next(self._turns.setdefault(group, itertools.count()))
        return eligible[turn % len(eligible)]


REGISTRY = Registry()
