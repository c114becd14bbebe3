"""Amazon EC2 security group rules as resources of their own."""

import ipaddress
from collections.abc import Iterator

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Operation, Read, ResourceType
from localcloud.providers.aws.table.security_groups import (
    ATOMS,
    OPERATIONS,
    SOURCES,
    described_group,
    permission,
    rule_atoms,
)
from localcloud.providers.aws.table.services import ec2_tags
from localcloud.providers.values import Values

RULE_PROPERTIES = frozenset({*SOURCES, "description", "fromPort", "ipProtocol", "securityGroupId", "toPort"})


def _rule_check(values: Values) -> list[tuple[str, str]]:
    given = [name for name in SOURCES if values.get(name) is not None]
    failures = []
    if len(given) != 1:
        failures.append((given[1] if given else SOURCES[0], f"give exactly one of {', '.join(SOURCES)}"))
    if str(values.get("ipProtocol")) not in ("-1", "all", "<known after the update>"):
        failures += [
            (name, "missing: needed for every protocol but -1")
            for name in ("fromPort", "toPort")
            if values.get(name) is None and values.get("ipProtocol") in ("tcp", "udp", "6", "17")
        ]
    return failures + [
        (name, reason) for name in ("cidrIpv4", "cidrIpv6") if (reason := _no_network(values.get(name)))
    ]


def _no_network(text: object) -> str | None:
    """What the provider's `IPv4CIDRNetworkAddress` and `IPv6CIDRNetworkAddress` validators say (fwvalidators).

    EC2 itself takes a range that does not begin with its first address, and puts that right.
    """
    if not isinstance(text, str) or "/" not in text:
        return None  # not there, or not known yet
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        return f"{text!r} is no address range: {error}"
    return None


def _authorize(request: Values, inputs: Values) -> None:
    """One rule as an EC2 `IpPermission`."""
    note = {"Description": inputs["description"]} if inputs.get("description") else {}
    wire: Values = {"IpProtocol": inputs["ipProtocol"]}
    if inputs["ipProtocol"] != "-1":
        wire.update(
            {
                member: inputs[name]
                for member, name in (("FromPort", "fromPort"), ("ToPort", "toPort"))
                if name in inputs
            }
        )
    for name, member, key in (
        ("cidrIpv4", "IpRanges", "CidrIp"),
        ("cidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        ("prefixListId", "PrefixListIds", "PrefixListId"),
        ("referencedSecurityGroupId", "UserIdGroupPairs", "GroupId"),
    ):
        if inputs.get(name) is not None:
            wire[member] = [{key: inputs[name], **note}]
    request.clear()
    request.update(GroupId=inputs["securityGroupId"], IpPermissions=[wire])


def _authorize_tagged(request: Values, inputs: Values) -> None:
    tags = {name: item for name, item in request.items() if name == "TagSpecifications"}
    _authorize(request, inputs)
    request.update(tags)


def _modify_rule(request: Values, state: Values) -> None:
    rule: Values = {"IpProtocol": state["ipProtocol"]}
    for member, name in (
        ("FromPort", "fromPort"),
        ("ToPort", "toPort"),
        ("CidrIpv4", "cidrIpv4"),
        ("CidrIpv6", "cidrIpv6"),
        ("PrefixListId", "prefixListId"),
        ("ReferencedGroupId", "referencedSecurityGroupId"),
        ("Description", "description"),
    ):
        if state.get(name) is not None:
            rule[member] = state[name]
    request.clear()
    request.update(
        GroupId=state["securityGroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": state["id"], "SecurityGroupRule": rule}],
    )


def _existing_rule(context: Context, inputs: Values, *, egress: bool) -> str | None:
    filters = [{"Name": "group-id", "Values": [inputs["securityGroupId"]]}]
    wanted = (inputs["ipProtocol"], *(inputs.get(name) for name in SOURCES))
    for rule in context.call("DescribeSecurityGroupRules", {"Filters": filters}).get(
        "SecurityGroupRules", []
    ):
        source = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
        found = (
            rule["IpProtocol"],
            rule.get("CidrIpv4"),
            rule.get("CidrIpv6"),
            rule.get("PrefixListId"),
            source,
        )
        ports = inputs["ipProtocol"] == "-1" or (rule.get("FromPort"), rule.get("ToPort")) == (
            inputs.get("fromPort"),
            inputs.get("toPort"),
        )
        if rule["IsEgress"] == egress and found == wanted and ports:
            return str(rule["SecurityGroupRuleId"])
    return None


