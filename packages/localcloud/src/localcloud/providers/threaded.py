"""A provider between the engine's spelling of unknown values and ours, with its calls in threads of their own."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.runtime import rpc

# The engine itself decides how much runs at a time; this only must not be what limits it.
THREADS = 64
Request = TypeVar("Request")
Response = TypeVar("Response")


def from_engine(value: PropertyValue) -> PropertyValue:
    """The engine spells unknown values as one special text, which the SDK's servicer leaves as it is."""
    inner = value.value
    if inner == rpc.UNKNOWN:
        return value.with_value(Computed())
    if isinstance(inner, Mapping):
        return value.with_value({key: from_engine(item) for key, item in inner.items()})
    if isinstance(inner, tuple):
        return value.with_value([from_engine(item) for item in inner])
    return value


def to_engine(value: PropertyValue) -> PropertyValue:
    """The opposite of `from_engine`."""
    inner = value.value
    if isinstance(inner, Computed):
        return value.with_value(rpc.UNKNOWN)
    if isinstance(inner, Mapping):
        return value.with_value({key: to_engine(item) for key, item in inner.items()})
    if isinstance(inner, tuple):
        return value.with_value([to_engine(item) for item in inner])
    return value


class Threaded(protocol.Provider):
    """A provider whose calls run in threads of their own, with unknown values in the engine's spelling outside.

    Args:
        inner: The provider that does the work, with blocking calls.
    """

    def __init__(self, inner: protocol.Provider) -> None:
        self.inner = inner
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="provider")

    async def check_config(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Forward with translated values."""
        return await self._forward(self.inner.check_config, request)

    async def diff_config(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """Forward with translated values."""
        return await self._forward(self.inner.diff_config, request)

    async def configure(self, request: protocol.ConfigureRequest) -> protocol.ConfigureResponse:
        """Forward, declining output values: the SDK's servicer cannot read unknown ones."""
        response = await self._forward(self.inner.configure, request)
        response.accept_outputs = False
        response.accept_resources = False
        return response

    async def invoke(self, request: protocol.InvokeRequest) -> protocol.InvokeResponse:
        """Forward with translated values."""
        return await self._forward(self.inner.invoke, request)

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Forward with translated values."""
        return await self._forward(self.inner.check, request)

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """Forward with translated values."""
        return await self._forward(self.inner.diff, request)

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:
        """Forward with translated values."""
        return await self._forward(self.inner.create, request)

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:
        """Forward with translated values."""
        return await self._forward(self.inner.read, request)

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:
        """Forward with translated values."""
        return await self._forward(self.inner.update, request)

    async def delete(self, request: protocol.DeleteRequest) -> None:
        """Forward with translated values."""
        await self._forward(self.inner.delete, request)

    async def construct(self, request: protocol.ConstructRequest) -> protocol.ConstructResponse:
        """Construct on this very event loop: the SDK has bound it to the engine that asks."""
        _translate(request, from_engine)
        response = await self.inner.construct(request)
        _translate(response, to_engine)
        return response

    async def _forward(self, method: Callable[[Request], Awaitable[Response]], request: Request) -> Response:
        _translate(request, from_engine)

        async def run() -> Response:
            return await method(request)

        # Not the loop's default executor: components block its few threads while their children wait for us.
        in_context = contextvars.copy_context().run
        response = await asyncio.get_running_loop().run_in_executor(
            self._threads, in_context, asyncio.run, run()
        )
        _translate(response, to_engine)
        return response


def _translate(message: object, convert: Callable[[PropertyValue], PropertyValue]) -> None:
    """Convert every property map of a request or response in place."""
    for name, value in vars(message).items() if message is not None else ():
        if isinstance(value, dict) and any(isinstance(item, PropertyValue) for item in value.values()):
            setattr(message, name, {key: convert(item) for key, item in value.items()})
