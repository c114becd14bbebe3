"""Entry point of the container: `python -m service`."""

import os
import signal
import sys

# The kernel ignores signals without a handler for process 1. Without this line a SIGTERM during the imports,
# which take seconds on a quarter of a CPU, would be lost and the container killed 30 s later. It leaves without
# the interpreter's farewell, which crashes when an extension module is only half imported.
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))

import logging  # noqa: E402

from service import logs  # noqa: E402
from service.config import Config, ConfigurationError  # noqa: E402

_log = logging.getLogger("service")


def main() -> int:
    """Run the service until it is told to stop; return the exit code (2: wrong configuration)."""
    logs.configure(logging.INFO)
    try:
        config = Config.from_environment()
    except ConfigurationError as error:
        _log.critical("%s", error)
        return 2
    logs.configure(config.log_level)
    try:
        from service.application import create_app  # noqa: PLC0415 - a broken import becomes one JSON line
        from service.requests import DrainFlag  # noqa: PLC0415
        from service.server import serve  # noqa: PLC0415

        draining = DrainFlag()
        serve(create_app(config, draining), config, draining)
    except OSError as error:
        _log.critical("cannot listen on port %d: %s", config.port, error)
        return 1
    except Exception:  # noqa: BLE001 - whatever it is, the log gets one JSON line
        _log.exception("the service cannot run")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
