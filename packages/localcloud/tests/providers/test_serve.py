"""The local providers as the real engine sees them: over gRPC, attached to, with its own spelling of values."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
import grpc.aio  # type: ignore[import-untyped]  # as above
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from localcloud.errors import ResourceInitFailed
from localcloud.providers import local_providers
from localcloud.providers.serve import init_failed, serve
from localcloud.settings import CloudSettings
from packages.localcloud.tests.providers.aws.harness import urn

CLUSTER = "aws:ecs/cluster:Cluster"


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def call(settings: CloudSettings, use: Callable[[Any], Any]) -> Any:
    """Serve the `aws` provider, attach to it, and make one call."""

    async def run() -> Any:
        servers, addresses = await serve({"aws": local_providers(settings)["aws"]})
        package, _, port = addresses.partition(":")
        assert package == "aws"
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            await stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
            await stub.Configure(provider_pb2.ConfigureRequest(variables={"aws:config:region": "eu-west-1"}))
            try:
                return await use(stub)
            finally:
                for server in servers:
                    await server.stop(grace=0)

    return asyncio.run(run())


def test_unknown_values_pass_in_the_engines_spelling(cloud: CloudSettings) -> None:
    request = provider_pb2.CreateRequest(
        urn=urn(CLUSTER, "main"),
        properties=struct({"name": "main", "tags": {"a": rpc.UNKNOWN}}),
        preview=True,
    )
    created = call(cloud, lambda stub: stub.Create(request))
    assert created.properties["arn"] == rpc.UNKNOWN
    assert json_format.MessageToDict(created.properties)["tags"] == {"a": rpc.UNKNOWN}


def test_creates_in_the_configured_region(cloud: CloudSettings) -> None:
    request = provider_pb2.CreateRequest(urn=urn(CLUSTER, "main"), properties=struct({"name": "served"}))
    created = call(cloud, lambda stub: stub.Create(request))
    assert created.id == "arn:aws:ecs:eu-west-1:000000000000:cluster/served"


def test_every_connection_has_the_provider_that_it_configured(cloud: CloudSettings) -> None:
    async def region(port: str, name: str, tag: str) -> tuple[str, dict[str, str]]:
        options = [("grpc.use_local_subchannel_pool", 1)]  # as two of the engine's: no shared connection
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options) as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            await stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
            args = {"region": name, "defaultTags": json.dumps({"tags": {"team": tag}})}
            await stub.Configure(provider_pb2.ConfigureRequest(args=struct(args)))
            await asyncio.sleep(0.2)  # until the other one has configured, too
            made = await stub.Create(
                provider_pb2.CreateRequest(urn=urn(CLUSTER, "main"), properties=struct({"name": tag}))
            )
            return made.id.split(":")[3], json_format.MessageToDict(made.properties)["tagsAll"]

    async def run() -> Any:
        servers, addresses = await serve({"aws": local_providers(cloud)["aws"]})
        port = addresses.partition(":")[2]
        answers = await asyncio.gather(region(port, "eu-west-1", "a"), region(port, "us-east-1", "b"))
        for server in servers:
            await server.stop(grace=0)
        return answers

    assert asyncio.run(run()) == [("eu-west-1", {"team": "a"}), ("us-east-1", {"team": "b"})]


class Engine(engine_pb2_grpc.EngineServicer):
    """An engine that listens to what providers have to say."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def Log(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: ARG002, N802  the protocol
        self.heard.append(request.message)
        return empty_pb2.Empty()


def test_what_the_local_cloud_does_not_run_is_said_once_in_the_log_of_the_engine_that_asks(
    cloud: CloudSettings,
) -> None:
    engine = Engine()
    certificate = provider_pb2.CreateRequest(
        urn=urn("aws:acm/certificate:Certificate", "shop"),
        properties=struct({"domainName": "example.com", "validationMethod": "DNS"}),
        preview=True,
    )

    async def run(stub: Any) -> None:
        server = grpc.aio.server()
        engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        await stub.Attach(plugin_pb2.PluginAttach(address=f"127.0.0.1:{port}"))
        for _ in range(2):
            await stub.Create(certificate)
        await server.stop(grace=0)

    call(cloud, run)
    (said,) = engine.heard
    assert said.startswith(
        "declared for AWS, not run by the local cloud: shop  aws:acm/certificate:Certificate"
    )


def test_errors_are_one_message_without_a_traceback(cloud: CloudSettings) -> None:
    request = provider_pb2.CheckRequest(urn=urn("aws:moon/base:Base", "x"), news=struct({}))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        call(cloud, lambda stub: stub.Check(request))
    assert caught.value.details().startswith(
        "the local cloud does not know the resource type 'aws:moon/base:Base'"
    )
    assert "File " not in caught.value.details()


def test_a_resource_that_did_not_become_ready_is_told_with_id_and_reasons() -> None:
    status = init_failed(ResourceInitFailed("web", {"name": "web"}, ["rolled back", "exit code 1"]))
    details = status_pb2.Status.FromString(status.trailing_metadata[0][1])
    failure = provider_pb2.ErrorResourceInitFailed()
    assert details.details[0].Unpack(failure)
    assert failure.id == "web"
    assert list(failure.reasons) == ["rolled back", "exit code 1"]
    assert failure.properties["name"] == "web"
