"""Whose requests are answered: every header that a page cannot forge, and every name that may be this machine's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import LocalCloudError
from localcloud.gate import Gate, gate_of, host_name

CLOSED = Gate()
BRIDGE = "172.17.0.1"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:4566",
        "LOCALHOST:4566",
        "localhost.:4566",
        "127.0.0.1:4566",
        "127.8.9.1",
        "[::1]:4566",
        "[::1]",
        "bucket.s3.localhost:4566",
        "web.alb.localhost",
        "host.docker.internal:4566",
        "222222222222.dkr.ecr.us-east-1.amazonaws.com",
    ],
)
def test_names_of_this_machine_are_answered(host: str) -> None:
    assert CLOSED.refusal({"host": host}) is None


@pytest.mark.parametrize(
    "host",
    [
        "rebind.evil.example",
        "rebind.evil.example:4566",
        "localhost.evil.example:4566",
        "evil-localhost:4566",
        "127.0.0.1.evil.example",
        "0.0.0.0:4566",
        "[::]:4566",
        "192.168.1.7:4566",
        "172.17.0.1:4566",
        "sts.amazonaws.com",
        "1.dkr.ecr.us-east-1.amazonaws.com",
        "222222222222.dkr.ecr.evil.example",
        "localhost:4566, rebind.evil.example",
        "localhost:4566@evil.example",
        "evil.example\tlocalhost",
        "",
    ],
)
def test_other_names_are_refused(host: str) -> None:
    refused = CLOSED.refusal({"host": host})
    assert refused is not None
    assert refused.startswith("this local cloud does not answer for the host")
    assert "\t" not in refused


def test_the_bridge_has_its_address_where_the_request_arrived_at_it() -> None:
    assert CLOSED.refusal({"host": f"{BRIDGE}:4566"}, address=BRIDGE) is None
    assert CLOSED.refusal({"host": f"{BRIDGE}:4566"}, address="127.0.0.1") is not None


def test_the_users_own_names_are_answered_and_the_refusal_says_how() -> None:
    refused = CLOSED.refusal({"host": "cloud.dev.example:4566"})
    assert refused is not None
    assert "LOCALCLOUD_ALLOWED_HOSTS=cloud.dev.example" in refused
    gate = gate_of({"LOCALCLOUD_ALLOWED_HOSTS": "Cloud.dev.example, .team.example"})
    for host in ("cloud.dev.example:4566", "team.example", "a.team.example"):
        assert gate.refusal({"host": host}) is None
    for host in ("x.cloud.dev.example", "evilteam.example", "team.example.evil.example"):
        assert gate.refusal({"host": host}) is not None


HERE = {"host": "localhost:4566"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:3000"},
        {"origin": "http://web.alb.localhost:4566"},
        {"origin": "null"},
        {"origin": "file://"},
        {"origin": "http://localhost:4566.evil.example"},
        {"origin": "http://localhost:4566", "sec-fetch-site": "cross-site"},
        {"origin": "http://[", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "referer": "http://localhost:3000/"},
        {"referer": "https://evil.example/page"},
        {"user-agent": "Mozilla/5.0 (Macintosh) Version/16.1 Safari/605.1.15"},
    ],
)
def test_pages_of_other_origins_are_refused(headers: dict[str, str]) -> None:
    assert CLOSED.refusal(HERE | headers) is not None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"user-agent": "aws-cli/2.15 md/awscrt#0.19"},
        {"user-agent": "Boto3/1.40"},
        {"sec-fetch-site": "none", "user-agent": "Mozilla/5.0"},
        {"sec-fetch-site": "same-origin", "user-agent": "Mozilla/5.0"},
        {"origin": "http://localhost:4566", "sec-fetch-site": "same-origin"},
        {"origin": "http://localhost:4566", "user-agent": "Mozilla/5.0"},
        {"referer": "http://localhost:4566/page", "user-agent": "Mozilla/5.0"},
    ],
)
def test_programs_and_the_servers_own_pages_are_answered(headers: dict[str, str]) -> None:
    assert CLOSED.refusal(HERE | headers) is None


def test_an_allowed_origin_is_answered_and_no_other() -> None:
    gate = gate_of({"LOCALCLOUD_ALLOWED_ORIGINS": "http://localhost:3000,https://app.example"})
    page = {"origin": "http://localhost:3000", "sec-fetch-site": "same-site"}
    assert gate.refusal(HERE | page) is None
    assert gate.allows_origin("https://app.example")
    assert gate.refusal(HERE | {"origin": "http://localhost:3001"}) is not None
    # The name was led here: the origin's word is worth nothing.
    assert gate.refusal(page | {"host": "rebind.evil.example"}) is not None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOCALCLOUD_ALLOWED_HOSTS", "*"),
        ("LOCALCLOUD_ALLOWED_HOSTS", "http://dev.example"),
        ("LOCALCLOUD_ALLOWED_HOSTS", "dev.example:80"),
        ("LOCALCLOUD_ALLOWED_HOSTS", "a b"),
        ("LOCALCLOUD_ALLOWED_ORIGINS", "*"),
        ("LOCALCLOUD_ALLOWED_ORIGINS", "null"),
        ("LOCALCLOUD_ALLOWED_ORIGINS", "localhost:3000"),
        ("LOCALCLOUD_ALLOWED_ORIGINS", "http://localhost:3000/"),
        ("LOCALCLOUD_ALLOWED_ORIGINS", "http://localhost:99999"),
        ("LOCALCLOUD_ALLOWED_ORIGINS", "http://["),
    ],
)
def test_what_is_neither_a_name_nor_an_origin_is_one_message(variable: str, value: str) -> None:
    with pytest.raises(LocalCloudError) as caught:
        gate_of({variable: value})
    assert variable in str(caught.value)
    fix = str(caught.value).rpartition("fix: ")[2]
    name, _, text = fix.partition("=")
    gate_of({name: text})


def test_a_gate_reaches_another_process_whole() -> None:
    gate = Gate(
        hosts=("dev.example", ".team.example"), origins=("http://localhost:3000", "http://[::1]:8080")
    )
    assert gate_of(gate.environment()) == gate


LABEL = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)


@given(st.lists(LABEL, min_size=1, max_size=4), st.integers(0, 65535))
def test_no_name_but_the_loopbacks_is_answered(labels: list[str], port: int) -> None:
    name = ".".join(labels)
    expected = name == "localhost" or name.endswith(".localhost")
    assert (CLOSED.refusal({"host": f"{name}:{port}"}) is None) == expected


@given(st.text(max_size=60))
def test_no_header_breaks_the_gate(text: str) -> None:
    for name in ("host", "origin", "referer", "sec-fetch-site", "user-agent"):
        CLOSED.refusal(HERE | {name: text})
    host_name(text)
