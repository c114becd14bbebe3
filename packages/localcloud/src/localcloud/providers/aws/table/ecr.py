"""Amazon ECR: repositories and their policies."""

from localcloud.providers.aws.compare import same_policy
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Name, Operation, Read, ResourceType
from localcloud.providers.aws.table.services import ECR_TAGS
from localcloud.providers.values import Values


def _repository_url(context: Context, state: Values, wire: Values) -> str:  # noqa: ARG001  the signature of every output rule
    """The emulator serves the registry protocol on its own port."""
    return f"{context.aws.settings.registry}/{state['name']}"


def _repository(state: Values) -> Values:
    return {"repositoryName": state["id"]}


REPOSITORY = ResourceType(
    type="aws:ecr/repository:Repository",
    service="ecr",
    create=Operation(name="CreateRepository"),
    read=Read(
        name="DescribeRepositories",
        keys=lambda state: {"repositoryNames": [state["id"]]},
        result="repositories[0]",
    ),
    update=(
        Operation(
            name="PutImageTagMutability",
            keys=_repository,
            whole=True,
            only=frozenset({"imageTagMutability", "imageTagMutabilityExclusionFilters"}),
        ),
        Operation(
            name="PutImageScanningConfiguration",
            keys=_repository,
            only=frozenset({"imageScanningConfiguration"}),
        ),
    ),
    delete=(
        Operation(
            name="DeleteRepository",
            keys=lambda state: {"repositoryName": state["id"], "force": bool(state.get("forceDelete"))},
        ),
    ),
    id=lambda state: str(state["name"]),
    name=Name(maximum=256, lower=True, prefix=""),
    members={"name": "repositoryName"},
    defaults={"imageTagMutability": "MUTABLE"},
    outputs={"arn": "repositoryArn", "repositoryUrl": _repository_url},
    computed=frozenset({"encryptionConfigurations"}),
    suppressed=frozenset({"imageScanningConfiguration"}),
    local=frozenset({"forceDelete"}),
    replace=frozenset({"name", "encryptionConfigurations"}),
    tags=ECR_TAGS,
)

LIFECYCLE_POLICY = ResourceType(
    type="aws:ecr/lifecyclePolicy:LifecyclePolicy",
    service="ecr",
    create=Operation(name="PutLifecyclePolicy"),
    read=Read(
        name="GetLifecyclePolicy",
        keys=_repository,
        result="@",
        gone=lambda wire: not wire.get("lifecyclePolicyText"),
    ),
    delete=(Operation(name="DeleteLifecyclePolicy", keys=_repository),),
    id=lambda state: str(state["repository"]),
    members={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
    json=frozenset({"policy"}),
    # The real provider has no update (terraform-provider-aws, internal/service/ecr/lifecycle_policy.go).
    replace=frozenset({"repository", "policy"}),
)

REPOSITORY_POLICY = ResourceType(
    type="aws:ecr/repositoryPolicy:RepositoryPolicy",
    service="ecr",
    create=Operation(name="SetRepositoryPolicy"),
    read=Read(
        name="GetRepositoryPolicy", keys=_repository, result="@", gone=lambda wire: not wire.get("policyText")
    ),
    update=(Operation(name="SetRepositoryPolicy", whole=True),),
    delete=(Operation(name="DeleteRepositoryPolicy", keys=_repository),),
    id=lambda state: str(state["repository"]),
    members={"repository": "repositoryName", "policy": "policyText"},
    json=frozenset({"policy"}),
    equal={"policy": same_policy},
    replace=frozenset({"repository"}),
)

TYPES = (REPOSITORY, LIFECYCLE_POLICY, REPOSITORY_POLICY)
