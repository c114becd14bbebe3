"""SNS subscriptions of HTTP(S) endpoints: their ARN from the start, and nothing sent to other machines."""

import logging
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.loopback import is_loopback

logger = logging.getLogger(__name__)

NOT_SENT = 0
"""Stands in the emulator's log for the HTTP status of what was not sent."""


def install() -> None:
    """Take the place of MiniStack's Subscribe and of its HTTP deliveries."""
    sns = upstream.sns
    sns._subscribe = _with_arn(sns._subscribe)
    sns._http_post_sync = _to_this_machine_only(sns._http_post_sync)


def _with_arn(subscribe: Callable[[Mapping[str, Any]], Any]) -> Callable[[Mapping[str, Any]], Any]:
    """Subscribe with ReturnSubscriptionArn answers the ARN of an unconfirmed subscription (SNS API, Subscribe)."""

    def answer(params: Mapping[str, Any]) -> Any:
        response = subscribe(params)
        status, headers, body = response
        wanted = upstream.sns._p(params, "ReturnSubscriptionArn")
        if status != 200 or wanted != "true":
            return response
        topic, _ = upstream.sns._get_topic(upstream.sns._p(params, "TopicArn"))
        asked = (upstream.sns._p(params, "Protocol"), upstream.sns._p(params, "Endpoint"))
        arn = next(
            one["arn"] for one in topic["subscriptions"] if (one["protocol"], one["endpoint"]) == asked
        )
        return status, headers, body.replace(b">pending confirmation<", f">{arn}<".encode())

    return answer


def _to_this_machine_only(post: Callable[[str, str, str], int]) -> Callable[[str, str, str], int]:
    """A rehearsal must not page anybody: only endpoints on this machine hear of its alarms."""

    def send(endpoint: str, payload: str, kind: str) -> int:
        host = urllib.parse.urlsplit(endpoint).hostname or ""
        if not is_loopback(host):
            logger.info("%s to %s is not sent: it is not on this machine", kind, host)
            return NOT_SENT
        return post(endpoint, payload, kind)

    return send
