"""Capacity providers of a cluster."""

import pytest

from localcloud.emulator.ecs import capacity
from localcloud.emulator.ecs.answers import Refused


@pytest.mark.parametrize(
    ("status", "provider", "refused"),
    [
        ("RUNNING", "instances", True),
        ("DEPROVISIONING", "instances", True),
        ("STOPPED", "instances", False),
        ("RUNNING", "FARGATE", False),
    ],
)
def test_a_capacity_provider_stays_as_long_as_tasks_run_on_it(
    status: str, provider: str, refused: bool
) -> None:
    tasks = [{"lastStatus": status, "capacityProviderName": provider}]
    if not refused:
        capacity.check({"instances"}, tasks)
        return
    with pytest.raises(Refused) as told:
        capacity.check({"instances"}, tasks)
    assert told.value.code == "ResourceInUseException"
    assert str(told.value) == "The specified capacity provider is in use and cannot be removed."
