"""Request heads that two HTTP parsers could read differently, judged as AWS judges them.

Application load balancers judge every request with github.com/aws/http-desync-guardian and act on the judgement as the
attribute `routing.http.desync_mitigation_mode` says (Application Load Balancer guide, "Desync mitigation mode"; the
reasons are those of its access logs, "Classification reasons"). The same tiers and reasons are made here, from the same
rules (`docs/README.md` and `src/request_analyzer.rs` there).

A head is judged as it arrived and handed to the parser (llhttp, which accepts less than AWS routes) in a cleaned form:
what AWS takes out before it routes is taken out. Where AWS does not say what it sends on, what could mislead a target
is left out or escaped: header lines whose name is no token, control characters and spaces in the URI.
"""

import re
from dataclasses import dataclass
from enum import IntEnum


class Tier(IntEnum):
    """How far a request may be trusted."""

    COMPLIANT = 0
    ACCEPTABLE = 1
    AMBIGUOUS = 2
    SEVERE = 3


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Args:
        head: The head in the form that is parsed.
        tier: The worst that was found.
        reason: AWS's name for it; empty for a compliant head.
        status: What a refusal answers: 400, or a code of its own.
    """

    head: bytes
    tier: Tier = Tier.COMPLIANT
    reason: str = ""
    status: int = 400


_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
# Header lines that need no closer look: the name is a token and, whatever is between its letters, neither
# Content-Length nor Transfer-Encoding (it does not begin with c or t and end with th or ng); the value is printable.
_PLAIN_LINES = rb"(?:(?![CcTt][^:]*+(?<=[HhGg]):)[0-9A-Za-z][\w\-.]*+(?<=[0-9A-Za-z]):[\t -~]*+\r\n)*+"
_PLAIN = re.compile(
    rb"([A-Z]++) [!-~]++ HTTP/1\.[01]\r\n" + _PLAIN_LINES + rb"(?:[Cc]ontent-[Ll]ength: ?([0-9]{1,18})\r\n"
    rb"" + _PLAIN_LINES + rb")?+\r\n"
)
_NAME = re.compile(_TOKEN + rb"+")
_METHOD = _NAME
_VERSION = re.compile(rb"HTTP/1\.\d")
_VALID_CODINGS = frozenset((b"chunked", b"compress", b"deflate", b"gzip", b"identity"))
_SAME_LETTERS = {b"transferencoding": b"transfer-encoding", b"contentlength": b"content-length"}
_LONG_S, _DOTLESS_I = "\u017f".encode(), "\u0131".encode()
_BODILESS = frozenset((b"GET", b"HEAD"))
_MAX_LENGTH = 2**64 - 1


def examine(head: bytes) -> Verdict:
    """Judge a request head, from its first byte to its empty line."""
    plain = _PLAIN.fullmatch(head)
    if plain is not None and not (plain[2] and plain[1] in _BODILESS):
        return Verdict(head)
    return _Examination(head).verdict()


class _Refused(Exception):  # noqa: N818  a refusal, not an error of ours
    """Nothing further matters."""


class _Examination:
    """A closer look at one head."""

    def __init__(self, head: bytes) -> None:
        self._lines = [line.removesuffix(b"\r") for line in head.split(b"\n")[:-2]]
        self._terminated = head.count(b"\r\n") == head.count(b"\n")
        self._tier, self._reason, self._status = Tier.COMPLIANT, "", 400
        self._fields: list[tuple[bytes, bytes]] = []
        self._lengths: list[bytes] = []
        self._codings: list[bytes] = []

    def verdict(self) -> Verdict:
        try:
            head = self._clean()
        except _Refused:
            head = b""
        return Verdict(head, self._tier, self._reason, self._status)

    def _found(self, tier: Tier, reason: str, status: int = 400) -> None:
        if tier > self._tier:
            self._tier, self._reason, self._status = tier, reason, status
        if tier is Tier.SEVERE:
            raise _Refused

    def _clean(self) -> bytes:
        if not self._terminated:
            self._found(Tier.ACCEPTABLE, "NonCrLfLineTermination")
        method, uri, version = self._request_line()
        for line in self._lines[1:]:
            self._field(line)
        self._framing(method, version)
        lines = [b"%b %b %b" % (method, uri, version), *(b"%b: %b" % field for field in self._fields)]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    # -- the request line -------------------------------------------------------------------------------------

    def _request_line(self) -> tuple[bytes, bytes, bytes]:
        line = self._lines[0] if self._lines else b""
        method, _, rest = line.partition(b" ")
        uri, _, version = rest.rstrip(b" \t").rpartition(b" ")
        if not _METHOD.fullmatch(method):
            self._found(Tier.SEVERE, "BadMethod")
        if version.startswith(b"HTTP/2"):
            # Troubleshooting guide: "an HTTP/1 connection but received an HTTP/2 request".
            self._found(Tier.SEVERE, "BadVersion", 505)
        if not _VERSION.fullmatch(version):
            self._found(Tier.SEVERE, "BadVersion")
        if version[-1:] > b"1" or rest != rest.rstrip(b" \t"):
            self._found(Tier.ACCEPTABLE, "NonCompliantVersion")
            version = b"HTTP/1.1" if version[-1:] > b"1" else version
        if not uri.strip():
            # AWS says MissingUri (ambiguous); there is nothing to route.
            self._found(Tier.SEVERE, "MissingUri")
        if b"\0" in uri or b"\r" in uri:
            self._found(Tier.SEVERE, "BadUri")
        if any(byte < 0x20 or byte == 0x7F for byte in uri):
            self._found(Tier.AMBIGUOUS, "AmbiguousUri")
        if b" " in uri:
            self._found(Tier.ACCEPTABLE, "SpaceInUri")
        escaped = b"".join(bytes((byte,)) if 0x20 < byte < 0x7F else b"%%%02X" % byte for byte in uri.strip())
        return method, escaped, version

    # -- header lines -----------------------------------------------------------------------------------------

    def _field(self, line: bytes) -> None:
        name, colon, value = line.partition(b":")
        value = value.strip(b" \t")
        if b"\0" in line or b"\r" in line:
            self._found(Tier.SEVERE, "BadHeader")
        if line[:1] in (b" ", b"\t"):
            # Not joined to the line before it: "Multi-Line headers are not supported" (troubleshooting guide).
            self._found(Tier.AMBIGUOUS, "MultilineHeader")
        if not name.strip(b" \t"):
            self._found(Tier.AMBIGUOUS, "EmptyHeader")
            return
        if not colon:
            self._found(Tier.AMBIGUOUS, "MissingHeaderColon")
        meant = _resembles(name)
        if meant == name.lower():
            (self._lengths if meant == b"content-length" else self._codings).append(value)
            return
        if meant:
            self._found(Tier.AMBIGUOUS, "SuspiciousHeader")
            return
        if any(byte < 0x20 or byte >= 0x7F for byte in value.replace(b"\t", b"")):
            self._found(Tier.ACCEPTABLE, "NonCompliantHeader")
        name = name.strip(b" \t") if line[:1] in (b" ", b"\t") else name
        if _NAME.fullmatch(name):
            self._fields.append((name, value))
        else:
            self._found(Tier.ACCEPTABLE, "NonCompliantHeader")

    # -- where the body ends ----------------------------------------------------------------------------------

    def _framing(self, method: bytes, version: bytes) -> None:
        chunked = self._check_codings(version)
        length = self._check_lengths()
        if method in _BODILESS:
            if self._codings:
                self._found(Tier.AMBIGUOUS, "UndefinedTransferEncodingSemantics")
            if length is not None:
                reason = "UndefinedContentLengthSemantics" if length else "GetHeadZeroContentLength"
                self._found(Tier.AMBIGUOUS if length else Tier.ACCEPTABLE, reason)
        if self._codings and length is not None:
            self._found(Tier.AMBIGUOUS, "BothTeClPresent")
        if chunked:
            self._fields.append((b"transfer-encoding", b"chunked"))
        elif length is not None:
            self._fields.append((b"content-length", b"%d" % length))

    def _check_codings(self, version: bytes) -> bool:
        chunked = 0
        for value in self._codings:
            for coding in value.split(b","):
                name = coding.partition(b";")[0].strip(b" \t").lower()
                if name not in _VALID_CODINGS:
                    self._found(Tier.SEVERE, "BadTransferEncoding")
                if name not in (b"chunked", b"identity"):
                    # Troubleshooting guide, 501: "The supported values are chunked and identity."
                    self._found(Tier.SEVERE, "BadTransferEncoding", 501)
                chunked += name == b"chunked"
        if chunked > 1:
            self._found(Tier.SEVERE, "MultipleTransferEncodingChunked")
        if self._codings and version == b"HTTP/1.0":
            self._found(Tier.AMBIGUOUS, "UndefinedTransferEncodingSemantics")
        return chunked == 1

    def _check_lengths(self) -> int | None:
        for value in self._lengths:
            if not value.isdigit() or int(value[:21]) > _MAX_LENGTH:
                self._found(Tier.SEVERE, "BadContentLength")
        numbers = {int(value) for value in self._lengths}
        if len(numbers) > 1:
            self._found(Tier.SEVERE, "MultipleContentLength")
        if len(self._lengths) > 1:
            self._found(Tier.AMBIGUOUS, "DuplicateContentLength")
        return next(iter(numbers), None)


def _resembles(name: bytes) -> bytes:
    """Content-Length or Transfer-Encoding, if a careless parser could take the name for it; in lower case.

    Some letters outside ASCII become ASCII when a parser changes their case (guardian: `same_char`).
    """
    folded = name.replace(_LONG_S, b"s").replace(_DOTLESS_I, b"i").lower()
    return _SAME_LETTERS.get(bytes(byte for byte in folded if chr(byte).isalnum() and byte < 0x80), b"")
