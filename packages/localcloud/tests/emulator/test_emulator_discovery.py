"""Two services find each other by name: Cloud Map records and Service Connect aliases, in real containers."""

import uuid
from collections.abc import Iterator
from typing import Any

import docker
import pytest

from localcloud.emulator.naming.hosts_file import folder
from packages.localcloud.tests.emulator.stage import SERVE, Cloud, Deployed, eventually

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def domain(cloud: Cloud) -> str:
    """A private DNS namespace."""
    name = f"{uuid.uuid4().hex[:8]}.internal"
    cloud.client("servicediscovery").create_private_dns_namespace(Name=name, Vpc="vpc-00000001")
    return name


def namespace_of(cloud: Cloud, domain: str) -> Any:
    found = cloud.client("servicediscovery").list_namespaces()["Namespaces"]
    return next(entry for entry in found if entry["Name"] == domain)


def connected(domain: str, **offer: Any) -> dict[str, Any]:
    services = [{"portName": "http", **offer}] if offer else []
    return {"enabled": True, "namespace": domain, "services": services}


@pytest.fixture(scope="module")
def pair(cloud: Cloud, domain: str) -> Iterator[tuple[Deployed, Deployed]]:
    """A service that is called, under a name of each kind, and one that calls it; neither has a load balancer."""
    cloud_map = cloud.client("servicediscovery")
    record = cloud_map.create_service(
        Name="api",
        NamespaceId=namespace_of(cloud, domain)["Id"],
        DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 10}]},
        HealthCheckCustomConfig={"FailureThreshold": 1},
    )["Service"]
    made = [deployed(cloud) for _ in range(2)]
    api, caller = made
    api.create(
        api.define(
            command=["sh", "-c", f"trap 'sleep 3; exit 0' TERM; {' '.join(SERVE)} & wait"],
            portMappings=[{"containerPort": 5000, "name": "http"}],
        ),
        count=2,
        balanced=False,
        serviceRegistries=[{"registryArn": record["Arn"]}],
        serviceConnectConfiguration=connected(
            domain, discoveryName="offers", clientAliases=[{"port": 5000, "dnsName": "shop"}, {"port": 5000}]
        ),
    )
    side = {"name": "side", "image": cloud.image, "command": ["sleep", "600"], "stopTimeout": 1}
    caller.create(
        caller.define(readonlyRootFilesystem=True, user="1234", task={"others": [side]}),
        balanced=False,
        serviceConnectConfiguration=connected(domain),
    )
    api.settled()
    caller.settled()
    yield api, caller
    for service in made:
        cloud.client("ecs").delete_service(cluster=service.name, service=service.name, force=True)


def deployed(cloud: Cloud) -> Deployed:
    name = f"t{uuid.uuid4().hex[:8]}"
    cloud.client("ecs").create_cluster(clusterName=name)
    cloud.client("logs").create_log_group(logGroupName=f"/ecs/{name}")
    return Deployed(cloud, name, "")


def container_of(service: Deployed, name: str) -> Any:
    label = "com.amazonaws.ecs.container-name"
    found = next(entry for entry in service.containers() if entry.attrs["Labels"][label] == name)
    return docker.from_env().containers.get(found.id)


def shell(service: Deployed, script: str, *, container_name: str = "app") -> str:
    """What a shell script prints in a container of the service."""
    container = container_of(service, container_name)
    output = container.exec_run(["sh", "-c", script]).output
    assert isinstance(output, bytes)
    return output.decode()


def calls(service: Deployed, name: str) -> str:
    return shell(service, f"wget -q -O - http://{name}:5000/ 2>&1")


def addresses(service: Deployed) -> set[str]:
    details = [detail for task in service.tasks() for detail in task["attachments"][0]["details"]]
    return {str(detail["value"]) for detail in details if detail["name"] == "privateIPv4Address"}


def known(service: Deployed, name: str) -> set[str]:
    """The addresses of a name in the container's hosts file."""
    lines = [line.split() for line in shell(service, "cat /etc/hosts").splitlines() if line[:1] != "#"]
    return {line[0] for line in lines if name in line[1:]}


@pytest.mark.parametrize("name", ["api.{domain}", "shop", "offers.{domain}"])
def test_a_task_reaches_another_service_by_its_name(
    pair: tuple[Deployed, Deployed], domain: str, name: str
) -> None:
    api, caller = pair

    assert calls(caller, name.format(domain=domain)) == "hello\n"
    assert known(caller, name.format(domain=domain)) == addresses(api)


def test_cloud_map_lists_the_tasks_as_ecs_registers_them(
    pair: tuple[Deployed, Deployed], domain: str
) -> None:
    api, _ = pair
    found = discover(api.cloud, domain, "api")

    assert {entry["Id"] for entry in found} == {task["taskArn"].rpartition("/")[2] for task in api.tasks()}
    assert {entry["Attributes"]["AWS_INSTANCE_IPV4"] for entry in found} == addresses(api)
    assert {entry["Attributes"]["ECS_SERVICE_NAME"] for entry in found} == {api.name}
    assert {entry["Attributes"]["AWS_INSTANCE_PORT"] for entry in discover(api.cloud, domain, "offers")} == {
        "5000"
    }


