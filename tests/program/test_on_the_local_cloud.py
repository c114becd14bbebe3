"""What of this program the local cloud has to understand without running it."""

from hypothesis import assume, given
from hypothesis import strategies as st

from infra.pure import subnets
from localcloud.images.dockerfile import find_mistake, global_arguments
from localcloud.providers.awsx.layout import SubnetSpec, layout
from tests.program.deploy import ROOT


def test_the_services_own_dockerfile_is_understood() -> None:
    text = (ROOT / "app/Dockerfile").read_text()

    assert find_mistake(text) is None
    assert global_arguments(text)["BASE_IMAGE"].startswith("python:3.13")


@given(st.integers(16, 24), st.integers(1, 3))
def test_every_plan_of_subnets_fits(prefix: int, zones: int) -> None:
    cidr = f"10.0.0.0/{prefix}"
    plan = subnets.plan(cidr, zones)
    assume(plan is not None)
    assert plan is not None
    specs = [SubnetSpec(type="Private", mask=plan.private), SubnetSpec(type="Public", mask=plan.public)]
    assert len(layout("main", cidr, zones, specs)) == 2 * zones
