"""AWS's JSON 1.1 protocol for the services that MiniStack lacks: one operation per `X-Amz-Target`, errors by code."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from localcloud.emulator import upstream

CONTENT_TYPE = "application/x-amz-json-1.1"
Request = Mapping[str, Any]
Response = tuple[int, dict[str, str], bytes]
Handler = Callable[[str, str, Mapping[str, str], bytes, Mapping[str, Any]], Awaitable[Response]]


class Refused(Exception):  # noqa: N818  an answer of the API, not a defect
    """The request is answered with an AWS error.

    Args:
        code: Error code, for example `ValidationException`.
        message: What AWS says.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def handler(answer: Callable[[str, Request], Request], *, message_key: str = "message") -> Handler:
    """A service in the form of MiniStack's table of services.

    Args:
        answer: Answers an operation by name; it may raise `Refused`.
        message_key: What the service calls the message of an error.
    """

    async def handle(
        _method: str, _path: str, headers: Mapping[str, str], body: bytes, _query: Mapping[str, Any]
    ) -> Response:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            document = answer(operation, _decoded(body))
        except Refused as refusal:
            refused: Response = upstream.responses.error_response_json(
                refusal.code, str(refusal), 400, content_type=CONTENT_TYPE, message_key=message_key
            )
            return refused
        response: Response = upstream.responses.json_response(document, content_type=CONTENT_TYPE)
        return response

    return handle


def _decoded(body: bytes) -> Request:
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        request = None
    if not isinstance(request, dict):
        raise Refused("SerializationException", "The request is not a JSON object.")
    return request
