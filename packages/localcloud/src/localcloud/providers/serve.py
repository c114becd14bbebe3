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
from functools import partial
from typing import Any

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
import grpc.aio  # type: ignore[import-untyped]  # as above
from google.protobuf import empty_pb2
from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc, status_pb2

from localcloud import console
from localcloud.errors import LocalCloudError, ResourceInitFailed
from localcloud.providers import local_providers
from localcloud.providers.engine_log import asking, log
from localcloud.providers.threaded import THREADS, Threaded, to_engine
from localcloud.providers.values import to_property_map
from localcloud.settings import CloudSettings

# What providers remark on resources, by URN, in the attribute of that name.
_REMARKS = {
    "unemulated": "declared for AWS, not run by the local cloud",
    "notes": "done differently by the local cloud",
}


class Servicer(ProviderServicer):
    """The SDK's servicer, with attaching to a running provider and with errors as people should read them."""

    def __init__(self, package: str, provider: Threaded, engine_address: str) -> None:
        super().__init__([], sdk_version(package), provider, engine_address)
        self._inner = provider.inner
        self._remarked: set[tuple[str, str]] = set()

    @property
    def engine_address(self) -> str:
        """Where the engine that attached listens."""
        return self._engine_address

    async def remark(self, urn: str) -> None:
        """Say what the local cloud does not do, or does otherwise, with a resource; once for each engine."""
        for name, what in _REMARKS.items():
            text = getattr(self._inner, name, {}).get(urn)
            if text and (urn, name) not in self._remarked:
                self._remarked.add((urn, name))
                about = f"{urn.rsplit('::', 1)[-1]}  {urn.split('::')[-2].rsplit('$', 1)[-1]}"
                await asyncio.to_thread(log, f"{what}: {about}  {text}", urn=urn)

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


class Connections:
    """What one package's server answers: every connection has the provider that it configured.

    The engine attaches each provider resource of a package, with its own region and default tags, by a connection to
    the same port (Pulumi: `PULUMI_DEBUG_PROVIDERS`), where otherwise it starts a process for each.

    Args:
        package: The package.
        factory: Makes a provider of it.
    """

    def __init__(self, package: str, factory: Callable[[], protocol.Provider]) -> None:
        self._package = package
        self._factory = factory
        self._unconfigured = Threaded(factory())
        self._configured: dict[bytes, Threaded] = {}
        self._servicers: dict[str, Servicer] = {}

    def __getattr__(self, method: str) -> Callable[[Any, Any], Awaitable[Any]]:
        """The handler of one of the protocol's methods."""

        async def handle(request: Any, context: Any) -> Any:
            peer = context.peer()
            if peer not in self._servicers or method == "Configure":
                provider = self._provider(request) if method == "Configure" else self._unconfigured
                address = self._servicers[peer].engine_address if peer in self._servicers else ""
                self._servicers[peer] = Servicer(self._package, provider, address)
            answer: Any = getattr(self._servicers[peer], method)
            asking.set(self._servicers[peer].engine_address)
            try:
                return await answer(request, context)
            except NotImplementedError:  # the engine asks for more than it needs
                return await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no {method}")
            finally:
                await self._servicers[peer].remark(getattr(request, "urn", ""))

        return handle

    def _provider(self, request: Any) -> Threaded:
        """The provider for a configuration; equal ones share it, so that a server of many runs does not grow."""
        asked = provider_pb2.ConfigureRequest(variables=request.variables, args=request.args)
        configuration = asked.SerializeToString(deterministic=True)
        if configuration not in self._configured:
            self._configured[configuration] = Threaded(self._factory())
        return self._configured[configuration]


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
        answering: Any = Connections(
            package, factory
        )  # every method, which the generated class does not show
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(answering, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        servers.append(server)
        addresses.append(f"{package}:{port}")
    return servers, ",".join(addresses)


async def main() -> None:
    """Serve all local providers until standard input is closed."""
    console.on_warning(partial(log, warning=True))
    servers, addresses = await serve(local_providers(CloudSettings.from_environment()))
    sys.stdout.write(f"{addresses}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    for server in servers:
        await server.stop(grace=1)


if __name__ == "__main__":
    asyncio.run(main())
