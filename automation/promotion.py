"""Go back to a recorded release, or hand one environment's release to the next: by digest, without a build."""

from automation.events import Deployment
from automation.ledger import Release
from automation.stacks import Stack
from localcloud.errors import LocalCloudError


def roll_back(stack: Stack, *, service: str | None = None, to: str | None = None) -> Deployment:
    """Deploy an earlier release's image again.

    The other services go on with the images of their newest releases: a rollback of one service must not deploy the
    source of another.

    Args:
        stack: The stack.
        service: Name of the service in the settings; not needed when there is one.
        to: Digest, its beginning, or number of a release; None for the newest completed one before the current.

    Raises:
        LocalCloudError: There is no such release, or several services and none named.
    """
    services: dict[str, str] = stack.services()
    if service is None and len(services) > 1:
        raise LocalCloudError(
            f"the stack has {len(services)} services", fix=f"add --service {' | '.join(services)}"
        )
    name = service or next(iter(services))
    if name not in services:
        raise LocalCloudError(f"no service {name!r} in this stack", fix=f"one of: {', '.join(services)}")
    chosen = stack.ledger.find(name, to)
    images = _current(stack, [key for key in services if key != name])
    return stack.up_with_images({**images, name: chosen.image}, how="rollback", origin=f"#{chosen.number}")


def promote(source: Stack, destination: Stack, *, service: str | None = None) -> Deployment:
    """Deploy the images that one stack runs to another.

    Args:
        source: The stack whose newest completed releases are taken.
        destination: The stack that gets them. Its tasks must be allowed to pull from the source's repositories: in
            another AWS account through `services.<name>.build.repository.pullAccounts` of the source.
        service: Only this service; the others keep what they run.

    Raises:
        LocalCloudError: The source has no completed release, or the stacks are the same.
    """
    if source.name == destination.name:
        raise LocalCloudError(
            "a stack cannot be promoted to itself", fix="name two stacks: promote dev staging"
        )
    services: dict[str, str] = source.services()
    if service is not None and service not in services:
        raise LocalCloudError(
            f"no service {service!r} in {source.name!r}", fix=f"one of: {', '.join(services)}"
        )
    taken = {name: newest(source, name) for name in ([service] if service else services)}
    images = {name: release.image for name, release in taken.items()}
    if service is not None:
        kept = [key for key in destination.outputs().get("services", {}) if key != service]
        images = {**_current(destination, kept), **images}
    numbers = ",".join(f"{source.name}#{release.number}" for release in taken.values())
    deployment = destination.up_with_images(images, how="promote", origin=numbers)
    _require_same(deployment, destination, images)
    return deployment


def newest(stack: Stack, service: str) -> Release:
    """The newest completed release of a service.

    Raises:
        LocalCloudError: There is none.
    """
    return stack.ledger.find_current(service)


def _current(stack: Stack, services: list[str]) -> dict[str, str]:
    return {name: newest(stack, name).image for name in services}


def _require_same(deployment: Deployment, stack: Stack, wanted: dict[str, str]) -> None:
    """What a promotion is for: the digest that was tested is the digest that runs."""
    for service, image in wanted.items():
        running = deployment.images.get(service)
        if deployment.ok and running is not None and running.partition("@")[2] != image.partition("@")[2]:
            raise LocalCloudError(
                f"{stack.name}: service {service!r} runs {running}, not the promoted {image}"
            )
