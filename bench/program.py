"""How the time to evaluate the program grows with its services: whole processes, imports included."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

REPOSITORY = Path(__file__).resolve().parent.parent
ROUNDS = 3
EVALUATE = """
import json, sys
from tests.program.deploy import deploy_services
deploy_services({f"s{index}": {"route": {"paths": [f"/s{index}/*"]}} for index in range(json.loads(sys.argv[1]))})
"""


def main() -> None:
    """Evaluate one service and a hundred in turns, and print the ratio of the medians."""
    one, hundred = [], []
    for _ in range(ROUNDS):
        one.append(_seconds(1))
        hundred.append(_seconds(100))
    first, many = statistics.median(one), statistics.median(hundred)
    Console(highlight=False).print(
        f"evaluating the program: 1 service {first:.1f} s, 100 services {many:.1f} s, "
        f"ratio {many / first:.2f} (bar 3)\n"
    )


def _seconds(services: int) -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", EVALUATE, json.dumps(services)], cwd=REPOSITORY, check=True)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