def rule_type(direction: str) -> ResourceType:
    """The row of `aws.vpc.SecurityGroupIngressRule` or `…EgressRule`: they differ in the direction only."""
    name = direction.capitalize()
    return ResourceType(
        type=f"aws:vpc/securityGroup{name}Rule:SecurityGroup{name}Rule",
        service="ec2",
        create=Operation(
            name=f"Authorize{OPERATIONS[direction]}", only=RULE_PROPERTIES, prepare=_authorize_tagged
        ),
        read=Read(
            name="DescribeSecurityGroupRules",
            keys=lambda state: {"SecurityGroupRuleIds": [state["id"]]},
            result="SecurityGroupRules[0]",
        ),
        update=(
            Operation(
                name="ModifySecurityGroupRules",
                only=RULE_PROPERTIES - {"securityGroupId"},
                prepare=_modify_rule,
            ),
        ),
        delete=(
            Operation(
                name=f"Revoke{OPERATIONS[direction]}",
                keys=lambda state: {
                    "GroupId": state["securityGroupId"],
                    "SecurityGroupRuleIds": [state["id"]],
                },
            ),
        ),
        # EC2 says -1 where no ports are given (terraform-provider-aws, `vpc_security_group_ingress_rule.go`).
        neutral={"fromPort": -1, "toPort": -1},
        id="SecurityGroupRules[0].SecurityGroupRuleId",
        members={"securityGroupId": "GroupId", "referencedSecurityGroupId": "ReferencedGroupInfo.GroupId"},
        codecs={"ipProtocol": Codec(to_wire=lambda value: "-1" if value == "all" else value)},
        replace=frozenset({"securityGroupId"}),
        outputs={"arn": "SecurityGroupRuleArn"},
        check=_rule_check,
        tags=ec2_tags("security-group-rule"),
        find=lambda context, inputs: _existing_rule(context, inputs, egress=direction == "egress"),
    )


def _classic_permission(inputs: Values) -> Values:
    source = inputs.get("sourceSecurityGroupId")
    rule = {**inputs, "securityGroups": [source] if source else []}
    return permission(rule, inputs["securityGroupId"])


def _authorize_classic(request: Values, inputs: Values) -> None:
    request.clear()
    request.update(GroupId=inputs["securityGroupId"], IpPermissions=[_classic_permission(inputs)])


CLASSIC_PROPERTIES = frozenset(
    {
        "type",
        "fromPort",
        "toPort",
        "protocol",
        "securityGroupId",
        "cidrBlocks",
        "ipv6CidrBlocks",
        "prefixListIds",
        "self",
        "sourceSecurityGroupId",
        "description",
    }
)


def _classic_create(inputs: Values) -> Operation:
    direction = OPERATIONS[inputs["type"]]
    return Operation(name=f"Authorize{direction}", only=CLASSIC_PROPERTIES, prepare=_authorize_classic)


def _classic_check(values: Values) -> list[tuple[str, str]]:
    failures = []
    if values["type"] not in OPERATIONS:
        failures.append(("type", f"{values['type']!r} is not allowed; allowed: ingress, egress"))
    sources = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "self", "sourceSecurityGroupId")
    if not any(values.get(name) for name in sources):
        failures.append(("cidrBlocks", f"give one of {', '.join(sources)}"))
    return failures


def _classic_id(state: Values) -> str:
    """Terraform makes the id up from the rule's content."""
    wire = _classic_permission(state)
    sources = sorted(
        str(value) for items in wire.values() if isinstance(items, list) for value in items[0].values()
    )
    parts = [
        state["securityGroupId"],
        state["type"],
        wire["IpProtocol"],
        str(state["fromPort"]),
        str(state["toPort"]),
    ]
    return "-".join(["sgrule", *parts, *sources])


def _classic_rule(context: Context, state: Values) -> Values | None:
    group = described_group(context, state["securityGroupId"])
    member = "IpPermissions" if state["type"] == "ingress" else "IpPermissionsEgress"
    wanted = set(
        rule_atoms(
            [
                {
                    **state,
                    "securityGroups": [state["sourceSecurityGroupId"]]
                    if state.get("sourceSecurityGroupId")
                    else [],
                }
            ]
        )
    )
    known = {tuple(state["securityGroupId"] if part == "self" else part for part in atom) for atom in wanted}
    present = set(_atoms_of_wire((group or {}).get(member, [])))
    return {"SecurityGroupId": state["securityGroupId"]} if known <= present else None


def _atoms_of_wire(permissions: list[Values]) -> Iterator[tuple[str, ...]]:
    for wire in permissions:
        head = (wire["IpProtocol"], str(wire.get("FromPort")), str(wire.get("ToPort")))
        for member, name in ATOMS:
            for item in wire.get(member, []):
                yield (*head, item[name], str(item.get("Description") or ""))


def _revoke_classic(context: Context, state: Values) -> None:
    request = {"GroupId": state["securityGroupId"], "IpPermissions": [_classic_permission(state)]}
    context.find_call(f"Revoke{OPERATIONS[state['type']]}", request)


CLASSIC_RULE = ResourceType(
    type="aws:ec2/securityGroupRule:SecurityGroupRule",
    service="ec2",
    create=_classic_create,
    read=_classic_rule,
    before_delete=_revoke_classic,
    id=_classic_id,
    defaults={"self": False},
    sets=frozenset({"cidrBlocks", "ipv6CidrBlocks", "prefixListIds"}),
    replace=CLASSIC_PROPERTIES,
    check=_classic_check,
)


TYPES = (
    rule_type("ingress"),
    rule_type("egress"),
    CLASSIC_RULE,
)
