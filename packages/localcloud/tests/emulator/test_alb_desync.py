"""The judgement of request heads: github.com/aws/http-desync-guardian's tiers and reasons."""

import contextlib
import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.emulator.alb.balancer_settings import DEFAULT
from localcloud.emulator.alb.desync import Tier, examine
from localcloud.emulator.alb.messages import RequestHead
from localcloud.emulator.alb.request_reader import RequestReader, RequestRefused

HEAD = b"POST /a HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("head", "tier", "reason"),
    [
        (HEAD + b"\r\n", Tier.COMPLIANT, ""),
        (HEAD + b"Content-Length: 5\r\n\r\n", Tier.COMPLIANT, ""),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", Tier.COMPLIANT, ""),
        (HEAD + b"Accept-Encoding: gzip\r\nContent-Encoding: gzip\r\n\r\n", Tier.COMPLIANT, ""),
        (HEAD.replace(b"/a", b"/a b") + b"\r\n", Tier.ACCEPTABLE, "SpaceInUri"),
        (HEAD.replace(b"1.1", b"1.2") + b"\r\n", Tier.ACCEPTABLE, "NonCompliantVersion"),
        (HEAD.replace(b"\r\n", b"\n") + b"\n", Tier.ACCEPTABLE, "NonCrLfLineTermination"),
        (HEAD + b"X: \xc3\xa9\r\n\r\n", Tier.ACCEPTABLE, "NonCompliantHeader"),
        (b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", Tier.ACCEPTABLE, "GetHeadZeroContentLength"),
        (b"GET / HTTP/1.1\r\nContent-Length: 9\r\n\r\n", Tier.AMBIGUOUS, "UndefinedContentLengthSemantics"),
        (
            b"HEAD / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            Tier.AMBIGUOUS,
            "UndefinedTransferEncodingSemantics",
        ),
        (HEAD + b": x\r\n\r\n", Tier.AMBIGUOUS, "EmptyHeader"),
        (HEAD + b" Content-Length: 5\r\n\r\n", Tier.AMBIGUOUS, "MultilineHeader"),
        (HEAD + b"Content-Length : 5\r\n\r\n", Tier.AMBIGUOUS, "SuspiciousHeader"),
        (HEAD.replace(b"/a", b"/a\x01") + b"\r\n", Tier.AMBIGUOUS, "AmbiguousUri"),
        (HEAD + b"Content-Length: 5\r\n" * 2 + b"\r\n", Tier.AMBIGUOUS, "DuplicateContentLength"),
        (
            HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            Tier.AMBIGUOUS,
            "BothTeClPresent",
        ),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", Tier.SEVERE, "MultipleContentLength"),
        (HEAD + b"Content-Length: 5.0\r\n\r\n", Tier.SEVERE, "BadContentLength"),
        (HEAD + b"Transfer-Encoding: chunked\x11\r\n\r\n", Tier.SEVERE, "BadTransferEncoding"),
        (
            HEAD + b"Transfer-Encoding: chunked,chunked\r\n\r\n",
            Tier.SEVERE,
            "MultipleTransferEncodingChunked",
        ),
        (HEAD + b"X: \0\r\n\r\n", Tier.SEVERE, "BadHeader"),
        (HEAD.replace(b"/a", b"/a\0") + b"\r\n", Tier.SEVERE, "BadUri"),
        (HEAD.replace(b"POST", b"P(ST") + b"\r\n", Tier.SEVERE, "BadMethod"),
        (HEAD.replace(b"HTTP/1.1", b"HTTP/1.1x") + b"\r\n", Tier.SEVERE, "BadVersion"),
    ],
)
def test_tiers_and_reasons(head: bytes, tier: Tier, reason: str) -> None:
    found = examine(head)
    assert (found.tier, found.reason) == (tier, reason)


class Sink:
    """Notes what a reader reads."""

    def __init__(self) -> None:
        self.requests: list[tuple[bytes, bytes]] = []

    def request_begins(self, head: RequestHead) -> None:
        self.requests.append((head.target, b""))

    def request_data(self, data: bytes) -> None:
        target, body = self.requests[-1]
        self.requests[-1] = (target, body + data)

    def request_ends(self) -> None:
        target, body = self.requests[-1]
        self.requests[-1] = (target, body + b"$")

    def request_upgrades(self, rest: bytes) -> None:
        raise AssertionError(rest)


def read(pieces: list[bytes]) -> list[tuple[bytes, bytes]]:
    sink = Sink()
    reader = RequestReader(sink, lambda: DEFAULT)
    for piece in pieces:
        reader.feed(piece)
    return sink.requests


@given(
    bodies=st.lists(st.binary(max_size=30), min_size=1, max_size=4),
    chunked=st.booleans(),
    cuts=st.lists(st.integers(0, 600), max_size=12),
)
def test_requests_are_the_same_however_they_are_cut(
    bodies: list[bytes], chunked: bool, cuts: list[int]
) -> None:
    """Including bodies that look like the end of a chunked body."""
    stream, expected = b"", []
    for number, content in enumerate(bodies):
        body = content + b"0\r\n\r\n"
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
        sent = b"%x\r\n%b\r\n0\r\nTrailer: x\r\n\r\n" % (len(body), body) if chunked else body
        stream += b"POST /%d HTTP/1.1\r\nHost: a\r\n%b\r\n\r\n%b" % (number, framing, sent)
        expected.append((b"/%d" % number, body + b"$"))
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[begin:end] for begin, end in itertools.pairwise(edges)]
    assert read([stream]) == expected
    assert read(pieces) == expected


@given(st.binary(max_size=200))
def test_whatever_arrives_is_read_or_refused(noise: bytes) -> None:
    for start in (b"", b"GET / HTTP/1.1\r\nHost: a\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"):
        with contextlib.suppress(RequestRefused):
            read([start + noise])


def test_no_head_takes_long_to_judge() -> None:
    """Neither many fields nor long ones make the patterns go back and forth."""
    heads = [
        HEAD + b"X-A: 1\r\n" * 8000 + b"Y\r\n\r\n",
        HEAD + b"t" * 60_000 + b"\r\n\r\n",
        HEAD + (b"tg" * 8000 + b": 1\r\n") * 3 + b"\r\n",
        HEAD + b"Content-Length: 1\r\n" * 3000 + b"\r\n",
    ]
    began = time.process_time()
    for head in heads:
        examine(head)
    assert time.process_time() - began < 1
