"""What a service's events say of its newest deployment."""

import pytest

from infra.pure.live import newest_failed

BEGUN = "(service web) has started 1 tasks: (task 1)."
STEADY = "(service web) has reached a steady state."


def completed(number: int) -> str:
    return f"(service web) (deployment ecs-svc/{number}) deployment completed."


def failed(number: int) -> str:
    return f"(service web) (deployment ecs-svc/{number}) deployment failed: tasks failed to start."


def back(number: int) -> str:
    return f"(service web) rolling back to deployment ecs-svc/{number}."


@pytest.mark.parametrize(
    ("oldest_first", "expected"),
    [
        ([], False),
        ([BEGUN], False),
        ([BEGUN, completed(1), STEADY], False),
        ([BEGUN, failed(1)], True),
        ([completed(1), failed(2), back(1)], True),
        ([completed(1), failed(2), back(1), BEGUN, completed(1), STEADY], True),
        ([completed(1), failed(2), back(1), completed(1), completed(3), STEADY], False),
        ([completed(1), failed(2), back(1), completed(3)], False),
    ],
    ids=[
        "none",
        "goes on",
        "completed",
        "first failed",
        "going back",
        "gone back",
        "mended",
        "mended meanwhile",
    ],
)
def test_a_rollback_that_is_complete_is_told_from_a_deployment_that_is(
    oldest_first: list[str], expected: bool
) -> None:
    assert newest_failed(reversed(oldest_first)) is expected
