"""Whose HTTP requests are answered: for which host names, and from the pages of which origins.

A page that is open in the user's browser can send requests to this machine. The browser hides the answer from the page,
not the request from us, so the request itself is judged, by what the page cannot change: the headers Host, Origin,
Sec-Fetch-Site and Referer (Fetch Standard, "forbidden request-header"; W3C Fetch Metadata Request Headers). A name that
an attacker leads here (DNS rebinding) is told by its Host header, as in Vite's `server.allowedHosts` and Jupyter's
`local_hostnames`.
"""

import re
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localcloud.errors import LocalCloudError
from localcloud.loopback import is_loopback

HOSTS_VARIABLE = "LOCALCLOUD_ALLOWED_HOSTS"
ORIGINS_VARIABLE = "LOCALCLOUD_ALLOWED_ORIGINS"
# The name of this machine in the containers of Docker engines, and on machines with Docker Desktop.
ENGINE_NAME = "host.docker.internal"
# Registries of AWS accounts, by which clients name the one they mean: only AWS gives these names addresses, and nobody
# serves a page there.
_REGISTRY = re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")
_LABEL = r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_NAME = re.compile(rf"\.?{_LABEL}(\.{_LABEL})*")
_HOST = re.compile(r"(\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[^:\[\]@,/\s]+))(:[0-9]*)?")
# What a page may not be told: CORS headers are how a server tells a browser to show an answer to other origins.
CORS_PREFIX = "access-control-"


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Which requests are answered.

    Args:
        hosts: Host names besides the loopback's; one that begins with a dot stands for itself and all names below it.
        origins: Origins whose pages may send requests and read the answers, for example `http://localhost:3000`.
    """

    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()

    def refusal(self, headers: Mapping[str, str], *, address: str = "") -> str | None:
        """Why a request is refused, with what can be done about it; None when it is answered.

        Args:
            headers: By lower-case name.
            address: The address of this machine that the request arrived at.
        """
        given = headers.get("host", "")
        host = host_name(given)
        if not host or not (is_loopback(host) or host in {address, ENGINE_NAME} or self._allowed_host(host)):
            return f"this local cloud does not answer for the host {_shown(given)}; {_host_fix(host)}"
        return self._origin_refusal(headers, given)

    def environment(self) -> dict[str, str]:
        """The variables that `gate_of` reads it from again, in another process."""
        return {HOSTS_VARIABLE: ",".join(self.hosts), ORIGINS_VARIABLE: ",".join(self.origins)}

    def allows_origin(self, origin: str) -> bool:
        """Whether the pages of an origin may read answers, by the user's own word."""
        return origin.lower() in self.origins

    def _allowed_host(self, host: str) -> bool:
        return bool(_REGISTRY.fullmatch(host)) or any(
            host == allowed.removeprefix(".") or (allowed.startswith(".") and host.endswith(allowed))
            for allowed in self.hosts
        )

    def _origin_refusal(self, headers: Mapping[str, str], host: str) -> str | None:
        origin = headers.get("origin", "")
        if origin:
            if self.allows_origin(origin):
                return None
            if not _same_origin(origin, host):
                return _from_a_page(origin)
        site = headers.get("sec-fetch-site", "")
        if site:
            # "none" is the user: the address bar, a bookmark.
            refused = site not in {"same-origin", "none"}
            return _from_a_page(headers.get("referer", "")) if refused else None
        referer = headers.get("referer", "")
        if referer:
            return None if _same_origin(referer, host) else _from_a_page(referer)
        if not origin and headers.get("user-agent", "").startswith("Mozilla/"):
            # Browsers before 2023, and any browser at an address that is not the loopback's, say nothing of the
            # page that sends a plain GET.
            return (
                "this local cloud answers a browser that does not say which page a request comes from only at "
                "http://localhost (Sec-Fetch-Site)"
            )
        return None


def host_name(host: str) -> str:
    """The name in a Host header: lower case, without port, brackets of IPv6 and a last dot; empty when it has no name.

    What is not of the form `name:port` (RFC 9110, section 7.2) has none.
    """
    found = _HOST.fullmatch(host.strip().lower())
    return "" if found is None else (found["address"] or found["name"]).rstrip(".")


def _same_origin(url: str, host: str) -> bool:
    """Whether the page of an origin, or of a URL, came from the very server that it asks."""
    return _origin_of(url)[1] == host.strip().lower() != ""


def _origin_of(url: str) -> tuple[str, str]:
    """Scheme and authority of a URL; nothing of what is none."""
    try:
        split = urllib.parse.urlsplit(url.lower())
    except ValueError:
        return "", ""
    return split.scheme, split.netloc


def _shown(text: str) -> str:
    """A header's value as a message may print it."""
    return ascii(text[:100]) if text else "of no name"


def _host_fix(host: str) -> str:
    own = f", or start it with {HOSTS_VARIABLE}={host} if that name is yours" if _NAME.fullmatch(host) else ""
    return f"ask for http://localhost{own}"


def _from_a_page(url: str) -> str:
    scheme, authority = _origin_of(url)
    origin = f"{scheme}://{authority}"
    whose = f"of {_shown(origin)}" if authority else "of another origin"
    fix = f"; if it is yours, start it with {ORIGINS_VARIABLE}={origin}" if _is_origin(origin) else ""
    return f"this local cloud does not answer the page {whose}{fix}"


def _is_origin(text: str) -> bool:
    try:
        split = urllib.parse.urlsplit(text)
        port = split.port
    except ValueError:
        return False
    host = split.hostname or ""
    expected = f"{split.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    named = bool(_NAME.fullmatch(host)) and not host.startswith(".")
    return split.scheme in {"http", "https"} and text == expected and (named or ":" in host)


def gate_of(environment: Mapping[str, str]) -> Gate:
    """Read LOCALCLOUD_ALLOWED_HOSTS and LOCALCLOUD_ALLOWED_ORIGINS: names, and origins, separated by commas.

    Raises:
        LocalCloudError: One is not a host name, or not an origin such as `http://localhost:3000`.
    """
    hosts = environment.get(HOSTS_VARIABLE)
    origins = environment.get(ORIGINS_VARIABLE)
    return Gate(
        hosts=_listed(
            hosts, HOSTS_VARIABLE, lambda name: bool(_NAME.fullmatch(name)), "dev.example,.team.example"
        ),
        origins=_listed(origins, ORIGINS_VARIABLE, _is_origin, "http://localhost:3000,https://app.example"),
    )


def _listed(text: str | None, variable: str, allowed: Callable[[str], bool], example: str) -> tuple[str, ...]:
    entries = tuple(entry.strip().lower() for entry in (text or "").split(",") if entry.strip())
    wrong = next((entry for entry in entries if not allowed(entry)), None)
    if wrong is not None:
        kind = "host names" if variable == HOSTS_VARIABLE else "origins (scheme://host:port, without a path)"
        raise LocalCloudError(
            f"{variable} has {wrong!a}; allowed: {kind}, separated by commas",
            fix=f"export {variable}={example}",
        )
    return entries
