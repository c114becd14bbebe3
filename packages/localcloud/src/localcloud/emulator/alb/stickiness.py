"""Cookies that keep a client at its target group and its target.

Application Load Balancer guide, "Sticky sessions": `AWSALBTG` names the target group, `AWSALB` the target where the
load balancer's own cookie decides, `AWSALBAPP-0` the target where a cookie of the application does; each of the first
two comes a second time as `…CORS`, with `SameSite=None; Secure`. On AWS values are encrypted; here they are signed.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate

from localcloud.emulator.alb.actions import Forward, ForwardGroup, Stickiness
from localcloud.emulator.alb.messages import Headers
from localcloud.emulator.alb.registry import Registry, Target

GROUP_COOKIE = "AWSALBTG"
TARGET_COOKIE = "AWSALB"
APPLICATION_COOKIE = "AWSALBAPP-0"
# The guide: the cookie's own expiry is 7 days and cannot be configured.
_BROWSER_SECONDS = 7 * 24 * 3600


class Seals:
    """Values that only this load balancer can have made."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def seal(self, name: str, value: str, seconds: int) -> str:
        """A cookie's value that holds for so many seconds."""
        content = base64.urlsafe_b64encode(f"{int(time.time()) + seconds} {value}".encode()).decode()
        return f"{content}.{self._signature(name, content)}"

    def open(self, name: str, sealed: str) -> str:
        """What a cookie says; empty when it is not ours or too old."""
        content, _, signature = sealed.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(name, content).encode()):
            return ""
        until, _, value = base64.urlsafe_b64decode(content).decode().partition(" ")
        return value if int(until) > time.time() else ""

    def _signature(self, name: str, content: str) -> str:
        return hmac.new(self._key, f"{name} {content}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Visit:
    """A request of a client that may have been here before.

    Args:
        seals: Makes and reads the cookies.
        sent: The client's cookies.
    """

    seals: Seals
    sent: dict[str, str]

    @classmethod
    def of(cls, seals: Seals, field: bytes | None) -> "Visit":
        """Read a Cookie field."""
        pairs = (pair.strip().partition("=") for pair in (field or b"").decode("latin-1").split(";"))
        return cls(seals, {name: value for name, _, value in pairs})

    def group(self, forward: Forward) -> ForwardGroup | None:
        """The target group the client was sent to before, as long as it still gets requests."""
        known = self._opened(GROUP_COOKIE)
        return next((entry for entry in forward.groups if entry.arn == known and entry.weight), None)

    def target(self, registry: Registry, group: ForwardGroup) -> Target | None:
        """The target the client was sent to before, as long as it is healthy."""
        if group.stickiness is None:
            return None
        cookie = group.stickiness.cookie
        if cookie and cookie not in self.sent:
            # Both have to come back: the application's and the load balancer's.
            return None
        known = self._opened(APPLICATION_COOKIE if cookie else TARGET_COOKIE)
        address, _, port = known.rpartition(" ")
        found = registry.find(group.arn, address, int(port)) if address else None
        return found if found is not None and found.state == "healthy" else None

    def cookies(self, forward: Forward, group: ForwardGroup, target: Target, response: Headers) -> Headers:
        """The fields that bring the client back to where it was."""
        fields: Headers = []
        if forward.sticky_seconds:
            fields += self._pair(GROUP_COOKIE, group.arn, forward.sticky_seconds)
        sticky = group.stickiness
        place = f"{target.id} {target.port}"
        if sticky is not None and not sticky.cookie:
            fields += self._pair(TARGET_COOKIE, place, sticky.seconds)
        elif sticky is not None and _sets(response, sticky):
            fields.append(
                self._field(APPLICATION_COOKIE, self.seals.seal(APPLICATION_COOKIE, place, sticky.seconds))
            )
        return fields

    def _opened(self, name: str) -> str:
        sealed = self.sent.get(name) or self.sent.get(f"{name}CORS")
        return self.seals.open(name, sealed) if sealed else ""

    def _pair(self, name: str, value: str, seconds: int) -> Headers:
        sealed = self.seals.seal(name, value, seconds)
        return [self._field(name, sealed), self._field(f"{name}CORS", sealed, "; SameSite=None; Secure")]

    @staticmethod
    def _field(name: str, value: str, more: str = "") -> tuple[bytes, bytes]:
        expires = formatdate(time.time() + _BROWSER_SECONDS, usegmt=True)
        return b"Set-Cookie", f"{name}={value}; Expires={expires}; Path=/{more}".encode()


def _sets(response: Iterable[tuple[bytes, bytes]], sticky: Stickiness) -> bool:
    start = f"{sticky.cookie}=".encode()
    return any(name.lower() == b"set-cookie" and value.startswith(start) for name, value in response)
