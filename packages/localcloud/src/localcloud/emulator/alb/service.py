"""Elastic Load Balancing v2 as a service: every request is parsed, checked and answered by botocore's model of it."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.emulator import model_rules, query_protocol
from localcloud.emulator.alb import (
    account_api,
    balancers_api,
    listeners_api,
    rules_api,
    tags_api,
    target_groups_api,
)
from localcloud.emulator.alb.finding import Request
from localcloud.emulator.alb.model import STORE, Region
from localcloud.emulator.alb.refusal import RefusedError
from localcloud.emulator.alb.registry import Registry
from localcloud.emulator.alb.routing import Routes
from localcloud.emulator.alb.targets_api import TargetsApi
from localcloud.emulator.query_protocol import Response

SERVICE = "elbv2"
logger = logging.getLogger(__name__)
Operation = Callable[[Region, Request], Mapping[str, Any] | None]


class LoadBalancingService:
    """The service.

    Args:
        registry: The targets.
        routes: What the data plane goes by; compiled anew after every change.
    """

    def __init__(self, registry: Registry, routes: Routes) -> None:
        self._registry = registry
        self._routes = routes
        targets = TargetsApi(registry)
        self._operations: Mapping[str, Operation] = {
            "CreateLoadBalancer": balancers_api.create,
            "DescribeLoadBalancers": balancers_api.describe,
            "DeleteLoadBalancer": balancers_api.delete,
            "DescribeLoadBalancerAttributes": balancers_api.describe_attributes,
            "ModifyLoadBalancerAttributes": balancers_api.modify_attributes,
            "SetSubnets": balancers_api.set_subnets,
            "SetSecurityGroups": balancers_api.set_security_groups,
            "SetIpAddressType": balancers_api.set_ip_address_type,
            "DescribeCapacityReservation": balancers_api.describe_capacity,
            "CreateTargetGroup": target_groups_api.create,
            "DescribeTargetGroups": target_groups_api.describe,
            "ModifyTargetGroup": target_groups_api.modify,
            "DeleteTargetGroup": self._delete_target_group,
            "DescribeTargetGroupAttributes": target_groups_api.describe_attributes,
            "ModifyTargetGroupAttributes": target_groups_api.modify_attributes,
            "RegisterTargets": targets.register,
            "DeregisterTargets": targets.deregister,
            "DescribeTargetHealth": targets.describe_health,
            "CreateListener": listeners_api.create,
            "DescribeListeners": listeners_api.describe,
            "ModifyListener": listeners_api.modify,
            "DeleteListener": listeners_api.delete,
            "DescribeListenerAttributes": listeners_api.describe_attributes,
            "ModifyListenerAttributes": listeners_api.modify_attributes,
            "AddListenerCertificates": listeners_api.add_certificates,
            "RemoveListenerCertificates": listeners_api.remove_certificates,
            "DescribeListenerCertificates": listeners_api.describe_certificates,
            "CreateRule": rules_api.create,
            "DescribeRules": rules_api.describe,
            "ModifyRule": rules_api.modify,
            "DeleteRule": rules_api.delete,
            "SetRulePriorities": rules_api.set_priorities,
            "AddTags": tags_api.add_tags,
            "RemoveTags": tags_api.remove_tags,
            "DescribeTags": tags_api.describe_tags,
            "DescribeAccountLimits": account_api.describe_limits,
            "DescribeSSLPolicies": account_api.describe_policies,
        }

    async def handle(
        self, _method: str, _path: str, _headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Response:
        """Answer a request, in the form of MiniStack's table of services."""
        parameters = query_protocol.parameters_of(body, query)
        name = parameters.get("Action", "")
        known = name in model_rules.service_model(SERVICE).operation_names
        if name not in self._operations:
            why = (
                f"The local cloud does not emulate {name}."
                if known
                else f"Could not find operation {name} for version 2015-12-01"
            )
            return query_protocol.refused(SERVICE, "InvalidAction", why)
        request = query_protocol.decoded(SERVICE, name, parameters)
        found = model_rules.violations(SERVICE, name, request)
        if found:
            return query_protocol.refused(SERVICE, "ValidationError", model_rules.summary(found))
        region = STORE.here()
        try:
            document = self._operations[name](region, request)
        except RefusedError as refusal:
            return query_protocol.refused(SERVICE, refusal.code, str(refusal))
        if not name.startswith("Describe"):
            region.associate()
            self._routes.forget()
        return query_protocol.answered(SERVICE, name, document or {})

    def _delete_target_group(self, region: Region, request: Request) -> None:
        self._registry.drop_group(target_groups_api.delete(region, request).arn)


def tagged() -> list[tuple[str, list[dict[str, str]]]]:
    """Everything of the request's account and region with its tags, as the Resource Groups Tagging API asks for it."""
    return [(one.arn, tags_api.shown(one.tags)) for one in STORE.here().taggables()]
