"""Amazon EC2 security groups with their inline rules."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Name, Operation, ResourceType, Step
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


def described_group(context: Context, group_id: str) -> Values | None:
    """The group as EC2 describes it, None when there is none."""
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
    group = described_group(context, wanted["id"]) or {}
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
    found = described_group(context, state["id"])
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
    return set(rule_atoms(old)) == set(rule_atoms(new))


def rule_atoms(rules: Any) -> Iterator[tuple[str, ...]]:
    """Every single permission of inline rules: protocol, ports, source, description."""
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
    group = described_group(context, state["id"]) or {}
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


def _default_group_of(request: Values, inputs: Values) -> None:
    filters = [{"Name": "group-name", "Values": ["default"]}]
    if inputs.get("vpcId"):
        filters.append({"Name": "vpc-id", "Values": [inputs["vpcId"]]})
    request["Filters"] = filters


def _take_over(context: Context, wanted: Values, previous: Values) -> None:
    """Taking over the group removes every rule it has and tags it (Terraform: aws_default_security_group)."""
    if previous:
        return
    _revoke_all(context, {"id": wanted["id"], "revokeRulesOnDelete": True})
    tags = {**context.aws.default_tags, **(wanted.get("tags") or {})}
    if tags:
        wire = [{"Key": key, "Value": value} for key, value in tags.items()]
        context.call("CreateTags", {"Resources": [wanted["id"]], "Tags": wire})


# EC2 makes one with every VPC and deletes it with it: it is taken over, not created, and left behind.
DEFAULT_SECURITY_GROUP = ResourceType(
    type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    service="ec2",
    create=Operation(name="DescribeSecurityGroups", only=frozenset(), prepare=_default_group_of),
    read=_group,
    update=(Step(run=_take_over, always=True), _inline_rules("ingress"), _inline_rules("egress")),
    id="SecurityGroups[0].GroupId",
    members={"name": "GroupName"},
    defaults={"revokeRulesOnDelete": False},
    computed=frozenset({"ingress", "egress", "vpcId"}),
    equal={"ingress": same_rules, "egress": same_rules},
    local=frozenset({"revokeRulesOnDelete", "vpcId"}),
    replace=frozenset({"vpcId"}),
    tags=dataclasses.replace(ec2_tags("security-group"), member="", ec2_type=""),
    find=lambda context, inputs: _existing_group(context, {**inputs, "name": "default"}),
)

TYPES = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP)
