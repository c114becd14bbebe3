"""AWS's JSON protocol as botocore's models describe it, for the services that are ours.

A request is one operation per `X-Amz-Target`. It is held against the model before anything of the service sees it; the
answer is cut to the model's output shape, so that what a service keeps for itself never leaves.
"""

import base64
import json
from collections.abc import Awaitable, Callable, Container, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from localcloud.emulator import model_rules, upstream

CONTENT_TYPE = "application/x-amz-json-1.1"
Request = Mapping[str, Any]
Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, Mapping[str, str], bytes, Mapping[str, Any]], Awaitable[Response]]
Operations = Mapping[str, Callable[[Request], Request]]


class Refused(Exception):  # noqa: N818  an answer of the API, not a defect
    """The request is answered with an AWS error.

    Args:
        code: Error code, for example `ValidationException`.
        message: What AWS says.
        members: What else the error's shape carries.
        status: HTTP status.
    """

    def __init__(self, code: str, message: str, *, members: Request | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.members = dict(members or {})
        self.status = status


class Api:
    """One service, driven by botocore's model of it.

    Args:
        service: botocore's name of the service.
        operations: What answers each operation; it gets the request as sent, and may raise `Refused`.
        invalid: The code with which the service refuses what its model forbids.
        message_key: What the service's errors call their message (the model's error shapes say it).
        check: More that is forbidden before any resource is looked at: operation and request, to violations.
    """

    def __init__(
        self,
        service: str,
        operations: Operations,
        *,
        invalid: str,
        message_key: str = "message",
        check: Callable[[str, Request], list[str]] = lambda _operation, _request: [],
    ) -> None:
        self._service = service
        self._operations = operations
        self._invalid = invalid
        self._message_key = message_key
        self._check = check

    async def handle(
        self, _method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Mapping[str, Any]
    ) -> Response:
        """Answer a request in the form of MiniStack's table of services."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            document = self.answer(operation, decoded(body))
        except Refused as refusal:
            return refused(refusal, message_key=self._message_key)
        return answered(document)

    def answer(self, operation: str, request: Request) -> Request:
        """Answer one operation.

        Raises:
            Refused: With AWS's error.
        """
        require_answered(self._service, operation, self._operations)
        found = [
            *model_rules.violations(self._service, operation, request),
            *self._check(operation, request),
        ]
        if found:
            raise Refused(self._invalid, model_rules.summary(found))
        return shaped(self._service, operation, self._operations[operation](request))


def require_answered(service: str, operation: str, answered_here: Container[str]) -> None:
    """Say that an operation is none of the service, or none that is emulated.

    Raises:
        Refused: UnknownOperationException.
    """
    if operation not in model_rules.service_model(service).operation_names:
        raise Refused("UnknownOperationException", f"Unknown operation: {operation}")
    if operation not in answered_here:
        # Not AWS's words: what is not emulated is said, not faked.
        raise Refused("UnknownOperationException", f"The local cloud does not emulate {operation}.")


def decoded(body: bytes) -> Request:
    """A request's document.

    Raises:
        Refused: SerializationException; it is none.
    """
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise Refused("SerializationException", "The request is not a JSON object.")
    return request


def answered(document: Request) -> Response:
    """An operation's answer on the wire."""
    response: Response = upstream.responses.json_response(document, content_type=CONTENT_TYPE)
    return response


def refused(refusal: Refused, *, message_key: str = "message") -> Response:
    """A refusal on the wire."""
    response: Response = upstream.responses.error_response_json(
        refusal.code,
        str(refusal),
        refusal.status,
        refusal.members,
        content_type=CONTENT_TYPE,
        message_key=message_key,
    )
    return response


def shaped(service: str, operation: str, document: Request) -> dict[str, Any]:
    """A document with what the operation's output shape has, times in seconds since 1970; None is left out."""
    shape = model_rules.service_model(service).operation_model(operation).output_shape
    return dict(_shaped(shape, document)) if shape is not None else {}


def _shaped(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        return {
            str(member.serialization.get("name") or name): _shaped(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return [_shaped(shape.member, entry) for entry in value]
    if isinstance(shape, MapShape):
        return {key: _shaped(shape.value, entry) for key, entry in value.items() if entry is not None}
    if shape.type_name == "timestamp":
        return _seconds(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _seconds(value: Any) -> Any:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
        value = value if value.tzinfo else value.replace(tzinfo=UTC)
    return round(value.timestamp(), 3) if isinstance(value, datetime) else value
