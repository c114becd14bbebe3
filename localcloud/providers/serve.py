"""Serve the local providers to the real Pulumi engine, which attaches to them over gRPC.

    PULUMI_DEBUG_PROVIDERS="$(python -m localcloud.providers.serve)" pulumi up

prints one line such as `aws:41001,docker:41002,docker-build:41003` and serves until its standard input is closed or it
is told to end (https://www.pulumi.com/docs/iac/using-pulumi/extending-pulumi/debugging-provider-packages/).
"""

import asyncio
import importlib.metadata
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
import grpc.aio  # type: ignore[import-untyped]  # as above
from google.protobuf import empty_pb2
from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime import rpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from localcloud.errors import LocalCloudError, ResourceInitFailed
from localcloud.providers import local_providers
from localcloud.providers.values import to_property_map
from localcloud.settings import CloudSettings

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
        response = await asyncio.get_running_loop().run_in_executor(self._threads, asyncio.run, run())
        _translate(response, to_engine)
        return response


def _translate(message: object, convert: Callable[[PropertyValue], PropertyValue]) -> None:
    """Convert every property map of a request or response in place."""
    for name, value in vars(message).items() if message is not None else ():
        if isinstance(value, dict) and any(isinstance(item, PropertyValue) for item in value.values()):
            setattr(message, name, {key: convert(item) for key, item in value.items()})


class Servicer(ProviderServicer):
    """The SDK's servicer, with attaching to a running provider and with errors as people should read them."""

    async def Attach(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: ARG002, N802  the protocol's
        """Take the address of the engine that attaches."""
        self._engine_address = request.address
        return empty_pb2.Empty()

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802  the protocol's name
        """Check, with readable errors."""
        return await self._readable(super().Check(request, context), context)

    async def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802  the protocol's name
        """Diff, with readable errors."""
        return await self._readable(super().Diff(request, context), context)

    async def Create(self, request: Any, context: Any) -> Any:  # noqa: N802  the protocol's name
        """Create, with readable errors."""
        return await self._readable(super().Create(request, context), context)

    async def Update(self, request: Any, context: Any) -> Any:  # noqa: N802  the protocol's name
        """Update, with readable errors."""
        return await self._readable(super().Update(request, context), context)

    async def Read(self, request: Any, context: Any) -> Any:  # noqa: N802  the protocol's name
        """Read, with readable errors."""
        return await self._readable(super().Read(request, context), context)

    async def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802  the protocol's name
        """Delete, with readable errors."""
        return await self._readable(super().Delete(request, context), context)

    async def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802  the protocol's name
        """Invoke, with readable errors."""
        return await self._readable(super().Invoke(request, context), context)

    async def Construct(self, request: Any, context: Any) -> Any:  # noqa: N802  the protocol's name
        """Construct, with readable errors."""
        return await self._readable(super().Construct(request, context), context)

    async def _readable(self, call: Awaitable[Any], context: Any) -> Any:
        try:
            return await call
        except Exception as error:
            # The SDK's servicer wraps every error into one with the traceback as text.
            cause = error.__context__ or error
            if isinstance(cause, ResourceInitFailed):
                await context.abort_with_status(init_failed(cause))
            if isinstance(cause, LocalCloudError):
                await context.abort(grpc.StatusCode.UNKNOWN, str(cause))
            raise


class Status(grpc.Status):  # type: ignore[misc]  # grpcio ships no types
    """A gRPC status with details."""

    def __init__(self, message: str, details: status_pb2.Status) -> None:
        self.code = grpc.StatusCode.UNKNOWN
        self.details = message
        self.trailing_metadata = (("grpc-status-details-bin", details.SerializeToString()),)


def init_failed(failure: ResourceInitFailed) -> Status:
    """The protocol's answer for a resource that exists but did not become ready."""
    message = "\n".join(failure.reasons)
    properties = {name: to_engine(item) for name, item in to_property_map(failure.properties).items()}
    details = provider_pb2.ErrorResourceInitFailed(
        id=failure.resource_id, properties=PropertyValue.marshal_map(properties), reasons=failure.reasons
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message)
    status.details.add().Pack(details)
    return Status(message, status)


def sdk_version(package: str) -> str:
    """The version of the package's SDK, which the engine expects the provider to have too."""
    try:
        return importlib.metadata.version(f"pulumi-{package}")
    except importlib.metadata.PackageNotFoundError:
        return "0.0.0"


async def serve(
    factories: Mapping[str, Callable[[], protocol.Provider]],
) -> tuple[list[grpc.aio.Server], str]:
    """Start one server per package on a free port of the loopback interface.

    Returns:
        The servers, and the value for PULUMI_DEBUG_PROVIDERS.
    """
    # The SDK registers a component's children in the loop's default executor, one blocking call for each.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=THREADS))
    servers, addresses = [], []
    for package, factory in sorted(factories.items()):
        server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
        servicer = Servicer([], sdk_version(package), Threaded(factory()), engine_address="")
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        servers.append(server)
        addresses.append(f"{package}:{port}")
    return servers, ",".join(addresses)


async def main() -> None:
    """Serve all local providers until standard input is closed."""
    servers, addresses = await serve(local_providers(CloudSettings.from_environment()))
    sys.stdout.write(f"{addresses}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for server in servers:
        await server.stop(grace=1)


if __name__ == "__main__":
    asyncio.run(main())
