"""What went through the load balancers, counted per load balancer and target group for CloudWatch's metrics."""

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Flow:
    """Requests of one load balancer, or of one of its target groups, since they were last taken.

    Args:
        requests: Requests that were routed.
        responses: Response codes, those the load balancer itself made apart from the targets'.
        seconds: Time from a request's leaving until the target's response began, one entry per response.
    """

    requests: int = 0
    target_codes: Counter[int] = field(default_factory=Counter)
    balancer_codes: Counter[int] = field(default_factory=Counter)
    connection_errors: int = 0
    seconds: list[float] = field(default_factory=list)


class Traffic:
    """Counts on the event loop's thread; `take` hands the counts over and begins anew."""

    def __init__(self) -> None:
        self._flows: dict[tuple[str, str | None], Flow] = {}
        self.since = time.time()

    def request(self, balancer: str, group: str | None) -> None:
        """A request was routed."""
        self._flow(balancer, None).requests += 1
        if group is not None:
            self._flow(balancer, group).requests += 1

    def response(self, balancer: str, group: str, code: int, seconds: float) -> None:
        """A target answered after so many seconds."""
        for flow in (self._flow(balancer, None), self._flow(balancer, group)):
            flow.target_codes[code] += 1
            flow.seconds.append(seconds)

    def own_response(self, balancer: str, group: str | None, code: int) -> None:
        """The load balancer answered itself: a redirect, a fixed response or an error."""
        for name in {None, group}:
            self._flow(balancer, name).balancer_codes[code] += 1

    def connection_error(self, balancer: str, group: str) -> None:
        """A target could not be reached."""
        for flow in (self._flow(balancer, None), self._flow(balancer, group)):
            flow.connection_errors += 1

    def take(self) -> dict[tuple[str, str | None], Flow]:
        """The counts since the last call, by load balancer ARN and target group ARN (None: the whole balancer)."""
        taken, self._flows = self._flows, {}
        self.since = time.time()
        return taken

    def _flow(self, balancer: str, group: str | None) -> Flow:
        key = (balancer, group)
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = Flow()
        return flow
