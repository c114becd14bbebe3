"""Draw the fleet again and again on a terminal, until Ctrl-C."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from automation.observation import Observed
from automation.views import fleet_view
from localcloud.errors import LocalCloudError

PERIOD_SECONDS = 2.0


def watch_fleet(
    read: Callable[[], Sequence[Observed]], *, title: str, console: Console, period: float = PERIOD_SECONDS
) -> None:
    """Redraw what is read every `period` seconds; Ctrl-C ends it and leaves the last picture on the terminal.

    A reading that fails is told above the last one that did not: the cloud may come back.

    Args:
        read: Reads the fleet.
        title: What is looked at.
        console: A terminal.
        period: Seconds between two readings.
    """
    picture: RenderableType = Text("reading …")
    try:
        with Live(Text(title), console=console, screen=True, auto_refresh=False) as live:
            while True:
                problem = ""
                try:
                    picture = fleet_view(read())
                except (LocalCloudError, BotoCoreError, ClientError) as error:
                    problem = f"{error}; asking again"
                live.update(_framed(title, problem, picture), refresh=True)
                time.sleep(period)
    except KeyboardInterrupt:
        console.print(picture)


def _framed(title: str, problem: str, picture: RenderableType) -> RenderableType:
    now = f"{datetime.now(UTC):%H:%M:%S} UTC"
    head = Text(f"{title}   {now}   Ctrl-C ends", style="reverse")
    return Group(head, *([Text(problem, style="bold red")] if problem else []), Text(""), picture)
