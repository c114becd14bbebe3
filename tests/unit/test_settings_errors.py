"""Mistakes of a stack file: all at once, each with key, value, what is allowed, and the fix."""

from typing import Any

import pytest
import yaml

from infra.settings.validation import validate

TEN_MISTAKES = """
servces: {}
network:
  existing: { vpcId: vpc-1, publicSubnetIds: [subnet-0aaaaaaaa, subnet-0bbbbbbbb] }
loadBalancer: { idleTimeout: 9999 }
services:
  web: { cpu: 300, memroy: 512, port: abc }
  api:
    cpu: 512
    memory: 600
    route: { paths: [/api/*] }
    healthCheck: { interval: 5, timeout: 9 }
    stopTimeout: 60
    deployment: { strategy: blue }
"""


RULES_OF_A_SERVICE: list[tuple[dict[str, Any], str]] = [
    ({"route": {"paths": ["/a", "/b", "/c", "/d", "/e", "/f"]}}, "has 6 paths and hosts; allowed: at most 5"),
    ({"slowStart": 10}, "allowed: 0 or 30 to 900"),
    ({"stopTimeout": 60}, "allowed: at most the deregistrationDelay of 30 s"),
    ({"deregistrationDelay": 0}, "services.web.deregistrationDelay 30"),
    ({"scaling": {"min": 5, "max": 2}}, "allowed: at most the max of 2"),
    ({"scaling": {"stepCpu": {"low": 80, "high": 70}}}, "allowed: less than the high of 70"),
    ({"image": "ghcr.io/shop/web"}, "text such as ghcr.io/shop/web:1.4.2"),
    ({"secrets": {"A": {}}}, "has none; allowed: exactly one of ssm, secretsManager and config"),
    ({"secrets": {"A": {"ssm": "/a", "config": "b"}}}, "has ssm and config; allowed: exactly one"),
    ({"secrets": {"A": {"ssm": "/a", "jsonKey": "k"}}}, "an SSM parameter has no keys"),
    ({"launch": "ec2"}, "the cluster has no EC2 capacity"),
    ({"executeCommand": True, "container": {"readOnlyRootFilesystem": False}}, "the cluster forbids sessions"),
    ({"discovery": {}}, "needs a domain to be found in"),
    ({"route": {"enabled": False}, "deployment": {"strategy": "canary"}}, "allowed: rolling"),
    ({"environment": {"A": "1"}, "secrets": {"A": {"ssm": "/a"}}}, "is also a secret of the service"),
    ({"container": {"ulimits": {"nofile": {"soft": 9, "hard": 1}}}}, "at most the hard limit of 1"),
    ({"deployment": {"hooks": [{"lambdaArn": "x", "stages": ["PRE_SCALE_UP"]}]}}, "text such as arn:aws:lambda:"),
    ({"deployment": {"testTraffic": True}}, "a rolling deployment has no version to test apart"),
    ({"sidecars": {"web": {"image": "x:1"}}}, "has the name of the service's own container"),
    ({"scaling": {"cpu": {}, "schedules": {"a": {"cron": "cron(99 99 ? * X *)", "min": 1, "max": 2}}}}, "'99' is not"),
    ({"scaling": {"cpu": {}, "schedules": {"a": {"cron": "at(2020-13-45)", "min": 1, "max": 2}}}}, "the time is none"),
    ({"scaling": {"cpu": {}, "schedules": {"a": {"cron": "rate(1 hours)", "min": 1, "max": 2}}}}, "singular for 1"),
    ({"scaling": {"cpu": {}, "schedules": {"a": {"cron": "daily", "min": 1, "max": 2}}}}, "none of cron(…), rate(…)"),
    ({"scaling": {"cpu": {}, "schedules": {"a": {"cron": "rate(1 day)", "timezone": "Mars/Base", "min": 1, "max": 2}}}},
     "is no time zone of the IANA's database"),
    ({"container": {"user": "a:b:c"}}, "text such as 10001 or 10001:10001"),
    ({"container": {"user": "no spaces"}}, "text such as 10001 or 10001:10001"),
    ({"sidecars": {"a": {"image": "x:1", "user": "a b"}}}, "text such as 10001 or 10001:10001"),
    ({"environment": {"A": "x" * 70_000}}, "which ECS limits to 65536"),
    ({"sidecars": {"a": {"image": "x:1", "environment": {"A": "x" * 70_000}}}}, "which ECS limits to 65536"),
    ({"environment": {"A": "a\0b"}}, "has a NUL character, which no environment can hold"),
    ({"healthCheck": {"matcher": "299-200"}}, "299 comes after 200"),
    ({"healthCheck": {"matcher": "200-250-299"}}, "text such as 200-299"),
    ({"port": 5000, "environment": {"PORT": "9"}}, "and 5000 is where it is called"),
    ({"route": {"hosts": ["localhost"]}}, "text such as api.example.com"),
    ({"route": {"hosts": ["a.example.c0m"]}}, "text such as api.example.com"),
    ({"route": {"paths": ["/*/?/*", "/a/???"]}}, "has 6 wildcards; allowed: at most 5"),
    ({"sidecars": {f"a{n}": {"image": "x:1"} for n in range(10)}}, "a map of name"),
    ({"scaling": {"min": 0, "cpu": {}}}, "nothing starts a task again"),
    ({"scaling": {"stepCpu": {}, "schedules": {"night": {"cron": "cron(0 22 * * ? *)", "min": 0, "max": 9}}}},
     "nothing starts a task again"),
    ({"scaling": {"cpu": {}, "stepMemory": {}}}, "removes tasks that cpu has added"),
    ({"sidecars": {"a": {"image": "x:1", "memory": 512}}}, "reserve 512 of the task's 512 MiB"),
]  # fmt: skip

