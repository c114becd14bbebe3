"""A request's body on its way: straight on once the target is connected, kept until then."""

from localcloud.emulator.alb.upstream_connection import TargetConnection

# What a client may send before its target is connected.
WAITING_BYTES = 64 * 1024


class RequestBody:
    """What has arrived of one request's body, framed as the target gets it.

    Args:
        chunked: The client sends it in chunks, and so do we.
    """

    def __init__(self, *, chunked: bool) -> None:
        self._chunked = chunked
        self._kept: list[bytes] = []
        self._bytes = 0
        self.complete = False

    def add(self, data: bytes, target: TargetConnection | None) -> bool:
        """Take a piece; False when the client should wait, because nobody takes it off our hands yet."""
        piece = b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data
        if target is not None:
            target.write(piece)
            return True
        self._kept.append(piece)
        self._bytes += len(piece)
        return self._bytes <= WAITING_BYTES

    def end(self, target: TargetConnection | None) -> None:
        """The body is complete."""
        self.complete = True
        if not self._chunked:
            return
        if target is not None:
            target.write(b"0\r\n\r\n")
        else:
            self._kept.append(b"0\r\n\r\n")

    def take(self) -> bytes:
        """What to send when the target is connected."""
        kept = b"".join(self._kept)
        self._kept.clear()
        return kept
