"""Go back to a recorded release, or hand one environment's release to the next: by digest, without a build."""

import shlex

from automation.events import Deployment
from automation.image_store import in_ecr, open_repository, own_repositories, require_held
from automation.ledger import Release
from automation.registry import copy_image
from automation.stacks import Stack
from localcloud.engine import Outcome
from localcloud.errors import LocalCloudError


def roll_back(
    stack: Stack, *, service: str | None = None, to: str | None = None, check: bool = True
) -> Deployment:
    """Deploy an earlier release's image again.

    The other services go on with the images of their newest releases: a rollback of one service must not deploy the
    source of another.

    Args:
        stack: The stack.
        service: Name of the service in the settings; not needed when there is one.
        to: Digest, its beginning, or number of a release; None for the newest completed one before the current.
        check: As of `Stack.up`.

    Raises:
        DeploymentFailed: As of `Stack.up`.
        LocalCloudError: There is no such release, or several services and none named.
    """
    services: dict[str, str] = stack.services()
    if service is None and len(services) > 1:
        raise LocalCloudError(
            f"the stack has {len(services)} services", fix=f"add --service with one of: {', '.join(services)}"
        )
    name = service or next(iter(services))
    if name not in services:
        raise LocalCloudError(f"no service {name!r} in this stack", fix=f"one of: {', '.join(services)}")
    chosen = stack.ledger.find(name, to)
    images = _current(stack, [key for key in services if key != name])
    return stack.up_with_images(
        {**images, name: chosen.image}, how="rollback", origin=f"#{chosen.number}", check=check
    )


def promote(
    source: Stack, destination: Stack, *, service: str | None = None, check: bool = True
) -> Deployment:
    """Deploy the images that one stack runs to another, from repositories of its own.

    Images in Amazon ECR are copied, registry to registry and across accounts: each side is asked with its own stack's
    credentials. What becomes of the source afterwards is nothing to the destination. Images of other registries, such
    as a public one, are named by digest and stay where they are.

    Args:
        source: The stack whose newest completed releases are taken.
        destination: The stack that gets them.
        service: Only this service; the others keep what they run.
        check: As of `Stack.up`.

    Raises:
        DeploymentFailed: As of `Stack.up`.
        LocalCloudError: The source has no completed release, or its image is gone; the stacks are the same; a registry
            refuses.
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
    require_held(source.target, images)
    kept: dict[str, str] = {}
    if service is not None:
        others = [key for key in destination.outputs().get("services", {}) if key != service]
        kept = _current(destination, others)
        require_held(destination.target, kept)
    copied = {name: image for name, image in images.items() if in_ecr(source.target, image)}
    failed = _make_room(destination, copied)
    if failed is not None:
        deployment = Deployment(ok=False, url=None, outcome=failed)
        return deployment.require_ok() if check else deployment
    images |= _copy(source, destination, copied)
    numbers = ",".join(f"{source.name}#{release.number}" for release in taken.values())
    deployment = destination.up_with_images({**kept, **images}, how="promote", origin=numbers, check=check)
    _require_same(deployment, destination, {**kept, **images})
    return deployment


def _make_room(destination: Stack, images: dict[str, str]) -> Outcome | None:
    """Make the repositories that the destination does not have yet; returns how that failed."""
    for name in images:
        declared = destination.source.service_setting(name, "image")
        if declared:
            raise LocalCloudError(
                f"services.{name}.image of stack {destination.name!r} is {declared!r}: a service that runs an image "
                "from elsewhere has no repository that a promotion could bring one to",
                fix=f"pulumi config rm --stack {shlex.quote(destination.name)} "
                f"--path {shlex.quote(f'services.{name}.image')}",
            )
    own = own_repositories(destination.resources())
    missing = {name: image for name, image in images.items() if name not in own}
    if not missing:
        return None
    outcome = destination.make_repositories(missing)
    return None if outcome.ok else outcome


def _copy(source: Stack, destination: Stack, images: dict[str, str]) -> dict[str, str]:
    """Bring images into the destination's repositories; returns them as they are named there."""
    own = own_repositories(destination.resources())
    named = {}
    for name, image in images.items():
        digest = image.partition("@")[2]
        named[name] = f"{own[name]}@{digest}"
        if named[name] == image:
            continue
        with (
            open_repository(source.target, image) as giver,
            open_repository(destination.target, own[name]) as taker,
        ):
            # By digest: tags of the destination never move, and it may have built the same content by itself.
            tag = f"promoted-{digest.removeprefix('sha256:')[:16]}"
            copy_image(giver, taker, digest, tag=tag, report=destination.say)
    return named


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
