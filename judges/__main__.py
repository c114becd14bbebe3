"""Run the suites that are at hand against a fresh local cloud each, and print what came of them."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from judges.environment import python_of
from judges.suites import SUITES, Suite
from localcloud import emulator
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.ports import free_port

# What moto's tests take for granted.
ACCOUNT = "123456789012"
SECONDS_PER_TEST = 60
Results = Mapping[str, Mapping[str, str]]


def main() -> int:
    """Judge; exit code 2 where no checkout of a judge is there."""
    arguments = _arguments()
    folder = Path(arguments.folder).resolve()
    suites = [
        suite
        for suite in SUITES
        if (folder / suite.project / "tests").is_dir()
        and (not arguments.only or arguments.only in suite.name)
    ]
    if not suites:
        sys.stderr.write(
            f"error: no suite is at hand in {folder}\n"
            "  fix: clone getmoto/moto and ministackorg/ministack into a folder, then make judges JUDGES=that folder\n"
        )
        return 2
    python = python_of(folder)
    table = Table("suite", "tests", "passed", "failed", "skipped", "excluded", box=None, padding=(0, 2))
    reasons: Counter[str] = Counter()
    for suite in suites:
        results = judge(suite, folder, python, arguments.select)
        (folder / f"{suite.name.replace(' ', '-')}.json").write_text(json.dumps(results, indent=1))
        counted = Counter(entry["outcome"] for entry in results.values())
        table.add_row(
            suite.name,
            str(sum(counted.values())),
            *(str(counted[outcome]) for outcome in ("passed", "failed", "skipped", "excluded")),
        )
        reasons.update(entry["detail"] for entry in results.values() if entry["outcome"] == "excluded")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    console.print(table)
    for reason, count in reasons.most_common():
        console.print(f"excluded {count}: {reason}")
    console.print(f"each test's outcome is in {folder}/*.json")
    return 0


def judge(suite: Suite, folder: Path, python: Path, select: str) -> Results:
    """Run one suite against a local cloud of its own.

    Args:
        suite: Whose tests.
        folder: Where the checkouts are.
        python: The suites' interpreter.
        select: pytest's `-k`; empty for all tests.

    Returns:
        Outcome and the first line of why, by test id.
    """
    checkout = folder / suite.project
    files = [str(path) for pattern in suite.files for path in sorted((checkout / "tests").glob(pattern))]
    with tempfile.TemporaryDirectory(prefix="judges-") as scratch:
        settings = CloudSettings(home=Path(scratch) / "home", port=free_port(), account_id=ACCOUNT)
        results = Path(scratch) / "results.json"
        emulator.start(settings)
        try:
            subprocess.run(
                [
                    *(str(python), "-m", "pytest", "-q", "--color=no", "--continue-on-collection-errors"),
                    *(
                        "-p",
                        "judged",
                        "-p",
                        "no:cacheprovider",
                        "--tb=short",
                        f"--timeout={SECONDS_PER_TEST}",
                    ),
                    *(("-k", select) if select else ()),
                    *files,
                ],
                cwd=checkout,
                env=_environment(settings, suite, results),
                check=False,
                stdout=(folder / f"{suite.name.replace(' ', '-')}.log").open("w"),
                stderr=subprocess.STDOUT,
            )
            found: Results = json.loads(results.read_text()) if results.exists() else {}
        finally:
            log = settings.log_file.read_text(errors="replace") if settings.log_file.exists() else ""
            (folder / f"{suite.name.replace(' ', '-')}.cloud.log").write_text(log)
            emulator.stop(settings)
    return found


def _environment(settings: CloudSettings, suite: Suite, results: Path) -> dict[str, str]:
    own = Path(__file__).resolve().parent / "within"
    return {
        **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        "PYTHONPATH": os.pathsep.join([str(own), "."]),
        "TEST_SERVER_MODE": "true",
        "TEST_SERVER_MODE_ENDPOINT": settings.endpoint,
        "MINISTACK_ENDPOINT": settings.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "JUDGED_ENDPOINT": settings.endpoint,
        "JUDGED_EXCLUDED": json.dumps(suite.excluded),
        "JUDGED_RESULTS": str(results),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make judges", description=__doc__)
    parser.add_argument("folder", help="where the checkouts of the judges are")
    parser.add_argument("--only", default="", help="suites whose name contains this")
    parser.add_argument("--select", default="", help="tests by pytest's -k")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
