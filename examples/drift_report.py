"""Report what was changed outside of the program, in Markdown, for some environments.

    python -m examples.drift_report dev staging prod > drift.md

Exit code 0: no drift; 2: drift; 1: something could not be read.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from automation import DriftReport, LocalCloudError, open_stack
from automation.cli import run_cli


def section(name: str, report: DriftReport) -> str:
    """One environment's part of the report."""
    lines = [f"## {name}", ""]
    lines += [f"- could not be read: {error}" for error in report.errors]
    if not report.drifted:
        lines.append("No drift." if report.ok else "No drift in what could be read.")
    for item in report.drifted:
        lines.append(f"- `{item.name}` ({item.type})" + (" is gone" if item.gone else ""))
        lines += [
            f"  - `{change.path}`: `{json.dumps(change.old)}` → `{json.dumps(change.new)}`"
            for change in item.changes
        ]
    return "\n".join([*lines, ""])


def main(
    stacks: Annotated[list[str], typer.Argument(metavar="STACKS", help="Stacks to look at.")],
    local: Annotated[bool, typer.Option("--local", help="On the local cloud.")] = False,
    project: Annotated[Path | None, typer.Option(help="Folder of Pulumi.yaml.")] = None,
) -> None:
    """Print the drift of STACKS."""
    code = 0
    print("# Drift\n")
    for name in stacks:
        try:
            report = open_stack(name, local=local, project=project).drift()
        except LocalCloudError as error:
            report = DriftReport(ok=False, drifted=(), errors=(str(error),))
        print(section(name, report))
        code = 1 if not report.ok or code == 1 else 2 if report.drifted else code
    raise SystemExit(code)


if __name__ == "__main__":
    run_cli(lambda: typer.run(main))
