"""Answers in pages: the tokens that lead from one to the next."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

Entry = TypeVar("Entry")


class UnknownTokenError(Exception):
    """A token that no answer gave."""


def page(found: Sequence[Entry], *, size: int, token: str | None) -> tuple[list[Entry], str | None]:
    """One page, and the token of the next; None after the last.

    Args:
        found: Everything there is, in an order that lasts.
        size: How many a page has at most.
        token: The token of the page that is asked for; None for the first.

    Raises:
        UnknownTokenError: No answer gave that token.
    """
    begin = _position(token) if token else 0
    end = begin + size
    following = base64.urlsafe_b64encode(f"from:{end}".encode()).decode() if end < len(found) else None
    return list(found[begin:end]), following


def _position(token: str) -> int:
    try:
        word, _, number = base64.urlsafe_b64decode(token).decode().partition(":")
    except (binascii.Error, ValueError):
        word, number = "", ""
    if word != "from" or not number.isdecimal():
        raise UnknownTokenError(token)
    return int(number)
