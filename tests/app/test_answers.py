"""What clients get."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from service import logs
from service.application import create_app
from service.config import Config
from service.requests import DrainFlag

HARMLESS = re.compile(r"[A-Za-z0-9._:=/+@-]{1,128}")


def log_lines(capfd: pytest.CaptureFixture[str], count: int) -> list[dict[str, Any]]:
    logs.writer.flush()
    text = capfd.readouterr().out
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == count, text
    return lines


def test_root_greets_as_the_seed_does(client: FlaskClient) -> None:
    response = client.get("/")

    assert (response.status_code, response.text) == (200, "Hello from ECS!")
    assert response.mimetype == "text/plain"


def test_the_greeting_can_be_configured() -> None:
    client = create_app(Config(greeting="Hei")).test_client()

    assert client.get("/").text == "Hei"


def test_health_tells_the_version_and_is_never_cached(client: FlaskClient) -> None:
    response = client.get("/healthz")

    assert (response.status_code, response.json) == (200, {"status": "ok", "version": "1.2.3"})
    assert response.headers["Cache-Control"] == "no-store"


def test_while_draining_health_stays_200_and_connections_are_closed() -> None:
    draining = DrainFlag()
    client = create_app(Config(), draining).test_client()
    assert "Connection" not in client.get("/healthz").headers

    draining.set()
    response = client.get("/healthz")

    assert (response.status_code, response.get_json()["status"]) == (200, "draining")
    assert response.headers["Connection"] == "close"


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [("GET", "/nowhere", 404, "Not Found"), ("POST", "/", 405, "Method Not Allowed")],
)
def test_errors_are_json_with_the_request_id(
    client: FlaskClient, method: str, path: str, status: int, error: str
) -> None:
    response = client.open(path, method=method, headers={"X-Request-Id": "abc-1"})

    assert response.status_code == status
    assert response.json == {"status": status, "error": error, "request_id": "abc-1"}


def test_a_wrong_method_still_names_the_allowed_ones(client: FlaskClient) -> None:
    assert set(client.post("/").headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_an_exception_is_told_to_the_log_and_not_to_the_client(
    client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    response = client.get("/broken", headers={"X-Request-Id": "abc-2"})

    assert response.status_code == 500
    assert response.json == {"status": 500, "error": "Internal Server Error", "request_id": "abc-2"}
    exception, access = log_lines(capfd, 2)
    assert exception["level"] == "error"
    assert exception["request_id"] == "abc-2"
    assert "RuntimeError: the database password" in exception["traceback"]
    assert (access["level"], access["status"]) == ("error", 500)


def test_every_request_has_one_line_in_the_log(
    client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    trace = "Root=1-67891233-abcdef012345678912345678"
    client.get("/healthz", headers={"X-Request-Id": "abc-3", "X-Amzn-Trace-Id": trace})

    (line,) = log_lines(capfd, 1)

    assert line.pop("duration_ms") >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", line.pop("time"))
    assert line == {
        "level": "info",
        "logger": "access",
        "request_id": "abc-3",
        "trace_id": trace,
        "method": "GET",
        "path": "/healthz",
        "status": 200,
    }


def test_query_headers_and_bodies_stay_out_of_the_log(
    client: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    client.post(
        "/?token=hunter2",
        headers={"Authorization": "Bearer hunter2", "Cookie": "session=hunter2", "X-Api-Key": "hunter2"},
        data="hunter2",
    )

    assert "hunter2" not in json.dumps(log_lines(capfd, 1))


@pytest.mark.parametrize(
    ("requested", "logged"), [("/sm%C3%B8rbr%C3%B8d", "/smørbrød"), ("/%ff%0a%22", '/�\n"'), ("/%00", "/\0")]
)
def test_any_path_makes_one_valid_line(
    client: FlaskClient, capfd: pytest.CaptureFixture[str], requested: str, logged: str
) -> None:
    client.get(requested)

    assert log_lines(capfd, 1)[0]["path"] == logged


def test_a_level_above_info_turns_the_access_log_off_except_for_failures(
    capfd: pytest.CaptureFixture[str],
) -> None:
    app = create_app(Config.from_environment({"LOG_LEVEL": "warning"}))
    app.add_url_rule("/broken", view_func=lambda: (_ for _ in ()).throw(RuntimeError))

    app.test_client().get("/")
    app.test_client().get("/broken")

    exception, access = log_lines(capfd, 2)
    assert "traceback" in exception
    assert access["status"] == 500


# Header values are Latin-1 in WSGI, and servers refuse control characters before the application sees them.
@given(identifier=st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=140))
def test_the_request_id_is_kept_when_harmless_and_replaced_otherwise(identifier: str) -> None:
    client = create_app(Config(log_level=100)).test_client()

    returned = client.get("/", headers={"X-Request-Id": identifier}).headers["X-Request-Id"]

    assert HARMLESS.fullmatch(returned)
    assert (returned == identifier) == bool(HARMLESS.fullmatch(identifier))
