"""Text of a file as a terminal may show it: nothing in it moves the cursor, hides, or turns the line around."""


def visible(text: str) -> str:
    r"""`text` with every character that does not print as itself written as its escape, such as `\x1b` or `\u202e`.

    That is what `str.isprintable` says no to: control characters, bidirectional marks and other format characters,
    lone surrogates, line separators, and spaces that only look like one.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
