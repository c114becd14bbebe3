"""ContainerImage: an image built from source, pushed under its content's hash and known by its digest."""

import json
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build

from infra.pure.context_hash import build_hash
from infra.settings.service import Build

PROJECT_ROOT = Path(__file__).resolve().parents[2]
KEPT_IMAGES = 50
UNTAGGED_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class ContainerImageArgs:
    """What a `ContainerImage` is made from.

    Args:
        repository_name: Physical name of the ECR repository; people look it up.
        build: How to build.
        force_delete: Whether destroying the stack may delete images.
    """

    repository_name: str
    build: Build
    force_delete: bool


class ContainerImage(pulumi.ComponentResource):
    """An image in an ECR repository of its own.

    Outputs:
        reference: `repository@sha256:…`, what a task runs.
        digest: `sha256:…`.
    """

    reference: pulumi.Output[str]
    digest: pulumi.Output[str]

    def __init__(
        self, name: str, args: ContainerImageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ecs-microservice:index:ContainerImage", name, None, opts)
        self._name = name
        repository = self._repository(args)
        image = self._build(args.build, repository)
        self.digest = image.digest
        self.reference = pulumi.Output.concat(repository.repository_url, "@", image.digest)
        self.register_outputs({"reference": self.reference, "digest": self.digest})

    def _repository(self, args: ContainerImageArgs) -> aws.ecr.Repository:
        repository = aws.ecr.Repository(
            self._name,
            name=args.repository_name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            force_delete=args.force_delete,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.ecr.LifecyclePolicy(
            self._name,
            repository=repository.name,
            policy=json.dumps(lifecycle_policy()),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return repository

    def _build(self, build: Build, repository: aws.ecr.Repository) -> docker_build.Image:
        context = PROJECT_ROOT / build.context
        dockerfile = context / build.dockerfile
        tag = build_hash(context, dockerfile, args=build.args, target=build.target)
        credentials = aws.ecr.get_authorization_token_output(opts=pulumi.InvokeOutputOptions(parent=self))
        return docker_build.Image(
            self._name,
            # Relative to the project, as the program runs there: an absolute path would differ between
            # machines.
            context=docker_build.BuildContextArgs(location=build.context),
            dockerfile=docker_build.DockerfileArgs(location=f"{build.context}/{build.dockerfile}"),
            build_args=build.args or None,
            target=build.target,
            tags=[pulumi.Output.concat(repository.repository_url, ":", tag)],
            push=True,
            build_on_preview=True,
            registries=[
                docker_build.RegistryArgs(
                    address=repository.repository_url,
                    username=credentials.user_name,
                    password=pulumi.Output.secret(credentials.password),
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )


def lifecycle_policy() -> dict[str, object]:
    """Keep the last images for a rollback and let go of what no tag names any more."""
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": f"Untagged images go after {UNTAGGED_DAYS} days",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": UNTAGGED_DAYS,
                },
                "action": {"type": "expire"},
            },
            {
                "rulePriority": 2,
                "description": f"The last {KEPT_IMAGES} images stay",
                "selection": {
                    "tagStatus": "any",
                    "countType": "imageCountMoreThan",
                    "countNumber": KEPT_IMAGES,
                },
                "action": {"type": "expire"},
            },
        ]
    }
