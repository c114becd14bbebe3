"""Provider instances in this process, and calls to them in terms of the engine's values."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    InvokeRequest,
    Provider,
    ReadRequest,
    UpdateRequest,
)

from localcloud.engine.resources import Resource
from localcloud.engine.values import (
    Properties,
    contains_unknown,
    from_provider,
    mark_secrets,
    plain,
    to_provider,
)
from localcloud.errors import LocalCloudError, ResourceInitFailed

T = TypeVar("T")
ProviderFactory = Callable[[], Provider]


@runtime_checkable
class Finds(Protocol):
    """A provider that can find what an interrupted create left behind."""

    async def find(self, request: CreateRequest) -> CreateResponse | None:
        """Return the object an interrupted create of exactly these inputs left behind, or None."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Checked inputs, and what is wrong with them."""

    inputs: Properties
    failures: tuple[CheckFailure, ...]


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a create, update or read gave: `init_errors` when the object exists but is not ready."""

    id: str
    outputs: Properties
    inputs: Properties = field(default_factory=dict)
    init_errors: tuple[str, ...] = ()


def call(request: Coroutine[Any, Any, T]) -> T:
    """Run one provider call in the thread that needs its result.

    Every call has an event loop of its own, so a provider may block as boto3 does without holding up the others; it
    must not share asyncio's locks and queues between calls.
    """
    return asyncio.run(request)


class Instance:
    """One configured provider.

    Args:
        package: Package it serves.
        provider: The provider.
        config: Its inputs; with unknown ones (in a preview) it stays unconfigured and answers nothing.
    """

    def __init__(self, package: str, provider: Provider, config: Properties) -> None:
        self.package = package
        self.provider = provider
        self.configured = not contains_unknown(config)
        self._secrets = True
        if self.configured:
            values = plain(config)
            variables = {f"{package}:{key}": value for key, value in values.items() if isinstance(value, str)}
            response = call(provider.configure(ConfigureRequest(variables, to_provider(config), True, True)))
            self._secrets = response.accept_secrets

    def _values(self, properties: Properties) -> dict[str, Any]:
        return to_provider(properties, keep_secrets=self._secrets)

    def check(self, urn: str, old: Properties, new: Properties, seed: bytes) -> Checked:
        """Validate and complete inputs; without a configuration, they pass as they are."""
        if not self.configured:
            return Checked(inputs=new, failures=())
        request = CheckRequest(urn, self._values(old), self._values(new), seed)
        return _checked(call(self.provider.check(request)), new)

    def diff(self, old: Resource, new: Properties, ignored: Sequence[str]) -> DiffResponse:
        """Compare recorded outputs with new inputs."""
        if not self.configured:
            return DiffResponse(changes=True)
        request = DiffRequest(old.urn, old.id, self._values(old.outputs), self._values(new), list(ignored))
        return call(self.provider.diff(request))

    def create(self, goal: Resource, *, preview: bool = False) -> Made:
        """Create an object, or tell what can be known about it before."""
        if not self.configured:
            return Made(id="", outputs=goal.inputs)
        request = CreateRequest(goal.urn, self._values(goal.inputs), goal.timeouts.create, preview)
        try:
            response = call(self.provider.create(request))
        except ResourceInitFailed as failure:
            return _unready(failure, goal)
        if not preview and not response.resource_id:
            raise LocalCloudError(f"the provider {self.package} gave no id for {goal.name} ({goal.type})")
        return _made(response.resource_id or "", response.properties, goal)

    def find(self, goal: Resource) -> Made | None:
        """Return what an interrupted create of exactly this goal left behind."""
        if not isinstance(self.provider, Finds):
            raise NotImplementedError
        request = CreateRequest(goal.urn, self._values(goal.inputs), goal.timeouts.create, False)
        response = call(self.provider.find(request))
        if response is None or not response.resource_id:
            return None
        return _made(response.resource_id, response.properties, goal)

    def update(self, old: Resource, goal: Resource, *, preview: bool = False) -> Made:
        """Update an object, or tell what can be known about it before."""
        if not self.configured:
            return Made(id=old.id, outputs=goal.inputs)
        request = UpdateRequest(
            goal.urn,
            old.id,
            self._values(old.outputs),
            self._values(goal.inputs),
            goal.timeouts.update,
            list(goal.ignore_changes),
            preview,
        )
        try:
            response = call(self.provider.update(request))
        except ResourceInitFailed as failure:
            return _unready(failure, goal)
        return _made(old.id, response.properties, goal)

    def read(self, resource: Resource) -> Made | None:
        """Read an object's present state; None when it is gone."""
        request = ReadRequest(
            resource.urn, resource.id, self._values(resource.outputs), self._values(resource.inputs)
        )
        response = call(self.provider.read(request))
        if not response.resource_id:
            return None
        made = _made(response.resource_id, response.properties, resource)
        inputs = mark_secrets(from_provider(response.inputs), resource.inputs, ())
        return Made(id=made.id, outputs=made.outputs, inputs=inputs)

    def delete(self, resource: Resource) -> None:
        """Delete an object."""
        request = DeleteRequest(
            resource.urn, resource.id, self._values(resource.outputs), resource.timeouts.delete
        )
        call(self.provider.delete(request))

    def invoke(self, token: str, arguments: Properties) -> tuple[Properties, Sequence[CheckFailure]]:
        """Call a provider function."""
        response = call(self.provider.invoke(InvokeRequest(token, self._values(arguments))))
        return from_provider(response.return_value), response.failures or ()

    def check_config(self, urn: str, old: Properties, new: Properties) -> Checked:
        """Validate a provider's own inputs."""
        request = CheckRequest(urn, to_provider(old), to_provider(new), b"")
        return _checked(call(self.provider.check_config(request)), new)

    def diff_config(self, old: Resource, new: Properties) -> DiffResponse:
        """Compare a provider's recorded inputs with new ones."""
        request = DiffRequest(old.urn, old.id, to_provider(old.inputs), to_provider(new), [])
        return call(self.provider.diff_config(request))


def _checked(response: CheckResponse, new: Properties) -> Checked:
    inputs = new if response.inputs is None else mark_secrets(from_provider(response.inputs), new, ())
    return Checked(inputs=inputs, failures=tuple(response.failures or ()))


def _made(resource_id: str, properties: Mapping[str, Any], goal: Resource) -> Made:
    outputs = mark_secrets(from_provider(properties), goal.inputs, goal.additional_secret_outputs)
    return Made(id=resource_id, outputs=outputs)


def _unready(failure: ResourceInitFailed, goal: Resource) -> Made:
    properties = from_plain(failure.properties)
    outputs = mark_secrets({**goal.inputs, **properties}, goal.inputs, goal.additional_secret_outputs)
    reasons = tuple(failure.reasons) or ("it did not become ready",)
    return Made(id=failure.resource_id, outputs=outputs, init_errors=reasons)


def from_plain(properties: Mapping[str, Any]) -> Properties:
    """Return plain Python values as engine values: they share one shape, but for tuples and nulls."""

    def convert(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key): convert(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [convert(item) for item in value]
        return value

    return {key: convert(value) for key, value in properties.items() if value is not None}
