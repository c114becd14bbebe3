"""What a message tells the user to type: this program's own commands, or those of a caller such as make."""

import os
from typing import Final

VARIABLE: Final = "LOCALCLOUD_COMMAND"
"""Name of the variable with the command that has our verbs (`up`, `down`, `setup`, `start`, `load`, `watch`)."""


def command(verb: str) -> str:
    """A verb as the user calls it: `localcloud start`, or that of a caller with commands of its own.

    Args:
        verb: The verb.
    """
    return f"{os.environ.get(VARIABLE) or 'localcloud'} {verb}"
