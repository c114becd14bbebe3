"""A check and its answer, for `preflight` and `doctor`."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Args:
        name: What was looked at.
        level: How it ended.
        detail: What was found.
        fix: What to do about it; empty when nothing is to be done.
    """

    name: str
    level: Level
    detail: str
    fix: str = ""


def passed(checks: Iterable[Check]) -> bool:
    """Whether nothing failed; warnings and what could not be checked do not count."""
    return all(check.level is not Level.FAILED for check in checks)
