"""What tasks run."""

import json

import pulumi
import pytest

from tests.program import invariants
from tests.program.answers import DIGEST
from tests.program.deploy import Recorded, deploy_services

ECR = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1.4.2"


def image_of(recorded: Recorded) -> str:
    definition = recorded.one("TaskDefinition")
    image: str = json.loads(definition.inputs["containerDefinitions"])[0]["image"]
    return image


def test_image_by_tag_is_pinned_to_its_digest() -> None:
    """Mutable tags: what runs is the digest that the tag had."""
    recorded = deploy_services({"web": {"image": "ghcr.io/shop/web:1.4.2"}})
    invariants.check_all(recorded)
    assert image_of(recorded) == f"ghcr.io/shop/web@{DIGEST}"
    assert not recorded.all("aws:ecr/repository:Repository")
    provider = recorded.one("pulumi:providers:docker")
    assert provider.inputs["disableDockerDaemonCheck"] == "true"


def test_the_docker_engine_of_the_machine_that_deploys_is_no_part_of_the_stack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One machine has DOCKER_HOST and the next one has not: nothing changes."""

    def provider(tag: str) -> object:
        recorded = deploy_services({"web": {"image": f"ghcr.io/shop/web:{tag}"}})
        return recorded.one("pulumi:providers:docker").inputs

    monkeypatch.delenv("DOCKER_HOST", raising=False)
    without = provider("on-one-machine")
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.7:2375")
    assert provider("on-the-next") == without


def test_image_in_ecr_is_looked_up_without_docker() -> None:
    recorded = deploy_services({"web": {"image": ECR}})
    assert image_of(recorded) == f"210987654321.dkr.ecr.eu-west-1.amazonaws.com/shop/web@{DIGEST}"
    (asked,) = [args for token, args in recorded.invokes if token == "aws:ecr/getImage:getImage"]
    assert asked == {
        "registryId": "210987654321",
        "repositoryName": "shop/web",
        "imageTag": "1.4.2",
        "region": "eu-west-1",
    }
    assert not recorded.all("pulumi:providers:docker")


def test_image_by_digest_is_taken_as_it_is() -> None:
    pinned = "ghcr.io/shop/web@sha256:" + "ab" * 32
    recorded = deploy_services({"web": {"image": pinned}})
    assert image_of(recorded) == pinned
    assert recorded.exports["images"] == {"web": "sha256:" + "ab" * 32}


def test_earlier_build_runs_again_from_the_kept_repository_without_a_build() -> None:
    """A rollback must not delete the repository that holds the image it goes back to."""
    earlier = "sha256:" + "cd" * 32
    recorded = deploy_services({"web": {"build": {"digest": earlier}}})
    assert image_of(recorded).endswith(f"/web@{earlier}")
    assert recorded.one("aws:ecr/repository:Repository").name == "web"
    assert not recorded.all("docker-build:index:Image")
    assert recorded.exports["images"] == {"web": earlier}


def test_two_builds_of_one_context_have_one_tag_and_other_arguments_another() -> None:
    def tag(build: dict[str, object]) -> str:
        recorded = deploy_services({"web": {"build": build}})
        reference: str = recorded.one("docker-build:index:Image").inputs["tags"][0]
        return reference.rsplit(":", 1)[1]

    assert tag({}) == tag({"context": "app"})
    assert tag({"args": {"VERSION": 2}}) != tag({})


def test_image_can_be_built_for_more_than_the_service_runs_on() -> None:
    recorded = deploy_services({"web": {"build": {"platforms": ["x86_64", "arm64"]}}})
    assert recorded.one("docker-build:index:Image").inputs["platforms"] == ["linux/amd64", "linux/arm64"]
    with pytest.raises(pulumi.RunError, match="allowed: a list with x86_64"):
        deploy_services({"web": {"build": {"platforms": ["arm64"]}}})


def test_build_is_checked_in_the_preview() -> None:
    """pulumi-docker#135: errors of a build appear half-way through an update."""
    assert deploy_services({"web": {}}).one("docker-build:index:Image").inputs["buildOnPreview"] is True


def test_build_paths_are_the_same_on_every_machine() -> None:
    image = deploy_services({"web": {}}).one("docker-build:index:Image").inputs
    assert image["context"] == {"location": "app"}
    assert image["dockerfile"] == {"location": "app/Dockerfile"}


def test_missing_context_is_one_clear_message() -> None:
    with pytest.raises(pulumi.RunError, match=r"services\.web\.build is 'nowhere'.*is not a folder"):
        deploy_services({"web": {"build": {"context": "nowhere"}}})


def test_build_secrets_come_encrypted_from_the_configuration() -> None:
    recorded = deploy_services(
        {"web": {"build": {"secrets": {"PIP_TOKEN": "pipToken"}}}}, secrets={"pipToken": "s3cret"}
    )
    invariants.check_all(recorded)
    image = recorded.one("docker-build:index:Image")
    assert image.inputs["secrets"] == {"PIP_TOKEN": "s3cret"}
    assert "secrets" in image.secret_inputs


def test_cache_in_the_registry_may_move_and_tags_may_not() -> None:
    recorded = deploy_services({"web": {"build": {"cache": "registry"}}})
    repository = recorded.one("aws:ecr/repository:Repository").inputs
    assert repository["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert repository["imageTagMutabilityExclusionFilters"] == [
        {"filter": "build-cache", "filterType": "WILDCARD"}
    ]
    image = recorded.one("docker-build:index:Image").inputs
    assert image["cacheFrom"][0]["registry"]["ref"].endswith(":build-cache")
    assert image["cacheTo"][0]["registry"]["imageManifest"] is True


def test_repository_can_be_encrypted_shared_and_kept_shorter() -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/abc"
    repository = {"kmsKeyArn": key, "pullAccounts": ["210987654321"], "keepImages": 5, "untaggedDays": 2}
    recorded = deploy_services({"web": {"build": {"repository": repository}}})
    invariants.check_all(recorded)
    made = recorded.one("aws:ecr/repository:Repository").inputs
    assert made["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": key}]
    (statement,) = json.loads(recorded.one("RepositoryPolicy").inputs["policy"])["Statement"]
    assert statement["Principal"] == {"AWS": ["arn:aws:iam::210987654321:root"]}
    assert (
        "ecr:DescribeImages" in statement["Action"]
    )  # preflight and rollback of the other account look with it
    assert "ecr:PutImage" not in statement["Action"]
    rules = json.loads(recorded.one("LifecyclePolicy").inputs["policy"])["rules"]
    # Counting is left to those who know what runs: ECR expires nothing that has a tag.
    assert [(rule["selection"]["tagStatus"], rule["selection"]["countNumber"]) for rule in rules] == [
        ("untagged", 2)
    ]
    assert made["tags"]["KeepImages"] == "5"
