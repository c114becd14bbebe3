"""From the arguments of a component to settings: what resources put out stays an output until it is needed."""

from collections.abc import Mapping
from typing import Any, get_args, get_origin

import pulumi
from pydantic import BaseModel

from component.generate import models_in
from infra.settings.problems import Problem
from infra.settings.root import Settings
from infra.settings.validation import validate


class Given:
    """Arguments as the data of a stack file.

    Outputs become `${input:N}`, which the settings take wherever they take a reference to another stack.

    Attributes:
        outputs: The outputs, by number.
    """

    def __init__(self) -> None:
        self.outputs: list[pulumi.Input[Any]] = []

    def data(self, model: type[BaseModel], args: Mapping[str, Any]) -> dict[str, Any]:
        """What a stack file would say for a model.

        Args:
            model: The settings model.
            args: Arguments under the model's own field names; None counts as not given.
        """
        fields = model.model_fields
        return {
            str(fields[name].alias): self._value(fields[name].annotation, value)
            for name, value in args.items()
            if value is not None
        }

    def _value(self, annotation: Any, value: Any) -> Any:
        if isinstance(value, pulumi.Output):
            self.outputs.append(value)
            reference = f"${{input:{len(self.outputs) - 1}}}"
            # A reference to a list stands for all of it (`References.texts`).
            return [reference] if _is(annotation, tuple) else reference
        inner = next(models_in(annotation), None)
        if isinstance(value, Mapping):
            if inner and not _is(annotation, Mapping):
                return self.data(inner, value)
            return {
                key: self.data(inner, one) if inner and isinstance(one, Mapping) else self._value(None, one)
                for key, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [
                self.data(inner, one) if inner and isinstance(one, Mapping) else self._value(None, one)
                for one in value
            ]
        # Numbers come over the wire as floats.
        return int(value) if isinstance(value, float) and value.is_integer() else value


def checked(component: str, name: str, data: dict[str, Any], secrets: frozenset[str]) -> Settings:
    """The settings of a component's arguments.

    Args:
        component: Kind of component, for the message.
        name: Its name.
        data: What a stack file would say.
        secrets: Names of the secret values that the component was given.

    Raises:
        pulumi.RunError: The arguments have mistakes; the message lists all of them.
    """
    settings, problems = validate(data, secrets)
    if settings is None:
        count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        listing = "\n".join(_line(problem) for problem in problems)
        raise pulumi.RunError(f"the arguments of {component} {name!r} have {count}:\n{listing}")
    return settings


def _line(problem: Problem) -> str:
    """The mistake without the commands that mend a stack file: here a program is to be mended."""
    text = problem.render().split("\n", 1)[0]
    return text.removeprefix(f"services.{problem.path[1]}.") if problem.path[:1] == ("services",) else text


def _is(annotation: Any, kind: type) -> bool:
    """Whether an annotation, or one of its alternatives, is a generic of this kind."""
    origins = [get_origin(one) for one in (annotation, *get_args(annotation))]
    return any(isinstance(origin, type) and issubclass(origin, kind) for origin in origins)
