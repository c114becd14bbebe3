"""Keep `template/` made of this repository's own files: `python -m tests.template.links` (`make template`).

`pulumi new` copies what a link to a file points to and fails at a link to a folder (`CopyTemplateFiles` and `walkFiles`
in the CLI's `pkg/cmd/pulumi/templates/project_templates.go`, 3.260). So every file is a link of its own: nothing is
there twice, and a new project has real files.
"""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template"
LINKED = ("__main__.py", "requirements.in", "requirements.txt", "app", "infra", "docs/settings.md",
          "docs/stack-file.schema.json")  # fmt: skip
"""Files and folders of the repository that a new project needs as they are."""


def wanted() -> dict[str, str]:
    """Link in the template → what it points to, relative to the link's folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *LINKED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    names = [name for name in listed if name and (ROOT / name).is_file()]
    return {name: os.path.relpath(ROOT / name, (TEMPLATE / name).parent) for name in names}


def found() -> dict[str, str]:
    """The links that are in the template now."""
    return {
        path.relative_to(TEMPLATE).as_posix(): os.readlink(path)  # noqa: PTH115  the text itself, not a Path of it
        for path in TEMPLATE.rglob("*")
        if path.is_symlink()
    }


def write() -> None:
    """Bring the links up to date."""
    for name in found().keys() - wanted().keys():
        (TEMPLATE / name).unlink()
    for name, target in wanted().items():
        path = TEMPLATE / name
        if path.is_symlink() and str(path.readlink()) == target:
            continue
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)


if __name__ == "__main__":
    write()
