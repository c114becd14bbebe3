"""The ECS API in front of everything that answers it: AWS's model decides what comes in and what goes out.

MiniStack's action map (with our handlers in it) answers; before it stand the model's constraints and the refusals that
concern no feature of their own, behind it the model's output shape and pages.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.emulator import json_api, model_rules, paging, upstream
from localcloud.emulator.ecs import accounts, clusters, service_rules, state, task_definitions
from localcloud.emulator.ecs.answers import cluster_of
from localcloud.emulator.json_api import Handler, Refused, Request, Response

SERVICE = "ecs"
_LAUNCH_TYPES = "EC2,FARGATE,EXTERNAL"


@dataclass(frozen=True)
class Pages:
    """How an operation answers in pages (API Reference, `maxResults`)."""

    member: str
    size: int
    most: int = 100


PAGED = {
    "ListClusters": Pages("clusterArns", 100),
    "ListServices": Pages("serviceArns", 10),
    "ListServicesByNamespace": Pages("serviceArns", 10),
    "ListTasks": Pages("taskArns", 100),
    "ListTaskDefinitions": Pages("taskDefinitionArns", 100),
    "ListTaskDefinitionFamilies": Pages("families", 100),
    "ListAttributes": Pages("attributes", 100),
    "ListAccountSettings": Pages("settings", 10, 10),
    "ListContainerInstances": Pages("containerInstanceArns", 100),
}
_IN_A_CLUSTER = {"ListServices", "ListTasks", "DescribeTasks", "RunTask", "DescribeContainerInstances"}
_NOT_EMPTY = {
    "DescribeTasks": ("tasks", "Tasks cannot be empty.", "InvalidParameterException"),
    "DescribeServices": ("services", "Services cannot be empty.", "InvalidParameterException"),
    "DescribeContainerInstances": (
        "containerInstances",
        "Container Instances cannot be empty.",
        "ClientException",
    ),
}
_AT_MOST = {"DescribeTasks": ("tasks", 100), "DescribeServices": ("services", 10)}
# Answered here, in MiniStack's place.
_OWN: Mapping[str, Callable[[Request], Request]] = {
    "DeleteTaskDefinitions": task_definitions.delete,
    "ListAccountSettings": accounts.list_settings,
}


def handler(plain: Handler) -> Handler:
    """The service in the form of MiniStack's table of services.

    Args:
        plain: MiniStack's handler, which looks into its action map.
    """

    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Response:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if not operation:
            return await plain(method, path, headers, body, query)
        try:
            asked = json_api.decoded(body)
            # Stores are read, and the lock is waited for: not on the event loop.
            request, document = await asyncio.to_thread(_before, operation, dict(asked))
            if document is None:
                status, answer_headers, answer = await plain(
                    method, path, headers, json.dumps(request).encode(), query
                )
                if status != 200:
                    return status, answer_headers, answer
                document = json.loads(answer or b"{}")
            return json_api.answered(_after(operation, asked, document))
        except Refused as refusal:
            return json_api.refused(refusal)

    return handle


def _before(operation: str, request: dict[str, Any]) -> tuple[Request, Request | None]:
    """A request that AWS takes, as MiniStack wants it, and the answer, where it is ours.

    Raises:
        Refused: AWS refuses it.
    """
    json_api.require_answered(SERVICE, operation, upstream.ecs._ACTION_MAP)
    _check_form(operation, request)
    with state.LOCK:
        _check_state(operation, request)
        own = _OWN.get(operation)
        document = own(request) if own is not None else None
    if operation in PAGED:
        request.pop("nextToken", None)
        request["maxResults"] = 10**9
    if operation == "RunTask":
        family = str(request["taskDefinition"]).rpartition("/")[2].partition(":")[0]
        request.setdefault("group", f"family:{family}")
    return request, document


def _check_form(operation: str, request: Request) -> None:
    launch_type = request.get("launchType")
    if launch_type and launch_type not in (*_LAUNCH_TYPES.split(","), "MANAGED_INSTANCES"):
        # The words of getmoto/moto, test_run_task_exceptions.
        raise Refused("InvalidParameterException", f"launch type should be one of [{_LAUNCH_TYPES}]")
    if operation == "ListAccountSettings":
        accounts.check_name(request)
    # RegisterTaskDefinition has words of its own for what is missing.
    found = (
        [] if operation == "RegisterTaskDefinition" else model_rules.violations(SERVICE, operation, request)
    )
    if found:
        raise Refused("InvalidParameterException", model_rules.summary(found))
    if operation in PAGED:
        most = PAGED[operation].most
        if not 1 <= int(request.get("maxResults") or 1) <= most:
            raise Refused("InvalidParameterException", f"maxResults must be from 1 to {most}.")
    if operation in _AT_MOST:
        member, most = _AT_MOST[operation]
        if len(request.get(member) or []) > most:
            raise Refused(
                "InvalidParameterException", f"{member.capitalize()} cannot have more than {most} elements."
            )


def _check_state(operation: str, request: Request) -> None:
    if operation in _IN_A_CLUSTER:
        cluster_of(request)
    if operation in _NOT_EMPTY:
        member, words, code = _NOT_EMPTY[operation]
        if not request.get(member):
            raise Refused(code, words)
    check = _CHECKS.get(operation)
    if check is not None:
        check(request)


_CHECKS: Mapping[str, Callable[[Request], None]] = {
    "DeleteCluster": clusters.check_deletion,
    "RunTask": service_rules.run_task,
    "DeregisterTaskDefinition": task_definitions.check_deregistration,
    "DescribeTaskDefinition": task_definitions.check_known,
    "ListTagsForResource": clusters.check_resource,
    "TagResource": clusters.check_resource,
    "UntagResource": clusters.check_resource,
}


def _after(operation: str, request: Request, document: dict[str, Any] | Request) -> Request:
    document = dict(document)
    if operation == "CreateCluster":
        clusters.keep_defaults(request, document)
    if operation == "ListTaskDefinitions" and request.get("familyPrefix"):
        # "The full family name" (API Reference), not the beginning of one.
        family = f":task-definition/{request['familyPrefix']}:"
        document["taskDefinitionArns"] = [arn for arn in document["taskDefinitionArns"] if family in arn]
    if operation in PAGED:
        pages = PAGED[operation]
        try:
            entries, following = paging.page(
                document.get(pages.member) or [],
                size=int(request.get("maxResults") or pages.size),
                token=request.get("nextToken"),
            )
        except paging.UnknownTokenError:
            raise Refused("InvalidParameterException", "Invalid token.") from None
        document = {**document, pages.member: entries, "nextToken": following}
    return json_api.shaped(SERVICE, operation, document)