def test_the_container_keeps_its_own_name_and_the_machines(pair: tuple[Deployed, Deployed]) -> None:
    _, caller = pair
    container = container_of(caller, "app")

    assert known(caller, str(container.attrs["Config"]["Hostname"])) == addresses(caller)
    assert known(caller, "localhost") == {"127.0.0.1", "::1"}
    assert known(caller, "host.docker.internal") != set()
    both = [shell(caller, "cat /etc/hosts", container_name=name) for name in ("app", "side")]
    assert both[0] == both[1], "the containers of a task share their names"


def test_a_task_of_no_service_finds_records_but_no_aliases(
    pair: tuple[Deployed, Deployed], domain: str
) -> None:
    api, _ = pair
    extra = [{"hostname": "ledger", "ipAddress": "192.0.2.7"}]
    task = {"networkMode": "bridge", "requiresCompatibilities": ["EC2"]}
    job = deployed(api.cloud)
    script = f"wget -q -O - http://api.{domain}:5000/; cat /etc/hosts; echo end"
    definition = job.define(command=["sh", "-c", script], extraHosts=extra, task=task)

    job.cloud.client("ecs").run_task(cluster=job.name, taskDefinition=definition)
    lines = eventually(lambda: "end" in job.lines() and job.lines())

    assert lines[0] == "hello"
    assert "192.0.2.7\tledger" in lines
    assert not [line for line in lines if line.endswith("\tshop")]


def test_a_task_that_stops_is_not_found_while_it_stops_and_its_replacement_is(
    pair: tuple[Deployed, Deployed], domain: str
) -> None:
    api, caller = pair
    stopping = api.tasks()[0]
    [address] = [
        detail["value"]
        for detail in stopping["attachments"][0]["details"]
        if detail["name"] == "privateIPv4Address"
    ]
    before = addresses(api)

    # Its process takes three seconds to end: it still runs when its name is gone.
    api.cloud.client("ecs").stop_task(cluster=api.name, task=stopping["taskArn"])
    eventually(lambda: address not in known(caller, "shop"), seconds=3, pause=0.02)
    assert len(known(caller, f"api.{domain}")) >= 1
    assert stopping["taskArn"] in {
        task["taskArn"] for task in api.tasks("STOPPED") if task["lastStatus"] != "STOPPED"
    }

    eventually(lambda: len(known(caller, "shop")) == 2 and known(caller, "shop") == addresses(api))
    assert before != addresses(api)
    assert calls(caller, "shop") == "hello\n"
    task_ids = {task["taskArn"].rpartition("/")[2] for task in api.tasks("STOPPED")}
    eventually(lambda: task_ids.isdisjoint(hosts_files(api.cloud)))


def discover(cloud: Cloud, domain: str, name: str) -> list[Any]:
    cloud_map = cloud.client("servicediscovery")
    namespace = namespace_of(cloud, domain)["Id"]
    services = cloud_map.list_services()["Services"]
    [service] = [
        entry
        for entry in services
        if entry["Name"] == name
        and cloud_map.get_service(Id=entry["Id"])["Service"]["NamespaceId"] == namespace
    ]
    return list(cloud_map.list_instances(ServiceId=service["Id"])["Instances"])


def hosts_files(cloud: Cloud) -> list[str]:
    return [entry.name for entry in folder(cloud.settings.home).iterdir()]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"namespace": "absent.internal"}, "namespace absent.internal was not found"),
        ({"services": [{"portName": "grpc"}]}, "portName grpc is not a named port"),
    ],
)
def test_what_could_never_be_found_is_refused(
    pair: tuple[Deployed, Deployed], domain: str, options: dict[str, Any], message: str
) -> None:
    api, _ = pair

    with pytest.raises(Exception, match=message):
        api.update(serviceConnectConfiguration={**connected(domain), **options})


def test_a_deleted_service_is_no_longer_found_and_its_namespace_can_go(cloud: Cloud) -> None:
    """Service Connect's own entry in Cloud Map would keep the namespace from being deleted."""
    cloud_map = cloud.client("servicediscovery")
    name = f"{uuid.uuid4().hex[:8]}.internal"
    cloud_map.create_http_namespace(Name=name)
    web = deployed(cloud)
    definition = web.define(portMappings=[{"containerPort": 5000, "name": "http"}])
    alias = [{"port": 80, "dnsName": "web"}]
    web.create(
        definition,
        count=0,
        balanced=False,
        serviceConnectConfiguration=connected(name, discoveryName="web", clientAliases=alias),
    )
    assert "not reached at web:80 on the local cloud" in web.events()
    assert discover(cloud, name, "web") == []

    cloud.client("ecs").delete_service(cluster=web.name, service=web.name)
    cloud_map.delete_namespace(Id=namespace_of(cloud, name)["Id"])
