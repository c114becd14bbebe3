"""Progress lines for long work, on standard error so that standard output carries results only."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from localcloud.errors import LocalCloudError

# Work that is over sooner is reported by one line; only longer work announces itself first.
ANNOUNCE_AFTER_SECONDS = 0.5
# On a log file every update is a line of its own, so there they come less often.
UPDATE_EVERY_SECONDS = 5.0

# soft_wrap: a URL or a command broken in two by the terminal's width cannot be copied.
_console = Console(stderr=True, highlight=False, soft_wrap=True)
_quiet = False
_take_warning: Callable[[str], bool] = lambda _: False  # noqa: E731  a variable with a default


def set_quiet(quiet: bool) -> None:
    """Show warnings and failures only, for commands whose output is read by other programs."""
    global _quiet  # noqa: PLW0603  one process has one terminal
    _quiet = quiet


def info(message: str) -> None:
    """Print one line of progress."""
    if not _quiet:
        _print(message)


def on_warning(take: Callable[[str], bool]) -> None:
    """Offer warnings to somebody else first, for a process whose standard error nobody reads.

    Args:
        take: Returns whether it took the warning; otherwise it is printed.
    """
    global _take_warning  # noqa: PLW0603  as above
    _take_warning = take


def warn(message: str) -> None:
    """Print one line the user should know about although the work goes on."""
    if not _take_warning(message):
        _print(message, prefix="warning: ", style="yellow")


def fail(error: LocalCloudError | str) -> None:
    """Print what went wrong and, on the next line, what to do about it."""
    _print(str(error), prefix="error: ", style="bold red")


def _print(message: str, *, prefix: str = "", style: str = "") -> None:
    _console.print(Text.assemble((prefix, style), message))


class Step:
    """One piece of long work that is being reported."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._started = time.monotonic()
        self._last_update = self._started
        self._outcome = ""

    def update(self, message: str) -> None:
        """Say where the work stands, at most every five seconds."""
        now = time.monotonic()
        if now - self._last_update >= UPDATE_EVERY_SECONDS:
            self._last_update = now
            info(f"    {self.title}: {message}")

    def done(self, outcome: str) -> None:
        """Choose what the closing line says behind the title, for example what was found."""
        self._outcome = outcome

    def announce(self) -> None:
        """Say that the work goes on."""
        info(f"... {self.title}")

    def finished(self) -> None:
        """Print the closing line with the seconds it took."""
        outcome = f": {self._outcome}" if self._outcome else ""
        info(f"ok  {self.title}{outcome} ({time.monotonic() - self._started:.1f} s)")


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Report a piece of work: a line when it takes longer, a line with the seconds when it is finished.

    Nothing is printed at the end of work that raised: the error says what happened.
    """
    current = Step(title)
    announcement = threading.Timer(ANNOUNCE_AFTER_SECONDS, current.announce)
    announcement.daemon = True
    announcement.start()
    try:
        yield current
    finally:
        announcement.cancel()
    current.finished()
