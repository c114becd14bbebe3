"""Any stack file is either refused with its mistakes named, or describes a graph that keeps every invariant."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings

from infra.settings.commands import show_key
from infra.settings.validation import validate
from tests.program import invariants
from tests.program.answers import CREATED_VPC, DEFAULT_VPC, shared_balancer
from tests.program.deploy import deploy
from tests.program.generated import SECRETS, stacks, without_mistakes

SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


@settings(max_examples=1500, deadline=None, suppress_health_check=SLOW)
@given(stacks(wild=True))
def test_wild_stack_files_are_refused_by_name(data: dict[str, Any]) -> None:
    before = json.dumps(data, sort_keys=True, default=str)
    loaded, problems = validate(data, SECRETS)
    assert json.dumps(data, sort_keys=True, default=str) == before
    assert (loaded is None) is bool(problems)
    for problem in problems:
        text = problem.render()
        assert text.startswith(show_key("", problem.path))
        assert "allowed" in text or "did you mean" in text
        assert "Traceback" not in text


@settings(max_examples=500, deadline=None, suppress_health_check=SLOW)
@given(stacks(wild=True))
def test_taking_out_what_is_complained_about_always_ends_in_settings_that_load(data: dict[str, Any]) -> None:
    loaded, _ = validate(without_mistakes(data), SECRETS)
    assert loaded is not None


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(stacks(wild=False))
def test_accepted_stack_files_describe_sound_graphs(data: dict[str, Any]) -> None:
    data = without_mistakes(data)
    network = data.get("network") or {}
    vpc = (network.get("existing") or {}).get("vpcId") or (
        CREATED_VPC if network.get("create") else DEFAULT_VPC
    )
    recorded = deploy(
        "generated",
        data,
        secrets=dict.fromkeys(SECRETS, "s3cret"),
        overrides={"aws:lb/getLoadBalancer:getLoadBalancer": shared_balancer(vpc)},
    )
    invariants.check_all(recorded)
