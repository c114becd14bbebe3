"""A request's body on its way: straight on once the target is connected, kept until then."""

from localcloud.emulator.alb.upstream_connection import TargetConnection

# A body up to this size is kept, so that the request can be sent again on a fresh connection.
REPLAY_BYTES = 64 * 1024


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
        self._bytes += len(piece)
        if target is not None:
            target.write(piece)
        if target is None or self._bytes <= REPLAY_BYTES:
            self._kept.append(piece)
        return target is not None or self._bytes <= REPLAY_BYTES

    def end(self, target: TargetConnection | None) -> None:
        """The body is complete."""
        self.complete = True
        if self._chunked:
            self._kept.append(b"0\r\n\r\n")
            if target is not None:
                target.write(b"0\r\n\r\n")

    def so_far(self) -> bytes:
        """What to send when a target is connected; a body too large to repeat is forgotten with that."""
        sent = b"".join(self._kept)
        if self._bytes > REPLAY_BYTES:
            self._kept.clear()
        return sent

    def repeatable(self) -> bool:
        """Whether the whole body is still here."""
        return self.complete and self._bytes <= REPLAY_BYTES
