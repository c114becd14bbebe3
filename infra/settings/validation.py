"""From plain data to `Settings`, or to all mistakes of the data at once."""

import copy
import dataclasses
import difflib
import itertools
from collections.abc import Container, Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from infra.settings import schema, suggestions
from infra.settings.problems import ByHand, Path, Problem, Remove, Rename, is_sensitive
from infra.settings.root import Settings
from infra.settings.rules import problems_of

A_SERVICE = {"web": {"port": 5000}}
"""The least that a command can write: one service with its defaults, one of them said."""


def validate(
    data: dict[str, Any], config_secrets: frozenset[str] = frozenset()
) -> tuple[Settings | None, list[Problem]]:
    """Check `data` (the namespace's keys) and give the settings, or every problem in the order of the keys.

    The mistaken parts are taken out and the rest is checked again, so that the rules across fields are judged
    in the same run as misspelt keys and wrong types.

    Args:
        data: The values under the project's namespace, without encrypted ones.
        config_secrets: Names of the encrypted ones.
    """
    problems: list[Problem] = []
    data = copy.deepcopy(data)
    settings: Settings | None = None
    while settings is None:
        try:
            settings = Settings.model_validate(data)
        except ValidationError as error:
            found = _problems(error, data)
            # What was taken out before may now be missing: that is no new mistake.
            wrong = {problem.path for problem in problems}
            problems += [problem for problem in found if not _touches(problem.path, wrong)]
            removed = [_take_out(data, problem) for problem in found]
            if "services" not in data:  # the rest of the file is judged beside a service without any mistake
                data["services"] = {"web": {}}
            elif not any(removed):
                return None, _in_order(problems)
    wrong = {problem.path for problem in problems}
    problems += [
        problem
        for problem in problems_of(settings, config_secrets)
        if not any(_touches(path, wrong) for path in (problem.path, *problem.related))
    ]
    return (None if problems else settings), _in_order(problems)


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    """By key; of a list the last element first, so that taking one out moves none that a later fix names."""
    return sorted(
        problems,
        key=lambda problem: [
            (isinstance(part, int), -part if isinstance(part, int) else 0, str(part)) for part in problem.path
        ],
    )


def _touches(path: Path, wrong: Iterable[Path]) -> bool:
    """Whether `path` lies in, or holds, a part that is already reported."""
    return any(path[: len(other)] == other or other[: len(path)] == path for other in wrong)


def _causes(error: ValidationError) -> list[ErrorDetails]:
    """Errors without those that follow from others: a list whose only element is wrong is not too short as well."""
    errors = error.errors(include_url=False)
    places = [details["loc"] for details in errors]

    def follows(details: ErrorDetails) -> bool:
        here = details["loc"]
        return details["type"] == "too_short" and any(
            len(place) > len(here) and place[: len(here)] == here for place in places
        )

    return [details for details in errors if not follows(details)]


def _problems(error: ValidationError, data: dict[str, Any]) -> list[Problem]:
    """Pydantic's errors in our terms, one per place: it has several for a value that fits none of several types."""
    found = [_problem(details, data) for details in _causes(error)]
    by_path = {problem.path: problem for problem in reversed(found)}
    for path, problem in list(by_path.items()):
        inner = [other for other in by_path if len(other) > len(path) and other[: len(path)] == path]
        if inner and isinstance(problem.fix, Rename):  # what mends the inner ones goes by the old name
            by_hand = ByHand(f"rename it in the stack file: {problem.fix.key}")
            by_path[path] = dataclasses.replace(problem, fix=by_hand)
        elif isinstance(problem.fix, Remove):  # it goes, and all that is in it
            for other in inner:
                by_path.pop(other, None)
    return list(by_path.values())


def _problem(details: ErrorDetails, data: dict[str, Any]) -> Problem:
    """One pydantic error in our terms."""
    kind, path, value = details["type"], _path(details["loc"]), details["input"]
    if kind == "extra_forbidden":
        return _unknown_key(path, value, data)
    if kind == "missing":
        found = schema.at(path)
        wanted = schema.describe(found) if found else "a value"
        example = suggestions.example(found) if found else None
        if path == ("services",):
            example = A_SERVICE
        return Problem(path=path, message=f"is missing; allowed: {wanted}", fix=example, is_missing=True)
    if details["loc"][-1] == "[key]":
        message = f"the name {path[-1]!r} is not allowed; allowed: {_key_rule(path)}"
        return Problem(path=path, message=message, fix=_key_fix(path, data))
    while not _is_there(data, path):  # the end is pydantic's name of one of several types
        path = path[:-1]
    found = schema.at(path)
    fix = _fix(path, found, value, data)
    allowed = schema.describe(found) if found else details["msg"]
    if kind == "value_error":
        return Problem(
            path=path, value=value, message=f"{details['ctx']['error']}; allowed: {allowed}", fix=fix
        )
    if isinstance(value, str) and isinstance(fix, int) and value == str(fix):
        allowed += ", as a number: without quotes"
    if value is None and found and found.get("properties") and not found.get("required"):
        return Problem(path=path, value=value, message="allowed: an object; {} takes all defaults", fix=fix)
    return Problem(path=path, value=value, message=f"allowed: {allowed}", fix=fix)


