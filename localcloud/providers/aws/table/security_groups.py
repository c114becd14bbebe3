"""Amazon EC2 security groups and their rules."""

from collections.abc import Iterator
from typing import Any

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Name, Operation, Read, ResourceType, Step
from localcloud.providers.aws.table.services import ec2_tags
from localcloud.providers.values import Values

OPERATIONS = {"ingress": "SecurityGroupIngress", "egress": "SecurityGroupEgress"}
ATOMS = (
    ("IpRanges", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId"),
    ("UserIdGroupPairs", "GroupId"),
)
INLINE_SOURCES = ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups")
SOURCES = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")


def _described_group(context: Context, group_id: str) -> Values | None:
    found = context.find_call("DescribeSecurityGroups", {"GroupIds": [group_id]}).get("SecurityGroups")
    return found[0] if found else None


def permission(rule: Values, group_id: str) -> Values:
    """An EC2 `IpPermission` for an inline rule or a rule resource in Terraform's classic form."""
    protocol = str(rule.get("protocol", "-1"))
    protocol = {"all": "-1"}.get(protocol, protocol)
    note = {"Description": rule["description"]} if rule.get("description") else {}
    groups = [*(rule.get("securityGroups") or []), *([group_id] if rule.get("self") else [])]
    wire: Values = {"IpProtocol": protocol}
    if protocol != "-1":
        wire.update(FromPort=rule["fromPort"], ToPort=rule["toPort"])
    for member, name, items in (
        ("IpRanges", "CidrIp", rule.get("cidrBlocks")),
        ("Ipv6Ranges", "CidrIpv6", rule.get("ipv6CidrBlocks")),
        ("PrefixListIds", "PrefixListId", rule.get("prefixListIds")),
        ("UserIdGroupPairs", "GroupId", groups),
    ):
        if items:
            wire[member] = [{name: item, **note} for item in items]
    return wire


def _inline_rules(direction: str) -> Step:
    """Make the group's rules of one direction those of the inline property."""

    def run(context: Context, wanted: Values, previous: Values) -> None:
        now = [permission(rule, wanted["id"]) for rule in wanted.get(direction) or []]
        before = [permission(rule, wanted["id"]) for rule in previous.get(direction) or []]
        gone = [rule for rule in before if rule not in now]
        new = [rule for rule in now if rule not in before]
        if gone:
            context.find_call(
                f"Revoke{OPERATIONS[direction]}", {"GroupId": wanted["id"], "IpPermissions": gone}
            )
        if new:
            context.call(f"Authorize{OPERATIONS[direction]}", {"GroupId": wanted["id"], "IpPermissions": new})

    return Step(run=run, properties=frozenset({direction}))


def _drop_default_egress(context: Context, wanted: Values, previous: Values) -> None:
    """Terraform removes the allow-all egress rule that EC2 gives every new group."""
    if previous:
        return
    group = _described_group(context, wanted["id"]) or {}
    rules = [rule for rule in group.get("IpPermissionsEgress", []) if rule["IpProtocol"] == "-1"]
    declared = [permission(rule, wanted["id"]) for rule in wanted.get("egress") or []]
    if rules and not any(rule["IpProtocol"] == "-1" for rule in declared):
        default = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        context.call("RevokeSecurityGroupEgress", {"GroupId": wanted["id"], "IpPermissions": [default]})


def _inline_from_wire(group_id: str, permissions: list[Values]) -> Iterator[Values]:
    """Inline rules as they are written: one for every description."""
    for wire in permissions:
        head = {
            "protocol": wire["IpProtocol"],
            "fromPort": wire.get("FromPort", 0),
            "toPort": wire.get("ToPort", 0),
        }
        rules: dict[str, Values] = {}
        for (member, key), name in zip(ATOMS, INLINE_SOURCES, strict=True):
            for item in wire.get(member, []):
                note = item.get("Description") or ""
                rule = rules.setdefault(note, {**head, **({"description": note} if note else {})})
                if item[key] == group_id:
                    rule["self"] = True
                else:
                    rule.setdefault(name, []).append(item[key])
        yield from rules.values()


def _group(context: Context, state: Values) -> Values | None:
    found = _described_group(context, state["id"])
    if found is None:
        return None
    return {
        **found,
        "arn": found.get("SecurityGroupArn")
        or f"arn:aws:ec2:{context.region}:{context.aws.account_id}:security-group/{state['id']}",
        "ingress": list(_inline_from_wire(state["id"], found.get("IpPermissions", []))),
        "egress": list(_inline_from_wire(state["id"], found.get("IpPermissionsEgress", []))),
    }


def same_rules(old: Any, new: Any) -> bool:
    """Whether two lists of inline rules allow the same, however they are grouped."""
    return set(_atoms(old)) == set(_atoms(new))


def _atoms(rules: Any) -> Iterator[tuple[str, ...]]:
    for rule in rules or []:
        wire = permission(rule, "self")
        head = (wire["IpProtocol"], str(wire.get("FromPort")), str(wire.get("ToPort")))
        for member, name in ATOMS:
            for item in wire.get(member, []):
                yield (*head, item[name], str(rule.get("description") or ""))


def _existing_group(context: Context, inputs: Values) -> str | None:
    filters = [{"Name": "group-name", "Values": [inputs["name"]]}]
    if inputs.get("vpcId"):
        filters.append({"Name": "vpc-id", "Values": [inputs["vpcId"]]})
    found = context.call("DescribeSecurityGroups", {"Filters": filters}).get("SecurityGroups")
    return str(found[0]["GroupId"]) if found else None


def _revoke_all(context: Context, state: Values) -> None:
    if not state.get("revokeRulesOnDelete"):
        return
    group = _described_group(context, state["id"]) or {}
    for direction, member in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        if group.get(member):
            request = {"GroupId": state["id"], "IpPermissions": group[member]}
            context.find_call(f"Revoke{OPERATIONS[direction]}", request)


SECURITY_GROUP = ResourceType(
    type="aws:ec2/securityGroup:SecurityGroup",
    service="ec2",
    create=Operation(name="CreateSecurityGroup"),
    read=_group,
    update=(
        Step(run=_drop_default_egress, always=True),
        _inline_rules("ingress"),
        _inline_rules("egress"),
    ),
    before_delete=_revoke_all,
    delete=(Operation(name="DeleteSecurityGroup", keys=lambda state: {"GroupId": state["id"]}),),
    id="GroupId",
    name=Name(),
    members={"name": "GroupName"},
    defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
    computed=frozenset({"ingress", "egress", "vpcId"}),
    equal={"ingress": same_rules, "egress": same_rules},
    local=frozenset({"revokeRulesOnDelete"}),
    replace=frozenset({"name", "description", "vpcId"}),
    tags=ec2_tags("security-group"),
    find=_existing_group,
)


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
    return failures


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


def _rule_type(direction: str) -> ResourceType:
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
    group = _described_group(context, state["securityGroupId"])
    member = "IpPermissions" if state["type"] == "ingress" else "IpPermissionsEgress"
    wanted = set(
        _atoms(
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

TYPES = (SECURITY_GROUP, _rule_type("ingress"), _rule_type("egress"), CLASSIC_RULE)
