"""The load balancer between clients and targets: routes, health, and requests that pass unharmed."""

import json
import socket
import threading
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from packages.localcloud.tests.emulator.balancer import Balancer, fixed
from packages.localcloud.tests.emulator.stage import Cloud, eventually
from packages.localcloud.tests.emulator.targets import Target

# -- targets ---------------------------------------------------------------------------------------------------


def test_a_target_gets_requests_once_it_passes_its_health_check(web: Balancer, one: Target) -> None:
    one.health = 503
    web.register(one, healthy=False)

    assert web.health(one)["Reason"] in {"Elb.RegistrationInProgress", "Elb.InitialHealthChecking"}
    assert web.get().status_code == 503
    one.health = 200
    eventually(lambda: web.get().status_code == 200, seconds=2, pause=0.05)
    assert web.state(one) == "healthy"


def test_an_unhealthy_target_is_left_out_and_says_why(web: Balancer, one: Target, two: Target) -> None:
    web.register(one, two)
    one.health = 500

    eventually(lambda: web.state(one) == "unhealthy", seconds=14)

    assert web.health(one) == {
        "State": "unhealthy",
        "Reason": "Target.ResponseCodeMismatch",
        "Description": "Health checks failed with these codes: [500]",
    }
    assert {web.get().json()["target"] for _ in range(10)} == {"two"}


def test_requests_go_to_unhealthy_targets_when_there_are_no_others(web: Balancer, one: Target) -> None:
    web.register(one)
    one.health = 500
    eventually(lambda: web.state(one) == "unhealthy", seconds=14)

    assert web.get().json()["target"] == "one"


@pytest.mark.parametrize(("matcher", "code"), [("200,202", 202), ("200-299", 226)])
def test_the_matcher_says_which_codes_are_healthy(
    plain: Cloud, name: str, one: Target, matcher: str, code: int
) -> None:
    web = Balancer(plain, name, Matcher={"HttpCode": matcher})
    one.health = code

    web.register(one, healthy=False)

    eventually(lambda: web.state(one) == "healthy")


def test_a_target_nobody_listens_at_never_becomes_healthy(web: Balancer) -> None:
    nobody = Target("nobody")
    nobody.server_close()
    web.register(nobody, healthy=False)

    eventually(lambda: web.state(nobody) == "unhealthy", seconds=10)
    assert web.health(nobody)["Reason"] == "Target.FailedHealthChecks"
    assert web.get().status_code == 502


def test_a_group_without_a_listener_is_unused(web: Balancer, one: Target) -> None:
    lonely = web.add_group(f"{web.name}-2")
    web.register(one, group=lonely, healthy=False)

    assert web.health(one, lonely)["Reason"] == "Target.NotInUse"
    assert web.health(one)["Reason"] == "Target.NotRegistered"


def test_a_deregistered_target_finishes_what_it_has(web: Balancer, one: Target, two: Target) -> None:
    web.register(one)
    answers: list[httpx.Response] = []
    client = threading.Thread(target=lambda: answers.append(web.get("/slow")))
    client.start()
    eventually(lambda: one.requests == ["/slow"], pause=0.02)
    web.register(two)

    web.elb.deregister_targets(TargetGroupArn=web.group, Targets=[{"Id": "127.0.0.1", "Port": one.port}])

    assert web.state(one) == "draining"
    assert {web.get().json()["target"] for _ in range(5)} == {"two"}
    client.join()
    assert answers[0].text == "slow"
    eventually(lambda: web.state(one) == "unused", seconds=2)


def test_healthy_targets_take_turns(web: Balancer, one: Target, two: Target) -> None:
    web.register(one, two)
    assert Counter(web.get().json()["target"] for _ in range(10)) == {"one": 5, "two": 5}


# -- messages --------------------------------------------------------------------------------------------------


