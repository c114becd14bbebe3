"""The Docker engine as the emulator uses it: one client, images by digest, containers with our label."""

import functools
import logging
import os
import re
import socket
from typing import Any

import docker
import httpx
import psutil
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from localcloud.emulator.ecs.failures import ImagePullFailure
from localcloud.emulator.identity import INSTANCE_LABEL
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings
from localcloud.setup.base_image import ensure_base_image
from localcloud.setup.catalogue import Missing, stand_in_for
from localcloud.setup.docker_engine import DEFAULT_SOCKET

logger = logging.getLogger(__name__)
_PULL_SECONDS = 900
_REGISTRY_SECONDS = 20
BRIDGE_NAME = "com.docker.network.bridge.name"
_ECR_HOST = re.compile(r"^(\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/")


@functools.cache
def client() -> docker.DockerClient:
    """The engine's client, made on first use.

    Raises:
        DockerException: No engine answers.
    """
    return docker.from_env(timeout=_PULL_SECONDS, max_pool_size=200)


def instance() -> str:
    """The name of this local cloud on what it makes (see `identity.instance_of`)."""
    return os.environ["MINISTACK_HOSTNAME"]


def instance_label() -> dict[str, str]:
    """The label by which this local cloud finds its containers again."""
    return {INSTANCE_LABEL: instance()}


def local_reference(image: str) -> str:
    """The reference Docker pulls: images of the emulated ECR come from its registry on this machine."""
    return _ECR_HOST.sub(f"localhost:{os.environ['GATEWAY_PORT']}/", image)


def ensure_image(image: str) -> tuple[str, str | None]:
    """Have an image on this machine; returns the reference to run and its manifest digest.

    By digest an image is pulled once; by tag every time, as ECS does. What our own registry has no more is not run
    from the engine's copy: a new Fargate host would have none. Where an image cannot be pulled from a registry other
    than ours, the copy the engine already has is used, also by its id in the digest's place, or else a stand-in: a
    machine without network still works.

    Raises:
        ImagePullFailure: There is no such image, or its registry does not answer.
    """
    reference = local_reference(image)
    images = client().images
    if "@" in reference:
        digest = reference.partition("@")[2]
        if _present(reference) is not None and _registry_has(reference):
            return reference, digest
        # An image that was never in a registry has an id and no digest; the look-up of digests gives the id.
        if not _is_ours(reference) and _present(digest) is not None:
            return digest, digest
        _pull(reference)
        return reference, digest
    try:
        _pull(reference if ":" in reference.rsplit("/", 1)[-1] else f"{reference}:latest")
    except ImagePullFailure as failure:
        if _is_ours(reference):
            raise
        if _present(reference) is None:
            return _stand_in(reference, failure), None
    return reference, _digest(images.get(reference), reference)


def _stand_in(image: str, failure: ImagePullFailure) -> str:
    """The image that stands in for one that no registry gives; made now where it is not there yet."""
    found = stand_in_for(image)
    if isinstance(found, Missing):
        raise ImagePullFailure(f"{failure}; {found.fix}") from failure
    if _present(found.reference) is not None:
        return found.reference
    host = os.environ.get("DOCKER_HOST") or DEFAULT_SOCKET
    try:
        return ensure_base_image(CloudSettings.from_environment(), host, image)
    except LocalCloudError as error:
        raise ImagePullFailure(f"{failure}; {error}") from error


def _is_ours(reference: str) -> bool:
    return reference.startswith(f"localhost:{os.environ['GATEWAY_PORT']}/")


def _registry_has(reference: str) -> bool:
    """Whether our registry still has an image by digest; that of any other registry is taken to be there."""
    if not _is_ours(reference):
        return True
    registry, _, rest = reference.partition("/")
    name, _, digest = rest.partition("@")
    try:
        # This runs in a task's thread; the port is our own, and no proxy's business.
        answer = httpx.head(
            f"http://{registry}/v2/{name}/manifests/{digest}", trust_env=False, timeout=_REGISTRY_SECONDS
        )
    except httpx.HTTPError:
        return False  # pulling says why
    return answer.is_success


def _present(reference: str) -> Any | None:
    try:
        return client().images.get(reference)
    except ImageNotFound:
        return None


def declared_volumes(image: str) -> frozenset[str]:
    """The paths that an image which is here declares as VOLUME."""
    found = _present(image)
    configuration = found.attrs.get("Config") or {} if found is not None else {}
    return frozenset(configuration.get("Volumes") or {})


