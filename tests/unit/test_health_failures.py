"""Why a load balancer finds tasks unhealthy: from AWS's words and the container's log to the setting that mends it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.deployments.health_failures import (
    HealthFailure,
    Listening,
    explained,
    from_events,
    from_targets,
    hopeless,
    listening,
)

ARN = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/0123456789abcdef"
GROUP = {
    "HealthCheckPath": "/nope",
    "HealthCheckPort": "traffic-port",
    "HealthCheckTimeoutSeconds": 5,
    "Matcher": {"HttpCode": "200-299"},
}


def failure(why: str, port: int = 8000) -> HealthFailure:
    return HealthFailure(group=ARN, address="10.0.1.7", port=port, why=why)


NOT_FOUND = failure("Health checks failed with these codes: [404]")
REFUSED = failure("Health checks failed", 5000)
ON_8000 = [Listening(host="0.0.0.0", port=8000)]  # noqa: S104  what a log says


def test_a_wrong_path_shows_the_request_its_answer_and_its_setting() -> None:
    assert explained("web", [NOT_FOUND, NOT_FOUND], GROUP, []) == [
        "health check: GET /nope on port 8000 → 404 (Host: 10.0.1.7:8000); 200-299 is healthy\n"
        "  services.web.healthCheck.path is /nope: name a path that the application has\n"
        "  fix: pulumi config set --path services.web.healthCheck.path"
    ]


def test_a_redirect_can_be_followed_by_the_path_or_count_as_healthy() -> None:
    [told] = explained("web", [failure("Health checks failed with these codes: [301]")], GROUP, [])
    assert "redirects are not followed: services.web.healthCheck.path (/nope) must answer itself" in told
    assert told.endswith("fix: pulumi config set --path services.web.healthCheck.matcher 200-299,301")
    counted = GROUP | {"Matcher": {"HttpCode": "200,301"}}
    [told] = explained("web", [failure("Health checks failed with these codes: [301]")], counted, [])
    assert "fix:" not in told, "it is said already; the failure is an older one"


def test_a_wrong_port_shows_where_the_log_says_it_listens() -> None:
    assert explained("web", [REFUSED], GROUP, ON_8000) == [
        "health check: nothing answers on 5000; the log says it listens on 8000\n"
        "  fix: pulumi config set --path services.web.port 8000"
    ]


def test_a_server_that_only_its_own_container_reaches() -> None:
    [told] = explained("web", [REFUSED], GROUP, [Listening(host="127.0.0.1", port=5000)])
    assert told == (
        "health check: nothing answers on 5000; the log says it listens on 127.0.0.1:5000\n"
        "  fix: have the application listen on 0.0.0.0:5000"
    )


def test_without_an_answer_the_words_of_aws_stand() -> None:
    [late] = explained("web", [failure("Request timed out")], GROUP, [])
    assert late.startswith("health check: GET /nope on port 8000: no answer within 5 s")
    [silent] = explained("web", [REFUSED], {**GROUP, "HealthCheckPort": "9000"}, [])
    assert silent.startswith("health check: GET /nope on port 9000: Health checks failed")


def test_failures_are_read_from_targets_and_from_events() -> None:
    health = {"State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out"}
    targets = [
        {"Target": {"Id": "10.0.1.7", "Port": 8000}, "TargetHealth": health},
        {"Target": {"Id": "10.0.1.8", "Port": 8000}, "TargetHealth": {"State": "healthy"}},
    ]
    assert from_targets(ARN, targets) == [failure("Request timed out")]
    event = (
        f"(service web) (task abc) (port 8000) is unhealthy in (target-group {ARN}) due to "
        "(reason Health checks failed with these codes: [404])."
    )
    assert from_events(["(service web) has started 1 tasks.", event], "10.0.1.7") == [NOT_FOUND]


@pytest.mark.parametrize(
    ("line", "host", "port"),
    [
        ("[2026-01-01 00:00:00 +0000] [1] [INFO] Listening at: http://0.0.0.0:8000 (1)", "0.0.0.0", 8000),  # noqa: S104  what a log says
        ("INFO:     Uvicorn running on http://127.0.0.1:8000 (Press CTRL+C to quit)", "127.0.0.1", 8000),
        (" * Running on http://localhost:5000", "localhost", 5000),
        ("Server listening on port 3000", "", 3000),
        ("listening on :8080", "", 8080),
        ("Tomcat started on port(s): 8080 (http) with context path ''", "", 8080),
        ('{"level":"info","message":"Listening at: http://[::]:9090"}', "[::]", 9090),
    ],
)
def test_what_servers_say_of_where_they_listen(line: str, host: str, port: int) -> None:
    assert listening([line, line]) == [Listening(host=host, port=port)]


@given(st.text(max_size=80))
def test_no_line_is_misread_as_a_port_that_is_none(line: str) -> None:
    assert all(0 < place.port < 65536 for place in listening([line]))


@pytest.mark.parametrize(
    ("failures", "places", "verdict"),
    [
        ([NOT_FOUND], [], True),
        ([NOT_FOUND, NOT_FOUND], ON_8000, True),
        ([REFUSED], ON_8000, True),
        ([REFUSED], [], False),
        ([REFUSED], [Listening(host="", port=5000)], False),
        ([NOT_FOUND, REFUSED], [], False),
        ([failure("Health checks failed with these codes: [503]")], [], False),
        ([failure("Health checks failed with these codes: [429]")], [], False),
        ([failure("Request timed out")], [], False),
        ([], ON_8000, False),
    ],
)
def test_only_what_cannot_heal_ends_a_deployment(
    failures: list[HealthFailure], places: list[Listening], verdict: bool
) -> None:
    assert hopeless(failures, GROUP, places) is verdict
