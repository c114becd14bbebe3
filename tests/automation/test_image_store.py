"""Which images there are, which are let go, and what a rollback or promotion does without one, on a real emulator."""

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from automation import promotion
from automation.image_store import Stored, held, prune, superfluous
from automation.stacks import Stack
from localcloud.errors import LocalCloudError
from tests.automation.conftest import Workbench
from tests.images import Pusher

# The program's repository, as far as releases are concerned, and a service without tasks.
PROGRAM = """
repository = aws.ecr.Repository("web", name=f"{stack}/web", force_delete=True, tags={"KeepImages": "2"})
cluster = aws.ecs.Cluster("main", name=f"shop-{stack}")
pulumi.export("services", {"web": "web"})
pulumi.export("cluster", cluster.name)
"""


@pytest.fixture
def dev(bench: Workbench, request: pytest.FixtureRequest) -> Any:
    bench.settings("dev")
    bench.program(PROGRAM)
    stack = bench.stack("dev")
    assert stack.up().ok
    yield stack
    stack.destroy()
    stack.ledger.forget(["web"])


def released(bench: Workbench, stack: Stack, content: str, *, ok: bool = True) -> str:
    """Push an image and write it down as a release; returns its digest."""
    digest = Pusher(bench.cloud.endpoint, f"{stack.name}/web").image(content, content)
    image = f"{bench.cloud.registry}/{stack.name}/web@{digest}"
    stack.ledger.record("web", image=image, task_definition=f"arn/{content}", ok=ok, how="up")
    return digest


def test_a_rollback_to_an_image_that_is_gone_is_refused_before_anything_is_touched(
    bench: Workbench, dev: Stack
) -> None:
    first = released(bench, dev, "a")
    released(bench, dev, "b")
    bench.client("ecr").batch_delete_image(repositoryName="dev/web", imageIds=[{"imageDigest": first}])
    bench.events.clear()
    with pytest.raises(
        LocalCloudError, match=r"is not in .*dev/web any more; nothing was changed\n.*releases dev"
    ):
        promotion.roll_back(dev)
    assert bench.events == []
    newest, oldest = dev.ledger.releases("web")
    assert held(dev.target, [newest.image, oldest.image]) == {newest.image: True, oldest.image: False}


def test_what_is_not_in_ecr_or_in_a_repository_that_is_gone_is_told_apart(
    bench: Workbench, dev: Stack
) -> None:
    digest = "@sha256:" + "0" * 64
    gone, public = f"{bench.cloud.registry}/gone/web{digest}", f"ghcr.io/shop/web{digest}"
    assert held(dev.target, [gone, public]) == {gone: False, public: None}


def test_a_promotion_of_an_image_that_is_gone_changes_nothing(bench: Workbench, dev: Stack) -> None:
    image = released(bench, dev, "a")
    bench.client("ecr").batch_delete_image(repositoryName="dev/web", imageIds=[{"imageDigest": image}])
    bench.settings("prod")
    prod = bench.stack("prod")
    with pytest.raises(LocalCloudError, match="nothing was changed"):
        promotion.promote(dev, prod)
    assert prod.resources() == []


def test_a_promotion_to_a_service_with_an_image_from_elsewhere_is_refused_with_the_fix(
    bench: Workbench, dev: Stack
) -> None:
    released(bench, dev, "a")
    bench.settings("prod", "config:\n  aws:region: us-east-1\n  services: {web: {image: 'nginx:1.29'}}\n")
    with pytest.raises(LocalCloudError, match=r"is 'nginx:1\.29'.*\n  fix: pulumi config rm --stack"):
        promotion.promote(dev, bench.stack("prod"))


def test_what_runs_and_what_can_be_rolled_back_to_stays_after_five_deployments(
    bench: Workbench, dev: Stack
) -> None:
    """`keepImages: 2`: an old image deployed again, and versions that failed after it, are the hard part."""
    digests = {name: released(bench, dev, name) for name in "abc"}
    released(bench, dev, "a")  # deployed again: not pushed again, and the oldest push
    digests |= {name: released(bench, dev, name, ok=False) for name in "de"}
    ecs = bench.client("ecs")
    container = {"name": "web", "image": f"{bench.cloud.registry}/dev/web@{digests['a']}", "memory": 64}
    definition = ecs.register_task_definition(family="web", containerDefinitions=[container])
    arn = definition["taskDefinition"]["taskDefinitionArn"]
    ecs.create_service(cluster="shop-dev", serviceName="web", taskDefinition=arn, desiredCount=0)
    lines: list[str] = []
    prune(dev.target, dev.ledger, "shop-dev", {"web": "web"}, dev.resources(), report=lines.append)
    there = {
        name
        for name, digest in digests.items()
        if held(dev.target, [f"{bench.cloud.registry}/dev/web@{digest}"])
        == {f"{bench.cloud.registry}/dev/web@{digest}": True}
    }
    assert there == {"a", "c", "d", "e"}  # runs; the release before; the two newest pushes
    assert lines == ["web: 1 images beyond keepImages (2) are deleted from dev/web"]
    ecs.delete_service(cluster="shop-dev", service="web", force=True)


DIGESTS = st.lists(st.sampled_from("abcdefgh"), max_size=12)


@given(st.permutations("abcdefgh"), DIGESTS, st.sets(st.sampled_from("abcdefgh")), st.integers(1, 5))
def test_nothing_that_runs_or_may_be_run_again_is_superfluous(
    pushed: list[str], completed: list[str], runs: set[str], keep: int
) -> None:
    images = [Stored(digest=digest, pushed=number) for number, digest in enumerate(pushed)]
    gone = set(superfluous(images, runs=runs, completed=completed, keep=keep))
    last = list(dict.fromkeys(completed))[:keep]
    assert not gone & (runs | set(last) | set(pushed[-keep:]))
    assert len(set(pushed) - gone) <= len(runs) + 2 * keep


def test_the_tag_that_says_how_many_stay_is_the_programs() -> None:
    from automation.image_store import KEEP_IMAGES
    from tests.program.deploy import deploy_services

    recorded = deploy_services({"web": {}})
    assert json.loads(recorded.one("aws:ecr/repository:Repository").inputs["tags"][KEEP_IMAGES]) == 50
