"""Sticky sessions: a client stays with its target group and its target."""

from collections.abc import Iterator

import httpx
import pytest

from packages.localcloud.tests.emulator.balancer import Balancer
from packages.localcloud.tests.emulator.stage import eventually
from packages.localcloud.tests.emulator.targets import Target


@pytest.fixture
def browser(web: Balancer) -> Iterator[httpx.Client]:
    """A client that keeps cookies."""
    url = f"http://127.0.0.1:{web.cloud.settings.port}"
    with httpx.Client(base_url=url, trust_env=False, headers={"Host": f"{web.name}.alb.localhost"}) as client:
        yield client


def sticky(web: Balancer, **attributes: str) -> None:
    values = {"enabled": "true", **attributes}
    pairs = [{"Key": f"stickiness.{key.replace('__', '.')}", "Value": value} for key, value in values.items()]
    web.elb.modify_target_group_attributes(TargetGroupArn=web.group, Attributes=pairs)


def test_a_client_stays_at_its_target(web: Balancer, browser: httpx.Client, one: Target, two: Target) -> None:
    sticky(web, type="lb_cookie")
    web.register(one, two)

    first = browser.get("/").json()["target"]

    assert {browser.get("/").json()["target"] for _ in range(10)} == {first}
    assert {web.get().json()["target"] for _ in range(10)} == {"one", "two"}
    fields = web.get().headers.get_list("set-cookie")
    assert [field.partition("=")[0] for field in fields] == ["AWSALB", "AWSALBCORS"]
    assert fields[1].endswith("; Path=/; SameSite=None; Secure")
    gone = one if first == "one" else two
    gone.health = 500
    eventually(lambda: web.state(gone) == "unhealthy", seconds=20)
    assert {browser.get("/").json()["target"] for _ in range(5)} == {"one", "two"} - {first}


def test_a_client_stays_at_its_target_group(
    web: Balancer, browser: httpx.Client, one: Target, two: Target
) -> None:
    other = web.add_group(f"{web.name}-2")
    weighted = [{"TargetGroupArn": group, "Weight": 50} for group in (web.group, other)]
    stickiness = {"Enabled": True, "DurationSeconds": 60}
    forward = {"TargetGroups": weighted, "TargetGroupStickinessConfig": stickiness}
    web.elb.modify_listener(
        ListenerArn=web.listener, DefaultActions=[{"Type": "forward", "ForwardConfig": forward}]
    )
    web.register(one)
    web.register(two, group=other)

    first = browser.get("/").json()["target"]

    assert {browser.get("/").json()["target"] for _ in range(20)} == {first}
    assert {web.get().json()["target"] for _ in range(40)} == {"one", "two"}
    names = [field.partition("=")[0] for field in web.get().headers.get_list("set-cookie")]
    assert names == ["AWSALBTG", "AWSALBTGCORS"]


def test_a_forged_cookie_leads_nowhere(web: Balancer, one: Target, two: Target) -> None:
    sticky(web, type="lb_cookie")
    web.register(one, two)
    for forged in ("x", "x.y", "", "MTcgMTI3.abc", "\u00e9"):
        answer = web.get(headers={b"Cookie": f"AWSALB={forged}".encode()})
        assert answer.status_code == 200


def test_a_cookie_of_the_application_decides(
    web: Balancer, browser: httpx.Client, one: Target, two: Target
) -> None:
    sticky(web, type="app_cookie", app_cookie__cookie_name="a")
    web.register(one, two)

    fields = web.get("/cookies").headers.get_list("set-cookie")
    assert [field.partition("=")[0] for field in fields] == ["a", "b", "AWSALBAPP-0"]
    browser.get("/cookies")
    assert len({browser.get("/").json()["target"] for _ in range(10)}) == 1
