"""What settings leave open and the Dockerfile of a service says: its port and its health checks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from infra.pure.dockerfile import Image, read_image
from infra.settings.base import PathPattern
from infra.settings.container import ContainerHealthCheck
from infra.settings.root import Settings
from infra.settings.service import Service

_PATH: TypeAdapter[str] = TypeAdapter(PathPattern)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the value of a key comes from that the stack file does not say.

    Args:
        key: The key below the service, such as `healthCheck.path`.
        value: The value, for people.
        source: What says it.
    """

    key: str
    value: str
    source: str

    def __str__(self) -> str:
        return f"{self.key} {self.value} ({self.source})"


def with_image_defaults(settings: Settings, root: Path) -> tuple[Settings, dict[str, list[Origin]]]:
    """The settings with what the services' Dockerfiles say, and where each such value comes from.

    What the settings say stays. Images by reference are not looked into: they need not be there yet, and could be
    others tomorrow. A Dockerfile that is missing or malformed says nothing here; the build tells.

    Args:
        settings: The checked settings.
        root: The project's folder, to which the build contexts are relative.
    """
    services: dict[str, Service] = {}
    origins: dict[str, list[Origin]] = {}
    for name, service in settings.services.items():
        services[name], found = _completed(service, root)
        if found:
            origins[name] = found
    return settings.model_copy(update={"services": services}), origins


def _completed(service: Service, root: Path) -> tuple[Service, list[Origin]]:
    file = Path(service.build.context, service.build.dockerfile)
    if service.image:
        return service, []
    try:
        text = (root / file).read_text("utf-8", "replace")
    except OSError:
        return service, []
    image = read_image(text, target=service.build.target, args=service.build.args)
    update: dict[str, Any] = {}
    origins = list(_port(service, image, file, update))
    service = service.model_copy(update=update)
    checks: dict[str, Any] = {}
    origins += _health(service, image, file, checks)
    return service.model_copy(update=checks), origins


def _port(service: Service, image: Image, file: Path, update: dict[str, Any]) -> Iterator[Origin]:
    if service.port is not None:
        return
    if service.said_by_environment is not None:
        yield Origin(key="port", value=str(service.listens_on), source="environment.PORT")
        return
    said = image.said_port
    if said is None:
        yield Origin(key="port", value=str(service.listens_on), source=f"the default; {file} says none")
        return
    update["port"] = said[0]
    yield Origin(key="port", value=str(said[0]), source=f"{said[1]} in {file}")


def _health(service: Service, image: Image, file: Path, update: dict[str, Any]) -> Iterator[Origin]:
    check, said = image.health_check, f"HEALTHCHECK in {file}"
    if check is None:
        return
    if service.container.health_check is None:
        # ECS does not look at an image's HEALTHCHECK (ECS API, HealthCheck: "Amazon ECS doesn't monitor Docker health
        # checks that are embedded in a container image and not specified in the container definition").
        taken = ContainerHealthCheck(
            command=check.command,
            interval=check.interval,
            timeout=check.timeout,
            retries=check.retries,
            startPeriod=check.start_period,
        )
        update["container"] = service.container.model_copy(update={"health_check": taken})
        yield Origin(key="container.healthCheck", value=" ".join(check.command[1:]), source=said)
    if service.route.enabled and service.health_check.path is None:
        path = _allowed(image.checked_path(service.listens_on))
        if path and path != service.health_check.asks_for:
            update["health_check"] = service.health_check.model_copy(update={"path": path})
            yield Origin(key="healthCheck.path", value=path, source=said)


def _allowed(path: str | None) -> str | None:
    try:
        return _PATH.validate_python(path)
    except ValidationError:
        return None


def told(origins: Mapping[str, list[Origin]]) -> Iterator[str]:
    """One line a service."""
    for name, found in origins.items():
        yield f"services.{name}: {', '.join(map(str, found))}"
