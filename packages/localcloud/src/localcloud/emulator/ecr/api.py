"""Operations of the ECR API on images, as Amazon ECR answers them; MiniStack answers those on repositories."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.ecr.images import Record, Repository
from localcloud.emulator.ecr.lifecycle import InvalidPolicy, parse
from localcloud.emulator.json_api import Api, Handler, Refused, Request, Response
from localcloud.emulator.resetting import on_reset

_PAGE = 100  # results without maxResults (ECR API reference, DescribeImages)
BLOB_MOUNTING = "BLOB_MOUNTING"
_SETTINGS = {
    BLOB_MOUNTING: "DISABLED",
    "BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE",
    "REGISTRY_POLICY_SCOPE": "V2",
}


class EcrApi:
    """What we answer in MiniStack's place.

    Args:
        plain: MiniStack's own handler of the service.
    """

    def __init__(self, plain: Handler) -> None:
        self._plain = plain
        self._settings: dict[tuple[str, str, str], str] = {}
        on_reset(self._settings.clear)
        self._own: Mapping[str, Callable[[Request], Request]] = {
            "DescribeImages": self._describe_images,
            "ListImages": self._list_images,
            "BatchDeleteImage": self._batch_delete_image,
            "PutLifecyclePolicy": self._put_lifecycle_policy,
            "PutAccountSetting": self._put_account_setting,
            "GetAccountSetting": self._get_account_setting,
        }

    @property
    def handler(self) -> Handler:
        """The service's handler."""
        own = Api("ecr", self._own, invalid="InvalidParameterException").handle

        async def handle(
            method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
        ) -> Response:
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            if operation in self._own:
                return await own(method, path, headers, body, query)
            response = await self._plain(method, path, headers, body, query)
            if response[0] == 200:
                _after(operation, json.loads(body or b"{}"))
            return response

        return handle

    def mounts(self, account: str, region: str) -> bool:
        """Whether layers can be mounted from another repository of the registry ("Blob mounting in Amazon ECR")."""
        return self._setting(account, region, BLOB_MOUNTING) == "ENABLED"

    def _setting(self, account: str, region: str, name: str) -> str:
        return self._settings.get((account, region, name), _SETTINGS[name])

    def _put_account_setting(self, request: Request) -> Request:
        name, value = str(request.get("name")), str(request.get("value"))
        if name not in _SETTINGS:
            raise Refused("ValidationException", f"Invalid account setting name {name}")
        here = Repository.here("")
        self._settings[here.account, here.region, name] = value
        return {"name": name, "value": value}

    def _get_account_setting(self, request: Request) -> Request:
        here, name = Repository.here(""), str(request.get("name"))
        if name not in _SETTINGS:
            raise Refused("ValidationException", f"Invalid account setting name {name}")
        return {"name": name, "value": self._setting(here.account, here.region, name)}

    def _describe_images(self, request: Request) -> Request:
        repository = _repository(request, "ecr:DescribeImages")
        repository.expire()
        wanted = request.get("imageIds")
        if wanted:
            found = [_found(repository, item) for item in wanted]
            return {"imageDetails": [_detail(repository, record) for record in found]}
        chosen, following = _page(request, _filtered(repository, request))
        return {"imageDetails": [_detail(repository, record) for record in chosen], **following}

    def _list_images(self, request: Request) -> Request:
        repository = _repository(request, "ecr:ListImages")
        repository.expire()
        ids: list[Request] = [
            {"imageDigest": record["imageDigest"]} | ({"imageTag": tag} if tag else {})
            for record in _filtered(repository, request)
            for tag in record["imageTags"] or [""]
        ]
        chosen, following = _page(request, ids)
        return {"imageIds": chosen, **following}

    def _batch_delete_image(self, request: Request) -> Request:
        """By digest the image goes with all its tags; by tag only the tag, and the image with its last one."""
        repository = _repository(request, "ecr:BatchDeleteImage")
        deleted, failures = [], []
        for wanted in request.get("imageIds") or ():
            record = repository.find(wanted)
            digest = record["imageDigest"] if record else ""
            tag = "" if wanted.get("imageDigest") else wanted.get("imageTag", "")
            last = record is not None and (not tag or record["imageTags"] == [tag])
            holders = repository.referring_to(digest) if last else []
            if record is None:
                failures.append(_failure(wanted, "ImageNotFound", "Requested image not found"))
            elif holders:
                reason = f"Requested image referenced by manifest list: [{', '.join(holders)}]"
                failures.append(_failure(wanted, "ImageReferencedByManifestList", reason))
            elif last:
                deleted += [
                    {"imageDigest": digest} | ({"imageTag": one} if one else {})
                    for one in record["imageTags"] or [""]
                ]
                repository.remove(record)
            else:
                record["imageTags"].remove(tag)
                deleted.append({"imageDigest": digest, "imageTag": tag})
        return {"imageIds": deleted, "failures": failures}

    def _put_lifecycle_policy(self, request: Request) -> Request:
        repository = _repository(request, "ecr:PutLifecyclePolicy")
        text = str(request.get("lifecyclePolicyText", ""))
        try:
            parse(text)
        except InvalidPolicy as error:
            raise Refused(
                "InvalidParameterException",
                "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: "
                f"'Lifecycle policy validation failure: {error}'",
            ) from None
        upstream.ecr._lifecycle_policies.set_scoped(
            repository.account, repository.region, repository.name, text
        )
        repository.expire()
        return {
            "registryId": repository.account,
            "repositoryName": repository.name,
            "lifecyclePolicyText": text,
        }


