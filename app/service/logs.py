"""One JSON object per line on standard output, with the id of the request that caused it.

CloudWatch Logs discovers the fields of such lines by itself:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""

import contextlib
import logging
import logging.config
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import orjson

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the request being handled, None outside of one."""


class LineWriter:
    """Writes whole lines in order: at once, or gathered where there are thousands per second.

    Waking the reader of the pipe for every line costs more than handling the request it tells of, and a thread that
    writes every few milliseconds takes the interpreter from the requests. So whoever adds the last line of a batch
    writes it, and a thread comes only for what is left. A process that is killed (SIGKILL) loses what waits;
    one that ends writes it, because the interpreter waits for executors before it exits.
    """

    BATCH = 100
    DELAY_SECONDS = 0.25

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._lock = Lock()
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log")
        self._scheduled = False

    def write(self, line: bytes) -> None:
        """Write the line now, after those that wait."""
        self._lines.append(line)
        self.flush()

    def write_soon(self, line: bytes) -> None:
        """Write the line when `BATCH` lines wait, `DELAY_SECONDS` later at most."""
        self._lines.append(line)
        if len(self._lines) >= self.BATCH:
            self.flush()
        elif not self._scheduled:
            self._scheduled = True
            try:
                self._executor.submit(self._flush_after_delay)
            except RuntimeError:  # the interpreter is exiting
                self.flush()

    def _flush_after_delay(self) -> None:
        time.sleep(self.DELAY_SECONDS)
        self._scheduled = False
        self.flush()

    def flush(self) -> None:
        """Write the lines that wait."""
        with self._lock:
            count = len(self._lines)
            waiting = b"".join(self._lines[:count])
            del self._lines[:count]
            # A reader that went away must not turn into failed requests: what cannot be written is dropped.
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.buffer.write(waiting)
                sys.stdout.buffer.flush()


writer = LineWriter()


def write_line(level: str, logger: str, fields: dict[str, Any], *, soon: bool = False) -> None:
    """Write one log line, now or (`soon`) together with those of the next moment."""
    identifier = request_id.get()
    entry = {"time": datetime.now(UTC), "level": level, "logger": logger, "request_id": identifier, **fields}
    line = orjson.dumps(entry, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
    if soon:
        writer.write_soon(line)
    else:
        writer.write(line)


class JsonHandler(logging.Handler):
    """Sends the records of Python's logging through `write_line`, exceptions in a `traceback` field."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        try:
            fields = {"message": record.getMessage()}
            if record.exc_info and record.exc_info[0]:
                fields["traceback"] = logging.Formatter().formatException(record.exc_info)
            write_line(record.levelname.lower(), record.name, fields)
        except Exception:  # noqa: BLE001 - logging's own contract: a record that cannot be formatted is reported
            self.handleError(record)


def logging_config(level: int) -> dict[str, Any]:
    """Return the `logging.config.dictConfig` that sends everything through `JsonHandler`."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "handlers": {"json": {"()": JsonHandler}},
        "root": {"level": level, "handlers": ["json"]},
        "loggers": {},
    }


def configure(level: int) -> None:
    """Make JSON lines of everything that is logged from now on."""
    logging.config.dictConfig(logging_config(level))
