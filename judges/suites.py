"""Which tests of others judge the local cloud, and which of them cannot: each with its reason."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Suite:
    """Test files of one project.

    Args:
        name: What the table calls it.
        project: Its checkout's folder in the judges' folder.
        files: Paths or patterns below `tests/` of the checkout.
        excluded: Patterns of test ids (`*` for anything) that are not run, each with the reason.
    """

    name: str
    project: str
    files: tuple[str, ...]
    excluded: dict[str, str] = field(default_factory=dict)


_CLOUDFORMATION = "creates through CloudFormation, which is MiniStack's"
_IN_PROCESS = "tests moto's own code in its own process"
_OWN_SERVER = "starts moto's own web server"
_DEFAULTED = (
    "compares with what was sent; AWS adds Order, ForwardConfig and the plain values (seen in its documents)"
)
_ACCEPTED = "does what AWS refuses: no action, no condition, one zone, authentication without HTTPS"
_GATEWAY = "gives a gateway load balancer security groups, which it cannot have"
_NETWORK_ONLY = "expects what network load balancers have of an application load balancer"
_PUBLIC = "asks for a parameter that Amazon publishes"
_WORDS = "expects moto's words or order where AWS's are not known"
_FEWER = "expects fewer members, attributes or tags than the API Reference lists"
_NO_MACHINE = "expects targets to be healthy that no machine answers for"
_OWN_NAME = "the name that answers here is another one than AWS's"


def _tests(reason: str, *names: str) -> dict[str, str]:
    """Patterns of tests with one reason; a name may go on with a parameter's id."""
    return {f"*::{name}": reason for name in names}


def _moto(name: str, excluded: dict[str, str] | None = None) -> Suite:
    always = {"*_cloudformation.py::*": _CLOUDFORMATION, "*test_server.py::*": _OWN_SERVER}
    return Suite(
        name=f"moto {name}", project="moto", files=(f"test_{name}",), excluded=always | (excluded or {})
    )


_SERVICE_DISCOVERY = {
    **_tests(
        "names a service or a public namespace against the pattern of the API's model",
        "test_create_public_dns_namespace*",
        "test_update_public_dns_namespace",
        "test_get_public_dns_namespace_operation",
        "test_get_update_service_operation",
        "test_create_service",
        "test_create_service_minimal",
        "test_delete_service",
        "test_get_service",
        "test_update_service_description",
        "test_update_service_others",
    ),
    **_tests(
        "has a private namespace in no VPC, where AWS's operation fails",
        "test_create_private_dns_namespace*",
        "test_update_private_dns_namespace",
        "test_get_private_dns_namespace_operation",
    ),
    **_tests("has a service without a namespace, which AWS refuses", "test_create_service_with_tags"),
    **_tests(
        "says the health of an instance without a custom health check (CustomHealthNotFound)",
        "test_update_instance_custom_health_status",
    ),
}
_CODEDEPLOY = _tests(
    "deploys to servers or functions, which the local cloud refuses: it deploys to ECS only",
    "test_batch_get_deployments",
    "test_create_deployment_revision_*",
    "test_deployment_inherits_tags",
    "test_get_deployment",
    "test_list_deployments",
)


_ELBV2 = {
    **_tests(
        _DEFAULTED,
        "test_handle_listener_rules",
        "test_forward_config_action*",
        "test_fixed_response_action_listener_rule",
        "test_create_rule_condition[[]condition[0145]]",
        "test_modify_rule_condition[[]create_condition[02]-*",
        "test_create_rule_action*",
        "test_delete_target_group_after_modifying_listener",
    ),
    **_tests(
        _ACCEPTED,
        "test_create_rule_forward_config_as_second_arg",
        "test_create_rule_priority_in_use",
        "test_modify_rule_conditions",
        "test_modify_listener_of_https_target_group",
        "test_add_listener_certificate",
        "test_redirect_action_listener_rule",
        "test_cognito_action_listener_rule",
        "test_oidc_action_listener*",
        "test_create_listener_with_alpn_policy",
        "test_modify_listener_using_iam_certificate",
        "test_create_listener_rule_with_tags",
        "test_listener_rule_add_remove_tags",
        "test_remove_tags_to_invalid_listener_rule",
        "test_create_listener_with_tags",
        "test_listener_add_remove_tags",
        "test_remove_tags_to_invalid_listener",
        "test_describe_target_groups",
        "test_create_target_group_with_target_type[[]other]",
        "test_describe_paginated_balancers",
    ),
    **_tests(_GATEWAY, "test_create_gateway_listener_with_invalid_params*"),
    **_tests(
        _NETWORK_ONLY,
        "test_modify_load_balancer_attributes_crosszone_enabled",
        "test_modify_listener_attributes*",
    ),
    "*test_elbv2_target_health.py::test_register_targets": _PUBLIC,
    **_tests(
        _WORDS,
        "test_create_listeners_with_invalid_protocol[[]network*",
        "test_create_listeners_with_invalid_protocol[[]application-INVALID*",
        "test_ip_address_type_validation",
        "test_set_ip_address_type",
        "test_create_target_group_with_invalid_healthcheck_protocol",
        "test_create_target_group_invalid_protocol",
        "test_delete_target_group_while_listener_still_exists",
        "test_describe_target_groups_with_empty_load_balancer",
    ),
    **_tests(
        _FEWER,
        "test_create_elb_using_subnetmapping",
        "test_add_remove_tags",
        "test_set_subnets__mapping",
        "test_target_group_attributes",
        "test_create_target_group_and_listeners",
        "test_describe_load_balancer_attributes_default",
    ),
    **_tests(_NO_MACHINE, "test_stopped_instance_target", "test_terminated_instance_target"),
    **_tests(_OWN_NAME, "test_create_load_balancer"),
}
SUITES = (
    _moto("ecs"),
    _moto("elbv2", _ELBV2),
    _moto("applicationautoscaling"),
    _moto("servicediscovery", _SERVICE_DISCOVERY),
    _moto("codedeploy", _CODEDEPLOY),
    _moto("cloudwatch", {"*test_cloudwatch_expression_parser.py::*": _IN_PROCESS}),
    Suite(name="MiniStack ecs", project="ministack", files=("test_ecs*.py",)),
    Suite(name="MiniStack alb", project="ministack", files=("test_alb.py",)),
)
