"""Operations on listeners and their certificates.

Source: API Reference, `CreateListener`, `ModifyListener`, `AddListenerCertificates`.
"""

import re
from collections.abc import Sequence
from typing import Any

from localcloud.emulator.alb import balancers_api, finding, rules_api, tags_api
from localcloud.emulator.alb.attributes import listener_defaults
from localcloud.emulator.alb.finding import Request
from localcloud.emulator.alb.model import Document, Listener, Region, Rule, identifier
from localcloud.emulator.alb.policies import POLICIES
from localcloud.emulator.alb.refusal import RefusedError
from localcloud.emulator.alb.refused_listeners import check_listener

# "the default … for listeners created using the API" (User Guide, "Security policies"; CreateListener).
_DEFAULT_POLICY = "ELBSecurityPolicy-2016-08"
_SECURE = ("HTTPS", "TLS")
# Service quotas: certificates per load balancer, not counting default ones.
_MOST_CERTIFICATES = 25
_MOST_LISTENERS = 50


def create(region: Region, request: Request) -> dict[str, Any]:
    """CreateListener."""
    balancer = finding.balancer(region, request["LoadBalancerArn"])
    check_listener(request, balancer.type, create=True)
    tags = tags_api.tags_of(request)
    actions = rules_api.actions_of(
        region, request["DefaultActions"], balancer, str(request.get("Protocol") or ""), "defaultActions"
    )
    port, protocol = request.get("Port"), request.get("Protocol")
    known = region.listeners_of(balancer.arn)
    if any(one.port == port for one in known):
        raise RefusedError(
            f"A listener already exists on this port for this load balancer '{balancer.arn}'",
            "DuplicateListener",
        )
    if len(known) >= _MOST_LISTENERS:
        raise RefusedError("The maximum number of listeners per load balancer is '50'", "TooManyListeners")
    certificates, policy = _tls(request, protocol)
    made = Listener(
        arn=f"{balancer.arn.replace(':loadbalancer/', ':listener/')}/{identifier()}",
        load_balancer=balancer.arn,
        port=port,
        protocol=protocol,
        certificates=certificates,
        ssl_policy=policy,
        alpn_policy=list(request.get("AlpnPolicy") or []),
        mutual_authentication=_mutual(request, protocol),
        attributes=listener_defaults(protocol),
        tags=tags,
    )
    region.listeners[made.arn] = made
    default = Rule(
        arn=f"{made.arn.replace(':listener/', ':listener-rule/')}/{identifier()}",
        listener=made.arn,
        priority=None,
        conditions=[],
        actions=actions,
    )
    region.rules[default.arn] = default
    return {"Listeners": [made.described(default.actions)]}


def _mutual(request: Request, protocol: str | None) -> Document | None:
    stated = request.get("MutualAuthentication")
    if stated is not None:
        return dict(stated)
    return {"Mode": "off"} if protocol == "HTTPS" else None


def _tls(request: Request, protocol: str | None) -> tuple[list[str], str | None]:
    """The default certificate and the security policy of a new listener."""
    arns = [str(entry.get("CertificateArn")) for entry in request.get("Certificates") or []]
    _check_default_certificates(arns)
    policy = request.get("SslPolicy")
    _check_policy(policy)
    if protocol not in _SECURE:
        return [], None
    return arns, str(policy or _DEFAULT_POLICY)


def _check_default_certificates(arns: Sequence[str]) -> None:
    if len(arns) > 1:
        raise RefusedError(
            f"Up to '1' certificate ARNs can be specified, but '{len(arns)}' were specified",
            "TooManyCertificates",
        )
    for arn in arns:
        if not re.match(r"arn:aws[a-z-]*:(acm|iam):", arn):
            raise RefusedError(f"Certificate {arn} not found", "CertificateNotFound")


def _check_policy(policy: object) -> None:
    if policy is not None and policy not in POLICIES:
        raise RefusedError(f"SSL policy '{policy}' not found", "SSLPolicyNotFound")


def describe(region: Region, request: Request) -> dict[str, Any]:
    """DescribeListeners."""
    balancer, arns = request.get("LoadBalancerArn"), request.get("ListenerArns")
    if bool(balancer) == bool(arns):
        raise RefusedError(
            "Listener ARNs and a load balancer ARN cannot be specified at the same time"
            if balancer
            else "You must specify either listener ARNs or a load balancer ARN"
        )
    if balancer:
        found = region.listeners_of(finding.balancer(region, str(balancer)).arn)
    else:
        found = [finding.listener(region, arn) for arn in arns or []]
    shown, marker = finding.page(found, request)
    return {"Listeners": [_described(region, one) for one in shown], "NextMarker": marker}


def _described(region: Region, listener: Listener) -> dict[str, Any]:
    return listener.described(region.default_actions(listener.arn))


