"""Inputs of `docker-build:index:Image`, typed, under the names of the pulumi_docker_build SDK (0.0.22)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from localcloud.images import context, dockerfile
from localcloud.providers.values import UNKNOWN

Anything = dict[str, Any]


class _Inputs(BaseModel):
    """Everything has a default, because in a preview any value may still be unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class NamedContext(_Inputs):
    """Another folder or image that a Dockerfile can copy from."""

    location: str = ""


class BuildContext(_Inputs):
    """The folder that the Dockerfile copies from."""

    location: str = "."
    named: dict[str, NamedContext] = {}


class Dockerfile(_Inputs):
    """The Dockerfile, on disk or as text."""

    inline: str | None = None
    location: str | None = None


class Registry(_Inputs):
    """Credentials of one registry."""

    address: str = ""
    username: str | None = None
    password: str | None = None


class SSH(_Inputs):
    """Keys or an agent that a build may use."""

    id: str = ""
    paths: list[str] = []


class Builder(_Inputs):
    """Choice of a buildx builder."""

    name: str | None = None


class CacheFrom(_Inputs):
    """One cache to read."""

    azblob: Anything | None = None
    disabled: bool = False
    gha: Anything | None = None
    local: Anything | None = None
    raw: str | None = None
    registry: Anything | None = None
    s3: Anything | None = None


class CacheTo(CacheFrom):
    """One cache to write."""

    inline: Anything | None = None


class Export(_Inputs):
    """One destination of the image."""

    cacheonly: Anything | None = None
    disabled: bool = False
    docker: Anything | None = None
    image: Anything | None = None
    local: Anything | None = None
    oci: Anything | None = None
    raw: str | None = None
    registry: Anything | None = None
    tar: Anything | None = None


class ImageInputs(_Inputs):
    """What an image is built from, as far as it is known."""

    push: bool = False
    add_hosts: list[str] = []
    build_args: dict[str, str] = {}
    build_on_preview: bool = False
    builder: Builder = Builder()
    cache_from: list[CacheFrom] = []
    cache_to: list[CacheTo] = []
    context: BuildContext = BuildContext()
    dockerfile: Dockerfile = Dockerfile()
    # `exec_` in Python, because exec is a built-in function; `exec` on the wire.
    exec_: Annotated[bool, Field(alias="exec")] = False
    exports: list[Export] = []
    ignore_secrets_in_diff_calculation: list[str] = []
    labels: dict[str, str] = {}
    load: bool = False
    network: Literal["default", "host", "none"] = "default"
    no_cache: bool = False
    platforms: list[str] = []
    pull: bool = False
    registries: list[Registry] = []
    secrets: dict[str, str] = {}
    ssh: list[SSH] = []
    tags: list[str] = []
    target: str | None = None

    @property
    def folder(self) -> Path:
        """The build context."""
        return Path(self.context.location)

    @property
    def dockerfile_path(self) -> Path | None:
        """The Dockerfile on disk; None when its text is given inline."""
        if self.dockerfile.inline is not None:
            return None
        return Path(self.dockerfile.location) if self.dockerfile.location else self.folder / "Dockerfile"

    def dockerfile_text(self) -> str:
        """The Dockerfile's text."""
        path = self.dockerfile_path
        return path.read_text("utf-8") if path else str(self.dockerfile.inline)

    def context_hash(self) -> str:
        """Hash of the Dockerfile and of the files it can copy."""
        rules = context.ignore_rules(self.folder, self.dockerfile_path)
        return context.context_hash(self.folder, self.dockerfile_text(), rules)


def without_unknown(value: Any) -> Any:
    """The known part of a plain value: unknown members are left out."""
    if isinstance(value, dict):
        return {key: without_unknown(item) for key, item in value.items() if item is not UNKNOWN}
    if isinstance(value, list):
        return [without_unknown(item) for item in value if item is not UNKNOWN]
    return value


def parse(values: dict[str, Any]) -> tuple[ImageInputs | None, list[tuple[str, str]]]:
    """Read inputs; else the failures as pairs of property and reason.

    Args:
        values: Plain values, possibly with unknown ones.
    """
    try:
        return ImageInputs.model_validate(without_unknown(values)), []
    except ValidationError as error:
        return None, [_failure(item["type"], item["loc"], item["msg"]) for item in error.errors()]


def problems(inputs: ImageInputs, values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What can be said without a build about inputs that cannot work, as pairs of property and reason."""
    location = values.get("context", {})
    location = location.get("location") if isinstance(location, dict) else location
    if location is UNKNOWN or values.get("dockerfile") is UNKNOWN:
        return
    yield from _unsupported(inputs)
    if "://" in inputs.context.location or inputs.context.location.startswith("git@"):
        yield (
            "context.location",
            f"{inputs.context.location!r}: the local cloud builds from folders on this machine",
        )
    elif not inputs.folder.is_dir():
        yield "context.location", f"{inputs.context.location!r} is not a folder (looked in {Path.cwd()})"
    else:
        yield from _dockerfile_problems(inputs)
    if inputs.push and not inputs.tags and not values.get("tags"):
        yield "tags", "push needs at least one tag, for example the repository's URL and the content's hash"


def _dockerfile_problems(inputs: ImageInputs) -> Iterator[tuple[str, str]]:
    path = inputs.dockerfile_path
    place = "dockerfile.location" if path else "dockerfile.inline"
    if inputs.dockerfile.inline is not None and inputs.dockerfile.location is not None:
        yield "dockerfile", "either inline or location, not both"
    if path and not path.is_file():
        yield place, f"{str(path)!r} is not a file (looked in {Path.cwd()})"
        return
    mistake = dockerfile.find_mistake(inputs.dockerfile_text(), inputs.target)
    if mistake:
        yield place, f"{path or 'the Dockerfile'}: {mistake}"


def _unsupported(inputs: ImageInputs) -> Iterator[tuple[str, str]]:
    for index, export in enumerate(inputs.exports):
        for name in ("local", "oci", "tar", "raw"):
            if getattr(export, name) is not None:
                yield (
                    f"exports[{index}].{name}",
                    "the local cloud pushes and loads images and exports nothing else",
                )
    if inputs.context.named:
        yield "context.named", "the local cloud builds from one folder"


def _failure(kind: str, path: tuple[int | str, ...], message: str) -> tuple[str, str]:
    name = ""
    for part in path:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    if kind == "extra_forbidden":
        return name, f"unknown property {path[-1]!r} of a docker-build Image"
    return name, message


def property_names() -> frozenset[str]:
    """Names of all inputs, as Pulumi's protocol spells them."""
    return frozenset(field.alias or name for name, field in ImageInputs.model_fields.items())
