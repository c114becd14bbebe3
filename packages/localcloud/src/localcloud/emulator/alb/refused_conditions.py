"""Rule conditions that Elastic Load Balancing refuses.

Sources: API Reference, `RuleCondition` and the configurations it names; Application Load Balancer guide, "Condition
types for listener rules" and "Listener rules" (what regular expressions may contain).
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.emulator.alb.refusal import RefusedError

Condition = Mapping[str, Any]
# API Reference, `RuleCondition`: the typed form of each field.
CONFIGURATIONS = {
    "path-pattern": "PathPatternConfig",
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
VALUES_PER_RULE = 5
_ONCE = ("host-header", "http-request-method", "path-pattern", "source-ip")
_FLAT = ("host-header", "path-pattern")
_WITH_REGEX = ("http-header", "host-header", "path-pattern")
_LONGEST = {"http-request-method": 40}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_ALLOWED = {
    # "You must include at least one '.' character. You can include only alphabetical characters after the final '.'."
    "host-header": re.compile(r"[A-Za-z0-9\-.*?]*\.[A-Za-z*?]+"),
    "path-pattern": re.compile(r"[A-Za-z0-9_\-.$/~\"'@:+&*?]+"),
    "http-request-method": re.compile(r"[A-Z_\-]+"),
}
# "…do not support the following features: lookaheads, lookbehinds, backreferences, atomic groups, possessive
# quantifiers, subroutines, recursion, and Unicode character classes".
_REGEX_BEYOND = re.compile(r"\(\?(?:[=!>R&]|<[=!]|P[=>]|\d)|\\[1-9]|\\[kgpP]|[*+?}]\+")


def check_conditions(conditions: Sequence[Condition], *, create: bool) -> None:
    """Check a rule's conditions.

    Raises:
        RefusedError: AWS refuses them.
    """
    if create and not conditions:
        raise RefusedError("A condition must be specified")
    for condition in conditions:
        _check(condition)
    fields = Counter(str(condition.get("Field")) for condition in conditions)
    twice = next((field for field in _ONCE if fields[field] > 1), None)
    if twice:
        raise RefusedError(f"A rule can only have one '{twice}' condition")
    if sum(len(values_of(condition)) for condition in conditions) > VALUES_PER_RULE:
        raise RefusedError(f"A rule can only have '{VALUES_PER_RULE}' condition values")


def values_of(condition: Condition) -> list[Any]:
    """Everything a condition compares with."""
    configuration = condition.get(CONFIGURATIONS.get(str(condition.get("Field")), "")) or {}
    return [
        *(condition.get("Values") or []),
        *(condition.get("RegexValues") or []),
        *(configuration.get("Values") or []),
        *(configuration.get("RegexValues") or []),
    ]


def _check(condition: Condition) -> None:
    field = str(condition.get("Field") or "")
    if field not in CONFIGURATIONS:
        raise RefusedError(f"Condition field '{field}' must be one of '[{','.join(CONFIGURATIONS)}]'")
    foreign = next(
        (name for other, name in CONFIGURATIONS.items() if other != field and name in condition), None
    )
    if foreign:
        raise RefusedError(f"'{foreign}' is not compatible with '{field}'")
    if condition.get("Values") and field not in _FLAT:
        raise RefusedError(f"The 'Values' field is not compatible with '{field}'")
    typed = CONFIGURATIONS[field]
    configuration = condition.get(typed)
    if configuration is None and field not in _FLAT:
        raise RefusedError(f"A '{typed}' must be specified with '{field}'")
    if configuration and condition.get("Values"):
        raise RefusedError(f"You cannot provide both Values and '{typed}' for a condition of type '{field}'")
    if len(condition.get("Values") or []) > 1:
        raise RefusedError(f"The '{field}' field contains too many values; the limit is '1'")
    if not values_of(condition):
        what = "A condition" if field in _FLAT else f"A '{field}'"
        raise RefusedError(f"{what} value must be specified")
    _check_values(field, condition, configuration or {})


def _check_values(field: str, condition: Condition, configuration: Condition) -> None:
    if field == "query-string":
        _check_pairs(configuration.get("Values") or [])
        return
    if field == "http-header":
        _check_header_name(str(configuration.get("HttpHeaderName") or ""))
    for value in [*(condition.get("Values") or []), *(configuration.get("Values") or [])]:
        _check_length(field, value)
        allowed = _ALLOWED.get(field)
        if allowed is not None and not allowed.fullmatch(value):
            if field == "http-request-method":
                raise RefusedError(
                    "The 'http-request-method' value is invalid; the allowed characters are A-Z, hyphen and underscore"
                )
            raise RefusedError(f"The '{field}' value '{value}' is not valid")
        if field == "source-ip":
            _check_network(value)
    for regex in [*(condition.get("RegexValues") or []), *(configuration.get("RegexValues") or [])]:
        _check_length(field, regex)
        _check_regex(field, regex)


def _check_length(field: str, value: str) -> None:
    limit = _LONGEST.get(field, 128)
    if len(value) > limit:
        raise RefusedError(f"The '{field}' value is too long; the limit is '{limit}'")


def _check_pairs(pairs: Sequence[Mapping[str, str]]) -> None:
    for pair in pairs:
        if "Value" not in pair:
            raise RefusedError("A 'Value' must be specified in 'QueryStringKeyValuePair'")
        for name in ("Key", "Value"):
            if len(pair.get(name, "")) > 128:
                raise RefusedError(f"The '{name}' value is too long; the limit is '128'")


def _check_header_name(name: str) -> None:
    if not name:
        raise RefusedError("A 'HttpHeaderName' must be specified with 'http-header'")
    if len(name) > 40:
        raise RefusedError("The 'HttpHeaderName' value is too long; the limit is '40'")
    if not _TOKEN.fullmatch(name):
        raise RefusedError(f"The 'HttpHeaderName' value '{name}' is not valid")
    if name.lower() == "host":
        # "You can't use an HTTP header condition to specify the host header. Instead, use a host condition."
        raise RefusedError("The 'HttpHeaderName' value cannot be 'host'; use a 'host-header' condition")


def _check_network(value: str) -> None:
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        valid = False
    else:
        valid = "/" in value
    if not valid:
        raise RefusedError(f"The 'source-ip' value '{value}' is not a valid CIDR block")


def _check_regex(field: str, regex: str) -> None:
    if field not in _WITH_REGEX:
        raise RefusedError(f"The 'RegexValues' field is not compatible with '{field}'")
    try:
        re.compile(regex)
    except re.error as error:
        raise RefusedError(f"The regular expression '{regex}' is not valid: {error}") from None
    if _REGEX_BEYOND.search(regex):
        raise RefusedError(f"The regular expression '{regex}' uses a feature that is not supported")
