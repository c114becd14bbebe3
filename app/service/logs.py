"""One JSON object per line on standard output, with the id of the request that caused it.

CloudWatch Logs discovers the fields of such lines by itself:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""

import contextlib
import json
import logging
import logging.config
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the request being handled, None outside of one."""

_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


def write_line(level: str, logger: str, fields: dict[str, Any]) -> None:
    """Write one log line at once, so that lines of several threads and processes never mix.

    A reader that went away must not turn into failed requests: a line that cannot be written is dropped.
    """
    line = _encode(
        {"time": _now(), "level": level, "logger": logger, "request_id": request_id.get(), **fields}
    )
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.buffer.write(line.encode() + b"\n")
        sys.stdout.buffer.flush()


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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
