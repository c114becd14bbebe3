"""Requests that Elastic Load Balancing refuses for their shape; whatever is sent, the data plane goes on."""

from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localcloud.emulator.alb.refusal import RefusedError
from localcloud.emulator.alb.refused_actions import check_actions
from localcloud.emulator.alb.refused_conditions import check_conditions
from localcloud.emulator.alb.refused_groups import check_codes
from packages.localcloud.tests.emulator.balancer import Balancer, fixed

INVALID_ACTION = "InvalidLoadBalancerAction"


def header(name: str, *values: str) -> dict[str, Any]:
    return {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": list(values)}}


def paths(*values: str, **more: Any) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(values), **more}}


def source(*values: str) -> dict[str, Any]:
    return {"Field": "source-ip", "SourceIpConfig": {"Values": list(values)}}


CONDITIONS: list[tuple[list[dict[str, Any]], str]] = [
    ([{"Field": "cookie", "Values": ["x"]}], "Condition field 'cookie' must be one of"),
    ([{"Field": "http-header", "Values": ["x"]}], "The 'Values' field is not compatible with 'http-header'"),
    ([{"Field": "source-ip"}], "A 'SourceIpConfig' must be specified with 'source-ip'"),
    ([{**paths("/a"), "Values": ["/b"]}], "You cannot provide both Values and 'PathPatternConfig'"),
    ([{"Field": "path-pattern", "Values": ["/a", "/b"]}], "too many values; the limit is '1'"),
    (
        [{**paths("/a"), **source("10.0.0.0/8"), "Field": "path-pattern"}],
        "not compatible with 'path-pattern'",
    ),
    ([paths()], "A condition value must be specified"),
    ([paths("/" + "x" * 128)], "The 'path-pattern' value is too long; the limit is '128'"),
    ([paths("/a b")], "The 'path-pattern' value '/a b' is not valid"),
    ([paths("/a"), paths("/b")], "A rule can only have one 'path-pattern' condition"),
    ([paths("/a", "/b", "/c", "/d", "/e", "/f")], "A rule can only have '5' condition values"),
    ([paths(RegexValues=["("])], "is not valid"),
    ([paths(RegexValues=["(?=x)"])], "uses a feature that is not supported"),
    ([{"Field": "host-header", "Values": ["localhost"]}], "The 'host-header' value 'localhost' is not valid"),
    ([header("X Y", "1")], "The 'HttpHeaderName' value 'X Y' is not valid"),
    ([header("Host", "1")], "use a 'host-header' condition"),
    ([header("X" * 41, "1")], "The 'HttpHeaderName' value is too long; the limit is '40'"),
    ([source("10.0.0.0")], "is not a valid CIDR block"),
    ([source("300.0.0.0/8")], "is not a valid CIDR block"),
    (
        [{"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["get"]}}],
        "the allowed characters are A-Z, hyphen and underscore",
    ),
    (
        [{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "x"}]}}],
        "A 'Value' must be specified in 'QueryStringKeyValuePair'",
    ),
]


def forward(*groups: tuple[str, int], **more: Any) -> dict[str, Any]:
    pairs = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": pairs, **more}}


