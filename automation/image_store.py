"""What is in the registries: which images can be run, how to reach a repository, and which images nobody needs.

ECR cannot know what ECS runs. A lifecycle policy that keeps the newest images deletes one that runs, as soon as enough
others were pushed after it, were they ever run or not (docs/adr/0054-who-deletes-images.md). So the policy expires
nothing that has a tag, and `keepImages` is kept here, after a deployment, by somebody who knows.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from automation.engines import CloudResource
from automation.ledger import Ledger
from automation.registry import Repository
from automation.target import Target
from localcloud.errors import LocalCloudError

REPOSITORY = "aws:ecr/repository:Repository"
# The tag of the program's repositories that says how many images stay (infra/components/container_image.py).
KEEP_IMAGES = "KeepImages"
_CACHE_TAG = "build-cache"  # nothing runs it, and builds read it
_ECR = re.compile(
    r"^(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$"
)
_AT_A_TIME = 100  # BatchDeleteImage (ECR API reference)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where an ECR repository is.

    Args:
        host: Name of the registry.
        repository: Name of the repository.
        account: The registry's account; empty on the local cloud.
        region: Its region; None for the stack's own.
    """

    host: str
    repository: str
    account: str = ""
    region: str | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """The parameters with which ECR is asked about it."""
        return {"repositoryName": self.repository} | ({"registryId": self.account} if self.account else {})


def _place(target: Target, image: str) -> _Place | None:
    """The ECR repository of an image or repository URL; None for any other registry."""
    host, _, repository = image.partition("@")[0].partition("/")
    if target.local is not None and host == target.local.registry:
        return _Place(host=host, repository=repository)
    found = _ECR.match(host)
    if found is None:
        return None
    return _Place(host=host, repository=repository, account=found["account"], region=found["region"])


def in_ecr(target: Target, image: str) -> bool:
    """Whether an image is in a private ECR repository, or in the local cloud's."""
    return _place(target, image) is not None


def held(target: Target, images: Iterable[str]) -> dict[str, bool | None]:
    """Which images are in their repositories.

    Args:
        target: The cloud, with the stack's credentials.
        images: `repository@sha256:…` each.

    Returns:
        By image: whether it is there; None where that cannot be asked (another registry, or no access).
    """
    digests: dict[_Place, set[str] | None] = {}
    found: dict[str, bool | None] = {}
    for image in images:
        place, digest = _place(target, image), image.partition("@")[2]
        if place is None or not digest:
            found[image] = None
            continue
        if place not in digests:
            digests[place] = _digests(target, place)
        there = digests[place]
        found[image] = None if there is None else digest in there
    return found


def _digests(target: Target, place: _Place) -> set[str] | None:
    client = target.ecr_in(place.region)
    try:
        # DescribeImages and not ListImages: it is what another account's repository allows (`pullAccounts`).
        pages = client.get_paginator("describe_images").paginate(**place.asked)
        return {item["imageDigest"] for page in pages for item in page["imageDetails"]}
    except client.exceptions.RepositoryNotFoundException:
        return set()
    except ClientError as error:
        if error.response["Error"]["Code"] in {"AccessDeniedException", "AccessDenied"}:
            return None
        raise


def require_held(target: Target, images: Mapping[str, str]) -> None:
    """Make sure that images can be pulled, before anything is touched.

    Args:
        target: The cloud, with the credentials of the stack whose images they are.
        images: Service → `repository@sha256:…`.

    Raises:
        LocalCloudError: One is not in its repository any more.
    """
    there = held(target, images.values())
    for service, image in images.items():
        if there[image] is False:
            name, _, digest = image.partition("@")
            raise LocalCloudError(
                f"the image of service {service!r}, {digest[:19]}…, is not in {name} any more; nothing was changed",
                fix=f"see which releases can be run: {target.verb('releases')}",
            )


def open_repository(target: Target, url: str) -> Repository:
    """The repository of an image, or of a repository's URL, over the registry protocol.

    Raises:
        LocalCloudError: It is not one of ECR.
    """
    place = _place(target, url)
    if place is None:
        raise LocalCloudError(f"{url} is not in Amazon ECR")
    if not place.account and target.local is not None:
        return Repository(target.local.endpoint, place.repository)
    # The token is what `docker login` takes, in base64 ("Using HTTP API authentication", ECR User Guide).
    (token,) = target.ecr_in(place.region).get_authorization_token()["authorizationData"]
    return Repository(
        f"https://{place.host}", place.repository, authorization=f"Basic {token['authorizationToken']}"
    )


