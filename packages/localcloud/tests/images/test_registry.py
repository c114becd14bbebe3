import pytest

from localcloud.errors import LocalCloudError
from localcloud.images.registry import EmulatedRegistry, Reference, push_failure
from localcloud.settings import CloudSettings

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("python", "docker.io", "library/python", "latest", None),
        ("python:3.13", "docker.io", "library/python", "3.13", None),
        ("team/app:1", "docker.io", "team/app", "1", None),
        ("localhost:4566/web:abc", "localhost:4566", "web", "abc", None),
        ("localhost/web", "localhost", "web", "latest", None),
        (f"r.test/a/b__c-d@{DIGEST}", "r.test", "a/b__c-d", None, DIGEST),
        (f"r.test:5000/a:1@{DIGEST}", "r.test:5000", "a", "1", DIGEST),
    ],
)
def test_references_are_taken_apart(
    text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    assert Reference.parse(text) == Reference(
        registry=registry, repository=repository, tag=tag, digest=digest
    )


@pytest.mark.parametrize("text", ["", "UPPER/case", "a b", "repo@sha256:short", "r.test/", "-x"])
def test_what_is_no_reference_is_an_error(text: str) -> None:
    with pytest.raises(LocalCloudError, match="is not an image reference"):
        Reference.parse(text)


@pytest.mark.parametrize(
    ("image", "served"),
    [
        ("localhost:4999/web:1", True),
        ("127.0.0.1:4999/web:1", True),
        ("000000000000.dkr.ecr.eu-west-1.amazonaws.com/web:1", True),
        ("111111111111.dkr.ecr.eu-west-1.amazonaws.com/web:1", False),
        ("localhost:5000/web:1", False),
        ("python:3.13", False),
    ],
)
def test_the_emulated_registry_knows_its_own_images(image: str, served: bool) -> None:
    assert EmulatedRegistry(CloudSettings(port=4999)).serves(Reference.parse(image)) is served


def test_a_registry_that_does_not_answer_is_told_with_what_to_do() -> None:
    with pytest.raises(LocalCloudError) as failure:
        EmulatedRegistry(CloudSettings(port=1)).digest(Reference.parse("localhost:1/web:1"))
    assert "localhost:1 does not answer" in failure.value.message
    assert failure.value.fix == "localcloud start"


@pytest.mark.parametrize(
    ("reason", "fix"),
    [
        ("write /var/lib/docker/x: no space left on device", "free disk space"),
        ("name unknown: repository name not known to registry: x", "create the ECR repository"),
        ("tag invalid: tag 'a' is immutable", "another tag"),
        ("dial tcp 127.0.0.1:4566: connect: connection refused", "localcloud start"),
        ("denied: requested access to the resource is denied", "registries"),
        ("something else", "run the command again"),
    ],
)
def test_a_failed_push_says_what_helps(reason: str, fix: str) -> None:
    failure = push_failure("localhost:4566/web:1", reason)

    assert reason in failure.message
    assert fix in str(failure.fix)