RULES_OF_THE_STACK: list[tuple[dict[str, Any], str]] = [
    ({"network": {"create": {"cidr": "10.0.0.0/27"}}}, "does not hold the subnets of 4 zones"),
    ({"network": {"create": {"cidr": "10.0.0.1/16"}}}, "network.create.cidr 10.0.0.0/16"),
    ({"network": {"create": {}, "existing": {"vpcId": "vpc-0a1b2c3d", "publicSubnetIds": [
        "subnet-0aaaaaaaa", "subnet-0bbbbbbbb"]}}}, "allowed: only one of the two"),
    ({"loadBalancer": {"domain": {"name": "a.org", "zone": "b.org"}}}, "names that end in .b.org"),
    ({"loadBalancer": {"domain": {"name": "*.b.org", "zone": "b.org"}}}, "a name without wildcard"),
    ({"loadBalancer": {"testListener": {"port": 80, "allowedCidrs": ["10.0.0.0/8"]}}}, "public listeners"),
    ({"cluster": {"fargate": {"onDemandWeight": 0}}}, "no capacity has a weight"),
    ({"loadBalancer": {"internal": True}, "network": {"existing": {"vpcId": "vpc-0a1b2c3d", "publicSubnetIds": [
        "subnet-0aaaaaaaa", "subnet-0bbbbbbbb"], "privateSubnetIds": ["subnet-0cccccccc"]}}}, "at least two"),
    ({"cluster": {"ec2": {"minSize": 9, "maxSize": 3}}}, "at most the maxSize of 3"),
    ({"tags": {"aws:x": "y"}}, "names that begin with aws: belong to AWS"),
    ({"loadBalancer": {"allowedCidrs": ["300.0.0.0/8"]}}, "Octet 300 (> 255) not permitted"),
    ({"loadBalancer": {"allowedCidrs": ["10.0.0.1/8"]}}, "allowedCidrs[0]' 10.0.0.0/8"),
    ({"loadBalancer": {"domain": {"name": f"{'a' * 60}.example.com", "zone": "example.com"}}}, "has 72 characters"),
    ({"loadBalancer": {"domain": {"name": f"{'a' * 64}.example.com", "zone": "example.com"}}}, "text such as shop."),
    ({"cluster": {"namespace": "-shop.internal"}}, "text such as shop.internal"),
    ({"cluster": {"ec2": {}}, "services": {"web": {"launch": "ec2"}}}, "they reach nothing outside the VPC"),
    ({"cluster": {"ec2": {}}, "network": {"create": {}}, "services": {"web": {"launch": "ec2", "memory": 4096}}},
     "does not fit into the 4096 MiB of a t3.medium"),
    ({"cluster": {"ec2": {}}, "network": {"create": {}}, "services": {"web": {"launch": "ec2", "cpu": 4096}}},
     "is more than the 2048 of a t3.medium"),
    ({"services": {"web": {"healthCheck": {"gracePeriod": 600}}}}, "rolls back a deployment whose tasks are still"),
]  # fmt: skip


def complaints(text: str | dict[str, Any], secrets: frozenset[str] = frozenset()) -> dict[str, str]:
    data = yaml.safe_load(text) if isinstance(text, str) else text
    settings, problems = validate(data, secrets)
    assert (settings is None) is bool(problems)
    rendered = [problem.render() for problem in problems]
    return {line.split(" is ")[0].split(": ")[0]: line for line in rendered}


