"""Reading and writing of listener actions and rule conditions in the ELBv2 query protocol.

MiniStack 1.5.33 drops `ForwardConfig` (weighted target groups) and most typed condition configurations, and does not
escape what it writes. These four functions replace its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

Parameters = Mapping[str, Any]
# Conditions with a flat list of values, and the name of their typed form (API Reference, `RuleCondition`).
TYPED_CONDITIONS = {
    "path-pattern": "PathPatternConfig",
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "source-ip": "SourceIpConfig",
}
_REDIRECT_DEFAULTS = {
    "Protocol": "#{protocol}",
    "Port": "#{port}",
    "Host": "#{host}",
    "Path": "/#{path}",
    "Query": "#{query}",
}


def value(parameters: Parameters, key: str, default: str = "") -> str:
    """One parameter; MiniStack hands over lists of values."""
    found = parameters.get(key, default)
    if isinstance(found, list):
        return str(found[0]) if found else default
    return str(found)


def members(parameters: Parameters, prefix: str) -> Iterator[str]:
    """Prefixes of the members of a list parameter that are present: `prefix.member.1` and so on."""
    index = 1
    while any(
        key == f"{prefix}.member.{index}" or key.startswith(f"{prefix}.member.{index}.") for key in parameters
    ):
        yield f"{prefix}.member.{index}"
        index += 1


def values(parameters: Parameters, prefix: str) -> list[str]:
    """A list parameter of plain values."""
    return [value(parameters, member) for member in members(parameters, prefix)]


def parse_actions(original: Any) -> Any:
    """Extend MiniStack's `_parse_actions` by weighted target groups and complete redirects."""

    def parse(parameters: Parameters, prefix: str = "DefaultActions") -> list[dict[str, Any]]:
        actions: list[dict[str, Any]] = original(parameters, prefix)
        for action, base in zip(actions, members(parameters, prefix), strict=False):
            if action["Type"] == "forward":
                _parse_forward(action, parameters, f"{base}.ForwardConfig")
            if action["Type"] == "redirect":
                redirect = {
                    name: value(parameters, f"{base}.RedirectConfig.{name}", default)
                    for name, default in _REDIRECT_DEFAULTS.items()
                }
                code = value(parameters, f"{base}.RedirectConfig.StatusCode", "HTTP_301")
                action["RedirectConfig"] = {**redirect, "StatusCode": code}
        return actions

    return parse


def _parse_forward(action: dict[str, Any], parameters: Parameters, base: str) -> None:
    weighted = [
        {
            "TargetGroupArn": value(parameters, f"{member}.TargetGroupArn"),
            "Weight": int(value(parameters, f"{member}.Weight", "1")),
        }
        for member in members(parameters, f"{base}.TargetGroups")
    ]
    if not weighted and "TargetGroupArn" in action:
        weighted = [{"TargetGroupArn": action["TargetGroupArn"], "Weight": 1}]
    if len(weighted) == 1:
        action["TargetGroupArn"] = weighted[0]["TargetGroupArn"]
    stickiness: dict[str, Any] = {
        "Enabled": value(parameters, f"{base}.TargetGroupStickinessConfig.Enabled", "false") == "true"
    }
    duration = value(parameters, f"{base}.TargetGroupStickinessConfig.DurationSeconds")
    if duration:
        stickiness["DurationSeconds"] = int(duration)
    action["ForwardConfig"] = {"TargetGroups": weighted, "TargetGroupStickinessConfig": stickiness}


def target_groups_of(action: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The target groups of a forward action with their weights."""
    weighted = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    if weighted:
        return [(entry["TargetGroupArn"], int(entry.get("Weight", 1))) for entry in weighted]
    return [(action["TargetGroupArn"], 1)] if action.get("TargetGroupArn") else []


def action_xml(original: Any) -> Any:
    """Extend MiniStack's `_action_xml`: escaped values, and the weights of a forward action."""

    def write(action: Mapping[str, Any]) -> str:
        if action["Type"] not in {"forward", "redirect", "fixed-response"}:
            return str(original(action))
        inner = f"<Type>{action['Type']}</Type><Order>{action.get('Order', 1)}</Order>"
        if action.get("TargetGroupArn"):
            inner += f"<TargetGroupArn>{escape(action['TargetGroupArn'])}</TargetGroupArn>"
        for name in ("ForwardConfig", "RedirectConfig", "FixedResponseConfig"):
            if name in action:
                inner += f"<{name}>{to_xml(action[name])}</{name}>"
        return f"<member>{inner}</member>"

    return write


def parse_conditions(parameters: Parameters, prefix: str = "Conditions") -> list[dict[str, Any]]:
    """Read rule conditions, flat or typed; each is stored in its typed form too."""
    conditions = []
    for base in members(parameters, prefix):
        field = value(parameters, f"{base}.Field")
        condition: dict[str, Any] = {"Field": field}
        if field in TYPED_CONDITIONS:
            typed = TYPED_CONDITIONS[field]
            found = values(parameters, f"{base}.Values") or values(parameters, f"{base}.{typed}.Values")
            regexes = values(parameters, f"{base}.RegexValues") or values(
                parameters, f"{base}.{typed}.RegexValues"
            )
            condition[typed] = {"Values": found} | ({"RegexValues": regexes} if regexes else {})
            if field in {"path-pattern", "host-header"}:
                condition["Values"] = found
            if field == "http-header":
                condition[typed]["HttpHeaderName"] = value(parameters, f"{base}.{typed}.HttpHeaderName")
        elif field == "query-string":
            condition["QueryStringConfig"] = {
                "Values": _query_pairs(parameters, f"{base}.QueryStringConfig.Values")
            }
        conditions.append(condition)
    return conditions


def _query_pairs(parameters: Parameters, prefix: str) -> list[dict[str, str]]:
    return [
        {
            name: value(parameters, f"{member}.{name}")
            for name in ("Key", "Value")
            if f"{member}.{name}" in parameters
        }
        for member in members(parameters, prefix)
    ]


def condition_xml(condition: Mapping[str, Any]) -> str:
    """Write a rule condition as AWS does: the field, the flat values where it has them, and the typed form."""
    return f"<member>{to_xml({'Values': [], **condition})}</member>"


def to_xml(document: Any) -> str:
    """Write a document of structures, lists (as `member`) and values as XML."""
    if isinstance(document, Mapping):
        return "".join(f"<{name}>{to_xml(entry)}</{name}>" for name, entry in document.items())
    if isinstance(document, list):
        return "".join(f"<member>{to_xml(entry)}</member>" for entry in document)
    if isinstance(document, bool):
        return str(document).lower()
    return escape(str(document))
