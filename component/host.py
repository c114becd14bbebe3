"""Host the components for Pulumi's engine, with the defaults of the settings in the schema."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pulumi.provider.experimental.component import ComponentProvider
from pydantic import BaseModel

from component import components, generate

NAME = "ecs-microservice"
VERSION = (Path(__file__).resolve().parents[1] / "VERSION").read_text("utf-8").strip()


class _WithDefaults(ComponentProvider):
    """The SDK's provider, whose inferred schema has no defaults (`analyzer.PropertyDefinition`)."""

    def __init__(self) -> None:
        super().__init__(list(components.ALL), NAME, None, VERSION)
        assert self.schema is not None  # noqa: S101  the SDK has just made it
        document = json.loads(self.schema)
        for model in _models():
            properties = (
                document["types"].get(f"{NAME}:index:{generate.class_name(model)}", {}).get("properties", {})
            )
            _add_defaults(properties, model)
        for component, (_, model) in components.CONCERNS.items():
            inputs = document["resources"][f"{NAME}:index:{component}"]["inputProperties"]
            _add_defaults(inputs, model)
        resources = document["resources"]
        for key, spec in resources[f"{NAME}:index:Microservice"][
            "properties"
        ].items():  # inherited, with its words
            spec["description"] = resources[f"{NAME}:index:Service"]["properties"][key]["description"]
        document["description"] = (
            "Container services on Amazon ECS: network, cluster, load balancer, service."
        )
        self.schema = json.dumps(_without_none(document))


def provider() -> ComponentProvider:
    """The provider of the components."""
    return _WithDefaults()


def _models() -> Iterator[type[BaseModel]]:
    seen: set[type[BaseModel]] = set()
    waiting = list(generate.ROOTS)
    while waiting:
        model = waiting.pop()
        if model in seen:
            continue
        seen.add(model)
        yield model
        for field in model.model_fields.values():
            waiting += generate.models_in(field.annotation)


def _add_defaults(properties: dict[str, Any], model: type[BaseModel]) -> None:
    """Defaults of plain values; those of objects are in the descriptions of what is in them."""
    for field in model.model_fields.values():
        spec = properties.get(str(field.alias))
        default = generate.default_of(field)
        if spec is not None and default is not None and "type" in spec and spec.get("type") != "object":
            spec["default"] = default


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, list) else value