def one(data: dict[str, Any], **more: Any) -> str:
    (text,) = complaints({"services": {"web": data}, **more}).values()
    return text


def test_ten_mistakes_are_ten_complaints_each_with_its_fix() -> None:
    found = complaints(TEN_MISTAKES)
    assert set(found) == {
        "servces",
        "network.existing.vpcId",
        "loadBalancer.idleTimeout",
        "services.web.cpu",
        "services.web.memroy",
        "services.web.port",
        "services.api.memory",
        "services.api.healthCheck.timeout",
        "services.api.stopTimeout",
        "services.api.deployment.strategy",
    }
    assert all("\n  fix: pulumi config " in text for text in found.values())


def test_complaint_has_key_value_allowed_and_fix() -> None:
    assert one({"cpu": 300}) == (
        "services.web.cpu is 300: allowed: 256, 512, 1024, 2048, 4096, 8192 or 16384\n"
        "  fix: pulumi config set --path services.web.cpu 256"
    )


def test_unknown_key_is_compared_with_the_known_ones() -> None:
    text = one({"memroy": 1024})
    assert "did you mean memory?" in text
    assert "pulumi config rm --path services.web.memroy" in text
    assert "pulumi config set --path services.web.memory 1024" in text


def test_snake_case_is_recognized() -> None:
    assert "did you mean desiredCount?" in one({"desired_count": 3})


def test_key_that_resembles_nothing_is_answered_with_what_there_is() -> None:
    text = one({}, zzz=1)
    assert "unknown key; allowed here: cluster, encryption, loadBalancer, network" in text
    assert "pulumi config rm --path zzz" in text


def test_number_out_of_range_is_brought_to_the_nearest_end() -> None:
    assert one({"port": 70000}).endswith("services.web.port 65535")
    assert "a whole number from 1 to 65535" in one({"port": 70000})


def test_misspelt_choice_is_answered_with_the_closest() -> None:
    assert one({"deployment": {"strategy": "bluegreen"}}).endswith("deployment.strategy blueGreen")


def test_fargate_size_is_answered_with_the_next_larger() -> None:
    text = one({"cpu": 1024, "memory": 2500})
    assert "Fargate has no such size with cpu 1024; allowed: 2048 to 8192 in steps of 1024" in text
    assert text.endswith("services.web.memory 3072")


@pytest.mark.parametrize("where", ["environment", "secrets"])
def test_value_that_could_be_a_secret_is_never_repeated(where: str) -> None:
    text = one({where: {"PASSWORD": ["hunter2"]}})
    assert "hunter2" not in text
    assert "(not shown)" in text


@pytest.mark.parametrize(
    "service",
    [
        {"secrets": {"DB": "hunter2"}},
        {"secrets": {"DB": {"smm": "hunter2"}}},
        {"environmnt": {"DB": "hunter2"}},
        {"env": {"DB": "hunter2"}},
        {"password": "hunter2"},
        {"environment": ["DB=hunter2"]},
    ],
)
def test_neither_complaint_nor_fix_repeats_what_could_be_a_secret(service: dict[str, Any]) -> None:
    text = one(service)
    assert "hunter2" not in text
    assert "\n  fix: " in text


@pytest.mark.parametrize(
    ("service", "fix"),
    [
        ({"healthCheck": "/healthz"}, "services.web.healthCheck.path /healthz"),
        ({"build": "./app"}, "services.web.build.context ./app"),
        ({"scaling": {"cpu": 55}}, "services.web.scaling.cpu.target 55"),
        ({"scaling": True}, "services.web.scaling.min 2"),
        ({"container": {"command": "run"}}, "services.web.container.command[0]' run"),
    ],
)
def test_scalar_in_the_place_of_an_object_or_list_is_taken_out_and_put_in(
    service: dict[str, Any], fix: str
) -> None:
    first, *commands = one(service).splitlines()
    assert "allowed: " in first
    assert commands[0].startswith("  fix: pulumi config rm --path ")
    assert commands[1].endswith(fix)


def test_nothing_after_the_colon_is_told_apart_from_all_defaults() -> None:
    (text,) = complaints("services: {web: }").values()
    assert "services.web is null: allowed: an object; {} takes all defaults" in text


def test_number_in_quotes_is_told() -> None:
    assert "as a number: without quotes\n" in one({"cpu": "512"})


