"""Errors the local cloud shows to people: one clear message, and what to do about it."""

import errno
from collections.abc import Mapping, Sequence
from typing import Any


def visible(text: str) -> str:
    r"""Return text whose characters all print as themselves; others become escapes such as `\x1b` or `\u202e`.

    Names and values come from files: a control character in one must not move the cursor, a bidirectional mark must
    not turn the line around. Line ends and tabs stay.
    """
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode("ascii") for c in text
    )


class LocalCloudError(Exception):
    """A failure the user can act on.

    Args:
        message: What went wrong, naming the thing and its value.
        fix: The next thing to do, as one sentence or one command; None when the message says it.
    """

    def __init__(self, message: str, *, fix: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return visible(f"{self.message}\n  fix: {self.fix}" if self.fix else self.message)


# What a machine refuses (full, over quota, read-only, broken), as opposed to a wrong path, a mistake of the code.
_OF_THE_MACHINE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE})


def of_the_machine(error: OSError) -> LocalCloudError | None:
    """The failure of this machine that an error is, in words for its user; None for any other error."""
    if error.errno not in _OF_THE_MACHINE:
        return None
    where = f"{error.filename}: " if error.filename else ""
    return LocalCloudError(
        f"this machine cannot go on: {where}{error.strerror}",
        fix="free disk space or mend what it names, then run the command again",
    )


class ResourceInitFailed(Exception):  # noqa: N818  the name Pulumi's protocol gives this outcome
    """A resource exists but did not become ready.

    The engine records it with these reasons, fails the run, and updates it again on the next run even when its
    inputs have not changed (Pulumi: `ErrorResourceInitFailed`).

    Args:
        resource_id: The provider's id of the resource.
        properties: The resource's outputs as far as they are known, as plain Python values.
        reasons: One line or block of text per reason, safe to print.
    """

    def __init__(self, resource_id: str, properties: Mapping[str, Any], reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.resource_id = resource_id
        self.properties = dict(properties)
        self.reasons = list(reasons)
