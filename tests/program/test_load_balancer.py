"""How services are reached."""

import json
from typing import Any

import pulumi
import pytest

from tests.program import invariants
from tests.program.deploy import Recorded, deploy_services

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/abc"
DOMAIN = {"domain": {"name": "www.example.com", "zone": "example.com", "alternativeNames": ["example.com"]}}


def listeners(recorded: Recorded) -> dict[int, dict[str, Any]]:
    return {one.inputs["port"]: dict(one.inputs) for one in recorded.all("aws:lb/listener:Listener")}


def open_ports(recorded: Recorded) -> dict[int, set[str]]:
    ports: dict[int, set[str]] = {}
    for rule in recorded.all("SecurityGroupIngressRule"):
        if rule.name.startswith("load-balancer-"):
            ports.setdefault(int(rule.inputs["fromPort"]), set()).add(rule.inputs["cidrIpv4"])
    return ports


def test_http_only_without_a_certificate() -> None:
    recorded = deploy_services({"web": {}})
    assert set(listeners(recorded)) == {80}
    assert open_ports(recorded) == {80: {"0.0.0.0/0"}}
    assert recorded.exports["url"].startswith("http://load-balancer-")


def test_certificate_makes_https_and_a_redirect() -> None:
    recorded = deploy_services({"web": {}}, loadBalancer={"certificateArn": CERTIFICATE})
    invariants.check_all(recorded)
    both = listeners(recorded)
    assert set(both) == {80, 443}
    (redirect,) = both[80]["defaultActions"]
    assert redirect["redirect"] == {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"}
    assert both[443]["protocol"] == "HTTPS"
    assert both[443]["certificateArn"] == CERTIFICATE
    assert both[443]["sslPolicy"].startswith("ELBSecurityPolicy-TLS13")
    assert open_ports(recorded) == {80: {"0.0.0.0/0"}, 443: {"0.0.0.0/0"}}


def test_rules_belong_to_the_https_listener() -> None:
    recorded = deploy_services({"web": {}}, loadBalancer={"certificateArn": CERTIFICATE})
    https = recorded.one("aws:lb/listener:Listener", "load-balancer-https")
    assert all(https.urn in rule.depends_on for rule in recorded.all("ListenerRule"))


def test_domain_is_proved_served_and_named_in_dns() -> None:
    recorded = deploy_services({"web": {}}, loadBalancer=DOMAIN)
    invariants.check_all(recorded)
    certificate = recorded.one("aws:acm/certificate:Certificate").inputs
    assert certificate["domainName"] == "www.example.com"
    assert certificate["subjectAlternativeNames"] == ["example.com"]
    records = {record.name: record.inputs for record in recorded.all("aws:route53/record:Record")}
    # ACM lists its options in an order of its own: each record must carry its own name's proof.
    assert records["load-balancer-proof-www.example.com"]["name"] == "_x.www.example.com."
    assert records["load-balancer-proof-example.com"]["name"] == "_x.example.com."
    assert records["load-balancer-www.example.com"]["aliases"][0]["evaluateTargetHealth"] is True
    assert records["load-balancer-example.com"]["type"] == "A"
    assert recorded.exports["url"] == "https://www.example.com"


def test_listener_waits_until_the_certificate_is_valid() -> None:
    recorded = deploy_services({"web": {}}, loadBalancer=DOMAIN)
    https = recorded.one("aws:lb/listener:Listener", "load-balancer-https")
    assert recorded.one("aws:acm/certificateValidation:CertificateValidation").urn in https.depends_on


def test_wildcard_is_proved_once() -> None:
    domain = {"name": "example.com", "zone": "example.com", "alternativeNames": ["*.example.com"]}
    recorded = deploy_services({"web": {}}, loadBalancer={"domain": domain})
    # ACM asks for one record per name and account: another stack's certificate renews with it.
    assert recorded.one("aws:route53/record:Record", "load-balancer-proof-example.com").retain_on_delete
    proofs = [r.name for r in recorded.all("aws:route53/record:Record") if "proof" in r.name]
    assert proofs == ["load-balancer-proof-example.com"]


def test_domain_elsewhere_needs_a_certificate() -> None:
    with pytest.raises(pulumi.RunError, match=r"domain\.zone: is missing, and so is certificateArn"):
        deploy_services({"web": {}}, loadBalancer={"domain": {"name": "www.example.com"}})


def test_domain_elsewhere_with_a_certificate_has_no_records() -> None:
    balancer = {"domain": {"name": "www.example.com"}, "certificateArn": CERTIFICATE}
    recorded = deploy_services({"web": {}}, loadBalancer=balancer)
    assert not recorded.all("aws:route53/record:Record")
    assert recorded.exports["url"] == "https://www.example.com"


@pytest.mark.parametrize(
    ("production", "setting", "protected"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_deletion_protection_follows_production_unless_said_otherwise(
    production: bool, setting: bool | None, protected: bool
) -> None:
    recorded = deploy_services(
        {"web": {}}, production=production, loadBalancer={"deletionProtection": setting}
    )
    balancer = recorded.one("aws:lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["enableDeletionProtection"] is protected
    assert balancer.protect is protected, "a destroy is refused before anything is gone, not half-way through"
    assert balancer.inputs["dropInvalidHeaderFields"] is True


def test_internal_load_balancer_stands_with_the_tasks() -> None:
    network = {
        "existing": {
            "vpcId": "vpc-0a1b2c3d4e5f67890",
            "publicSubnetIds": ["subnet-0aaaaaaaaaaaaaaa1", "subnet-0aaaaaaaaaaaaaaa2"],
            "privateSubnetIds": ["subnet-0bbbbbbbbbbbbbbb1", "subnet-0bbbbbbbbbbbbbbb2"],
        }
    }
    recorded = deploy_services(
        {"web": {}}, network=network, loadBalancer={"internal": True, "allowedCidrs": ["10.0.0.0/8"]}
    )
    balancer = recorded.one("aws:lb/loadBalancer:LoadBalancer").inputs
    assert balancer["internal"] is True
    assert balancer["subnets"] == ["subnet-0bbbbbbbbbbbbbbb1", "subnet-0bbbbbbbbbbbbbbb2"]
    assert open_ports(recorded) == {80: {"10.0.0.0/8"}}


def test_access_logs_go_to_a_closed_encrypted_bucket_that_forgets() -> None:
    recorded = deploy_services({"web": {}}, loadBalancer={"accessLogs": {"retentionDays": 30}})
    invariants.check_all(recorded)
    block = recorded.one("BucketPublicAccessBlock").inputs
    assert all(block[key] for key in block if key != "bucket")
    rule = recorded.one("BucketLifecycleConfiguration").inputs["rules"][0]
    assert rule["expiration"] == {"days": 30}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    versioning = recorded.one("aws:s3/bucketVersioning:BucketVersioning")
    assert versioning.inputs["versioningConfiguration"] == {"status": "Enabled"}
    encryption = recorded.one("BucketServerSideEncryptionConfiguration").inputs["rules"][0]
    assert encryption["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    put, deny = json.loads(recorded.one("BucketPolicy").inputs["policy"])["Statement"]
    assert put["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert put["Resource"].endswith("/AWSLogs/123456789012/*")
    source = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/*"
    assert put["Condition"] == {"ArnLike": {"aws:SourceArn": source}}
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    balancer = recorded.one("aws:lb/loadBalancer:LoadBalancer")
    assert recorded.one("BucketPolicy").urn in recorded.waits_for(balancer)
    assert recorded.one("aws:s3/bucket:Bucket").inputs["forceDestroy"] is False


def test_firewall_limits_the_rate_and_asks_awss_rules() -> None:
    recorded = deploy_services({"web": {}}, loadBalancer={"firewall": {"rateLimit": 500}})
    invariants.check_all(recorded)
    rules = recorded.one("aws:wafv2/webAcl:WebAcl").inputs["rules"]
    assert rules[0]["statement"]["rateBasedStatement"]["limit"] == 500
    assert "block" in rules[0]["action"]
    groups = [rule["statement"]["managedRuleGroupStatement"]["name"] for rule in rules[1:]]
    assert "AWSManagedRulesCommonRuleSet" in groups
    assert sorted({rule["priority"] for rule in rules}) == [0, 1, 2, 3]
    assert recorded.one("WebAclAssociation").inputs["resourceArn"] == (
        "arn:aws:lb:us-east-1:123456789012:LoadBalancer/" + balancer_name(recorded)
    )


def exceptions(recorded: Recorded, group: str) -> dict[str, list[str]]:
    """Rule → what it does instead, of one of AWS's groups."""
    rules = recorded.one("aws:wafv2/webAcl:WebAcl").inputs["rules"]
    (statement,) = [
        rule["statement"]["managedRuleGroupStatement"]
        for rule in rules
        if rule["statement"].get("managedRuleGroupStatement", {}).get("name") == group
    ]
    return {one["name"]: list(one["actionToUse"]) for one in statement.get("ruleActionOverrides", [])}


def test_firewall_lets_uploads_through_unless_it_is_told_otherwise() -> None:
    """AWS's common rules answer 403 to every body over 8 KB."""
    common = "AWSManagedRulesCommonRuleSet"
    recorded = deploy_services({"web": {}}, loadBalancer={"firewall": {}})
    assert exceptions(recorded, common) == {"SizeRestrictions_BODY": ["count"]}
    assert exceptions(recorded, "AWSManagedRulesKnownBadInputsRuleSet") == {}
    overrides = {common: {"SizeRestrictions_BODY": "block", "NoUserAgent_HEADER": "count"}}
    told = deploy_services({"web": {}}, loadBalancer={"firewall": {"overrides": overrides}})
    assert exceptions(told, common) == {"NoUserAgent_HEADER": ["count"], "SizeRestrictions_BODY": ["block"]}


def test_firewall_counts_clients_by_the_header_of_the_proxy_in_front() -> None:
    balancer = {"firewall": {"forwardedHeader": "X-Forwarded-For"}}
    rules = deploy_services({"web": {}}, loadBalancer=balancer).one("WebAcl").inputs["rules"]
    limit = rules[0]["statement"]["rateBasedStatement"]
    assert limit["aggregateKeyType"] == "FORWARDED_IP"
    assert limit["forwardedIpConfig"] == {"headerName": "X-Forwarded-For", "fallbackBehavior": "MATCH"}


def test_firewall_logs_what_it_found_without_credentials() -> None:
    recorded = deploy_services({"web": {}}, loadBalancer={"firewall": {}})
    group = recorded.one("LogGroup", "load-balancer-firewall").inputs
    assert group["name"] == "aws-waf-logs-ecs-microservice-test"  # WAF takes no other beginning
    log = recorded.one("WebAclLoggingConfiguration").inputs
    hidden = [field["singleHeader"]["name"] for field in log["redactedFields"]]
    assert hidden == ["authorization", "cookie"]
    (kept,) = log["loggingFilter"]["filters"]
    assert log["loggingFilter"]["defaultBehavior"] == "DROP"
    assert {"actionCondition": {"action": "BLOCK"}} in kept["conditions"]
    all_of_them = {"firewall": {"logs": {"requests": "all"}}}
    assert (
        "loggingFilter"
        not in deploy_services({"web": {}}, loadBalancer=all_of_them).one("WebAclLoggingConfiguration").inputs
    )
    assert not deploy_services({"web": {}}, loadBalancer={"firewall": {"logs": None}}).all("WebAclLogging")


def balancer_name(recorded: Recorded) -> str:
    host: str = recorded.exports["url"].removeprefix("http://")
    return host.partition("-1234567890")[0]


def test_dropping_one_range_leaves_the_rules_of_the_others_alone() -> None:
    def names(cidrs: list[str]) -> set[str]:
        recorded = deploy_services({"web": {}}, loadBalancer={"allowedCidrs": cidrs})
        return {r.name for r in recorded.all("SecurityGroupIngressRule")}

    assert names(["10.1.0.0/16"]) < names(["10.0.0.0/16", "10.1.0.0/16"])


def test_a_stack_without_a_routed_service_has_no_load_balancer() -> None:
    recorded = deploy_services(
        {"worker": {"route": {"enabled": False}, "scaling": {"cpu": {}}}},
        production=True,
        observability={"alarms": True},
    )

    invariants.check_all(recorded)
    assert recorded.all("aws:lb/loadBalancer:LoadBalancer") == []
    assert recorded.all("aws:lb/listener:Listener") == []
    assert "url" not in recorded.exports
    body = json.loads(recorded.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"])
    assert "ApplicationELB" not in json.dumps(body)


def test_one_routed_service_is_enough_for_a_load_balancer() -> None:
    recorded = deploy_services({"worker": {"route": {"enabled": False}}, "web": {}})

    assert len(recorded.all("aws:lb/loadBalancer:LoadBalancer")) == 1
