"""What Amazon ECR refuses and expires, over its API and its registry protocol."""

import json
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import pytest
from botocore.exceptions import ClientError
from hypothesis import given

from localcloud.emulator.ecr.lifecycle import Image, InvalidPolicy, expired, parse
from localcloud.emulator.ecs import engine
from localcloud.emulator.ecs.failures import ImagePullFailure
from packages.localcloud.tests.emulator.stage import Cloud
from tests.images import Pusher

DAY = 86400.0


def rule(priority: int, status: str, count_type: str, number: int, **more: Any) -> dict[str, Any]:
    selection = {"tagStatus": status, "countType": count_type, "countNumber": number, **more}
    if count_type.startswith("since"):
        selection["countUnit"] = "days"
    return {
        "rulePriority": priority,
        "description": "x" * 40,
        "selection": selection,
        "action": {"type": "expire"},
    }


def policy(*rules: dict[str, Any]) -> str:
    return json.dumps({"rules": rules})


def code(failure: pytest.ExceptionInfo[ClientError]) -> str:
    return str(failure.value.response["Error"]["Code"])


@pytest.fixture
def ecr(cloud: Cloud) -> Any:
    return cloud.client("ecr")


@pytest.fixture
def pusher(cloud: Cloud, ecr: Any, name: str) -> Pusher:
    ecr.create_repository(repositoryName=name)
    return Pusher(cloud.settings.endpoint, name)


def digests(ecr: Any, name: str) -> dict[str, list[str]]:
    pages = ecr.get_paginator("describe_images").paginate(
        repositoryName=name, PaginationConfig={"PageSize": 2}
    )
    return {item["imageDigest"]: item.get("imageTags", []) for page in pages for item in page["imageDetails"]}


def test_a_tag_that_moves_leaves_the_old_image(ecr: Any, pusher: Pusher, name: str) -> None:
    old = pusher.image("old", "latest")
    new = pusher.image("new", "latest")
    assert digests(ecr, name) == {old: [], new: ["latest"]}
    assert {"imageDigest": old} in ecr.list_images(repositoryName=name)["imageIds"]


def test_only_the_excluded_tags_of_an_immutable_repository_move(cloud: Cloud, ecr: Any, name: str) -> None:
    filters = [{"filterType": "WILDCARD", "filter": "build-*"}]
    made = ecr.create_repository(
        repositoryName=name,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=filters,
    )
    assert made["repository"]["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    (read,) = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    assert read["imageTagMutabilityExclusionFilters"] == filters
    pusher = Pusher(cloud.settings.endpoint, name)
    pusher.image("a", "1")
    pusher.image("a", "build-cache")
    moved = pusher.image("b", "build-cache")
    assert digests(ecr, name)[moved] == ["build-cache"]
    with pytest.raises(
        AssertionError, match=r"TAG_INVALID.*cannot be overwritten because the tag is immutable"
    ):
        pusher.image("b", "1")


def test_a_manifest_needs_its_layers_and_an_index_its_images(pusher: Pusher) -> None:
    with pytest.raises(AssertionError, match="MANIFEST_BLOB_UNKNOWN"):
        pusher.index("sha256:" + "0" * 64, tag="1")


def test_an_image_that_is_not_there_is_an_error_and_no_empty_list(
    ecr: Any, pusher: Pusher, name: str
) -> None:
    pusher.image("a", "1")
    with pytest.raises(ClientError) as failure:
        ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "2"}])
    assert code(failure) == "ImageNotFoundException"


def test_deleting_a_tag_keeps_an_image_that_has_another_and_what_an_index_lists_stays(
    ecr: Any, pusher: Pusher, name: str
) -> None:
    image = pusher.image("a", "1")
    pusher.image("a", "2")
    index = pusher.index(image, tag="index")
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "1"}])
    assert digests(ecr, name)[image] == ["2"]
    refused = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": image}])["failures"]
    assert [item["failureCode"] for item in refused] == ["ImageReferencedByManifestList"]
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "index"}])  # its last tag
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": image}])
    assert digests(ecr, name) == {}
    assert index not in digests(ecr, name)


def test_another_account_sees_images_only_where_the_repositorys_policy_lets_it(
    cloud: Cloud, ecr: Any, pusher: Pusher, name: str
) -> None:
    pusher.image("a", "1")
    stranger = cloud.client("ecr", account="210987654321")
    asked = {"registryId": cloud.settings.account_id, "repositoryName": name}
    for actions, allowed in (
        (["ecr:BatchGetImage"], False),
        (["ecr:BatchGetImage", "ecr:DescribeImages"], True),
    ):
        principal = {"AWS": ["arn:aws:iam::210987654321:root"]}
        statement = {"Effect": "Allow", "Principal": principal, "Action": actions}
        ecr.set_repository_policy(repositoryName=name, policyText=json.dumps({"Statement": [statement]}))
        if allowed:
            assert len(stranger.describe_images(**asked)["imageDetails"]) == 1
        else:
            with pytest.raises(ClientError) as failure:
                stranger.describe_images(**asked)
            assert code(failure) == "AccessDeniedException"


