"""The page: what happened is on it, and nothing else is reachable."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from localcloud.settings import CloudSettings
from localcloud.watch.lines import Wanted, merged
from localcloud.watch.server import PAGE, create_app
from packages.localcloud.tests.emulator.ports import free_port
from packages.localcloud.tests.emulator.stage import Cloud
from packages.localcloud.tests.scaling.services import CPU, Scaled, make_service


@pytest.fixture
def service(fast_cloud: Cloud, name: str) -> Iterator[Scaled]:
    made = make_service(fast_cloud, name)
    yield made
    fast_cloud.client("ecs").delete_service(cluster=name, service=name, force=True)


@pytest.fixture
def page(fast_cloud: Cloud) -> FlaskClient:
    return create_app(fast_cloud.settings).test_client()


def test_readings_tell_tasks_and_what_changed_them(page: FlaskClient, service: Scaled) -> None:
    page.get("/readings")
    service.register(2, 5)
    service.put_policy("cpu", "TargetTrackingScaling", {"TargetValue": 50.0, **CPU})
    service.fire(service.alarm(TreatMissingData="ignore"))
    document = page.get("/readings").get_json()

    [shown] = [entry for entry in document["services"] if entry["name"] == service.name]
    assert shown["desired"] == 2
    [line] = [
        entry for entry in document["lines"] if (entry["owner"], entry["label"]) == (service.name, "desired")
    ]
    assert [value for _, value in line["points"]] == [0, 2]
    texts = {mark["kind"]: mark["text"] for mark in document["marks"] if service.name in mark["text"]}
    assert "minimum capacity was set to 2" in texts["scaling"]
    assert texts["alarm"].endswith("→ ALARM")
    states = {alarm["name"]: alarm["state"] for alarm in document["alarms"]}
    assert states[f"{service.name}-alarm"] == "ALARM"
    assert not any(name.startswith("TargetTracking-") for name in states)


def test_a_local_cloud_that_is_gone_is_said_to_be(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = CloudSettings(home=tmp_path_factory.mktemp("gone"), port=free_port())
    answer = create_app(settings).test_client().get("/readings")
    assert answer.status_code == 503
    assert answer.get_json()["error"].endswith(
        "does not answer (EndpointConnectionError); localcloud start starts it"
    )


def test_two_target_groups_of_a_service_are_one_line() -> None:
    def wanted(stat: str, label: str) -> Wanted:
        return Wanted(
            chart="c", owner="web", label=label, namespace="n", metric="m", stat=stat, dimensions={}
        )

    counts, times = wanted("Sum", "requests"), wanted("p99", "p99")
    drawn = merged(
        [(counts, {5.0: 2.0, 0.0: 1.0}), (counts, {5.0: 3.0}), (times, {0.0: 9.0}), (times, {0.0: 4.0})]
    )

    assert [(line.label, line.points) for line in drawn] == [
        ("requests", [(0.0, 1.0), (5.0, 5.0)]),
        ("p99", [(0.0, 9.0)]),
    ]


def test_the_page_loads_nothing_from_elsewhere(page: FlaskClient) -> None:
    text = page.get("/").get_data(as_text=True)
    assert text == PAGE.read_text(encoding="utf-8")
    addresses = set(re.findall(r"(?:https?:)?//[\w.]+[\w/.]*", text))
    assert addresses == {"http://www.w3.org/2000/svg"}