def _pull(reference: str) -> None:
    repository, separator, version = reference.partition("@")
    if not separator:
        repository, _, version = reference.rpartition(":")
    try:
        client().images.pull(repository, tag=version)
    except (APIError, ImageNotFound) as error:
        raise ImagePullFailure(_plain(error)) from error
    except requests.exceptions.RequestException as error:
        raise ImagePullFailure(f"the Docker engine does not answer: {error}") from error


def _digest(image: Any, reference: str) -> str | None:
    repository = reference.rsplit(":", 1)[0] if ":" in reference.rsplit("/", 1)[-1] else reference
    for known in image.attrs.get("RepoDigests") or []:
        name, _, digest = known.partition("@")
        if name == repository:
            return str(digest)
    return None


def _plain(error: APIError) -> str:
    return str(error.explanation or error).strip()


def create_container(image: str, options: dict[str, Any]) -> Container:
    """Create, not start, a container.

    Raises:
        APIError: The engine refuses it; the message is the engine's.
    """
    return client().containers.create(image, detach=True, **options)


def address_of(container: Container) -> str | None:
    """The container's IPv4 address on its first network; None while it has none."""
    container.reload()
    networks = container.attrs["NetworkSettings"]["Networks"]
    addresses = [network.get("IPAddress") for network in networks.values()]
    return next((address for address in addresses if address), None)


def bridge_gateway() -> str | None:
    """This machine's address as containers on the default bridge see it; None when there is no engine."""
    try:
        network = client().networks.get("bridge")
    except (DockerException, requests.exceptions.RequestException):
        return None
    configurations = (network.attrs.get("IPAM") or {}).get("Config") or []
    named = next((str(entry["Gateway"]) for entry in configurations if entry.get("Gateway")), None)
    return named or _interface_address((network.attrs.get("Options") or {}).get(BRIDGE_NAME))


def _interface_address(name: str | None) -> str | None:
    """The IPv4 address of an interface: Docker 20.10 does not tell the gateway of a bridge that it found in place."""
    addresses = psutil.net_if_addrs().get(name or "", [])
    return next((entry.address for entry in addresses if entry.family == socket.AF_INET), None)


@functools.cache
def host_address() -> str | None:
    """The bridge's address where this machine holds it; None where the engine is in a machine of its own."""
    gateway = bridge_gateway()
    if gateway is None:
        return None
    with socket.socket() as probe:
        try:
            probe.bind((gateway, 0))
        except OSError:
            return None
    return gateway


def routes_to_containers() -> bool:
    """Whether this machine reaches containers at their own addresses: it does where it holds the bridge's address."""
    return not os.environ.get("LOCALCLOUD_PUBLISH_PORTS") and host_address() is not None


def own_addresses() -> frozenset[str]:
    """The addresses of all containers that carry this local cloud's label.

    The engine's list shows a container's addresses only once its start is over, when its program has run for a while;
    the bridge shows who is attached from before that.

    Raises:
        DockerException: The engine does not answer.
    """
    label = f"{INSTANCE_LABEL}={instance()}"
    found = client().api.containers(all=True, filters={"label": label})
    attached = client().api.inspect_network("bridge").get("Containers") or {}
    listed = [
        network.get("IPAddress")
        for entry in found
        for network in (entry.get("NetworkSettings", {}).get("Networks") or {}).values()
    ]
    bridged = [attached.get(entry["Id"], {}).get("IPv4Address", "").partition("/")[0] for entry in found]
    return frozenset(address for address in (*listed, *bridged) if address)


def published_ports(container: Container) -> dict[int, int]:
    """The TCP ports the engine publishes for a container on the loopback, by the container's port."""
    container.reload()
    ports = container.attrs["NetworkSettings"].get("Ports") or {}
    return {
        int(name.partition("/")[0]): int(bindings[0]["HostPort"])
        for name, bindings in ports.items()
        if bindings and name.endswith("/tcp")
    }


def remove_quietly(container: Container) -> None:
    """Remove a container and its anonymous volumes; being gone already is what was wanted."""
    try:
        container.remove(v=True, force=True)
    except NotFound:
        return
    except (APIError, requests.exceptions.RequestException) as error:
        logger.warning("container %s could not be removed: %s", container.id, error)
