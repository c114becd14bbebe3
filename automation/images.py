"""Which image a service runs, by digest, and the configuration that makes a stack run exactly that one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from automation.engines import CloudResource
from automation.image_store import own_repositories
from automation.target import Target
from localcloud.errors import LocalCloudError

_SERVICE = "aws:ecs/service:Service"
_TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"


@dataclass(frozen=True, kw_only=True)
class AskedService:
    """An ECS service as the program declares it.

    Args:
        key: Name of the service in the settings.
        name: Name of the ECS service.
        task_definition: ARN of the task definition it is to run.
        cluster: ARN of its cluster.
    """

    key: str
    name: str
    task_definition: str
    cluster: str


def asked_services(resources: Iterable[CloudResource]) -> list[AskedService]:
    """What the program asked for.

    The inputs say what was asked. The outputs are what the provider read back, which after a rollback is the old one.
    A service that CodeDeploy deploys is asked to run the task definition that was registered for it: its own property
    is not the program's to change.
    """
    listed = list(resources)
    registered = {
        item.name: str(item.outputs.get("arn", "")) for item in listed if item.type == _TASK_DEFINITION
    }
    return [
        AskedService(
            key=item.name,
            name=str(item.outputs.get("name") or item.inputs.get("name")),
            task_definition=(_left_to_code_deploy(item) and registered.get(item.name))
            or str(item.inputs.get("taskDefinition") or item.outputs.get("taskDefinition", "")),
            cluster=str(item.inputs.get("cluster") or item.outputs.get("cluster", "")),
        )
        for item in listed
        if item.type == _SERVICE
    ]


def _left_to_code_deploy(service: CloudResource) -> bool:
    return (service.inputs.get("deploymentController") or {}).get("type") == "CODE_DEPLOY"


def image_of(target: Target, task_definition: str, service: str) -> str:
    """The image of a service's main container in a task definition.

    Args:
        target: The cloud to ask.
        task_definition: ARN or `family:revision`.
        service: Name of the service, which its main container has too; else the first container counts.
    """
    described = target.ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
    containers = described["containerDefinitions"]
    chosen = next((item for item in containers if item["name"] == service), containers[0])
    return chosen["image"]


def pin(resources: Iterable[CloudResource], images: Mapping[str, str]) -> dict[str, str]:
    """Configuration overrides that make services run these images without a build.

    An image in the service's own repository is named by its digest, so that the stack keeps the repository; any
    other is an image that was built elsewhere.

    Args:
        resources: The stack's resources.
        images: Service name → `repository@sha256:…`.

    Raises:
        LocalCloudError: An image is not given by digest.
    """
    own = own_repositories(resources)
    overrides = {}
    for service, image in images.items():
        repository, _, digest = image.partition("@")
        if not digest.startswith("sha256:"):
            raise LocalCloudError(f"service {service!r} does not run an image by digest: {image}")
        if own.get(service) == repository:
            overrides[f"services.{service}.build.digest"] = digest
        else:
            overrides[f"services.{service}.image"] = image
    return overrides
