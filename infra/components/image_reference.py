"""ImageReference: an image that was built elsewhere, pinned to the digest its tag has now."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

ECR = re.compile(
    r"^(?P<registry>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<repository>[^:@]+):(?P<tag>.+)$"
)

NEVER_ASKED = "unix:///var/run/docker.sock"
"""Address of a Docker engine; the provider's default."""


@dataclass(frozen=True, kw_only=True)
class ImageReferenceArgs:
    """What an `ImageReference` is made from.

    Args:
        image: `registry/repository:tag`, or `…@sha256:…`, which is taken as it is.
    """

    image: str


class ImageReference(pulumi.ComponentResource):
    """An image by reference. One build is promoted from environment to environment this way.

    Outputs:
        reference: `repository@sha256:…`, what a task runs.
        digest: `sha256:…`.
        repository_arn: None: the repository is not the stack's; its name is in the settings.
    """

    reference: pulumi.Output[str]
    digest: pulumi.Output[str]
    repository_arn: pulumi.Output[str] | None

    def __init__(
        self, name: str, args: ImageReferenceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ecs-microservice:index:ImageReference", name, None, opts)
        repository, at, digest = args.image.partition("@")
        if at:
            self.digest = pulumi.Output.from_input(digest)
        else:
            repository = args.image.rsplit(":", 1)[0]
            self.digest = self._ask_ecr(args.image) or self._ask_registry(name, args.image)
        self.repository_arn = None
        self.reference = pulumi.Output.concat(repository, "@", self.digest)
        self.register_outputs({"reference": self.reference, "digest": self.digest})

    def _ask_ecr(self, image: str) -> pulumi.Output[str] | None:
        """ECR answers with the stack's own AWS credentials; no Docker and no registry login needed."""
        found = ECR.match(image)
        if not found:
            return None
        return aws.ecr.get_image_output(
            registry_id=found["registry"],
            repository_name=found["repository"],
            image_tag=found["tag"],
            region=found["region"],
            opts=pulumi.InvokeOutputOptions(parent=self),
        ).image_digest

    def _ask_registry(self, name: str, image: str) -> pulumi.Output[str]:
        import pulumi_docker as docker  # noqa: PLC0415  only stacks with foreign images pay for loading it

        # The lookup talks to the registry alone: a machine without Docker can deploy. The SDK would record DOCKER_HOST
        # of the machine that deploys (pulumi_docker/provider.py), and the next machine would have something to change.
        provider = docker.Provider(
            name,
            disable_docker_daemon_check=True,
            host=NEVER_ASKED,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return docker.get_registry_image_output(
            name=image, opts=pulumi.InvokeOutputOptions(parent=self, provider=provider)
        ).sha256_digest