def test_the_target_learns_who_asked_for_what(web: Balancer, one: Target) -> None:
    web.register(one)
    answer = web.get("/a%20b?c=d%26", headers={"X-Forwarded-For": "203.0.113.9", "X-Custom": "kept"}).json()

    assert answer["path"] == "/a%20b?c=d%26"
    headers = answer["headers"]
    assert headers["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("http", "80")
    assert headers["x-amzn-trace-id"].startswith("Root=1-")
    assert headers["x-custom"] == "kept"
    assert headers["host"] == f"{web.name}.alb.localhost:{web.cloud.settings.port}"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS"])
def test_methods_pass(web: Balancer, one: Target, method: str) -> None:
    web.register(one)
    assert web.get(method=method, content=b"12345").json()["method"] == method


def test_head_has_no_body_and_does_not_disturb_the_next_request(web: Balancer, one: Target) -> None:
    web.register(one)
    url = f"http://127.0.0.1:{web.cloud.settings.port}"
    with httpx.Client(trust_env=False, headers={"Host": f"{web.name}.alb.localhost"}) as client:
        head = client.head(f"{url}/large")
        assert (head.status_code, head.headers["content-length"], head.content) == (200, "5000000", b"")
        assert client.get(f"{url}/").json()["method"] == "GET"


def test_large_bodies_pass_both_ways(web: Balancer, one: Target) -> None:
    web.register(one)
    body = bytes(range(256)) * 20_000

    assert web.get("/echo", method="POST", content=body).content == body
    assert len(web.get("/large").content) == 5_000_000


def test_chunked_bodies_pass_both_ways(web: Balancer, one: Target) -> None:
    web.register(one)

    assert web.get("/chunks").text == "one,two,three"
    pieces = iter([b"first ", b"second ", b"x" * 200_000])
    answer = web.get("/echo", method="POST", content=pieces)
    assert answer.content == b"first second " + b"x" * 200_000


def test_a_response_that_ends_with_the_connection_is_complete(web: Balancer, one: Target) -> None:
    web.register(one)
    assert web.get("/untilclose").text == "until the connection closes"


def test_a_response_that_breaks_off_is_not_passed_off_as_complete(web: Balancer, one: Target) -> None:
    web.register(one)
    with pytest.raises(httpx.RemoteProtocolError):
        web.get("/cut")


def test_a_target_that_closes_without_an_answer_is_a_bad_gateway(web: Balancer, one: Target) -> None:
    web.register(one)
    answer = web.get("/drop", method="POST", content=b"x")
    assert (answer.status_code, answer.headers["server"]) == (502, "awselb/2.0")


def test_repeated_response_fields_stay_apart(web: Balancer, one: Target) -> None:
    web.register(one)
    assert web.get("/cookies").headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_connections_to_targets_are_used_again(web: Balancer, one: Target) -> None:
    web.register(one)
    assert len({web.get().json()["connection"] for _ in range(10)}) == 1


def test_requests_sent_ahead_are_answered_in_order(web: Balancer, one: Target) -> None:
    web.register(one)
    host = f"Host: {web.name}.alb.localhost\r\n"
    with socket.create_connection(("127.0.0.1", web.cloud.settings.port)) as client:
        client.sendall(
            f"GET /1 HTTP/1.1\r\n{host}\r\nGET /2 HTTP/1.1\r\n{host}Connection: close\r\n\r\n".encode()
        )
        received = b"".join(iter(lambda: client.recv(65536), b""))
    assert [
        json.loads(part[part.index(b"{") :])["path"] for part in received.split(b"HTTP/1.1 200 OK")[1:]
    ] == ["/1", "/2"]


def test_a_client_that_leaves_frees_its_target(web: Balancer, one: Target) -> None:
    web.register(one)
    with socket.create_connection(("127.0.0.1", web.cloud.settings.port)) as client:
        client.sendall(f"GET /slow HTTP/1.1\r\nHost: {web.name}.alb.localhost\r\n\r\n".encode())
        eventually(lambda: one.requests == ["/slow"], pause=0.02)
    web.elb.deregister_targets(TargetGroupArn=web.group, Targets=[{"Id": "127.0.0.1", "Port": one.port}])
    eventually(lambda: web.state(one) == "unused", seconds=0.9, pause=0.05)


def test_nonsense_is_a_bad_request(web: Balancer) -> None:
    with socket.create_connection(("127.0.0.1", web.cloud.settings.port)) as client:
        client.sendall(f"NONSENSE\r\nHost: {web.name}.alb.localhost\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")


def test_a_websocket_is_a_pipe(web: Balancer) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            head = connection.recv(65536)
            if b"upgrade: websocket" not in head.lower():
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                connection.close()
                continue
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            )
            while data := connection.recv(65536):
                connection.sendall(data.upper())
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    entry = [{"Id": "127.0.0.1", "Port": listener.getsockname()[1]}]
    web.elb.register_targets(TargetGroupArn=web.group, Targets=entry)
    eventually(lambda: web.get().status_code == 200)
    with socket.create_connection(("127.0.0.1", web.cloud.settings.port)) as client:
        upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        client.sendall(f"GET /ws HTTP/1.1\r\nHost: {web.name}.alb.localhost\r\n{upgrade}\r\n".encode())
        assert client.recv(65536).startswith(b"HTTP/1.1 101 ")
        for message in (b"hello", b"again"):
            client.sendall(message)
            assert client.recv(65536) == message.upper()
    listener.close()


