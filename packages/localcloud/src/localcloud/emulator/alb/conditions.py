"""Rule conditions, compiled into tests of a request.

Source: API Reference, `RuleCondition` and the configurations it names.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from localcloud.emulator.alb.refused_conditions import CONFIGURATIONS


@dataclass(frozen=True, kw_only=True)
class Request:
    """What rules look at.

    Args:
        method: As sent, upper case.
        host: Without the port, lower case.
        path: Without the query.
        query: As sent, without the question mark.
        headers: Values by lower-case name, in the order they were sent.
        client: IP address of the client.
    """

    method: str
    host: str
    path: str
    query: str
    headers: Mapping[str, list[str]]
    client: str


Test = Callable[[Request], bool]
Match = Callable[[str], bool]


def wildcard(pattern: str, *, ignore_case: bool) -> Match:
    """AWS patterns: `*` is any run of characters, `?` exactly one; a backslash takes a character literally."""
    special = {"*": ".*", "?": "."}
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    parts = [special.get(piece) or re.escape(piece[-1]) for piece in pieces]
    match = re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0)).fullmatch
    return lambda value: match(value) is not None


def condition_test(condition: Mapping[str, Any]) -> Test:
    """Compile one condition; a condition holds when any of its values does."""
    field = condition["Field"]
    if field == "query-string":
        return _query_test(condition["QueryStringConfig"]["Values"])
    configuration = condition[CONFIGURATIONS[field]]
    if field == "http-header":
        return _header_test(configuration)
    return _simple_test(field, configuration)


def _matches(configuration: Mapping[str, Any], *, ignore_case: bool) -> list[Match]:
    """Patterns and regular expressions of a configuration."""
    regexes = [
        re.compile(value, re.IGNORECASE if ignore_case else 0)
        for value in configuration.get("RegexValues") or []
    ]
    return [
        *(wildcard(value, ignore_case=ignore_case) for value in configuration.get("Values") or []),
        *((lambda value, regex=regex: regex.search(value) is not None) for regex in regexes),
    ]


def _simple_test(field: str, configuration: Mapping[str, Any]) -> Test:
    if field == "path-pattern":
        paths = _matches(configuration, ignore_case=False)
        return lambda request: any(match(request.path) for match in paths)
    if field == "host-header":
        hosts = _matches(configuration, ignore_case=True)
        return lambda request: any(match(request.host) for match in hosts)
    values = configuration["Values"]
    if field == "http-request-method":
        return lambda request: request.method in values
    networks = [ipaddress.ip_network(value, strict=False) for value in values]
    return lambda request: any(ipaddress.ip_address(request.client) in network for network in networks)


def _header_test(configuration: Mapping[str, Any]) -> Test:
    """Fields of one name are looked at one after the other until one matches."""
    name = configuration["HttpHeaderName"].lower()
    matches = _matches(configuration, ignore_case=True)
    return lambda request: any(match(value) for value in request.headers.get(name, ()) for match in matches)


def _query_test(pairs: list[Mapping[str, str]]) -> Test:
    anything = wildcard("*", ignore_case=True)
    compiled = [
        (
            wildcard(pair["Key"], ignore_case=True) if "Key" in pair else anything,
            wildcard(pair["Value"], ignore_case=True),
        )
        for pair in pairs
    ]

    def test(request: Request) -> bool:
        given = parse_qsl(request.query, keep_blank_values=True)
        return any(key(name) and value(text) for name, text in given for key, value in compiled)

    return test
