"""What has to be set before a command line imports anything else; importing this module sets it.

A verb imports for half a second before it can catch anything, and Ctrl-C in that time would show where. It matters only
to processes that are `python -m automation` or `python -m localcloud`; any other import of this module does nothing.
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Final

from localcloud.loopback import keep_off_proxies

_COMMANDS: Final = {"automation", "localcloud"}
_INTERRUPTED: Final = 130


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """Nothing has been begun yet, so there is nothing to end in order."""
    os.write(2, b"stopped\n")
    os._exit(_INTERRUPTED)


def _interrupt(_signal: int, frame: FrameType | None) -> None:
    os.write(2, b"stopped by SIGTERM\n")  # whoever presses Ctrl-C sees what ended the command
    as_for_ctrl_c = signal.getsignal(signal.SIGINT)
    if callable(as_for_ctrl_c):
        as_for_ctrl_c(signal.SIGINT, frame)


def started() -> None:
    """From here on Ctrl-C and SIGTERM are a KeyboardInterrupt, which the command's `main` catches.

    Python's own handler of SIGINT, because `asyncio.run` replaces only that one by the cancelling of its main task
    (https://docs.python.org/3/library/asyncio-runner.html#handling-keyboard-interruption); any other would raise in the
    middle of whichever task runs.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)


def _is_command() -> bool:
    given = sys.orig_argv
    if "-m" in given[:-1]:
        return given[given.index("-m") + 1] in _COMMANDS
    return Path(sys.argv[0]).name in _COMMANDS  # the script that pip installs


if _is_command():
    keep_off_proxies()
    for _number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(_number, _leave)
