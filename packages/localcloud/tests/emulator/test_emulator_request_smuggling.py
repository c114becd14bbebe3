"""Requests that two parsers could read differently: what the client is told, and what the target gets.

The expectations are those of github.com/aws/http-desync-guardian for each mode of
`routing.http.desync_mitigation_mode`, and of the Application Load Balancer's troubleshooting guide.
"""

import dataclasses

import pytest

from packages.localcloud.tests.emulator.balancer import Balancer, until_closed
from packages.localcloud.tests.emulator.raw_target import raw_target

SMUGGLED = b"GET /admin HTTP/1.1\r\nX: "
CHUNKED_END = b"0\r\n\r\n"


@dataclasses.dataclass(frozen=True)
class Case:
    """One request on a connection of its own, with an ordinary one sent behind it.

    Args:
        name: What it tries.
        lines: Header lines after the Host field.
        body: What follows the head.
        status: What the client is told.
        closes: The connection is not used for the request behind it.
        sends: Must be part of what the target gets, in lower case.
        keeps_back: Must not be.
        method: The request's method.
        end: What ends the lines of the head.
    """

    name: str
    lines: tuple[bytes, ...]
    body: bytes = b""
    status: int = 200
    closes: bool = True
    sends: bytes = b""
    keeps_back: bytes = b"\0"
    method: bytes = b"POST"
    end: bytes = b"\r\n"


CASES = (
    Case("CL.TE", (b"Content-Length: 6", b"Transfer-Encoding: chunked"), CHUNKED_END + b"G", 200,
         keeps_back=b"content-length"),
    Case("TE.CL", (b"Transfer-Encoding: chunked", b"Content-Length: 4"), b"5\r\nhello\r\n" + CHUNKED_END,
         sends=b"5\r\nhello\r\n0\r\n\r\n", keeps_back=b"content-length"),
    Case("TE.TE", (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), CHUNKED_END, 400),
    Case("TE chunked twice in one field", (b"Transfer-Encoding: chunked, chunked",), CHUNKED_END, 400),
    Case("TE xchunked", (b"Transfer-Encoding: xchunked",), CHUNKED_END, 400),
    Case("TE gzip", (b"Transfer-Encoding: gzip, chunked",), CHUNKED_END, 501),
    Case("TE identity", (b"Transfer-Encoding: identity", b"Content-Length: 2"), b"hi",
         sends=b"content-length: 2\r\n", keeps_back=b"transfer-encoding"),
    Case("TE with a space before the colon", (b"Transfer-Encoding : chunked", b"Content-Length: 5"),
         CHUNKED_END, keeps_back=b"transfer-encoding"),
    Case("TE with an underscore", (b"Transfer_Encoding: chunked", b"Content-Length: 5"),
         CHUNKED_END, keeps_back=b"chunked"),
    Case("CL of other letters", (b"Content-Length: 2", "Content-\u0131ength: 9".encode()), b"hi",
         closes=False, sends=b"content-length: 2\r\n"),
    Case("TE with a dotless i", ("Transfer-Encod\u0131ng: chunked".encode(), b"Content-Length: 2"),
         b"hi", keeps_back=b"chunked"),
    Case("folded TE", (b"X-A: 1", b" Transfer-Encoding: chunked", b"Content-Length: 5"),
         CHUNKED_END, keeps_back=b"chunked"),
    Case("folded field", (b"X-A: 1", b" 2", b"Content-Length: 0"), sends=b"x-a: 1\r\n"),
    Case("two CL, equal", (b"Content-Length: 2", b"Content-Length: 2"), b"hi",
         sends=b"content-length: 2\r\n", keeps_back=b"content-length: 2\r\ncontent-length"),
    Case("two CL, different", (b"Content-Length: 2", b"Content-Length: 3"), b"hi", 400),
    Case("CL as a list", (b"Content-Length: 2, 2",), b"hi", 400),
    Case("CL with a sign", (b"Content-Length: +2",), b"hi", 400),
    Case("CL beyond 64 bits", (b"Content-Length: 18446744073709551616",), b"hi", 400),
    Case("CR in a value", (b"X-A: 1\rContent-Length: 5",), b"hello", 400),
    Case("NUL in a value", (b"X-A: 1\0", b"Content-Length: 0"), b"", 400),
    Case("bare LF", (b"Content-Length: 2",), b"hi", end=b"\n", closes=False, sends=b"content-length: 2\r\n"),
    Case("line without a colon", (b"X-A", b"Content-Length: 0")),
    Case("two hosts", (b"Host: other.example", b"Content-Length: 0"), b"", 400),
    Case("chunk size with 0x", (b"Transfer-Encoding: chunked",), b"0x2\r\nhi\r\n" + CHUNKED_END, 400),
    Case("chunk ended by LF", (b"Transfer-Encoding: chunked",), b"2\nhi\r\n" + CHUNKED_END, 400),
    Case("chunk longer than said", (b"Transfer-Encoding: chunked",), b"2\r\nhiXX\r\n" + CHUNKED_END, 400),
    Case("nothing between chunks", (b"Transfer-Encoding: chunked",), b"2\r\nhi" + CHUNKED_END, 400),
    Case("LF between chunks", (b"Transfer-Encoding: chunked",), b"2\r\nhi\n" + CHUNKED_END, 400),
    Case("space behind a chunk size", (b"Transfer-Encoding: chunked",), b"2 \r\nhi\r\n" + CHUNKED_END, 400),
    Case("trailers", (b"Transfer-Encoding: chunked",),
         b"0\r\nAuthorization: x\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n",
         closes=False, sends=b"0\r\n\r\n", keeps_back=b"authorization"),
    Case("GET with a body", (b"Content-Length: 24",), SMUGGLED, method=b"GET", sends=b"content-length: 24\r\n"),
    Case("GET with an empty body", (b"Content-Length: 0",), method=b"GET", closes=False),
    Case("GET with chunks", (b"Transfer-Encoding: chunked",), CHUNKED_END, method=b"GET"),
    Case("control character in a value", (b"X-A: a\x01b", b"Content-Length: 0"), closes=False,
         sends=b"x-a: a\x01b\r\n"),
    Case("bytes beyond ASCII in a value", (b"X-A: \xe9", b"Content-Length: 0"), closes=False, sends=b"x-a: \xe9\r\n"),
    Case("TRACE", (), method=b"TRACE", status=405),
    Case("CONNECT", (), method=b"CONNECT", status=400),
)  # fmt: skip


