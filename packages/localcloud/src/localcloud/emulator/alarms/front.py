"""CloudWatch's requests before MiniStack answers them: its protocols in one form, checked as AWS checks them.

MiniStack answers JSON with all that it knows, the Query protocol (older SDKs, the AWS CLI before its version 2.31) with
a few members only. So a request of the Query protocol is asked in JSON's place, and its answer is written by botocore's
model. Errors carry the codes of the Query protocol in JSON too (Smithy's `awsQueryCompatible`). Requests in CBOR go to
MiniStack as they are.
"""

import functools
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from localcloud.emulator import model_rules, query_protocol
from localcloud.emulator.alarms import refusals
from localcloud.emulator.json_api import Refused
from localcloud.emulator.query_protocol import Response

SERVICE = "cloudwatch"
_JSON = "application/x-amz-json-1.0"
Document = dict[str, Any]
Original = Callable[[str, str, Mapping[str, str], bytes, Mapping[str, Any]], Awaitable[Response]]


class CloudWatchFront:
    """CloudWatch in the form of MiniStack's table of services.

    Args:
        original: MiniStack's handler.
    """

    def __init__(self, original: Original) -> None:
        self._original = original

    async def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Response:
        """Answer a request."""
        protocol = _protocol_of(headers)
        if protocol == "cbor":
            return await self._original(method, path, headers, body, query)
        parameters = query_protocol.parameters_of(body, query) if protocol == "query" else {}
        operation = _operation_of(path, headers, parameters)
        if operation not in model_rules.service_model(SERVICE).operation_names:
            return _refused(protocol, "InvalidAction", f"Could not find operation {operation}")
        try:
            request = _request_of(protocol, operation, parameters, body)
            refusals.check(operation, request)
        except Refused as refusal:
            return _refused(protocol, refusal.code, str(refusal))
        if protocol != "query":
            answer = await self._original(method, path, headers, body, query)
            return refusals.paged(operation, request, _with_query_code(answer))
        asked = {
            **headers,
            "content-type": _JSON,
            "x-amz-target": f"GraniteServiceVersion20100801.{operation}",
        }
        answer = await self._original("POST", "/", asked, json.dumps(request).encode(), {})
        status, _, text = refusals.paged(operation, request, answer)
        document = json.loads(text or b"{}")
        if status != 200:
            code = _query_code(str(document.get("__type")))
            return query_protocol.refused(SERVICE, code, str(document.get("message") or ""), status)
        shape = model_rules.service_model(SERVICE).operation_model(operation).output_shape
        return query_protocol.answered(SERVICE, operation, _dated(shape, document) if shape else {})


def _protocol_of(headers: Mapping[str, str]) -> str:
    kind = headers.get("content-type", "")
    if "cbor" in kind or "cbor" in headers.get("smithy-protocol", ""):
        return "cbor"
    return "json" if "json" in kind or headers.get("x-amz-target") else "query"


def _operation_of(path: str, headers: Mapping[str, str], parameters: Mapping[str, str]) -> str:
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    found = re.search(r"/operation/([^/?]+)", path)
    return target or (found[1] if found else parameters.get("Action", ""))


def _request_of(protocol: str, operation: str, parameters: Mapping[str, str], body: bytes) -> Document:
    if protocol == "query":
        return query_protocol.decoded(SERVICE, operation, parameters)
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise Refused("SerializationException", "The request cannot be read") from error
    return document if isinstance(document, dict) else {}


@functools.cache
def _query_codes() -> Mapping[str, str]:
    """The Query protocol's code of every error, by its name."""
    return {
        shape.name: str(getattr(shape, "error_code", shape.name))
        for shape in model_rules.service_model(SERVICE).error_shapes
    }


def _query_code(name: str) -> str:
    return _query_codes().get(name, name)


def _name_of(code: str) -> str:
    return next((name for name, known in _query_codes().items() if known == code), code)


def _refused(protocol: str, code: str, message: str) -> Response:
    if protocol == "query":
        return query_protocol.refused(SERVICE, code, message)
    document = {"__type": _name_of(code), "message": message}
    header = {"x-amzn-query-error": f"{code};Sender"}
    return 400, {"Content-Type": _JSON, **header}, json.dumps(document).encode()


def _with_query_code(answer: Response) -> Response:
    """MiniStack's error with the code that SDKs show."""
    status, headers, body = answer
    if status == 200:
        return answer
    try:
        found = json.loads(body)
    except ValueError:
        return answer
    code = _query_code(str(found.get("__type")))
    return status, {**headers, "x-amzn-query-error": f"{code};Sender"}, body


def _dated(shape: Shape, value: Any) -> Any:
    """A JSON answer with times where its numbers are times."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {name: _dated(member, value[name]) for name, member in shape.members.items() if name in value}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_dated(shape.member, entry) for entry in value]
    if shape.type_name == "timestamp" and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return value
