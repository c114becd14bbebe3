"""Limits, timeouts and error codes of the load balancer, as its troubleshooting guide has them."""

import socket
import time

import httpx
import pytest

from packages.localcloud.tests.emulator.balancer import Balancer, until_closed
from packages.localcloud.tests.emulator.raw_target import OK, hold, raw_target
from packages.localcloud.tests.emulator.stage import eventually
from packages.localcloud.tests.emulator.targets import Target

KIB = 1024


def told(web: Balancer, request: bytes) -> int:
    with web.connect() as client:
        client.sendall(request)
        return int(until_closed(client).split()[1])


def get(web: Balancer, *fields: bytes, path: bytes = b"/") -> bytes:
    lines = (b"GET " + path + b" HTTP/1.1", web.host.rstrip(), *fields, b"Connection: close", b"", b"")
    return b"\r\n".join(lines)


# -- what a client may send ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        (b"/" + b"x" * (16 * KIB - 20), (), 200),
        (b"/" + b"x" * 16 * KIB, (), 414),
        (b"/", (b"X-A: " + b"x" * (16 * KIB - 10),), 200),
        (b"/", (b"X-A: " + b"x" * 16 * KIB,), 400),
        (b"/", tuple(b"X-%d: " % n + b"x" * (12 * KIB) for n in range(5)), 200),
        (b"/", tuple(b"X-%d: " % n + b"x" * (12 * KIB) for n in range(6)), 400),
        (b"/", tuple(b"X-%d: 1" % n for n in range(10_000)), 400),
        (b"/", (b"X-Forwarded-For: " + b", ".join([b"10.0.0.1"] * 30),), 200),
        (b"/", (b"X-Forwarded-For: " + b", ".join([b"10.0.0.1"] * 31),), 463),
    ],
)
def test_a_request_head_has_limits(
    web: Balancer, path: bytes, fields: tuple[bytes, ...], status: int
) -> None:
    with raw_target(web):
        assert told(web, get(web, *fields, path=path)) == status


def test_versions(web: Balancer) -> None:
    with raw_target(web):
        assert told(web, get(web).replace(b"HTTP/1.1", b"HTTP/1.0")) == 200
        assert told(web, get(web).replace(b"HTTP/1.1", b"HTTP/1.2")) == 200
        assert told(web, get(web).replace(b"HTTP/1.1", b"HTTP/2.0")) == 505
        assert told(web, get(web).replace(b"HTTP/1.1", b"HTTP/x.y")) == 400


# -- idle timeout ----------------------------------------------------------------------------------------------


def test_the_idle_timeout_closes_what_says_nothing(web: Balancer, one: Target) -> None:
    """A head that never ends, a body that never comes, and a connection that is not used."""
    web.configure(idle_timeout__timeout_seconds="1")
    web.register(one)
    began = time.monotonic()
    clients = [web.connect() for _ in range(3)]
    clients[0].sendall(b"GET / HTTP/1.1\r\n" + web.host + b"X-A: ")
    clients[1].sendall(b"POST / HTTP/1.1\r\n" + web.host + b"Content-Length: 5\r\n\r\nab")
    clients[2].sendall(b"GET / HTTP/1.1\r\n" + web.host + b"\r\n")
    unfinished, without_body, idle = (until_closed(client) for client in clients)
    lasted = time.monotonic() - began
    assert unfinished.startswith(b"HTTP/1.1 408 ")
    assert without_body.startswith(b"HTTP/1.1 408 ")
    assert idle.startswith(b"HTTP/1.1 200 ")
    assert 0.9 < lasted < 5


def test_a_target_that_does_not_answer_is_a_gateway_timeout(web: Balancer) -> None:
    web.configure(idle_timeout__timeout_seconds="1")
    with raw_target(web, hold):
        assert told(web, get(web)) == 504


def test_a_response_may_take_longer_than_the_idle_timeout(web: Balancer) -> None:
    """One byte within each period is enough."""
    web.configure(idle_timeout__timeout_seconds="1")

    def slowly(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        for _ in range(4):
            time.sleep(0.5)
            connection.sendall(b"x")

    with raw_target(web, slowly), web.connect() as client:
        client.sendall(get(web))
        assert until_closed(client).endswith(b"xxxx")


def test_a_longer_idle_timeout_is_a_longer_wait(web: Balancer) -> None:
    web.configure(idle_timeout__timeout_seconds="4")

    def late(connection: socket.socket) -> None:
        time.sleep(1.5)
        connection.sendall(OK)

    with raw_target(web, late):
        assert told(web, get(web)) == 200


# -- the load balancer's own codes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [(b"/" + b"x" * 8000, 301), (b"/" + b"x" * 9000, 507)],
    ids=["fits", "too long"],
)
def test_a_redirect_leads_to_no_url_that_nobody_could_ask_for(
    web: Balancer, path: bytes, status: int
) -> None:
    """Troubleshooting guide, "HTTP 507: The redirect URL is too long"."""
    twice = {"Host": "other.example", "Path": "/#{path}/#{path}", "StatusCode": "HTTP_301"}
    action = {"Type": "redirect", "RedirectConfig": twice}
    web.elb.modify_listener(ListenerArn=web.listener, DefaultActions=[action])
    assert told(web, get(web, path=path)) == status


