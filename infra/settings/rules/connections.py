"""Connections of a service: exactly one thing each, with what belongs to it."""

from collections.abc import Iterator

from infra.pure.connections import access_of
from infra.pure.references import malformed
from infra.settings.connections import Connection
from infra.settings.problems import Assign, Path, Problem, Remove
from infra.settings.root import Settings
from infra.settings.service import Service


def problems(name: str, service: Service, settings: Settings) -> Iterator[Problem]:
    """Broken rules of a service's connections."""
    taken: dict[str, Path] = {}
    for variable in service.environment:
        taken[variable] = ("services", name, "environment", variable)
    for variable in service.secrets:
        taken[variable] = ("services", name, "secrets", variable)
    for key, connection in service.connections.items():
        here: Path = ("services", name, "connections", key)
        kinds = connection.kinds
        if len(kinds) != 1:
            found = " and ".join(kinds) or "none"
            yield Problem(
                path=here,
                message=f"has {found}; allowed: exactly one of securityGroup, service, bucket, queue and table, or a "
                "secret alone",
            )
            continue
        yield from _parts(here, connection)
        yield from _access(here, connection)
        if connection.service:
            yield from _service(here, name, connection.service, settings)
        for wrong in malformed(f"{connection.host or ''} {connection.secret or ''}"):
            message = f"{wrong!r} names no output of another stack; allowed: ${{stack:<stack>#<output>}}"
            yield Problem(path=here, message=message)
        for variable in connection.variables(key):
            if variable in taken:
                yield Problem(
                    path=here,
                    message=f"gives the app {variable}, which {'.'.join(map(str, taken[variable][2:]))} gives as well; "
                    "allowed: another name for the connection",
                    related=[taken[variable]],
                )
            taken[variable] = here


def _parts(here: Path, connection: Connection) -> Iterator[Problem]:
    if connection.security_group and not connection.port:
        yield Problem(path=(*here, "port"), message="is missing; allowed: the port that is opened", fix=5432)
    for key, value in (("port", connection.port), ("host", connection.host)):
        if value and not connection.security_group:
            yield _belongs((*here, key), "securityGroup")
    if connection.secret_keys and not connection.secret:
        yield _belongs((*here, "secretKeys"), "secret")
    if connection.kms_key_arn and not connection.arn and not connection.secret:
        yield _belongs((*here, "kmsKeyArn"), "bucket, queue, table or secret")


def _belongs(path: Path, what: str) -> Problem:
    return Problem(
        path=path, message=f"belongs to a {what}; allowed: with one", fix=Remove(), related=[path[:-1]]
    )


def _access(here: Path, connection: Connection) -> Iterator[Problem]:
    (kind,) = connection.kinds
    allowed = access_of(kind)
    if not allowed and connection.access:
        yield _belongs((*here, "access"), "bucket, queue or table")
    elif allowed and (not connection.access or not set(connection.access) <= set(allowed)):
        yield Problem(
            path=(*here, "access"),
            value=list(connection.access) if connection.access else ...,
            message=f"is what the app does with the {kind}; allowed: {' and '.join(allowed)}, or one of them",
            fix=[allowed[0]],
        )


def _service(here: Path, name: str, callee: str, settings: Settings) -> Iterator[Problem]:
    found = settings.services.get(callee)
    if found is None or callee == name:
        others = (
            ", ".join(sorted(set(settings.services) - {name})) or "none, as the stack has no other service"
        )
        yield Problem(
            path=(*here, "service"), value=callee, message=f"allowed: another service of the stack: {others}"
        )
        return
    said = ".".join(map(str, here))
    if not found.discovery or not found.discovery.listen:
        key, value = ("listen", True) if found.discovery else ("mode", "serviceConnect")
        yield Problem(
            path=("services", callee, "discovery"),
            message=f"does not let {name} find it by name, as {said} asks; allowed: with listen, in either mode",
            fix=Assign(("services", callee, "discovery", key), value),
            related=[here],
        )
        return
    caller = settings.services[name].discovery
    if caller is None or (found.discovery.mode == "serviceConnect" and caller.mode != "serviceConnect"):
        yield Problem(
            path=("services", name, "discovery"),
            message=f"lets its tasks call {callee} by name, as {said} asks; allowed: {found.discovery.mode}",
            fix=Assign(("services", name, "discovery", "mode"), found.discovery.mode),
            related=[here],
        )
