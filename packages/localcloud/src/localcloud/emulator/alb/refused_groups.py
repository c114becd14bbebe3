"""Target groups that Elastic Load Balancing refuses.

Source: API Reference, `CreateTargetGroup` and `Matcher`; ranges of numbers are in the model.
"""

import re
from collections.abc import Mapping
from typing import Any

from localcloud.emulator.alb.model import TargetGroup
from localcloud.emulator.alb.refusal import RefusedError

_LETTERS = re.compile(r"[A-Za-z0-9-]+")
_NAME = r"(?!.*--)(?!^-)(?!.*-$)^[A-Za-z0-9-]+$"
_CODES = re.compile(r"\d{1,3}(?:-\d{1,3})?(?:,\d{1,3}(?:-\d{1,3})?)*")
_HTTP = ("HTTP", "HTTPS")


def check_group(request: Mapping[str, Any], known: TargetGroup | None) -> None:
    """Check a target group that is made or changed.

    Args:
        request: What was sent.
        known: The target group when it exists.

    Raises:
        RefusedError: AWS refuses it.
    """
    kind = known.target_type if known is not None else str(request.get("TargetType") or "instance")
    protocol = str((known.protocol if known is not None else request.get("Protocol")) or "")
    if known is None:
        _check_new(request, kind)
    if kind in {"instance", "ip"} and request.get("HealthCheckEnabled") is False:
        raise RefusedError(f"Health check enabled must be true for target groups with target type '{kind}'")
    _check_port(str(request.get("HealthCheckPort") or "traffic-port"))
    if protocol in _HTTP:
        _check_http(request)
    _check_times(request, known, protocol, kind)


def _check_new(request: Mapping[str, Any], kind: str) -> None:
    name = str(request["Name"])
    if len(name) > 32:
        raise RefusedError(f"Target group name '{name}' cannot be longer than '32' characters")
    if not _LETTERS.fullmatch(name):
        raise RefusedError(
            f"Target group name '{name}' can only contain characters that are alphanumeric characters or hyphens(-)"
        )
    if not re.fullmatch(_NAME, name):
        # As recorded from AWS by moto's tests.
        raise RefusedError(
            f"1 validation error detected: Value '{name}' at 'targetGroup.targetGroupArn.targetGroupName' failed to "
            f"satisfy constraint: Member must satisfy regular expression pattern: {_NAME}"
        )
    for member, words in (("Protocol", "protocol"), ("Port", "port"), ("VpcId", "VPC ID")):
        if kind != "lambda" and member not in request:
            raise RefusedError(f"A {words} must be specified")
        if kind == "lambda" and member in request:
            raise RefusedError(
                f"{words[0].upper()}{words[1:]} cannot be specified for target groups with target type 'lambda'"
            )


def _check_port(port: str) -> None:
    if port != "traffic-port" and not (port.isdigit() and 1 <= int(port) <= 65535):
        raise RefusedError(
            f"Health check port '{port}' must be 'traffic-port' or between '1-65535' inclusive"
        )


def _check_times(request: Mapping[str, Any], known: TargetGroup | None, protocol: str, kind: str) -> None:
    """A check is over before the next one begins; network load balancers let it end with it."""
    present = {**(known.health_check if known is not None else {}), **request}
    timeout = int(present.get("HealthCheckTimeoutSeconds") or (30 if kind == "lambda" else 5))
    interval = int(present.get("HealthCheckIntervalSeconds") or (35 if kind == "lambda" else 30))
    smaller = protocol in _HTTP
    if timeout > interval or (smaller and timeout == interval):
        words = "smaller than the interval" if smaller else "smaller than or equal to the interval"
        raise RefusedError(f"Health check timeout '{timeout}' must be {words} '{interval}'")


def _check_http(request: Mapping[str, Any]) -> None:
    check = str(request.get("HealthCheckProtocol") or "HTTP")
    if check not in _HTTP:
        # "The TCP protocol is not supported for health checks if the protocol of the target group is HTTP or HTTPS."
        raise RefusedError(f"Health check protocol '{check}' must be one of '{', '.join(_HTTP)}'")
    path = request.get("HealthCheckPath")
    if path is not None and not str(path).startswith("/"):
        raise RefusedError(f"Health check path '{path}' must begin with a '/' character")
    matcher = request.get("Matcher") or {}
    if "HttpCode" in matcher:
        check_codes(str(matcher["HttpCode"]), "HTTP", 200, 499)
    if "GrpcCode" in matcher:
        check_codes(str(matcher["GrpcCode"]), "gRPC", 0, 99)


def check_codes(text: str, kind: str, low: int, high: int) -> None:
    """Check a matcher: single codes and ranges, separated by commas.

    Raises:
        RefusedError: It is none, or names codes beyond the bounds.
    """
    outside = RefusedError(
        f"Health check matcher {kind} code '{text}' must be within '{low}-{high}' inclusive"
    )
    if not _CODES.fullmatch(text):
        raise outside
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not low <= int(first) <= int(last or first) <= high:
            raise outside
