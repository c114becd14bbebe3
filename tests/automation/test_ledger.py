"""The release ledger, in the parameter store of a real emulator."""

import pytest

from automation.ledger import Ledger
from automation.target import Target
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings

A, B, C = (f"registry/web@sha256:{letter * 64}" for letter in "abc")


@pytest.fixture
def ledger(cloud: CloudSettings, request: pytest.FixtureRequest) -> Ledger:
    return Ledger(
        Target(stack=request.node.name[:40].replace("[", "-"), region="us-east-1", local=cloud), "shop"
    )


def record(ledger: Ledger, image: str, revision: int, *, ok: bool = True, how: str = "up") -> None:
    ledger.record("web", image=image, task_definition=f"arn/web:{revision}", ok=ok, how=how)


def test_releases_are_numbered_and_newest_first(ledger: Ledger) -> None:
    assert ledger.releases("web") == []
    record(ledger, A, 1)
    record(ledger, B, 2)
    assert [(item.number, item.image) for item in ledger.releases("web")] == [(2, B), (1, A)]
    assert ledger.releases("web")[0].digest == "sha256:" + "b" * 64


def test_deploying_the_same_again_is_no_release(ledger: Ledger) -> None:
    record(ledger, A, 1)
    record(ledger, A, 1)
    assert len(ledger.releases("web")) == 1


def test_previous_is_the_newest_completed_one_with_another_image(ledger: Ledger) -> None:
    record(ledger, A, 1)
    record(ledger, B, 2)
    record(ledger, B, 3)
    assert ledger.find("web", None).image == A


def test_after_a_failed_release_previous_is_what_ecs_went_back_to(ledger: Ledger) -> None:
    record(ledger, A, 1)
    record(ledger, B, 2)
    record(ledger, C, 3, ok=False)
    assert ledger.find("web", None).image == B
    assert ledger.find_current("web").image == B


def test_a_release_whose_next_deployment_is_rolled_back_is_the_newest_that_failed(ledger: Ledger) -> None:
    """The same image and task definition again, with a rotated secret that ECS did not keep."""
    record(ledger, A, 1)
    record(ledger, A, 1, ok=False)
    assert [item.ok for item in ledger.releases("web")] == [False, True]
    assert ledger.find("web", None).image == A, "what ECS has gone back to"


@pytest.mark.parametrize("wanted", ["sha256:" + "a" * 64, "aaaaaaaaaaaa", "1", "#1"])
def test_finds_a_release_by_digest_its_beginning_or_its_number(ledger: Ledger, wanted: str) -> None:
    record(ledger, A, 1)
    record(ledger, B, 2)
    assert ledger.find("web", wanted).image == A


def test_says_how_to_see_what_there_is(ledger: Ledger) -> None:
    record(ledger, A, 1)
    for wanted in (None, "ffff", "9"):
        with pytest.raises(LocalCloudError, match="python -m automation releases"):
            ledger.find("web", wanted)


def test_keeps_the_last_hundred(ledger: Ledger) -> None:
    """What Systems Manager keeps; the ledger reads every page of it."""
    for number in range(60):
        record(ledger, (A, B)[number % 2], number)
    assert [item.number for item in ledger.releases("web")] == list(range(60, 0, -1))


def test_forgets(ledger: Ledger) -> None:
    record(ledger, A, 1)
    ledger.forget(["web", "never-deployed"])
    assert ledger.releases("web") == []
