"""Which environment variable an application misses, by the words of the libraries that look for it."""

import itertools
import re
from collections.abc import Iterator, Sequence

_NAME = r"['\"`]?(?P<name>[A-Z][A-Z0-9_]{2,})['\"`]?"
_VARIABLE = r"(?:env|environment)(?: variable)?s?"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"^KeyError: {_NAME}$",  # Python, os.environ
        rf"UndefinedValueError: {_NAME} not found",  # python-decouple
        rf"Set the {_NAME} environment variable",  # django-environ
        rf"{_VARIABLE} {_NAME} (?:is )?(?:not set|not found|missing|required|undefined)",  # Go, caarlos0/env, and many
        rf"(?i:missing|required|undefined|find)(?: required)? {_VARIABLE}:? {_NAME}",
        rf"required key {_NAME} missing value",  # Go, kelseyhightower/envconfig
        rf": {_NAME}: (?:parameter (?:not set|null or not set)|unbound variable)",  # sh -u, bash -u, ${NAME:?}
        rf"\b{_NAME} (?:must be set|is not set|is required|is missing|not set|not defined)\b",
        rf"[Yy]ou must specify {_NAME}(?: |$)",  # the images of postgres and mysql
    )
)
_FIELD = re.compile(r"^(?P<name>[A-Za-z][A-Za-z0-9_]{2,})$")


def missing_names(lines: Sequence[str]) -> Iterator[str]:
    """Names of variables that the lines of a container's log miss.

    Args:
        lines: Oldest first.
    """
    # A KeyError is one of the environment's only when its traceback says so.
    asked = any("environ" in line for line in lines)
    for line, following in itertools.zip_longest(lines, lines[1:], fillvalue=""):
        text = line.strip()
        field = _FIELD.match(text)
        # pydantic-settings: the name on a line, then what is wrong. Its names have no case.
        if field and following.strip().startswith("Field required"):
            yield field["name"].upper()
            continue
        found = next((match for pattern in _PATTERNS if (match := pattern.search(text))), None)
        if found and (asked or not text.startswith("KeyError")):
            yield found["name"]
