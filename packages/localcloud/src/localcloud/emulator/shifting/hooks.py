"""Lifecycle hooks of a gradual deployment: functions that are asked, and pauses that somebody ends.

Rules: Amazon ECS Developer Guide, "Lifecycle hooks for Amazon ECS service deployments"; API Reference,
`DeploymentLifecycleHook`. Functions run in the local cloud's Lambda. One that is not there is left out, with an event:
the stack names it, but something else deploys it.
"""

import functools
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.emulator import clock, upstream
from localcloud.emulator.ecs import events, state
from localcloud.emulator.ecs.state import Record

logger = logging.getLogger(__name__)
PAUSE, FUNCTION = "PAUSE", "AWS_LAMBDA"
# A function has fifteen minutes on AWS as well.
FUNCTION_SECONDS = 900
ASK_AGAIN_SECONDS = 30.0
DEFAULT_TIMEOUT_MINUTES = 1440
OPEN = {"AWAITING_ACTION", "IN_PROGRESS"}


class Hooks:
    """Asks the hooks of one stage after the other.

    Args:
        wake: Called when a function has answered.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def refusal(self, service: Record, current: Record, stage: str) -> str | None:
        """Why a hook of this stage stops the deployment; None when none does, or none has yet (see `waiting`)."""
        asked = current.setdefault("_hooks", [])
        if current.get("_hooks_asked_at") != current["_phase"]:
            current["_hooks_asked_at"] = current["_phase"]
            asked[:] = [
                self._begin(service, current, hook, stage)
                for hook in current["deploymentConfiguration"].get("lifecycleHooks") or []
                if stage in (hook.get("lifecycleStages") or [])
            ]
        now = time.time()
        for hook in asked:
            self._expire(hook, now)
            if hook["status"] == "IN_PROGRESS" and hook.get("_ask_at") and now >= hook["_ask_at"]:
                hook["_ask_at"] = None
                self._ask(service, current, hook, stage)
        current["lifecycleHookDetails"] = [_shown(hook) for hook in asked]
        failed = next((hook for hook in asked if hook["status"] in {"FAILED", "TIMED_OUT"}), None)
        return f"lifecycle hook {_name(failed)} at {stage}: {failed['_why']}" if failed else None

    def waiting(self, current: Record) -> bool:
        """Whether a hook of the present stage has not agreed yet."""
        return any(hook["status"] in OPEN for hook in current.get("_hooks") or [])

    def _begin(self, service: Record, current: Record, hook: Mapping[str, Any], stage: str) -> Record:
        kind = str(hook.get("targetType") or FUNCTION)
        limit = hook.get("timeoutConfiguration") or {}
        minutes = float(limit.get("timeoutInMinutes") or DEFAULT_TIMEOUT_MINUTES)
        begun: Record = {
            "hookId": upstream.responses.new_uuid(),
            "targetType": kind,
            "status": "AWAITING_ACTION" if kind == PAUSE else "IN_PROGRESS",
            "expiresAt": time.time() + clock.shortened(minutes * 60),
            "timeoutAction": limit.get("action") or "ROLLBACK",
            "_details": hook.get("hookDetails"),
            "_ask_at": None,
            "_why": "",
        }
        if kind == FUNCTION:
            begun["targetArn"] = str(hook.get("hookTargetArn"))
            self._ask(service, current, begun, stage)
        return begun

    @staticmethod
    def _expire(hook: Record, now: float) -> None:
        if hook["status"] not in OPEN or now < hook["expiresAt"]:
            return
        if hook["timeoutAction"] == "CONTINUE":
            hook["status"] = "SUCCEEDED"
        else:
            hook.update(status="TIMED_OUT", _why="timed out")

    def _ask(self, service: Record, current: Record, hook: Record, stage: str) -> None:
        event = _event(service, current, hook, stage)
        ask = functools.partial(self._invoke, service, hook, event)
        threading.Thread(target=ask, daemon=True, name="lifecycle-hook").start()

    def _invoke(self, service: Record, hook: Record, event: Mapping[str, Any]) -> None:
        """Invoke the function and record its answer; on a thread of its own."""
        try:
            answer = _client(hook["targetArn"]).invoke(
                FunctionName=hook["targetArn"], Payload=json.dumps(event).encode()
            )
            document = json.loads(answer["Payload"].read() or b"null")
            problem = f"the function failed: {document}" if answer.get("FunctionError") else ""
        except ClientError as error:
            if error.response["Error"]["Code"] == "ResourceNotFoundException":
                events.add(service, f"did not ask hook {_name(hook)}: the local cloud has no such function.")
                document, problem = {"hookStatus": "SUCCEEDED"}, ""
            else:
                document, problem = None, str(error)
        except (BotoCoreError, ValueError) as error:
            document, problem = None, str(error)
        with state.LOCK:
            _record(hook, document, problem)
        self._wake()


def proceed(current: Record, hook_id: str, action: str) -> bool:
    """Continue or roll back at a pause; False when the deployment does not wait at that hook."""
    waits = [
        hook
        for hook in current.get("_hooks") or []
        if hook["hookId"] == hook_id and hook["status"] == "AWAITING_ACTION"
    ]
    for hook in waits:
        if action == "ROLLBACK":
            hook.update(status="FAILED", _why="rolled back on request")
        else:
            hook["status"] = "SUCCEEDED"
    return bool(waits)


def _record(hook: Record, document: Any, problem: str) -> None:
    status = document.get("hookStatus") if isinstance(document, Mapping) else None
    if problem or status not in {"SUCCEEDED", "FAILED", "IN_PROGRESS"}:
        hook.update(status="FAILED", _why=problem or f"answered {document!r} instead of a hookStatus")
    elif status == "IN_PROGRESS":
        delay = float(document.get("callBackDelay") or ASK_AGAIN_SECONDS)
        hook["_ask_at"] = time.time() + clock.shortened(delay)
    else:
        hook.update(status=status, _why="the function answered FAILED" if status == "FAILED" else "")


def _event(service: Record, current: Record, hook: Record, stage: str) -> Record:
    weights = {
        name: {entry["arn"]: entry[source] for entry in _revisions(current) if source in entry}
        for name, source in (
            ("productionTrafficWeights", "requestedProductionTrafficWeight"),
            ("testTrafficWeights", "requestedTestTrafficWeight"),
        )
    }
    event: Record = {
        "executionDetails": {
            **weights,
            "serviceArn": service["serviceArn"],
            "targetServiceRevisionArn": current["targetServiceRevision"]["arn"],
        },
        "executionId": upstream.responses.new_uuid(),
        "lifecycleStage": stage,
        "resourceArn": current["serviceDeploymentArn"],
    }
    if hook["_details"] is not None:
        event["hookDetails"] = hook["_details"]
    return event


def _revisions(current: Record) -> list[Record]:
    return [*current["sourceServiceRevisions"], current["targetServiceRevision"]]


def _shown(hook: Record) -> Record:
    return {name: value for name, value in hook.items() if not name.startswith("_")}


def _name(hook: Record) -> str:
    return str(hook.get("targetArn", "PAUSE")).rpartition(":function:")[2]


def _client(arn: str) -> Any:
    _, _, _, region, account, _ = arn.split(":", 5)
    make: Any = boto3.client  # its classes are made at run time
    return make(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="local",  # noqa: S106  the local cloud checks none
        config=Config(read_timeout=FUNCTION_SECONDS, retries={"total_max_attempts": 1}),
    )