def _after(operation: str, request: Request) -> None:
    """What MiniStack leaves out of an operation that it answers."""
    repository = Repository.here(str(request.get("repositoryName", "")))
    if operation == "DeleteRepository":
        repository.forget_layers()
    elif operation in {"CreateRepository", "PutImageTagMutability"} and repository.settings is not None:
        filters = request.get("imageTagMutabilityExclusionFilters")
        repository.settings["imageTagMutabilityExclusionFilters"] = filters or []


def _repository(request: Request, action: str) -> Repository:
    """The repository that a request is about; another account's only where its policy lets us."""
    here = Repository.here(str(request.get("repositoryName", "")))
    repository = Repository(str(request.get("registryId") or here.account), here.region, here.name)
    if repository.settings is None:
        raise Refused(
            "RepositoryNotFoundException",
            f"The repository with name '{here.name}' does not exist in the registry with id '{repository.account}'",
        )
    if repository.account != here.account and not _allowed(repository.policy, here.account, action):
        raise Refused(
            "AccessDeniedException",
            f"User: arn:aws:iam::{here.account}:root is not authorized to perform: {action} on resource: "
            f"{repository.settings['repositoryArn']} because no resource-based policy allows the {action} action",
        )
    return repository


def _allowed(policy: str, account: str, action: str) -> bool:
    """Whether a repository policy lets another account do something: by account id or its root's ARN."""
    try:
        statements = json.loads(policy or "{}").get("Statement", [])
    except ValueError:
        return False
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal")
        who = principal.get("AWS", []) if isinstance(principal, dict) else [principal]
        named = {account, "*"} & {
            part
            for one in (who if isinstance(who, list) else [who])
            for part in (str(one), *str(one).split(":"))
        }
        actions = statement.get("Action", [])
        actions = actions if isinstance(actions, list) else [actions]
        if statement.get("Effect") == "Allow" and named and {action, "ecr:*", "*"} & set(actions):
            return True
    return False


def _found(repository: Repository, wanted: Request) -> Record:
    record = repository.find(wanted)
    if record is None:
        raise Refused(
            "ImageNotFoundException",
            f"The image with imageId {{imageDigest:'{wanted.get('imageDigest', 'null')}', "
            f"imageTag:'{wanted.get('imageTag', 'null')}'}} does not exist within the repository with name "
            f"'{repository.name}' in the registry with id '{repository.account}'",
        )
    return record


def _filtered(repository: Repository, request: Request) -> list[Record]:
    status = (request.get("filter") or {}).get("tagStatus", "ANY")
    return [
        record
        for record in repository.records
        if status == "ANY" or bool(record["imageTags"]) == (status == "TAGGED")
    ]


def _page(request: Request, items: list[Any]) -> tuple[list[Any], Request]:
    start = int(request.get("nextToken") or 0)
    end = start + int(request.get("maxResults") or _PAGE)
    return items[start:end], ({"nextToken": str(end)} if end < len(items) else {})


def _detail(repository: Repository, record: Record) -> Request:
    media_type = record["imageManifestMediaType"]
    detail: dict[str, Any] = {
        "registryId": repository.account,
        "repositoryName": repository.name,
        "imageDigest": record["imageDigest"],
        "imageSizeInBytes": repository.size(record),
        "imagePushedAt": record["imagePushedAt"],
        "imageManifestMediaType": media_type,
        "artifactMediaType": media_type,
    }
    return detail | ({"imageTags": record["imageTags"]} if record["imageTags"] else {})


def _failure(wanted: Request, code: str, reason: str) -> Request:
    return {"imageId": wanted, "failureCode": code, "failureReason": reason}