def modify(region: Region, request: Request) -> dict[str, Any]:
    """ModifyListener: what is not given stays; a listener that speaks TLS no more loses what belongs to it."""
    listener = finding.listener(region, request["ListenerArn"])
    balancer = region.load_balancers[listener.load_balancer]
    merged = {"Port": listener.port, "Protocol": listener.protocol} | dict(request)
    secure = merged["Protocol"] in _SECURE
    if secure and not request.get("Certificates"):
        merged["Certificates"] = [{"CertificateArn": arn} for arn in listener.certificates]
        if not listener.certificates:
            raise RefusedError(
                "You must provide a list containing exactly one certificate if the listener protocol is "
                f"{merged['Protocol']}.",
                "InvalidConfigurationRequest",
            )
    check_listener(merged, balancer.type, create=True)
    _check_policy(request.get("SslPolicy"))
    arns = [str(entry.get("CertificateArn")) for entry in request.get("Certificates") or []]
    _check_default_certificates(arns)
    if any(one.port == merged["Port"] and one is not listener for one in region.listeners_of(balancer.arn)):
        raise RefusedError(
            f"A listener already exists on this port for this load balancer '{balancer.arn}'",
            "DuplicateListener",
        )
    if request.get("DefaultActions"):
        actions = rules_api.actions_of(
            region, request["DefaultActions"], balancer, str(merged["Protocol"] or ""), "defaultActions"
        )
        for rule in region.rules_of(listener.arn):
            if rule.is_default:
                rule.actions = actions
    listener.port, listener.protocol = merged["Port"], merged["Protocol"]
    if arns:
        listener.certificates[:1] = arns
    listener.ssl_policy = (
        request.get("SslPolicy") or listener.ssl_policy or (_DEFAULT_POLICY if secure else None)
    )
    if "AlpnPolicy" in request:
        listener.alpn_policy = list(request["AlpnPolicy"])
    listener.mutual_authentication = request.get("MutualAuthentication") or listener.mutual_authentication
    if not secure:
        listener.certificates, listener.ssl_policy, listener.mutual_authentication = [], None, None
    return {"Listeners": [_described(region, listener)]}


def delete(region: Region, request: Request) -> None:
    """DeleteListener, with its rules."""
    balancers_api.delete_listener(region, finding.listener(region, request["ListenerArn"]).arn)


def describe_attributes(region: Region, request: Request) -> dict[str, Any]:
    """DescribeListenerAttributes."""
    return {"Attributes": tags_api.shown(finding.listener(region, request["ListenerArn"]).attributes)}


def modify_attributes(region: Region, request: Request) -> dict[str, Any]:
    """ModifyListenerAttributes."""
    listener = finding.listener(region, request["ListenerArn"])
    given = {str(entry["Key"]): str(entry.get("Value") or "") for entry in request["Attributes"]}
    http = listener.protocol in {"HTTP", "HTTPS"}
    for key in given:
        known = (
            key.startswith("routing.http.")
            if http
            else key
            in {
                "tcp.idle_timeout.seconds",
                "send_tcp_reset.on_idle_timeout.enabled",
            }
        )
        if not known:
            raise RefusedError(f"Listener attribute key '{key}' is not recognized")
    listener.attributes.update(given)
    return {"Attributes": tags_api.shown(listener.attributes)}


def add_certificates(region: Region, request: Request) -> dict[str, Any]:
    """AddListenerCertificates: those of other names, beside the default one."""
    listener = finding.listener(region, request["ListenerArn"])
    if listener.protocol not in _SECURE:
        raise RefusedError(
            "Certificates can be added to HTTPS and TLS listeners only", "InvalidConfigurationRequest"
        )
    arns = [str(entry["CertificateArn"]) for entry in request["Certificates"]]
    if len({*listener.certificates[1:], *arns}) > _MOST_CERTIFICATES:
        raise RefusedError(
            f"The maximum number of certificates per load balancer is '{_MOST_CERTIFICATES}'",
            "TooManyCertificates",
        )
    listener.certificates += [arn for arn in arns if arn not in listener.certificates[1:]]
    return {"Certificates": [{"CertificateArn": arn, "IsDefault": False} for arn in arns]}


def remove_certificates(region: Region, request: Request) -> None:
    """RemoveListenerCertificates; the default one stays until another takes its place (API Reference)."""
    listener = finding.listener(region, request["ListenerArn"])
    arns = {str(entry["CertificateArn"]) for entry in request["Certificates"]}
    if arns & set(listener.certificates[:1]) - set(listener.certificates[1:]):
        raise RefusedError("The default certificate cannot be removed", "OperationNotPermitted")
    others = [arn for arn in listener.certificates[1:] if arn not in arns]
    listener.certificates = [*listener.certificates[:1], *others]


def describe_certificates(region: Region, request: Request) -> dict[str, Any]:
    """DescribeListenerCertificates."""
    listener = finding.listener(region, request["ListenerArn"])
    found = [
        {"CertificateArn": arn, "IsDefault": place == 0} for place, arn in enumerate(listener.certificates)
    ]
    shown, marker = finding.page(found, request)
    return {"Certificates": shown, "NextMarker": marker}
