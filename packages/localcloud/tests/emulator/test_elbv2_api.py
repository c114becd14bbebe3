"""Elastic Load Balancing's API as a client sees it: what it answers, what it refuses, what it forgets at a reset."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from localcloud.emulator import running, start, stop
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.balancer import Balancer
from packages.localcloud.tests.emulator.ports import free_port
from packages.localcloud.tests.emulator.stage import Cloud
from packages.localcloud.tests.emulator.targets import Target

SUBNETS = ["subnet-00000001", "subnet-00000002"]
OK = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(ClientError) as error:
        yield
    assert error.value.response["Error"]["Code"] == code, error.value


@pytest.fixture
def elb(plain: Cloud) -> Any:
    return plain.client("elbv2")


def path(value: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": [value]}}


def network(elb: Any, name: str) -> str:
    made = elb.create_load_balancer(Name=name, Type="network", Subnets=SUBNETS[:1])["LoadBalancers"][0]
    assert (made["Type"], made["LoadBalancerArn"].split("/")[1]) == ("network", "net")
    return str(made["LoadBalancerArn"])


def test_the_dns_name_answers(web: Balancer, one: Target) -> None:
    web.register(one)
    [described] = web.elb.describe_load_balancers(Names=[web.name])["LoadBalancers"]
    assert described["DNSName"].endswith(f".alb.localhost:{web.cloud.settings.port}")
    assert web.ask(described["DNSName"]).json()["target"] == one.name


def test_zones_are_those_of_the_subnets(web: Balancer) -> None:
    zones = web.elb.describe_load_balancers(Names=[web.name])["LoadBalancers"][0]["AvailabilityZones"]
    assert [(zone["SubnetId"], zone["ZoneName"]) for zone in zones] == [
        ("subnet-00000001", "us-east-1a"),
        ("subnet-00000002", "us-east-1b"),
    ]


def test_a_protected_load_balancer_stays(web: Balancer) -> None:
    def protect(value: str) -> None:
        web.elb.modify_load_balancer_attributes(
            LoadBalancerArn=web.arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": value}]
        )

    protect("true")
    with refused("OperationNotPermitted"):
        web.elb.delete_load_balancer(LoadBalancerArn=web.arn)
    protect("false")
    web.elb.delete_load_balancer(LoadBalancerArn=web.arn)
    web.elb.delete_load_balancer(LoadBalancerArn=web.arn)  # gone already: no error
    with refused("LoadBalancerNotFound"):
        web.elb.describe_load_balancers(Names=[web.name])
    with refused("ListenerNotFound"):
        web.elb.describe_listeners(ListenerArns=[web.listener])


def test_making_the_same_again_gives_the_same_and_something_else_is_refused(elb: Any, name: str) -> None:
    first = elb.create_load_balancer(Name=name, Subnets=SUBNETS)["LoadBalancers"][0]
    assert elb.create_load_balancer(Name=name, Subnets=SUBNETS)["LoadBalancers"] == [first]
    with refused("DuplicateLoadBalancerName"):
        elb.create_load_balancer(Name=name, Subnets=SUBNETS, Scheme="internal")
    group = {"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-00000001"}
    known = elb.create_target_group(**group)["TargetGroups"]
    assert elb.create_target_group(**group)["TargetGroups"] == known
    with refused("DuplicateTargetGroupName"):
        elb.create_target_group(**{**group, "Port": 81})


def test_pages_go_on_where_the_last_one_ended(web: Balancer) -> None:
    made = [web.rule(number, OK, path(f"/{number}")) for number in range(1, 6)]
    pages = web.elb.get_paginator("describe_rules").paginate(ListenerArn=web.listener, PageSize=2)
    listed = [[rule["RuleArn"] for rule in page["Rules"]] for page in pages]
    assert [len(page) for page in listed] == [2, 2, 2]
    assert [arn for page in listed for arn in page][:5] == made
    with refused("ValidationError"):
        web.elb.describe_rules(ListenerArn=web.listener, PageSize=2, Marker="x")


def test_rules_change_places_all_at_once_or_not_at_all(web: Balancer) -> None:
    first, second = web.rule(1, OK, path("/a")), web.rule(2, OK, path("/b"))
    web.elb.set_rule_priorities(
        RulePriorities=[{"RuleArn": first, "Priority": 2}, {"RuleArn": second, "Priority": 1}]
    )
    with refused("PriorityInUse"):
        web.elb.set_rule_priorities(RulePriorities=[{"RuleArn": first, "Priority": 1}])
    with refused("ValidationError"):
        web.elb.set_rule_priorities(
            RulePriorities=[{"RuleArn": first, "Priority": 7}, {"RuleArn": second, "Priority": 7}]
        )
    shown = web.elb.describe_rules(ListenerArn=web.listener)["Rules"]
    assert [(rule["RuleArn"], rule["Priority"]) for rule in shown[:2]] == [(second, "1"), (first, "2")]
    with refused("OperationNotPermitted"):
        web.elb.delete_rule(RuleArn=shown[-1]["RuleArn"])


ARN = "the load balancer's"
LISTENER = {"LoadBalancerArn": ARN, "DefaultActions": [OK]}


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("describe_rules", {}, "ValidationError"),
        ("describe_listeners", {}, "ValidationError"),
        ("describe_rules", {"RuleArns": ["x"]}, "RuleNotFound"),
        ("modify_rule", {"RuleArn": "x", "Actions": [OK]}, "RuleNotFound"),
        ("delete_listener", {"ListenerArn": "x"}, "ListenerNotFound"),
        ("describe_target_groups", {"Names": ["nobody"]}, "TargetGroupNotFound"),
        ("describe_ssl_policies", {"Names": ["x"]}, "SSLPolicyNotFound"),
        ("set_subnets", {"LoadBalancerArn": ARN, "Subnets": ["x"]}, "SubnetNotFound"),
        ("set_security_groups", {"LoadBalancerArn": ARN, "SecurityGroups": ["x"]}, "InvalidSecurityGroup"),
        ("add_tags", {"ResourceArns": [ARN], "Tags": [{"Key": "a"}, {"Key": "a"}]}, "DuplicateTagKeys"),
        ("add_tags", {"ResourceArns": [ARN], "Tags": [{"Key": "aws:x"}]}, "ValidationError"),
        ("create_listener", {**LISTENER, "Port": 443, "Protocol": "HTTPS"}, "ValidationError"),
        ("create_listener", {**LISTENER, "Port": 81, "Protocol": "TCP"}, "ValidationError"),
        ("create_load_balancer", {"Name": "internal-x", "Subnets": SUBNETS}, "ValidationError"),
        ("create_load_balancer", {"Name": "x" * 33, "Subnets": SUBNETS}, "ValidationError"),
        ("create_load_balancer", {"Name": "x", "Subnets": SUBNETS[:1]}, "ValidationError"),
        ("describe_trust_stores", {}, "InvalidAction"),
    ],
)
def test_refuses_with_the_code_of_aws(
    web: Balancer, operation: str, request_: dict[str, Any], code: str
) -> None:
    given = {
        key: web.arn if value == ARN else [web.arn] if value == [ARN] else value
        for key, value in request_.items()
    }
    with refused(code):
        getattr(web.elb, operation)(**given)


def test_targets_have_to_be_possible(web: Balancer, name: str) -> None:
    instances = web.add_group(f"{name}-i", TargetType="instance")
    with refused("InvalidTarget"):
        web.elb.register_targets(TargetGroupArn=instances, Targets=[{"Id": "i-00000000000000000"}])
    with refused("ValidationError"):
        web.elb.register_targets(TargetGroupArn=web.group, Targets=[{"Id": "web"}])
    with refused("InvalidTarget"):
        web.elb.register_targets(TargetGroupArn=web.group, Targets=[{"Id": "8.8.8.8"}])


def test_an_https_listener_keeps_its_certificates_apart(web: Balancer) -> None:
    certificates = [f"arn:aws:acm:us-east-1:000000000000:certificate/{number}" for number in range(3)]
    listener = web.add_listener(
        443, web.group, Protocol="HTTPS", Certificates=[{"CertificateArn": certificates[0]}]
    )
    web.elb.add_listener_certificates(
        ListenerArn=listener, Certificates=[{"CertificateArn": arn} for arn in certificates[1:]]
    )
    shown = web.elb.describe_listener_certificates(ListenerArn=listener)["Certificates"]
    assert [(one["CertificateArn"], one["IsDefault"]) for one in shown] == [
        (certificates[0], True),
        (certificates[1], False),
        (certificates[2], False),
    ]
    [described] = web.elb.describe_listeners(ListenerArns=[listener])["Listeners"]
    assert described["Certificates"] == [{"CertificateArn": certificates[0]}]
    assert described["SslPolicy"] == "ELBSecurityPolicy-2016-08"
    with refused("OperationNotPermitted"):
        web.elb.remove_listener_certificates(
            ListenerArn=listener, Certificates=[{"CertificateArn": certificates[0]}]
        )
    [moved] = web.elb.modify_listener(ListenerArn=listener, Protocol="HTTP", Port=8443)["Listeners"]
    assert "Certificates" not in moved
    assert "SslPolicy" not in moved


def test_a_network_load_balancer_forwards_and_does_nothing_else(elb: Any, name: str) -> None:
    arn = network(elb, name)
    group = {"Name": name, "Protocol": "TCP", "Port": 6379, "VpcId": "vpc-00000001", "TargetType": "ip"}
    [made] = elb.create_target_group(**group)["TargetGroups"]
    assert (made["HealthCheckProtocol"], made["HealthCheckTimeoutSeconds"]) == ("TCP", 10)
    assert not {"HealthCheckPath", "Matcher", "ProtocolVersion"} & set(made)
    forward = [{"Type": "forward", "TargetGroupArn": made["TargetGroupArn"]}]
    with refused("InvalidLoadBalancerAction"):
        elb.create_listener(LoadBalancerArn=arn, Port=80, Protocol="TCP", DefaultActions=[OK])
    with refused("IncompatibleProtocols"):
        elb.create_listener(LoadBalancerArn=arn, Port=53, Protocol="UDP", DefaultActions=forward)
    [listener] = elb.create_listener(LoadBalancerArn=arn, Port=6379, Protocol="TCP", DefaultActions=forward)[
        "Listeners"
    ]
    with refused("OperationNotPermitted"):
        elb.create_rule(
            ListenerArn=listener["ListenerArn"], Priority=1, Conditions=[path("/")], Actions=forward
        )
    attributes = {
        entry["Key"]: entry["Value"]
        for entry in elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    }
    assert attributes["load_balancing.cross_zone.enabled"] == "false"
    assert "idle_timeout.timeout_seconds" not in attributes
    with refused("ResourceInUse"):
        elb.delete_target_group(TargetGroupArn=made["TargetGroupArn"])


def test_a_group_of_another_protocol_or_network_is_refused(web: Balancer, name: str) -> None:
    other = web.cloud.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    elsewhere = web.add_group(f"{name}-v", VpcId=other)
    with refused("InvalidConfigurationRequest"):
        web.add_listener(81, elsewhere)
    web.elb.delete_target_group(TargetGroupArn=elsewhere)
    [tcp] = web.elb.create_target_group(Name=f"{name}-t", Protocol="TCP", Port=1, VpcId="vpc-00000001")[
        "TargetGroups"
    ]
    with refused("InvalidConfigurationRequest"):
        web.add_listener(82, tcp["TargetGroupArn"])


def test_a_reset_forgets_everything_and_begins_another_world(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    settings = CloudSettings(home=tmp_path_factory.mktemp("reset") / "home", port=free_port())
    cloud = Cloud(settings, "")
    before = start(settings)
    try:
        elb = cloud.client("elbv2")
        elb.create_load_balancer(Name="x", Subnets=SUBNETS)
        cloud.client("sns").create_topic(Name="x")
        cloud.client("ecs").create_cluster(clusterName="a")
        answer = httpx.post(f"{settings.endpoint}/_localcloud/reset", trust_env=False, timeout=60)
        assert answer.status_code == 200
        after = running(settings)
        assert after is not None
        assert (after.pid, after.world) == (before.pid, answer.json()["world"])
        assert after.world != before.world
        assert elb.describe_load_balancers()["LoadBalancers"] == []
        assert cloud.client("sns").list_topics()["Topics"] == []
        assert cloud.client("ecs").list_clusters()["clusterArns"] == []
    finally:
        stop(settings)
