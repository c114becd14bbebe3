"""Services find each other by name."""

import pytest

from tests.program import invariants
from tests.program.deploy import Recorded, deploy_services

CLUSTER = {"namespace": "shop.internal"}


@pytest.fixture(scope="module")
def pair() -> Recorded:
    services = {
        "web": {"discovery": {"listen": False}},
        "api": {"discovery": {}, "route": {"enabled": False}, "port": 8080},
    }
    return deploy_services(services, cluster=CLUSTER)


def test_service_connect_offers_the_listening_service_by_its_name(pair: Recorded) -> None:
    invariants.check_all(pair)
    api = pair.one("aws:ecs/service:Service", "api").inputs["serviceConnectConfiguration"]
    (offered,) = api["services"]
    assert offered["clientAlias"] == [{"dnsName": "api", "port": 8080}]
    web = pair.one("aws:ecs/service:Service", "web").inputs["serviceConnectConfiguration"]
    assert web["enabled"] is True
    assert "services" not in web
    assert web["logConfiguration"]["options"]["mode"] == "non-blocking"


def test_modes_do_not_share_a_name_in_cloud_map(pair: Recorded) -> None:
    """A service that changes its mode would meet the entry of the other: names are unique in a namespace."""
    dns = deploy_services({"api": {"discovery": {"mode": "dns"}}}, cluster=CLUSTER)
    by_dns = dns.one("aws:servicediscovery/service:Service").inputs["name"]
    connect = pair.one("aws:ecs/service:Service", "api").inputs["serviceConnectConfiguration"]
    assert by_dns == "api"
    assert connect["services"][0]["discoveryName"] == "connect_api"  # no service's name has an underscore


def test_a_service_that_only_calls_comes_after_those_it_calls(pair: Recorded) -> None:
    """Tasks know the Service Connect names that were there when they were deployed."""
    api, web = (pair.one("aws:ecs/service:Service", name) for name in ("api", "web"))
    assert api.urn in web.depends_on
    assert web.urn not in api.depends_on


def test_callers_reach_the_port_and_nothing_else(pair: Recorded) -> None:
    rule = pair.one("SecurityGroupIngressRule", "api-from-services-8080").inputs
    assert rule["referencedSecurityGroupId"].startswith("discovery-callers")
    assert (rule["fromPort"], rule["toPort"]) == (8080, 8080)
    groups = pair.one("aws:ecs/service:Service", "web").inputs["networkConfiguration"]["securityGroups"]
    assert [group.split("-")[0] for group in groups] == ["web", "discovery"]
    assert not [r for r in pair.all("SecurityGroupIngressRule") if r.name == "web-from-services-5000"]


def test_dns_has_a_record_per_task() -> None:
    recorded = deploy_services(
        {"api": {"discovery": {"mode": "dns"}, "route": {"enabled": False}}}, cluster=CLUSTER
    )
    invariants.check_all(recorded)
    entry = recorded.one("aws:servicediscovery/service:Service")
    assert entry.inputs["name"] == "api"
    assert entry.inputs["dnsConfig"]["dnsRecords"] == [{"type": "A", "ttl": 10}]
    assert entry.inputs["forceDestroy"] is True
    service = recorded.one("aws:ecs/service:Service")
    assert service.inputs["serviceRegistries"]["registryArn"].endswith("/api")
    assert entry.urn in service.depends_on


def test_nothing_of_it_without_a_namespace() -> None:
    recorded = deploy_services({"web": {}})
    assert not [r for r in recorded.resources if "servicediscovery" in r.type or "Discovery" in r.type]
    assert "serviceConnectConfiguration" not in recorded.one("aws:ecs/service:Service").inputs


def test_services_that_are_only_called_by_name_take_no_position_among_the_listener_rules() -> None:
    called = {"discovery": {}, "route": {"enabled": False}}
    recorded = deploy_services({"web": {"discovery": {}}, "api": called, "cart": called}, cluster=CLUSTER)

    invariants.check_all(recorded)
    rules = recorded.all("aws:lb/listenerRule:ListenerRule")
    assert {rule.name for rule in rules} == {"web", "web-waiting"}
    assert all(rule.inputs["priority"] <= 50_000 for rule in rules)