def test_the_registry_expires_what_the_policy_says_also_later(ecr: Any, pusher: Pusher, name: str) -> None:
    first = pusher.image("1", "one")
    text = policy(rule(1, "any", "imageCountMoreThan", 2))
    ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=text)
    second, third = pusher.image("2", "two"), pusher.image("3", "three")
    assert set(digests(ecr, name)) == {second, third}
    assert first not in digests(ecr, name)


def test_a_task_does_not_run_from_the_engines_copy_what_the_registry_has_no_more(
    cloud: Cloud, ecr: Any, pusher: Pusher, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = pusher.image("a", "1")

    def pull(reference: str) -> None:
        raise ImagePullFailure(f"{reference}: not found")

    monkeypatch.setenv("GATEWAY_PORT", str(cloud.settings.port))
    monkeypatch.setattr(engine, "_present", lambda _: object())  # Docker has it
    monkeypatch.setattr(engine, "_pull", pull)
    monkeypatch.setattr(engine, "client", lambda: SimpleNamespace(images=None))
    image = f"{cloud.settings.registry}/{name}@{digest}"
    assert engine.ensure_image(image) == (image, digest)
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": digest}])
    with pytest.raises(ImagePullFailure):
        engine.ensure_image(image)


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [rule(1, "tagged", "imageCountMoreThan", 1)],
        [rule(1, "any", "imageCountMoreThan", 1), rule(2, "untagged", "sinceImagePushed", 1)],
        [rule(1, "untagged", "sinceImagePushed", 1), rule(1, "any", "imageCountMoreThan", 1)],
        [rule(1, "any", "imageCountMoreThan", 1, tagPrefixList=["a"])],
        [rule(1, "any", "imageCountMoreThan", 0)],
        [rule(1, "tagged", "imageCountMoreThan", 1, tagPatternList=["*a*b*c*d*"])],
    ],
)
def test_a_policy_that_ecr_does_not_take_is_refused(
    ecr: Any, pusher: Pusher, name: str, rules: list[dict[str, Any]]
) -> None:
    del pusher
    with pytest.raises(ClientError) as failure:
        ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=policy(*rules).ljust(120))
    assert code(failure) == "InvalidParameterException"


# The evaluation itself.

TAGS = st.frozensets(st.sampled_from(["release-1", "release-2", "build-cache", "x"]), max_size=2)


@st.composite
def repositories(draw: st.DrawFn) -> list[Image]:
    """Images pushed one after the other; an index lists some of those that were pushed before it."""
    made: list[Image] = []
    for number in range(draw(st.integers(0, 8))):
        names = [image.digest for image in made]
        lists = draw(st.frozensets(st.sampled_from(names), max_size=2)) if names else frozenset()
        made.append(Image(digest=f"{number}", tags=draw(TAGS), pushed=number * DAY, refers_to=lists))
    return made


@given(repositories(), st.integers(1, 4))
def test_of_any_images_the_newest_stay(images: list[Image], number: int) -> None:
    gone = expired(parse(policy(rule(1, "any", "imageCountMoreThan", number))), images, 100 * DAY)
    assert not gone & {image.digest for image in images[-number:]}
    listed = {child for image in images if image.digest not in gone for child in image.refers_to}
    assert not gone & listed
    assert {image.digest for image in images[:-number]} <= gone | listed


@given(repositories(), st.integers(1, 4))
def test_what_has_the_tags_of_an_earlier_rule_is_not_a_later_rules(images: list[Image], number: int) -> None:
    rules = parse(
        policy(
            rule(1, "tagged", "imageCountMoreThan", 1000, tagPrefixList=["release-"]),
            rule(2, "any", "imageCountMoreThan", number),
        )
    )
    gone = expired(rules, images, 100 * DAY)
    assert not gone & {
        image.digest for image in images if any(tag.startswith("release-") for tag in image.tags)
    }


def test_images_of_platforms_count_although_another_rule_has_marked_them() -> None:
    """So `the last 2 images` are one deployment of two platforms: the index and an image that it lists."""
    pushes = [
        image
        for number in range(3)
        for image in (
            Image(digest=f"arm{number}", pushed=number),
            Image(digest=f"x86{number}", pushed=number + 0.1),
            Image(
                digest=f"index{number}",
                tags=frozenset({f"{number}"}),
                pushed=number + 0.2,
                refers_to=frozenset({f"arm{number}", f"x86{number}"}),
            ),
        )
    ]
    rules = parse(
        policy(rule(1, "untagged", "sinceImagePushed", 14), rule(2, "any", "imageCountMoreThan", 2))
    )
    assert expired(rules, pushes, 10.0) == {"index0", "index1"}


def test_several_prefixes_are_all_asked_for() -> None:
    rules = parse(policy(rule(1, "tagged", "sinceImagePushed", 1, tagPrefixList=["a", "b"])))
    both, one = (Image(digest=tags, tags=frozenset(tags.split())) for tags in ("a1 b1", "a1"))
    assert expired(rules, [both, one], 9 * DAY) == {"a1 b1"}


def test_text_that_is_no_document_is_no_policy() -> None:
    with pytest.raises(InvalidPolicy):
        parse("rules")