def _fix(path: Path, found: schema.Schema | None, value: Any, data: dict[str, Any]) -> Any:
    """The first suggestion with which nothing at this key is wrong any more; None where there is none."""
    if path == ("services",):
        return A_SERVICE
    known = suggestions.candidates(found, None if is_sensitive(path) else value)
    return next((fix for fix in known if _works(fix, path, data)), None)


def _works(fix: Any, path: Path, data: dict[str, Any]) -> bool:
    changed = copy.deepcopy(data)
    *parents, last = path
    at: Any = changed
    for part in parents:
        at = at[part]
    if isinstance(fix, Remove):
        del at[last]
    else:
        at[last] = fix
    try:
        Settings.model_validate(changed)
    except ValidationError as error:
        places = [_path(details["loc"]) for details in error.errors(include_url=False)]
        moved = isinstance(fix, Remove) and isinstance(last, int)  # the next element has its place now
        return moved or not any(_touches(place, [path]) for place in places)
    return True


def _path(location: tuple[int | str, ...]) -> Path:
    """Pydantic's location without its own markers."""
    return tuple(part for part in location if part != "[key]")


def _is_there(data: Any, path: Path) -> bool:
    for part in path:
        if not _holds(data, part):
            return False
        data = data[part]
    return True


def _unknown_key(path: Path, value: Any, data: dict[str, Any]) -> Problem:
    known = schema.keys(path[:-1])
    close = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.6)
    if not close:
        folded = {key.lower(): key for key in known}
        plain = str(path[-1]).replace("_", "").replace("-", "").lower()
        close = [folded[plain]] if plain in folded else []
    if close:
        taken = _is_there(data, (*path[:-1], close[0]))
        return Problem(
            path=path,
            value=... if taken else value,
            message=f"unknown key; did you mean {close[0]}{', which is there as well' if taken else ''}?",
            fix=Remove() if taken else Rename(close[0], value),
        )
    # Nobody knows what it was meant to be: its value could be a password.
    return Problem(path=path, message=f"unknown key; allowed here: {', '.join(known)}", fix=Remove())


def _key_rule(path: Path) -> str:
    parent = schema.at(path[:-1]) or {}
    names = parent.get("propertyNames", {})
    pattern = names.get("pattern") or next(iter(parent.get("patternProperties", {})), "")
    if path[0] == "services" and len(path) == 2:
        return "lower-case letters, digits and single hyphens, beginning with a letter, at most 24 characters"
    return schema.describe(names) if names.get("enum") else f"text matching {pattern}"


def _key_fix(path: Path, data: dict[str, Any]) -> Any:
    if path[0] != "services" or len(path) != 2:
        return Remove()
    words = "".join(c if c.isascii() and c.isalnum() else "-" for c in str(path[-1]).lower())
    name = "-".join(word for word in words.split("-") if word).lstrip("0123456789-")[:24].rstrip("-")
    name = name or "web"
    services = data["services"]
    if name in services:
        return ByHand(
            f"give it a name in the stack file that no other service has, such as {_free(name, services)}"
        )
    return Rename(name, services[path[-1]] or {"port": 5000})


def _free(name: str, taken: Container[str]) -> str:
    numbers = (f"{name[:21]}-{number}" for number in itertools.count(2))
    return next(other for other in numbers if other not in taken)


def _take_out(data: Any, problem: Problem) -> bool:
    """Remove the smallest part of `data` that makes the problem go away; False when there is nothing to remove."""
    path = problem.path[:-1] if problem.is_missing else problem.path
    # One bad element takes its list along: what is left of it could break rules that the author never broke.
    while path and isinstance(path[-1], int):
        path = path[:-1]
    *parents, last = path or ("",)
    for part in parents:
        data = data[part] if _holds(data, part) else None
    if not _holds(data, last):
        return False
    del data[last]
    return True


def _holds(data: Any, part: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(part, int) and part < len(data)
    return isinstance(data, dict) and part in data
