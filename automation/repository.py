"""Where this checkout is: the project that commands work on when they name none, and the local cloud's home in it."""

from pathlib import Path
from typing import Final

REPOSITORY_ROOT: Final = Path(__file__).resolve().parents[1]
LOCAL_HOME: Final = REPOSITORY_ROOT / ".localcloud"
"""Folder of the local cloud that `make` starts; LOCALCLOUD_HOME chooses another."""
