"""Amazon ECR look-ups: credentials for the registry, repositories, images."""

import base64
from collections.abc import Mapping

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.clients import Aws
from localcloud.providers.aws.functions.lookup import Function, Lookup
from localcloud.providers.values import Values


def authorization_token(aws: Aws, arguments: Values) -> Values:
    """`aws.ecr.get_authorization_token`: user and password for `docker login` at the local registry."""
    data = aws.call("ecr", "GetAuthorizationToken", {})["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return {
        **arguments,
        "id": aws.region,
        "authorizationToken": data["authorizationToken"],
        "userName": user,
        "password": password,
        "proxyEndpoint": f"http://{aws.settings.registry}",
        "expiresAt": data["expiresAt"],
        "region": aws.region,
    }


def _repository_url(aws: Aws, result: Values, wire: Values) -> str:  # noqa: ARG001  output rule
    return f"{aws.settings.registry}/{wire['repositoryName']}"


GET_REPOSITORY = Lookup(
    function="aws:ecr/getRepository:getRepository",
    service="ecr",
    operation="DescribeRepositories",
    result="repositories",
    noun="repository",
    id="repositoryName",
    request=lambda arguments: {"repositoryNames": [arguments["name"]]},
    members={"name": "repositoryName", "arn": "repositoryArn"},
    outputs={"repositoryUrl": _repository_url},
)


def image(aws: Aws, arguments: Values) -> Values:
    """`aws.ecr.get_image`: an image by tag or digest, or the most recent one.

    Raises:
        LocalCloudError: the repository has no such image.
    """
    name = arguments["repositoryName"]
    wanted = {key: arguments[key] for key in ("imageTag", "imageDigest") if arguments.get(key)}
    request: Values = {"repositoryName": name, **({"imageIds": [wanted]} if wanted else {})}
    found = aws.pages("ecr", "DescribeImages", request, "imageDetails")
    if not found:
        raise LocalCloudError(f"repository {name!r} has no image {wanted or ''}".rstrip())
    if len(found) > 1 and not arguments.get("mostRecent"):
        raise LocalCloudError(
            f"repository {name!r} has {len(found)} images; give imageTag, imageDigest or mostRecent"
        )
    newest = max(found, key=lambda item: item["imagePushedAt"])
    return {
        **arguments,
        "id": newest["imageDigest"],
        "imageDigest": newest["imageDigest"],
        "imageTags": newest.get("imageTags", []),
        "imagePushedAt": int(newest["imagePushedAt"].timestamp()),
        "imageSizeInBytes": newest.get("imageSizeInBytes", 0),
        "imageUri": f"{aws.settings.registry}/{name}@{newest['imageDigest']}",
        "registryId": newest.get("registryId", aws.account_id),
        "region": aws.region,
    }


FUNCTIONS: Mapping[str, Function] = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": authorization_token,
    "aws:ecr/getCredentials:getCredentials": authorization_token,
    "aws:ecr/getImage:getImage": image,
    GET_REPOSITORY.function: GET_REPOSITORY,
}
