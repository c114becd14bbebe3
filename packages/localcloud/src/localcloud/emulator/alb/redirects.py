"""Where a redirect action sends the client."""

from collections.abc import Mapping

from localcloud.emulator.alb.balancing import Balancing
from localcloud.emulator.alb.conditions import Request
from localcloud.emulator.alb.model import LOCAL_SUFFIX
from localcloud.emulator.alb.routing import Listener

# Troubleshooting guide, 507: "The redirect URL is too long." The guide gives no number: the request line's limit.
MAX_URL_BYTES = 16 * 1024
TOO_LONG = 507, ""


def location(
    configuration: Mapping[str, str], request: Request, listener: Listener, host: str, balancing: Balancing
) -> tuple[int, str]:
    """Status code and Location of a redirect; the location is empty where there is none.

    On AWS a redirect names the listener's port, which nothing on this machine listens on: a redirect to a port of the
    same load balancer becomes the local address of that listener, in plain HTTP because TLS is not emulated.
    """
    values = {
        "protocol": listener.protocol.lower(),
        "host": request.host,
        "port": str(listener.port),
        "path": request.path.lstrip("/"),
        "query": request.query,
    }

    def fill(template: str) -> str:
        for name, value in values.items():
            template = template.replace(f"#{{{name}}}", value)
        return template

    status = int(configuration.get("StatusCode", "HTTP_301").removeprefix("HTTP_"))
    protocol, target, port = (fill(configuration[name]) for name in ("Protocol", "Host", "Port"))
    path, query = fill(configuration["Path"]), fill(configuration["Query"])
    tail = path + (f"?{query}" if query else "")
    if len(tail) > MAX_URL_BYTES:
        return TOO_LONG
    own = host.partition(":")[0].lower()
    if own.endswith(LOCAL_SUFFIX) and target == request.host:
        there = f"{port}.{listener.name.lower()}{LOCAL_SUFFIX}"
        destination = balancing.routes.destination(there)
        if destination is not None and destination.listener is not None:
            prefix = "" if request.host == own else f"{request.host}."
            return status, f"http://{prefix}{there}:{balancing.port}{tail}"
    return status, f"{protocol.lower()}://{target}:{port}{tail}"