def redirect(**configuration: str) -> dict[str, Any]:
    return {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", **configuration}}


def response(**configuration: str) -> dict[str, Any]:
    return {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", **configuration}}


GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/absent/0123456789abcdef"
ACTIONS: list[tuple[list[dict[str, Any]], str, str]] = [
    ([{"Type": "forward"}], INVALID_ACTION, "A target group must be specified"),
    ([forward((GROUP, 1000))], "ValidationError", "weight '1000' must be between '0-999'"),
    ([forward(*[(GROUP, 1)] * 6)], "TooManyTargetGroups", "per action is '5'"),
    (
        [forward((GROUP, 1), TargetGroupStickinessConfig={"Enabled": True})],
        "ValidationError",
        "DurationSeconds must be specified",
    ),
    (
        [forward((GROUP, 1), TargetGroupStickinessConfig={"Enabled": True, "DurationSeconds": 604801})],
        "ValidationError",
        "must be between '1-604800'",
    ),
    ([{"Type": "redirect"}], INVALID_ACTION, "You must specify 'RedirectConfig'"),
    ([redirect()], INVALID_ACTION, "creates a loop"),
    ([redirect(Protocol="FTP")], "ValidationError", "'actions.1.member.redirectConfig.protocol'"),
    ([redirect(Port="0")], "ValidationError", "The redirect port '0'"),
    ([redirect(Path="x")], INVALID_ACTION, "must begin with '/'"),
    ([redirect(Path="/x", StatusCode="HTTP_307")], "ValidationError", "enum value set: [HTTP_301, HTTP_302]"),
    ([response(StatusCode="302")], "ValidationError", "regular expression pattern"),
    ([response(ContentType="text/xml")], INVALID_ACTION, "The ContentType must be one of"),
    ([response(MessageBody="x" * 1025)], "ValidationError", "length less than or equal to 1024"),
    ([{"Type": "reject"}], "ValidationError", "Member must satisfy enum value set"),
    ([response(), response()], INVALID_ACTION, "An order must be specified"),
    (
        [{**response(), "Order": 1}, {**response(), "Order": 2}],
        INVALID_ACTION,
        "The last action, and no other",
    ),
]


def refused(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    told = error.value.response["Error"]
    return str(told["Code"]), str(told["Message"])


def test_rules_that_make_no_sense_are_refused_and_nothing_happens(web: Balancer) -> None:
    web.elb.modify_listener(ListenerArn=web.listener, DefaultActions=[fixed("alive")])
    for conditions, words in CONDITIONS:
        with pytest.raises(ClientError) as error:
            web.rule(1, fixed("x"), *conditions)
        code, message = refused(error)
        assert code == "ValidationError", conditions
        assert words in message
    # What the CLI's own checks would stop is sent all the same.
    unchecked = web.cloud.unchecked_client("elbv2")
    for actions, expected, words in ACTIONS:
        with pytest.raises(ClientError) as error:
            unchecked.create_rule(
                ListenerArn=web.listener, Priority=1, Conditions=[paths("/x")], Actions=actions
            )
        code, message = refused(error)
        assert (code, words in message) == (expected, True), (actions, code, message)
    assert web.get().text == "alive"
    assert len(web.elb.describe_rules(ListenerArn=web.listener)["Rules"]) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Matcher": {"HttpCode": "299-200"}}, "matcher HTTP code '299-200' must be within '200-499'"),
        ({"Matcher": {"HttpCode": "200-500"}}, "must be within '200-499' inclusive"),
        ({"Matcher": {"HttpCode": "ok"}}, "must be within '200-499' inclusive"),
        ({"HealthCheckTimeoutSeconds": 5}, "timeout '5' must be smaller than the interval '5'"),
        ({"HealthCheckIntervalSeconds": 301}, "value less than or equal to 300"),
        ({"HealthCheckPath": "health"}, "must begin with a '/' character"),
        ({"HealthCheckPort": "http"}, "must be 'traffic-port' or between '1-65535'"),
        ({"HealthCheckProtocol": "TCP"}, "Health check protocol 'TCP' must be one of"),
        ({"HealthCheckEnabled": False}, "Health check enabled must be true"),
        ({"UnhealthyThresholdCount": 1}, "value greater than or equal to 2"),
    ],
)
def test_health_checks_that_aws_refuses(web: Balancer, changes: dict[str, Any], words: str) -> None:
    # What botocore itself would stop is sent all the same.
    web.elb = web.cloud.unchecked_client("elbv2")
    for call in (
        lambda: web.add_group(f"{web.name}-x", **changes),
        lambda: web.elb.modify_target_group(TargetGroupArn=web.group, **changes),
    ):
        with pytest.raises(ClientError) as error:
            call()
        code, message = refused(error)
        assert (code, words in message) == ("ValidationError", True), message


def test_target_groups_and_listeners_that_aws_refuses(web: Balancer) -> None:
    for name in ("x" * 33, "-x", "x_y", "x--y"):
        with pytest.raises(ClientError, match=r"[Tt]arget ?[Gg]roup ?[Nn]ame"):
            web.add_group(name)
    for missing in ("Port", "Protocol", "VpcId"):
        wanted = {"Port": 80, "Protocol": "HTTP", "VpcId": "vpc-00000001"}
        with pytest.raises(ClientError, match="must be specified"):
            web.elb.create_target_group(Name="x", **{k: v for k, v in wanted.items() if k != missing})
    with pytest.raises(ClientError, match="A certificate must be specified for HTTPS listeners"):
        web.add_listener(443, web.group, Protocol="HTTPS")
    with pytest.raises(ClientError, match="Listener protocol 'TCP' must be one of 'HTTP, HTTPS'"):
        web.add_listener(81, web.group, Protocol="TCP")
    with pytest.raises(ClientError, match="value less than or equal to 65535"):
        web.add_listener(65536, web.group)


def test_attributes_that_aws_refuses(web: Balancer) -> None:
    for key, value in {
        "idle_timeout.timeout_seconds": "4001",
        "client_keep_alive.seconds": "59",
        "routing.http.desync_mitigation_mode": "paranoid",
        "routing.http2.enabled": "yes",
        "load_balancing.cross_zone.enabled": "false",
        "idle_timeout": "60",
    }.items():
        with pytest.raises(ClientError, match=f"'{key}'"):
            web.elb.modify_load_balancer_attributes(
                LoadBalancerArn=web.arn, Attributes=[{"Key": key, "Value": value}]
            )
    for key, value in {
        "deregistration_delay.timeout_seconds": "3601",
        "slow_start.duration_seconds": "10",
        "stickiness.lb_cookie.duration_seconds": "0",
        "stickiness.app_cookie.cookie_name": "AWSALBX",
        "load_balancing.algorithm.type": "random",
        "slow_start": "0",
    }.items():
        with pytest.raises(ClientError, match=f"'{key}'"):
            web.elb.modify_target_group_attributes(
                TargetGroupArn=web.group, Attributes=[{"Key": key, "Value": value}]
            )
    with pytest.raises(ClientError, match="Stickiness type 'source_ip' is not supported"):
        web.elb.modify_target_group_attributes(
            TargetGroupArn=web.group, Attributes=[{"Key": "stickiness.type", "Value": "source_ip"}]
        )
    with pytest.raises(ClientError, match="You must set an application cookie name"):
        web.elb.modify_target_group_attributes(
            TargetGroupArn=web.group, Attributes=[{"Key": "stickiness.type", "Value": "app_cookie"}]
        )


def test_defaults_that_providers_send_for_every_target_group_are_taken(web: Balancer) -> None:
    for key in ("proxy_protocol_v2.enabled", "lambda.multi_value_headers.enabled"):
        web.elb.modify_target_group_attributes(
            TargetGroupArn=web.group, Attributes=[{"Key": key, "Value": "false"}]
        )
    with pytest.raises(ClientError, match="does not support the attribute"):
        web.elb.modify_target_group_attributes(
            TargetGroupArn=web.group,
            Attributes=[{"Key": "lambda.multi_value_headers.enabled", "Value": "true"}],
        )


def test_regular_expressions_and_repeated_fields_route(web: Balancer) -> None:
    web.rule(1, fixed("regex"), paths(RegexValues=["^/v[0-9]+/"]))
    web.rule(2, fixed("second"), header("X-A", "two"))
    web.rule(
        3,
        fixed("star"),
        {"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "q", "Value": r"\*"}]}},
    )
    assert web.get("/v12/x").text == "regex"
    repeated = [("Host", f"{web.name}.alb.localhost"), ("X-A", "one"), ("X-A", "two")]
    url = f"http://127.0.0.1:{web.cloud.settings.port}/"
    assert httpx.get(url, headers=repeated, trust_env=False, verify=False).text == "second"  # noqa: S501  plain HTTP
    assert web.get("/?q=*").text == "star"
    assert web.get("/?q=other").status_code == 503


# -- properties --------------------------------------------------------------------------------------------------


@given(low=st.integers(0, 999), high=st.integers(0, 999))
def test_a_range_of_codes_is_taken_when_it_is_one_within_the_bounds(low: int, high: int) -> None:
    good = 200 <= low <= high <= 499
    try:
        check_codes(f"{low}-{high}", "HTTP", 200, 499)
    except RefusedError:
        assert not good
    else:
        assert good


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    field=st.sampled_from(["path-pattern", "host-header", "source-ip", "http-request-method", "x"]),
    values=st.lists(st.text(max_size=12), max_size=3),
)
def test_a_condition_that_is_taken_can_be_compiled(field: str, values: list[str]) -> None:
    from localcloud.emulator.alb.conditions import Request, condition_test

    names = {"path-pattern": "PathPatternConfig", "host-header": "HostHeaderConfig"}
    names |= {"source-ip": "SourceIpConfig", "http-request-method": "HttpRequestMethodConfig"}
    condition = {"Field": field, names.get(field, "Values"): {"Values": values}}
    try:
        check_conditions([condition], create=True)
    except RefusedError:
        return
    request = Request(method="GET", host="a.b", path="/", query="", headers={}, client="127.0.0.1")
    assert condition_test(condition)(request) in {True, False}


def test_several_actions_end_in_one_that_answers() -> None:
    login = {"Type": "authenticate-oidc", "AuthenticateOidcConfig": {}, "Order": 1}
    last = {**response(), "Order": 2}
    check_actions([login, last], "HTTPS")
    with pytest.raises(RefusedError, match="supported only on HTTPS listeners"):
        check_actions([login, last], "HTTP")
    with pytest.raises(RefusedError, match="The last action"):
        check_actions([{**login, "Order": 3}, last], "HTTPS")


def test_every_pattern_of_the_model_is_checked_or_left_alone(web: Balancer) -> None:
    """Tags have patterns in Java's notation, which say nothing to Python."""
    tags = [{"Key": "owner:team/é", "Value": "a b"}]
    group = web.add_group(f"{web.name}-tags", Tags=tags)
    [described] = web.elb.describe_tags(ResourceArns=[group])["TagDescriptions"]
    assert described["Tags"] == tags