def test_empty_object_under_a_misspelt_key_is_renamed_by_hand() -> None:
    (text,) = complaints({"services": {"web": {}}, "netwrok": {"create": {}}}).values()
    assert text.endswith("fix: rename it in the stack file: network")


def test_wrong_element_of_a_list_is_one_complaint() -> None:
    statement = {"actions": ["*"], "resources": ["arn:aws:s3:::x"]}
    assert "actions[0] is" in one({"permissions": {"statements": [statement]}})


def test_key_of_a_closed_set_is_answered_with_the_set() -> None:
    assert "the name 'files' is not allowed; allowed: core, cpu" in one(
        {"container": {"ulimits": {"files": {"soft": 1, "hard": 2}}}}
    )


def test_build_argument_is_never_repeated() -> None:
    assert "hunter2" not in one({"build": {"args": {"TOKEN": ["hunter2"]}}})


def test_value_is_quoted_for_the_shell() -> None:
    text = one({}, tags={"a": "x" * 300})
    assert "tags.a is " in text
    assert len(text.splitlines()[0]) < 400


def test_service_name_is_explained_and_renamed() -> None:
    found = complaints({"services": {"Web_App": {"port": 80}}})
    (text,) = found.values()
    assert "lower-case letters, digits and single hyphens" in text
    assert "pulumi config set --path services.web-app.port 80" in text


def test_missing_services_are_the_first_thing_to_say() -> None:
    (text,) = complaints({}).values()
    assert text.startswith("services: is missing; allowed: a map of name")


def test_wrong_shape_of_a_whole_concern_is_one_complaint() -> None:
    (text,) = complaints({"services": {"web": {}}, "network": "default"}).values()
    assert text.startswith('network is "default": allowed: an object with the keys create, existing')


def test_rule_about_a_field_that_is_already_wrong_stays_quiet() -> None:
    assert set(complaints({"services": {"web": {"cpu": 300, "memory": 600}}})) == {"services.web.cpu"}


def test_two_services_that_take_everything_are_told_apart() -> None:
    (text,) = complaints({"services": {"web": {}, "api": {}}}).values()
    assert text.startswith("services.api.route: has no paths or hosts and takes every request")
    assert "services.api.route.paths[1]' '/api/*'" in text


def test_two_services_with_one_priority() -> None:
    services = {
        "web": {"route": {"priority": 5, "paths": ["/a"]}},
        "api": {"route": {"priority": 5, "paths": ["/b"]}},
    }
    (text,) = complaints({"services": services}).values()
    assert "services.api.route.priority is 5: is also that of services.web" in text


@pytest.mark.parametrize(("service", "expected"), RULES_OF_A_SERVICE)
def test_rules_between_fields(service: dict[str, Any], expected: str) -> None:
    assert any(expected in text for text in complaints({"services": {"web": service}}).values())


@pytest.mark.parametrize(("concerns", "expected"), RULES_OF_THE_STACK)
def test_rules_of_the_stack(concerns: dict[str, Any], expected: str) -> None:
    found = complaints({"services": {"web": {}}, **concerns})
    assert any(expected in text for text in found.values()), found


def test_wrong_shapes_of_whole_concerns_and_all_other_mistakes_are_told_at_once() -> None:
    """Nothing stops at the first: what is wrong is left out, and the rest judged without it."""
    found = complaints({"services": "web", "network": {"create": {"cidr": "10.0.0.1/16"}}, "production": "perhaps",
                        "cluster": 5, "tags": {"aws:x": "y"}})  # fmt: skip
    assert set(found) == {"cluster", "network.create.cidr", "production", "services", 'tags["aws:x"]'}


def test_rename_does_not_print_what_a_service_may_hold_in_secret() -> None:
    (text,) = complaints({"services": {"Web": {"environment": {"PASSWORD": "hunter2"}}}}).values()
    assert "hunter2" not in text
    assert text.endswith("  fix: rename it in the stack file: web")


def test_rename_to_a_key_that_is_there_is_a_removal() -> None:
    text = one({"memroy": 1024, "memory": 512})
    assert "did you mean memory, which is there as well?" in text
    assert text.endswith("  fix: pulumi config rm --path services.web.memroy")


def test_value_that_fits_none_of_several_types_is_one_complaint() -> None:
    statement = {"actions": ["s3:GetObject"], "resources": ["x"], "conditions": {"Bool": {"a": 5}}}
    text = one({"permissions": {"statements": [statement]}})
    assert text.startswith(
        "services.web.permissions.statements[0].conditions.Bool.a is 5: allowed: text or a list"
    )
