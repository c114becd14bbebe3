"""Health checks: the load balancer asks every target, as its target group says.

AWS rules (Application Load Balancer guide, "Health checks for target groups"): a new target is `initial` until it
has passed one check or failed the unhealthy threshold; a healthy one becomes `unhealthy` after that many failures in
a row, an unhealthy one healthy after the healthy threshold.

One thing is quicker than on AWS, so that people do not wait: while a target is `initial` it is asked four times a
second instead of once per interval. This can only make it healthy sooner: failures of these extra checks count no
faster than the interval.
"""

import asyncio
import ssl
import time

from localcloud.emulator.alb import groups
from localcloud.emulator.alb.addresses import reach
from localcloud.emulator.alb.groups import HealthCheck
from localcloud.emulator.alb.registry import Registry, Target

INITIAL_INTERVAL = 0.25
USER_AGENT = "ELB-HealthChecker/2.0"


def install(registry: Registry) -> None:
    """Probe every target the registry gets from now on."""
    registry.start_probing = lambda target: asyncio.get_running_loop().create_task(_probe(registry, target))


async def _probe(registry: Registry, target: Target) -> None:
    """Probe one target for as long as it is registered."""
    first = True
    while not target.leaving():
        group = groups.find(target.group)
        if group is None:
            return
        check = groups.health_check_of(group)
        if not check.enabled:
            _apply_disabled(registry, target)
            await asyncio.sleep(1.0)
            continue
        began = time.monotonic()
        if group.load_balancers:
            if first:
                target.become("initial", "Elb.InitialHealthChecking")
                first = False
            failure = await ask(target, check)
            if not target.leaving() and judge(target, check, failure, time.monotonic()):
                registry.changed(target)
        pause = min(INITIAL_INTERVAL, check.interval) if target.state == "initial" else check.interval
        await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))


def _apply_disabled(registry: Registry, target: Target) -> None:
    # Only Lambda target groups may switch health checks off on AWS; a target then counts as healthy.
    if target.state == "initial" and target.become("healthy", "Target.HealthCheckDisabled"):
        registry.changed(target)


def judge(target: Target, check: HealthCheck, failure: tuple[str, str] | None, now: float) -> bool:
    """Apply one check's outcome to a target; True when its state changed.

    Args:
        target: The target.
        check: Its group's health check.
        failure: AWS reason code and description, or None when the check passed.
        now: The clock, in seconds.
    """
    if failure is None:
        target.failed = 0
        target.passed += 1
        if target.state == "initial" or target.passed >= check.healthy_threshold:
            return target.become("healthy")
        return False
    target.passed = 0
    target.failed += 1
    reason, description = failure
    if target.state == "initial":
        # The first check is due at registration, the n-th after n-1 intervals.
        if now - target.registered >= (check.unhealthy_threshold - 1) * check.interval:
            return target.become("unhealthy", reason, description)
        return False
    if target.failed >= check.unhealthy_threshold or target.state == "unhealthy":
        return target.become("unhealthy", reason, description)
    return False


async def ask(target: Target, check: HealthCheck) -> tuple[str, str] | None:
    """One health check; returns AWS's reason code and description, or None when it passed."""
    port = target.port if check.port == "traffic-port" else int(check.port)
    try:
        status = await asyncio.wait_for(_status(target.id, port, check), timeout=check.timeout)
    except TimeoutError:
        return "Target.Timeout", "Request timed out"
    except (OSError, ValueError, asyncio.IncompleteReadError):
        return "Target.FailedHealthChecks", "Health checks failed"
    if status is None or check.accepts(status):
        return None
    return "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{status}]"


def _unverified() -> ssl.SSLContext:
    """Load balancers do not verify their targets' certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _status(address: str, port: int, check: HealthCheck) -> int | None:
    """The status code of the check's path, or None for a plain TCP check that connected."""
    context = _unverified() if check.protocol == "HTTPS" else None
    reader, writer = await asyncio.open_connection(*reach(address, port), ssl=context)
    try:
        if check.protocol == "TCP":
            return None
        head = f"GET {check.path} HTTP/1.1\r\nHost: {address}:{port}\r\nConnection: close\r\n"
        writer.write(f"{head}User-Agent: {USER_AGENT}\r\nAccept-Encoding: gzip, compressed\r\n\r\n".encode())
        line = (await reader.readline()).split(None, 2)
        if len(line) < 2 or not line[0].startswith(b"HTTP/"):
            raise ValueError("not HTTP")
        return int(line[1])
    finally:
        writer.close()
