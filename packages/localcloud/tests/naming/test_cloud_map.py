"""Cloud Map's records and Service Connect's offers, read from MiniStack's stores."""

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.emulator import upstream
from localcloud.emulator.naming import cloud_map, service_connect

ACCOUNT = "000000000000"


@pytest.fixture
def namespace() -> Iterator[Any]:
    """A private DNS namespace in an account's region that nothing else uses."""
    region = f"region-{uuid.uuid4().hex[:6]}"
    with upstream.responses.request_scope(ACCOUNT, region):
        request = {"_action": "CreatePrivateDnsNamespace", "Name": "shop.internal", "Vpc": "vpc-1"}
        asyncio.run(upstream.servicediscovery._create_namespace(request))
        yield cloud_map.namespace("shop.internal")


def service(namespace: Any, name: str, record: str | None) -> str:
    config = {"DnsConfig": {"DnsRecords": [{"Type": record, "TTL": 10}]}} if record else {}
    upstream.servicediscovery._create_service({"Name": name, "NamespaceId": namespace["Id"], **config})
    found = cloud_map.service_named(name, namespace["Id"])
    assert found is not None
    return str(found["Id"])


def test_only_healthy_instances_have_a_record(namespace: Any) -> None:
    api = service(namespace, "api", "A")
    cloud_map.register(api, "one", {"AWS_INSTANCE_IPV4": "10.0.0.1"}, healthy=True)
    cloud_map.register(api, "two", {"AWS_INSTANCE_IPV4": "10.0.0.2"}, healthy=False)
    assert cloud_map.private_records() == {"api.shop.internal": ["10.0.0.1"]}

    cloud_map.set_health(api, "two", healthy=True)
    cloud_map.deregister(api, "one")

    assert cloud_map.private_records() == {"api.shop.internal": ["10.0.0.2"]}


def test_services_without_an_a_record_have_no_name(namespace: Any) -> None:
    for name, record in (("found-by-port", "SRV"), ("found-by-api", None)):
        instance = {"AWS_INSTANCE_IPV4": "10.0.0.1"}
        cloud_map.register(service(namespace, name, record), "one", instance, healthy=True)

    assert cloud_map.private_records() == {}


@pytest.mark.parametrize("part", ["Name", "Id", "Arn"])
def test_a_namespace_is_named_in_three_ways(namespace: Any, part: str) -> None:
    configuration = {"enabled": True, "namespace": namespace[part], "services": [{"portName": "http"}]}

    [offer] = service_connect.offers(configuration, "arn:aws:ecs:us-east-1:1:cluster/main")

    assert (offer.namespace, offer.name, offer.aliases) == (namespace["Id"], "http", ())


def test_an_alias_without_a_name_is_the_discovery_name_in_the_namespace(namespace: Any) -> None:
    entry = {"portName": "http", "discoveryName": "api", "clientAliases": [{"port": 80}]}
    configuration = {"enabled": True, "namespace": namespace["Name"], "services": [entry]}

    [offer] = service_connect.offers(configuration, "arn:aws:ecs:us-east-1:1:cluster/main")

    assert offer.aliases == (("api.shop.internal", 80),)


def test_the_clusters_default_namespace_is_taken_where_the_service_names_none(namespace: Any) -> None:
    upstream.ecs._clusters["main"] = {"serviceConnectDefaults": {"namespace": namespace["Arn"]}}
    configuration = {"enabled": True, "services": [{"portName": "http"}]}

    found = service_connect.namespace_of(configuration, "arn:aws:ecs:us-east-1:1:cluster/main")

    assert found == namespace
    assert service_connect.namespace_of({"enabled": False}, "arn:aws:ecs:us-east-1:1:cluster/main") is None