def own_repositories(resources: Iterable[CloudResource]) -> dict[str, str]:
    """The stack's own repositories: service → URL."""
    return {
        item.name: str(item.outputs["repositoryUrl"])
        for item in resources
        if item.type == REPOSITORY and item.outputs.get("repositoryUrl")
    }


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An image with a tag.

    Args:
        digest: Its digest.
        pushed: When it was pushed, in seconds since 1970.
    """

    digest: str
    pushed: float


def superfluous(
    images: Iterable[Stored], *, runs: set[str], completed: Sequence[str], keep: int
) -> list[str]:
    """The images that neither run nor are needed for a rollback.

    Args:
        images: What the repository has.
        runs: Digests that ECS runs, or may start.
        completed: Digests of the releases that completed, the newest first.
        keep: How many releases, and how many pushes, stay. A push that no release names may be of a deployment that
            goes on elsewhere.
    """
    newest = sorted(images, key=lambda image: image.pushed, reverse=True)
    kept = runs | set(list(dict.fromkeys(completed))[:keep]) | {image.digest for image in newest[:keep]}
    return [image.digest for image in newest if image.digest not in kept]


def prune(
    target: Target,
    ledger: Ledger,
    cluster: str,
    services: Mapping[str, str],
    resources: Iterable[CloudResource],
    *,
    report: Callable[[str], object],
) -> None:
    """Delete what is beyond `keepImages` in the repositories of services that have just been deployed.

    Args:
        target: The cloud.
        ledger: The stack's releases.
        cluster: Name or ARN of the cluster.
        services: Name in the settings → name of the ECS service.
        resources: The stack's resources.
        report: Called with a line about what was deleted, or why it could not be.
    """
    for item in resources:
        if item.type != REPOSITORY or item.name not in services:
            continue
        keep = str((item.inputs.get("tags") or {}).get(KEEP_IMAGES, ""))
        if not keep.isdecimal():
            continue
        try:
            releases = ledger.releases(item.name)
            completed = [release.digest for release in releases if release.ok]
            runs = _runs(target, cluster, services[item.name])
            gone = _prune(target, item.id, runs=runs, completed=completed, keep=int(keep))
        except (BotoCoreError, ClientError) as error:
            report(f"{item.name}: images beyond keepImages ({keep}) could not be deleted: {error}")
            continue
        if gone:
            report(f"{item.name}: {gone} images beyond keepImages ({keep}) are deleted from {item.id}")


def _prune(target: Target, repository: str, *, runs: set[str], completed: Sequence[str], keep: int) -> int:
    pages = target.ecr.get_paginator("describe_images").paginate(
        repositoryName=repository, filter={"tagStatus": "TAGGED"}
    )
    images = [
        Stored(digest=item["imageDigest"], pushed=item["imagePushedAt"].timestamp())
        for page in pages
        for item in page["imageDetails"]
        if set(item.get("imageTags", [])) - {_CACHE_TAG}
    ]
    doomed = superfluous(images, runs=runs, completed=completed, keep=keep)
    deleted = 0
    for start in range(0, len(doomed), _AT_A_TIME):
        ids: Any = [{"imageDigest": digest} for digest in doomed[start : start + _AT_A_TIME]]
        deleted += len(
            {
                item["imageDigest"]
                for item in target.ecr.batch_delete_image(repositoryName=repository, imageIds=ids)["imageIds"]
            }
        )
    return deleted


def _runs(target: Target, cluster: str, service: str) -> set[str]:
    """Digests in every task definition that ECS may start a task of this service from."""
    described = target.ecs.describe_services(cluster=cluster, services=[service])["services"]
    definitions = {
        str(one["taskDefinition"])
        for item in described
        for one in ({**item}, *item["deployments"], *item.get("taskSets", []))
        if one.get("taskDefinition")
    }
    return {
        container["image"].partition("@")[2]
        for definition in definitions
        for container in target.ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"][
            "containerDefinitions"
        ]
    }
