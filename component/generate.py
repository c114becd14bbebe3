"""Write what is made from the settings models: `args.py` and the golden `schema.json` (`python -m component.generate`).

Pulumi infers a package's schema from annotations, and refuses unions, literals and pydantic's models
(`pulumi.provider.experimental.analyzer`). So every model becomes a TypedDict with the model's own words; nothing is
written twice by hand.
"""

import json
import subprocess
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from infra.pure import references
from infra.settings.base import Late
from infra.settings.cluster import Cluster
from infra.settings.encryption import Encryption
from infra.settings.load_balancer import LoadBalancer
from infra.settings.network import Network
from infra.settings.observability import Observability
from infra.settings.root import Settings
from infra.settings.schema import describe, json_schema, resolve
from infra.settings.service import Service

HERE = Path(__file__).resolve().parent
ARGS_FILE = HERE / "args.py"
SCHEMA_FILE = HERE / "schema.json"
ROOTS: Sequence[type[BaseModel]] = (Service, Network, Cluster, LoadBalancer, Observability, Encryption)
"""Models that components take."""

HEADER = '''"""Arguments of the components, made from the settings models by `python -m component.generate`.

A value that another resource puts out may be given wherever the type is `pulumi.Input`.
"""
# ruff: noqa: E501  the descriptions are the models' own

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
'''


STACK = (
    "network",
    "cluster",
    "load_balancer",
    "observability",
    "encryption",
    "permissions_boundary",
    "tags",
    "production",
)

COMPONENTS: Mapping[str, tuple[type[BaseModel], tuple[str, ...]]] = {
    "NetworkArgs": (Network, ("permissions_boundary", "tags", "production")),
    "ClusterArgs": (Cluster, ("network", "permissions_boundary", "tags", "production")),
    "LoadBalancerArgs": (LoadBalancer, ("network", "encryption", "tags", "production")),
    "ServiceArgs": (Service, STACK),
    "MicroserviceArgs": (Service, STACK),
}
"""Arguments of a component: all settings of one concern, and some of the whole stack's."""

VALUES_OF_SECRETS = '''
    secret_values: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Values of the secrets that `secrets` and `build.secrets` name with `config`, name → value."""
'''


def arguments() -> str:
    """The text of `args.py`."""
    models: dict[str, type[BaseModel]] = {}
    for model in ROOTS:
        _collect(model, models)
    classes = [_class(name, model, model.model_fields) for name, model in models.items()]
    for name, (model, shared) in COMPONENTS.items():
        classes.append(_class(name, model, model.model_fields))
        classes.append(
            "\n".join(["", *_fields(Settings, {key: Settings.model_fields[key] for key in shared})])
        )
        classes.append(VALUES_OF_SECRETS if model is Service else "\n")
    return HEADER + "".join(classes)


def formatted(text: str) -> str:
    """Text as `make format` leaves it, so that the two never undo each other."""
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(ARGS_FILE), "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout


def schema() -> dict[str, Any]:
    """The package's schema, as `pulumi package get-schema` gives it."""
    from component.host import provider  # noqa: PLC0415  it reads args.py, which this module writes

    found: dict[str, Any] = json.loads(provider().schema or "{}")
    return found


def write() -> None:
    """Bring both files up to date."""
    ARGS_FILE.write_text(formatted(arguments()), "utf-8")
    SCHEMA_FILE.write_text(json.dumps(schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


def class_name(model: type[BaseModel]) -> str:
    """Name of a model's TypedDict: the settings' own, with Pulumi's ending for arguments."""
    return f"{model.__name__}SettingsArgs"


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


def takes_inputs(annotation: Any, metadata: Sequence[Any] = ()) -> bool:
    """Whether a text may be the output of another resource: it may be a reference in a stack file, too."""
    for item in metadata:
        pattern = getattr(item, "pattern", None)
        if isinstance(item, Late) or (isinstance(pattern, str) and references.PATTERN in pattern):
            return True
        if isinstance(item, FieldInfo) and takes_inputs(None, item.metadata):
            return True
    return get_origin(annotation) is Annotated and takes_inputs(
        get_args(annotation)[0], annotation.__metadata__
    )


def _collect(model: type[BaseModel], models: dict[str, type[BaseModel]]) -> None:
    """Models below a model first, so that a class is there before it is used."""
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            known = models.get(class_name(inner))
            assert known in {None, inner}, f"two models are called {inner.__name__}"  # noqa: S101
            if known is None:
                _collect(inner, models)
    models.setdefault(class_name(model), model)


def _class(name: str, model: type[BaseModel], fields: Mapping[str, FieldInfo]) -> str:
    text = _escaped(model.__doc__ or "")
    end = "\n    " if "\n" in text else ""
    lines = [
        f"\n\nclass {name}(TypedDict):",
        f'    """{text}{end}"""',
        "",
        *_fields(model, fields),
    ]
    return "\n".join(lines) + "\n"


def _fields(model: type[BaseModel], fields: Mapping[str, FieldInfo]) -> list[str]:
    lines: list[str] = []
    for key, field in fields.items():
        annotation = _type(field.annotation, field.metadata)
        wrapped = annotation if field.is_required() else f"NotRequired[{annotation}]"
        lines += [f"    {key}: {wrapped}", f'    """{_escaped(_description(model, field))}"""', ""]
    return lines[:-1]


def _description(model: type[BaseModel], field: FieldInfo) -> str:
    text = " ".join((field.description or "").split())
    document = json_schema()
    properties = (
        document["properties"] if model is Settings else document["$defs"][model.__name__]["properties"]
    )
    found = resolve(properties[str(field.alias)])
    allowed = describe(found)
    if not found.get("properties") and allowed not in {"text", "true or false", "any value"}:
        text += f" Allowed: {allowed}."
    default = default_of(field)
    return text if default is None else f"{text} Default: {json.dumps(default)}."


def default_of(field: FieldInfo) -> Any:
    """The default as far as it is a plain value; None for none."""
    value = field.default
    return value if isinstance(value, str | int | float) else None


def _type(annotation: Any, metadata: Sequence[Any] = ()) -> str:  # noqa: PLR0911  one return per kind of type
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0], [*metadata, *annotation.__metadata__])
    if origin is Literal:
        return type(inner[0]).__name__
    if origin in {Union, types.UnionType}:
        known = [one for one in inner if one is not type(None)]
        return _type(known[0], metadata) if len(known) == 1 else "Any"
    if origin is tuple:
        element = _type(inner[0])
        # Another resource may put out the whole list.
        return (
            f"pulumi.Input[Sequence[{element}]]" if element.startswith("pulumi.") else f"Sequence[{element}]"
        )
    if origin is not None and issubclass(origin, Mapping):
        value = "Any" if get_origin(inner[1]) in {Union, types.UnionType} else _type(inner[1])
        return f"Mapping[str, {value}]"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return class_name(annotation)
    name = str(annotation.__name__)
    return f"pulumi.Input[{name}]" if takes_inputs(annotation, metadata) else name


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', "'''").strip()


if __name__ == "__main__":
    write()
