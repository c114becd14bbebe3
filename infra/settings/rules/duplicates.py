"""Lists that say a thing twice: at best a slip, at worst two resources of one name."""

from collections.abc import Iterator

from infra.settings.base import Model
from infra.settings.problems import Path, Problem, Remove

REPEATABLE = frozenset({"command", "entryPoint"})
"""Lists in which the same word may come twice."""


def problems(value: object, path: Path = ()) -> Iterator[Problem]:
    """Repeated elements of every list in the settings."""
    if isinstance(value, Model):
        for name, field in type(value).model_fields.items():
            yield from problems(getattr(value, name), (*path, str(field.alias)))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from problems(inner, (*path, key))
    elif isinstance(value, tuple) and path[-1] not in REPEATABLE:
        for index, inner in enumerate(value):
            if inner in value[:index]:
                shown = ... if isinstance(inner, Model) else inner
                yield Problem(
                    path=(*path, index),
                    value=shown,
                    message="is in the list already; allowed: each once",
                    fix=Remove(),
                )
            yield from problems(inner, (*path, index))