def test_a_client_that_leaves_is_counted_as_its_own_error(web: Balancer) -> None:
    """460: the client closed the connection before the idle timeout; only metrics and access logs can tell it."""
    with raw_target(web, hold) as target:
        with web.connect() as client:
            client.sendall(get(web))
            eventually(lambda: target.received, pause=0.02)
        eventually(lambda: counted(web, "HTTPCode_ELB_4XX_Count") == 1, pause=0.2)
    assert counted(web, "HTTPCode_ELB_5XX_Count") == 0


def counted(web: Balancer, metric: str) -> float:
    """A metric's sum over the last minutes."""
    name = web.arn.partition(":loadbalancer/")[2]
    answer = web.cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ApplicationELB",
        MetricName=metric,
        Dimensions=[{"Name": "LoadBalancer", "Value": name}],
        StartTime=time.time() - 300,
        EndTime=time.time() + 60,
        Period=60,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


# -- what a target may send ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "response",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: 1\0\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX A: 1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"x" * 33 * KIB + b"\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["nonsense", "nul", "space in a name", "two lengths", "33 KiB of fields"],
)
def test_a_malformed_response_is_a_bad_gateway(web: Balancer, response: bytes) -> None:
    with raw_target(web, response):
        assert told(web, get(web)) == 502


@pytest.mark.parametrize("fields", [b"Content-Length: 5\r\n\r\nhello", b"\r\n"], ids=["a body", "no length"])
def test_a_response_without_content_ends_with_its_head(web: Balancer, fields: bytes) -> None:
    with raw_target(web, b"HTTP/1.1 204 No Content\r\n" + fields), web.connect() as client:
        client.sendall(get(web).replace(b"Connection: close\r\n", b"") + get(web))
        answers = until_closed(client)
    assert answers.count(b"HTTP/1.1 204 ") == 2
    assert b"hello" not in answers
    assert b"content-length" not in answers.lower()
    assert b"transfer-encoding" not in answers.lower()


def test_an_answer_nobody_asked_for_is_nobodys(web: Balancer) -> None:
    """The second answer of a target is not the next request's."""
    two_answers = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
    with raw_target(web, two_answers):
        url = f"http://127.0.0.1:{web.cloud.settings.port}/"
        with httpx.Client(trust_env=False, headers={"Host": f"{web.name}.alb.localhost"}) as client:
            assert [client.get(url).text for _ in range(5)] == ["ok"] * 5


def test_a_target_that_speaks_unasked_is_asked_on_another_connection(web: Balancer) -> None:
    """The first half of an answer between two requests, its second half behind the next one."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(OK)
        time.sleep(0.05)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        connection.settimeout(5)
        if connection.recv(65536):
            connection.sendall(b"Content-Length: 6\r\n\r\npoison")

    with raw_target(web, talk) as target:
        for _ in range(2):
            with web.connect() as client:
                client.sendall(get(web))
                assert until_closed(client).endswith(b"ok")
            time.sleep(0.2)
    first, second = target.connections
    assert first != second


def test_a_connection_that_the_target_closes_under_a_request_is_a_bad_gateway(web: Balancer) -> None:
    """The keep-alive race: the load balancer does not send a request twice."""

    def once(connection: socket.socket) -> None:
        connection.sendall(OK)
        connection.settimeout(5)
        if connection.recv(65536):  # the next request on this connection
            connection.close()

    with raw_target(web, once) as target:
        assert [told(web, get(web)) for _ in range(2)] == [200, 502]
    assert len(target.received) == 1


def test_a_request_that_outlives_the_deregistration_delay_is_a_bad_gateway(web: Balancer) -> None:
    attributes = [{"Key": "deregistration_delay.timeout_seconds", "Value": "1"}]
    web.elb.modify_target_group_attributes(TargetGroupArn=web.group, Attributes=attributes)
    with raw_target(web, hold) as target, web.connect() as client:
        client.sendall(get(web))
        eventually(lambda: target.received, pause=0.02)
        entry = [{"Id": "127.0.0.1", "Port": target.port}]
        web.elb.deregister_targets(TargetGroupArn=web.group, Targets=entry)
        assert until_closed(client).startswith(b"HTTP/1.1 502 ")


# -- attributes of the load balancer ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "seen"), [("append", "9.9.9.9, 127.0.0.1"), ("preserve", "9.9.9.9"), ("remove", None)]
)
def test_forwarded_addresses(web: Balancer, one: Target, mode: str, seen: str | None) -> None:
    web.register(one)
    web.configure(routing__http__xff_header_processing__mode=mode)
    fields = web.get(headers={"X-Forwarded-For": "9.9.9.9"}).json()["headers"]
    assert fields.get("x-forwarded-for") == seen
