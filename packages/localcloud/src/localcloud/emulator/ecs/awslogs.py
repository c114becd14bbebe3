"""The awslogs driver: every line a container prints, in order, in CloudWatch Logs."""

import codecs
import logging
import queue
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import requests
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from localcloud.emulator import upstream

logger = logging.getLogger(__name__)
# PutLogEvents: an event's message is at most 256 KiB, and a batch at most 10,000 events.
MAX_MESSAGE_BYTES = 256 * 1024
MAX_BATCH = 1000
_TIMESTAMP = re.compile(rb"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z ")


@dataclass(frozen=True, kw_only=True)
class LogStream:
    """Where one container's output goes."""

    account: str
    region: str
    group: str
    name: str
    create_group: bool = False

    @classmethod
    def of(
        cls, definition: Mapping[str, Any], *, account: str, region: str, task: str, container: str
    ) -> "LogStream | None":
        """Read a container definition's `logConfiguration`; None for another driver.

        The stream is named `prefix/container/task` as the awslogs driver does, or by the container's id.
        """
        configuration = definition.get("logConfiguration") or {}
        options = configuration.get("options") or {}
        if configuration.get("logDriver") != "awslogs" or not options.get("awslogs-group"):
            return None
        prefix = options.get("awslogs-stream-prefix")
        return cls(
            account=account,
            region=options.get("awslogs-region") or region,
            group=options["awslogs-group"],
            name=f"{prefix}/{definition['name']}/{task}" if prefix else container,
            create_group=str(options.get("awslogs-create-group", "")).lower() == "true",
        )

    def open(self) -> str | None:
        """Make the stream; returns what ECS reports as the reason when that is not possible."""
        logs = upstream.logs
        with upstream.responses.request_scope(self.account, self.region):
            if self.group not in logs._log_groups:
                if not self.create_group:
                    return (
                        "ResourceInitializationError: failed to validate logger args: create stream has been "
                        f"retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: "
                        f"The specified log group does not exist. ({self.group})"
                    )
                logs._create_log_group({"logGroupName": self.group})
            logs._create_log_stream({"logGroupName": self.group, "logStreamName": self.name})
        return None

    def put(self, events: list[dict[str, Any]]) -> None:
        """Append events."""
        with upstream.responses.request_scope(self.account, self.region):
            upstream.logs._put_log_events(
                {"logGroupName": self.group, "logStreamName": self.name, "logEvents": events}
            )


@dataclass
class Lines:
    """Turns what Docker streams back into lines: long lines arrive in pieces, each with its own timestamp.

    Args:
        pending: What has arrived of a line.
        pending_since: Its first piece's time, in milliseconds.
        last: The latest timestamp seen, as Docker writes it.
    """

    pending: bytearray = field(default_factory=bytearray)
    pending_since: int = 0
    last: bytes = b""

    def feed(self, frame: bytes) -> Iterator[dict[str, Any]]:
        """Yield the events a frame completes."""
        for piece in frame.splitlines(keepends=True):
            when, text = _split_timestamp(piece)
            self.last = max(self.last, piece.partition(b" ")[0])
            if not self.pending:
                self.pending_since = when
            self.pending += text
            if piece.endswith(b"\n") or len(self.pending) >= MAX_MESSAGE_BYTES:
                yield from self.flush()

    def flush(self) -> Iterator[dict[str, Any]]:
        """Yield what is left, for example the last words of a process that died without a newline."""
        if self.pending:
            text = bytes(self.pending).rstrip(b"\r\n")
            self.pending.clear()
            yield {"timestamp": self.pending_since, "message": codecs.decode(text, "utf-8", "replace")}


def _split_timestamp(piece: bytes) -> tuple[int, bytes]:
    match = _TIMESTAMP.match(piece)
    if not match:
        return int(time.time() * 1000), piece
    seconds = datetime.fromisoformat(match.group(1).decode() + "+00:00").timestamp()
    fraction = float(match.group(2) or b"0")
    return int((seconds + fraction) * 1000), piece[match.end() :]


class Forwarder:
    """Copies one container's output to its log stream and keeps its last lines for failure reports.

    Reading and storing are separate threads: whatever has arrived meanwhile is stored as one batch, so that an
    application that logs a lot is not held back and a single line is not delayed.
    """

    def __init__(self, container: Container, stream: LogStream | None) -> None:
        self._container = container
        self._stream = stream
        self._events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._last: list[str] = []
        name = (container.name or "")[:40]
        self._reader = threading.Thread(target=self._read, daemon=True, name=f"logs-read-{name}")
        self._writer = threading.Thread(target=self._write, daemon=True, name=f"logs-write-{name}")

    def start(self) -> None:
        """Begin, with the container's first line."""
        self._reader.start()
        self._writer.start()

    def finish(self, seconds: float = 10.0) -> None:
        """Wait until everything a stopped container printed is stored."""
        self._reader.join(seconds)
        self._writer.join(seconds)

    def last_lines(self, count: int = 20) -> list[str]:
        """The last lines, oldest first."""
        return self._last[-count:]

    def _read(self) -> None:
        lines = Lines()
        try:
            for frame in self._container.logs(stream=True, follow=True, timestamps=True):
                for event in lines.feed(frame):
                    self._events.put(event)
            # A follower may miss what was written right before the end.
            last = lines.last
            for piece in self._container.logs(timestamps=True, tail=100).splitlines(keepends=True):
                if piece.partition(b" ")[0] > last:
                    for event in lines.feed(piece):
                        self._events.put(event)
        except (APIError, NotFound, requests.exceptions.RequestException, OSError) as error:
            logger.info("output of %s ended early: %s", self._container.name, error)
        finally:
            for event in lines.flush():
                self._events.put(event)
            self._events.put(None)

    def _write(self) -> None:
        ended = False
        while not ended:
            batch = [self._events.get()]
            while len(batch) < MAX_BATCH and not self._events.empty():
                batch.append(self._events.get())
            ended = batch[-1] is None
            events = [event for event in batch if event is not None]
            if not events:
                continue
            self._last = [*self._last, *(event["message"] for event in events)][-50:]
            if self._stream is not None:
                self._stream.put(events)
