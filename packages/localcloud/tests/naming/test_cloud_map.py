"""Cloud Map's records and Service Connect's offers, as ECS reads them."""

import uuid
from collections.abc import Iterator

import pytest

from localcloud.emulator import upstream
from localcloud.emulator.cloud_map.model import DNS_PRIVATE, STORE, Namespace
from localcloud.emulator.naming import cloud_map, service_connect

ACCOUNT = "000000000000"


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """A private DNS namespace in an account's region that nothing else uses."""
    region = f"region-{uuid.uuid4().hex[:6]}"
    with upstream.responses.request_scope(ACCOUNT, region):
        made = Namespace(name="shop.internal", type=DNS_PRIVATE, creator_request_id="test")
        STORE.here().namespaces[made.id] = made
        yield made


def service(namespace: Namespace, name: str, record: str | None) -> str:
    found = cloud_map.create_service(name, namespace.id)
    assert found is not None
    found.dns_config = {"DnsRecords": [{"Type": record, "TTL": 10}]} if record else None
    return found.id


def test_only_healthy_instances_have_a_record(namespace: Namespace) -> None:
    api = service(namespace, "api", "A")
    cloud_map.register(api, "one", {"AWS_INSTANCE_IPV4": "10.0.0.1"}, healthy=True)
    cloud_map.register(api, "two", {"AWS_INSTANCE_IPV4": "10.0.0.2"}, healthy=False)
    assert cloud_map.private_records() == {"api.shop.internal": ["10.0.0.1"]}

    cloud_map.set_health(api, "two", healthy=True)
    cloud_map.deregister(api, "one")

    assert cloud_map.private_records() == {"api.shop.internal": ["10.0.0.2"]}


def test_services_without_an_a_record_have_no_name(namespace: Namespace) -> None:
    for name, record in (("found-by-port", "SRV"), ("found-by-api", None)):
        instance = {"AWS_INSTANCE_IPV4": "10.0.0.1"}
        cloud_map.register(service(namespace, name, record), "one", instance, healthy=True)

    assert cloud_map.private_records() == {}


@pytest.mark.parametrize("part", ["name", "id", "arn"])
def test_a_namespace_is_named_in_three_ways(namespace: Namespace, part: str) -> None:
    configuration = {
        "enabled": True,
        "namespace": getattr(namespace, part),
        "services": [{"portName": "http"}],
    }

    [offer] = service_connect.offers(configuration, "arn:aws:ecs:us-east-1:1:cluster/main")

    assert (offer.namespace, offer.name, offer.aliases) == (namespace.id, "http", ())


def test_an_alias_without_a_name_is_the_discovery_name_in_the_namespace(namespace: Namespace) -> None:
    entry = {"portName": "http", "discoveryName": "api", "clientAliases": [{"port": 80}]}
    configuration = {"enabled": True, "namespace": namespace.name, "services": [entry]}

    [offer] = service_connect.offers(configuration, "arn:aws:ecs:us-east-1:1:cluster/main")

    assert offer.aliases == (("api.shop.internal", 80),)


def test_the_clusters_default_namespace_is_taken_where_the_service_names_none(namespace: Namespace) -> None:
    upstream.ecs._clusters["main"] = {"serviceConnectDefaults": {"namespace": namespace.arn}}
    configuration = {"enabled": True, "services": [{"portName": "http"}]}

    found = service_connect.namespace_of(configuration, "arn:aws:ecs:us-east-1:1:cluster/main")

    assert found == namespace
    assert service_connect.namespace_of({"enabled": False}, "arn:aws:ecs:us-east-1:1:cluster/main") is None
