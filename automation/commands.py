"""Command lines as messages print them: what is printed works when it is pasted where the command was typed."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from automation.repository import REPOSITORY_ROOT

# This stack always runs on the local cloud, whatever the command line says.
LOCAL_STACK = "local"


def verb(*words: str, folder: Path | None = None) -> str:
    """The command line of a verb, every word quoted for the shell.

    Args:
        words: The verb and its arguments.
        folder: Folder of Pulumi.yaml; None for this repository, which verbs take by themselves.
    """
    elsewhere = [] if folder is None or folder == REPOSITORY_ROOT else ["--project", str(folder)]
    return f"{_python()} -m automation {shlex.join([*words, *elsewhere])}"


def verb_of(name: str, stack: str, *, local: bool, folder: Path | None) -> str:
    """The command line of a verb that takes a stack: `python -m automation status dev --local`.

    Args:
        name: The verb.
        stack: Name of the stack.
        local: Whether it runs on the local cloud.
        folder: As of `verb`.
    """
    return verb(name, stack, *(["--local"] if local and stack != LOCAL_STACK else []), folder=folder)


def _python() -> str:
    """The interpreter that runs this command: `python` where the shell means the same by it, else its path."""
    found = shutil.which("python")
    if found is not None and os.path.abspath(found) == os.path.abspath(sys.executable):  # noqa: PTH100  keeps links
        return "python"
    relative = os.path.relpath(sys.executable)
    return shlex.quote(sys.executable if relative.startswith("..") else relative)
