"""Drives a provider as an engine does: check, then create, read, diff, update, delete, with plain values."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue

from localcloud.providers.values import Values, to_plain_map, to_property_map


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:test::ecs-microservice::{token}::{name}"


@dataclass
class Handle:
    """One resource as an engine's state keeps it."""

    token: str
    name: str
    id: str
    inputs: dict[str, PropertyValue]
    state: dict[str, PropertyValue]

    @property
    def outputs(self) -> Values:
        return to_plain_map(self.state)

    def __getitem__(self, name: str) -> Any:
        return self.outputs[name]


@dataclass
class Driver:
    """A provider under test."""

    provider: protocol.Provider
    seed: bytes = b"seed"
    made: list[Handle] = field(default_factory=list)

    def check(
        self, token: str, name: str, inputs: Mapping[str, Any], old: Mapping[str, Any] | None = None
    ) -> protocol.CheckResponse:
        request = protocol.CheckRequest(
            urn(token, name), to_property_map(old or {}), to_property_map(inputs), self.seed
        )
        return asyncio.run(self.provider.check(request))

    def failures(self, token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, str]:
        return {item.property: item.reason for item in self.check(token, name, inputs).failures or []}

    def checked(
        self, token: str, name: str, inputs: Mapping[str, Any], old: Mapping[str, Any] | None = None
    ) -> dict[str, PropertyValue]:
        response = self.check(token, name, inputs, old)
        assert not response.failures, [(item.property, item.reason) for item in response.failures]
        assert response.inputs is not None
        return response.inputs

    def create(self, token: str, name: str, inputs: Mapping[str, Any], *, preview: bool = False) -> Handle:
        checked = self.checked(token, name, inputs)
        request = protocol.CreateRequest(urn(token, name), checked, 0, preview)
        response = asyncio.run(self.provider.create(request))
        handle = Handle(token, name, response.resource_id or "", checked, response.properties)
        if not preview:
            self.made.append(handle)
        return handle

    def find(self, token: str, name: str, inputs: Mapping[str, Any]) -> str | None:
        request = protocol.CreateRequest(
            urn(token, name), self.checked(token, name, inputs), 0, preview=False
        )
        found = asyncio.run(self.provider.find(request))  # type: ignore[attr-defined]  # optional in our contract
        return found.resource_id if found else None

    def diff(
        self, handle: Handle, inputs: Mapping[str, Any], ignore: list[str] | None = None
    ) -> protocol.DiffResponse:
        checked = self.checked(handle.token, handle.name, inputs, to_plain_map(handle.inputs))
        request = protocol.DiffRequest(
            urn(handle.token, handle.name), handle.id, handle.state, checked, ignore or []
        )
        return asyncio.run(self.provider.diff(request))

    def update(
        self,
        handle: Handle,
        inputs: Mapping[str, Any],
        *,
        preview: bool = False,
        ignore: list[str] | None = None,
    ) -> Handle:
        checked = self.checked(handle.token, handle.name, inputs, to_plain_map(handle.inputs))
        request = protocol.UpdateRequest(
            urn(handle.token, handle.name), handle.id, handle.state, checked, 0, ignore or [], preview
        )
        response = asyncio.run(self.provider.update(request))
        if preview:
            return Handle(handle.token, handle.name, handle.id, checked, response.properties)
        handle.inputs, handle.state = checked, response.properties
        return handle

    def read(self, handle: Handle) -> protocol.ReadResponse:
        request = protocol.ReadRequest(urn(handle.token, handle.name), handle.id, handle.state, handle.inputs)
        return asyncio.run(self.provider.read(request))

    def imported(self, handle: Handle, id_: str = "") -> protocol.ReadResponse:
        """Read an object of which no more than its id is known."""
        request = protocol.ReadRequest(urn(handle.token, handle.name), id_ or handle.id, {}, {})
        return asyncio.run(self.provider.read(request))

    def delete(self, handle: Handle) -> None:
        request = protocol.DeleteRequest(urn(handle.token, handle.name), handle.id, handle.state, 0)
        asyncio.run(self.provider.delete(request))
        if handle in self.made:
            self.made.remove(handle)

    def invoke(self, token: str, arguments: Mapping[str, Any] | None = None) -> Values:
        response = asyncio.run(
            self.provider.invoke(protocol.InvokeRequest(token, to_property_map(arguments or {})))
        )
        assert not response.failures, [(item.property, item.reason) for item in response.failures]
        return to_plain_map(response.return_value or {})

    def clean(self) -> None:
        for handle in reversed(list(self.made)):
            self.delete(handle)