def sent(web: Balancer, case: Case) -> bytes:
    lines = (case.method + b" / HTTP/1.1", web.host.rstrip(), *case.lines, b"", b"")
    ordinary = b"GET /next HTTP/1.1\r\n" + web.host + b"Connection: close\r\n\r\n"
    return case.end.join(lines) + case.body + ordinary


def test_the_table_of_smuggled_requests(web: Balancer) -> None:
    """One load balancer and one target for all of them: nothing of one request reaches the next."""
    wrong = []
    with raw_target(web) as target:
        for case in CASES:
            target.received.clear()
            with web.connect() as client:
                client.sendall(sent(web, case))
                answers = until_closed(client)
            got = b"".join(target.received).lower()
            answered = answers.startswith(b"HTTP/1.1 %d " % case.status)
            closed = (b"get /next " not in got) == case.closes
            passed = (
                case.sends.lower() in got
                and case.keeps_back not in got
                and b" /admin " not in got.replace(SMUGGLED.lower(), b"")
            )
            if not (answered and closed and passed):
                wrong.append(f"{case.name}: answered {answers[:40]!r}, the target got {got!r}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("mode", "statuses"),
    [("monitor", [200, 200, 400]), ("defensive", [200, 200, 400]), ("strictest", [400, 400, 400])],
)
def test_the_mode_decides(web: Balancer, mode: str, statuses: list[int]) -> None:
    """Acceptable, ambiguous and severe, in the order of http-desync-guardian."""
    web.configure(routing__http__desync_mitigation_mode=mode)
    heads = [b"X-A: a\x01b\r\n", b"Content-Length: 0\r\nContent-Length: 0\r\n", b"Content-Length: x\r\n"]
    seen = []
    with raw_target(web):
        for head in heads:
            with web.connect() as client:
                client.sendall(b"POST / HTTP/1.1\r\n" + web.host + head + b"Connection: close\r\n\r\n")
                seen.append(int(until_closed(client).split()[1]))
    assert seen == statuses


def test_invalid_fields_are_dropped_where_that_is_asked_for(web: Balancer) -> None:
    request = b"GET / HTTP/1.1\r\n" + web.host + b"X_Tra: 1\r\nX-Tra: 2\r\nConnection: close\r\n\r\n"
    with raw_target(web) as target:
        for dropped in ("false", "true"):
            web.configure(routing__http__drop_invalid_header_fields__enabled=dropped)
            with web.connect() as client:
                client.sendall(request)
                until_closed(client)
    first, second = target.received
    assert b"x_tra: 1" in first
    assert b"x_tra" not in second
    assert all(b"x-tra: 2" in received for received in (first, second))


def test_a_refused_upgrade_leaves_nothing_behind(web: Balancer) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n"
    with raw_target(web) as target:
        with web.connect() as client:
            client.sendall(
                b"GET / HTTP/1.1\r\n" + web.host + upgrade + b"GET /admin HTTP/1.1\r\n" + web.host + b"\r\n"
            )
            answers = until_closed(client)
        with web.connect() as client:
            client.sendall(b"GET /next HTTP/1.1\r\n" + web.host + b"Connection: close\r\n\r\n")
            until_closed(client)
    assert answers.count(b"HTTP/1.1 ") == 1
    assert answers.startswith(b"HTTP/1.1 200 ")
    assert not any(b"/admin" in received for received in target.received)


def test_the_rest_of_a_body_that_nobody_waits_for_is_no_request(web: Balancer) -> None:
    """The target answers before it has read everything: the connection ends with that answer."""
    with raw_target(web) as target, web.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\n" + web.host + b"Content-Length: 200\r\n\r\n12")
        assert until_closed(client).startswith(b"HTTP/1.1 200 ")
    assert len(target.received) == 1


def test_a_connection_that_carried_an_ambiguous_request_carries_no_other(web: Balancer) -> None:
    """Whatever the target made of its end, it is not the next request's beginning."""
    ambiguous = b"Content-Length: 0\r\nContent-Length: 0\r\n"
    with raw_target(web) as target:
        for lines in (b"", b"", ambiguous, b""):
            with web.connect() as client:
                client.sendall(b"POST / HTTP/1.1\r\n" + web.host + lines + b"Connection: close\r\n\r\n")
                until_closed(client)
    first, second, third, fourth = target.connections
    assert first == second == third != fourth


def test_a_protocol_nobody_asked_for_is_a_bad_gateway(web: Balancer) -> None:
    switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    with raw_target(web, switching), web.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\n" + web.host + b"Connection: close\r\n\r\n")
        assert until_closed(client).startswith(b"HTTP/1.1 502 ")


def test_a_bad_request_behind_a_good_one_is_answered_second(web: Balancer) -> None:
    with raw_target(web), web.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\n" + web.host + b"\r\nNONSENSE\r\n" + web.host + b"\r\n")
        answers = until_closed(client)
    assert [int(part.split()[0]) for part in answers.split(b"HTTP/1.1 ")[1:]] == [200, 400]