# -- rules -----------------------------------------------------------------------------------------------------


def config(field: str, *values: str) -> dict[str, Any]:
    names = {
        "path-pattern": "PathPatternConfig",
        "host-header": "HostHeaderConfig",
        "http-request-method": "HttpRequestMethodConfig",
        "source-ip": "SourceIpConfig",
    }
    return {"Field": field, names[field]: {"Values": list(values)}}


def test_rules_match_by_priority_on_every_kind_of_condition(web: Balancer) -> None:
    header = {"HttpHeaderName": "X-Version", "Values": ["2.*"]}
    query = {"Values": [{"Key": "debug", "Value": "yes"}, {"Value": "anything"}]}
    web.rule(60, fixed("path"), config("path-pattern", "/api/*", "/v?"))
    web.rule(50, fixed("host"), config("host-header", "*.example.com"))
    web.rule(40, fixed("header"), {"Field": "http-header", "HttpHeaderConfig": header})
    web.rule(30, fixed("method"), config("http-request-method", "PUT"))
    web.rule(20, fixed("query"), {"Field": "query-string", "QueryStringConfig": query})
    web.rule(10, fixed("both"), config("path-pattern", "/api/both"), config("source-ip", "127.0.0.0/8"))
    web.rule(5, fixed("elsewhere"), config("path-pattern", "/api/both"), config("source-ip", "10.0.0.0/8"))

    assert web.get("/api/x").text == "path"
    assert web.get("/v1").text == "path"
    assert web.get("/v10").status_code == 503
    assert web.get("/API/x").status_code == 503
    assert web.ask(f"Shop.Example.com.{web.name}.alb.localhost").text == "host"
    assert web.get(headers={"x-version": "2.5"}).text == "header"
    assert web.get(method="PUT").text == "method"
    assert web.get("/?debug=yes").text == "query"
    assert web.get("/?q=anything").text == "query"
    assert web.get("/?debug=no").status_code == 503
    assert web.get("/api/both").text == "both"


def test_rules_are_described_as_they_were_given(web: Balancer) -> None:
    header = {"HttpHeaderName": "X-Version", "Values": ["<2>"]}
    query = {"Values": [{"Key": "a&b", "Value": "c"}]}
    given = [
        {"Field": "http-header", "HttpHeaderConfig": header},
        {"Field": "query-string", "QueryStringConfig": query},
        config("path-pattern", "/a&b"),
    ]
    arn = web.rule(1, fixed("<b>&</b>"), *given)

    [described] = web.elb.describe_rules(RuleArns=[arn])["Rules"]
    [page] = described["Actions"]

    assert page["FixedResponseConfig"]["MessageBody"] == "<b>&</b>"
    conditions = {condition["Field"]: condition for condition in described["Conditions"]}
    assert conditions["http-header"]["HttpHeaderConfig"] == header
    assert conditions["query-string"]["QueryStringConfig"] == query
    assert conditions["path-pattern"]["PathPatternConfig"]["Values"] == ["/a&b"]
    assert conditions["path-pattern"]["Values"] == ["/a&b"]


def test_weights_share_requests_out_and_can_be_shifted(web: Balancer, one: Target, two: Target) -> None:
    other = web.add_group(f"{web.name}-2")

    def shift(first: int, second: int) -> None:
        weighted = [
            {"TargetGroupArn": web.group, "Weight": first},
            {"TargetGroupArn": other, "Weight": second},
        ]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}
        [listener] = web.elb.modify_listener(ListenerArn=web.listener, DefaultActions=[action])["Listeners"]
        assert listener["DefaultActions"][0]["ForwardConfig"]["TargetGroups"] == weighted
        assert "TargetGroupArn" not in listener["DefaultActions"][0]

    shift(3, 1)
    web.register(one)
    web.register(two, group=other)
    shared = Counter(web.get().json()["target"] for _ in range(200))
    assert 20 < shared["two"] < 85
    shift(0, 100)
    assert {web.get().json()["target"] for _ in range(20)} == {"two"}
    shift(0, 0)
    assert web.get().status_code == 503


def test_a_single_group_is_described_both_ways(web: Balancer) -> None:
    [listener] = web.elb.describe_listeners(ListenerArns=[web.listener])["Listeners"]
    [action] = listener["DefaultActions"]
    assert action["TargetGroupArn"] == web.group
    assert action["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": web.group, "Weight": 1}]
    [group] = web.elb.describe_target_groups(TargetGroupArns=[web.group])["TargetGroups"]
    assert group["LoadBalancerArns"] == [web.arn]


def test_every_listener_has_an_address(web: Balancer, one: Target, two: Target) -> None:
    other = web.add_group(f"{web.name}-2")
    web.add_listener(8080, other)
    web.register(one)
    web.register(two, group=other)

    assert web.get().json()["target"] == "one"
    assert web.ask(f"8080.{web.name}.alb.localhost").json()["target"] == "two"
    assert web.ask(f"8080.{web.name}.alb.localhost").json()["headers"]["x-forwarded-port"] == "8080"
    assert web.ask(f"81.{web.name}.alb.localhost").status_code == 503
    [balancer] = web.elb.describe_load_balancers(Names=[web.name])["LoadBalancers"]
    assert web.ask(balancer["DNSName"]).json()["target"] == "one"


def test_a_host_a_rule_names_leads_to_its_load_balancer(web: Balancer) -> None:
    web.rule(1, fixed("shop"), config("host-header", f"{web.name}.example.org"))

    assert web.ask(f"{web.name}.example.org").text == "shop"
    assert web.ask(f"{web.name}.example.net").text != "shop"


def test_a_redirect_leads_to_the_local_address_of_the_listener(web: Balancer, one: Target) -> None:
    web.add_listener(
        443, web.group, Protocol="HTTPS", Certificates=[{"CertificateArn": "arn:aws:acm:::certificate/x"}]
    )
    web.register(one)
    redirect = {
        "Type": "redirect",
        "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
    }
    web.elb.modify_listener(ListenerArn=web.listener, DefaultActions=[redirect])

    answer = web.get("/a/b?c=d")

    assert answer.status_code == 301
    port = web.cloud.settings.port
    assert answer.headers["location"] == f"http://443.{web.name}.alb.localhost:{port}/a/b?c=d"
    followed = web.ask(f"443.{web.name}.alb.localhost:{port}", "/a/b?c=d").json()
    assert (followed["path"], followed["headers"]["x-forwarded-proto"]) == ("/a/b?c=d", "https")


def test_a_redirect_elsewhere_is_left_as_it_is(web: Balancer) -> None:
    target_of = {
        "Host": "example.org",
        "Path": "/new/#{path}",
        "Query": "from=#{host}",
        "StatusCode": "HTTP_302",
    }
    web.rule(1, {"Type": "redirect", "RedirectConfig": target_of}, config("path-pattern", "/old"))

    answer = web.get("/old")

    assert answer.status_code == 302
    assert answer.headers["location"] == f"http://example.org:80/new/old?from={web.name}.alb.localhost"


def test_an_unknown_load_balancer_is_not_the_api(plain: Cloud) -> None:
    assert plain.get("nobody").status_code == 503


# -- what AWS refuses ------------------------------------------------------------------------------------------


def test_what_aws_refuses_is_refused(web: Balancer) -> None:
    refused = web.elb.exceptions
    with pytest.raises(refused.DuplicateListenerException):
        web.add_listener(80, web.group)
    with pytest.raises(refused.TargetGroupNotFoundException):
        web.add_listener(81, web.group.replace(web.name, "absent"))
    web.rule(1, fixed("x"), config("path-pattern", "/x"))
    with pytest.raises(refused.PriorityInUseException):
        web.rule(1, fixed("y"), config("path-pattern", "/y"))
    with pytest.raises(refused.ResourceInUseException):
        web.elb.delete_target_group(TargetGroupArn=web.group)


def test_deleting_the_load_balancer_frees_its_target_group(web: Balancer, one: Target) -> None:
    web.register(one)
    web.elb.delete_load_balancer(LoadBalancerArn=web.arn)

    web.elb.delete_target_group(TargetGroupArn=web.group)
    assert web.get().status_code == 503


def test_keep_alive_survives_a_change_of_rules(web: Balancer, one: Target) -> None:
    web.register(one)
    url = f"http://127.0.0.1:{web.cloud.settings.port}/x"
    with httpx.Client(trust_env=False, headers={"Host": f"{web.name}.alb.localhost"}) as client:
        assert client.get(url).json()["target"] == "one"
        web.rule(1, fixed("new"), config("path-pattern", "/x"))
        began = time.monotonic()
        assert client.get(url).text == "new"
        assert time.monotonic() - began < 1
