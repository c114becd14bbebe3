"""ContainerImage: an image built from source, pushed under its content's hash and known by its digest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_docker_build as docker_build

from infra.components.aws_account import AwsAccount
from infra.components.looking_up import looked_up
from infra.pure import iam, lifecycle
from infra.pure.context_hash import build_hash
from infra.settings.base import Architecture
from infra.settings.container import Build, Repository

CACHE_TAG = "build-cache"
PLATFORMS: Mapping[Architecture, docker_build.Platform] = {
    "x86_64": docker_build.Platform.LINUX_AMD64,
    "arm64": docker_build.Platform.LINUX_ARM64,
}


@dataclass(frozen=True, kw_only=True)
class ContainerImageArgs:
    """What a `ContainerImage` is made from.

    Args:
        account: Provider and facts of the AWS account.
        repository_name: Physical name of the ECR repository; people look it up. Of an existing one, its name.
        build: How to build.
        architecture: Processor architecture of the tasks.
        secrets: Encrypted configuration values that the build may ask for.
        force_delete: Whether destroying the stack may delete images.
    """

    account: AwsAccount
    repository_name: pulumi.Input[str]
    build: Build
    architecture: Architecture
    secrets: Mapping[str, pulumi.Output[str]]
    force_delete: bool


class ContainerImage(pulumi.ComponentResource):
    """An image in an ECR repository of its own.

    Outputs:
        reference: `repository@sha256:…`, what a task runs.
        digest: `sha256:…`.
        repository_arn: The repository, for who may pull from it.

    Raises:
        pulumi.RunError: The build context or its Dockerfile does not exist.
    """

    reference: pulumi.Output[str]
    digest: pulumi.Output[str]
    repository_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ContainerImageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ecs-microservice:index:ContainerImage", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._platforms = [PLATFORMS[one] for one in args.build.platforms or (args.architecture,)]
        tag = None if args.build.digest else self._content_hash()
        repository = (
            self._existing(args.build.repository.existing)
            if args.build.repository.existing
            else self._repository(args.build.repository)
        )
        self.digest = (
            self._image(repository, tag).digest if tag else pulumi.Output.from_input(args.build.digest or "")
        )
        self.reference = pulumi.Output.concat(repository.repository_url, "@", self.digest)
        self.repository_arn = repository.arn
        self.register_outputs({"reference": self.reference, "digest": self.digest})

    def _content_hash(self) -> str:
        build = self._args.build
        context = Path.cwd() / build.context  # the engine runs programs in their project's folder
        try:
            return build_hash(
                context,
                context / build.dockerfile,
                args=build.args,
                target=build.target,
                platforms=[platform.value for platform in self._platforms],
            )
        except FileNotFoundError as error:
            key = f"services.{self._name}.build"
            raise pulumi.RunError(
                f"{key} is {build.context!r} with {build.dockerfile!r}: {error}; allowed: an existing folder with "
                f"its Dockerfile, relative to the project"
            ) from None

    def _existing(self, asked: str) -> pulumi.Output[aws.ecr.GetRepositoryResult]:
        found = aws.ecr.get_repository_output(
            name=self._args.repository_name, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        key = f"services.{self._name}.build.repository.existing"
        return looked_up(found, key, asked, "aws ecr describe-repositories")

    def _repository(self, settings: Repository) -> aws.ecr.Repository:
        with_cache = self._args.build.cache == "registry"
        exclusion = aws.ecr.RepositoryImageTagMutabilityExclusionFilterArgs(
            filter=CACHE_TAG, filter_type="WILDCARD"
        )
        repository = aws.ecr.Repository(
            self._name,
            name=self._args.repository_name,
            # A tag never moves; only the build cache, which nothing runs, is written over.
            image_tag_mutability="IMMUTABLE_WITH_EXCLUSION" if with_cache else "IMMUTABLE",
            image_tag_mutability_exclusion_filters=[exclusion] if with_cache else None,
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[
                aws.ecr.RepositoryEncryptionConfigurationArgs(
                    encryption_type="KMS", kms_key=settings.kms_key_arn
                )
            ]
            if settings.kms_key_arn
            else None,
            force_delete=self._args.force_delete,
            # Whoever deploys deletes what is beyond this number (automation/image_store.py): ECR cannot know what runs.
            tags={"Service": self._name, "KeepImages": str(settings.keep_images)},
            opts=self._child,
        )
        aws.ecr.LifecyclePolicy(
            self._name,
            repository=repository.name,
            policy=json.dumps(lifecycle.policy(settings)),
            # The provider replaces it for another text (terraform-provider-aws, ecr/lifecycle_policy.go: ForceNew).
            # Made first, the new one would be what the delete of the old one takes away: a repository has only one.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        if settings.pull_accounts:
            document = self._args.account.partition.apply(
                lambda partition: iam.pull_images(partition=partition, accounts=settings.pull_accounts)
            )
            aws.ecr.RepositoryPolicy(
                self._name,
                repository=repository.name,
                policy=pulumi.Output.json_dumps(document),
                opts=self._child,
            )
        return repository

    def _image(
        self, repository: aws.ecr.Repository | pulumi.Output[aws.ecr.GetRepositoryResult], tag: str
    ) -> docker_build.Image:
        build, url = self._args.build, repository.repository_url
        credentials = self._args.account.registry_credentials
        secrets = {name: self._args.secrets[key] for name, key in build.secrets.items()}
        return docker_build.Image(
            self._name,
            # Relative to the project, where the program runs: an absolute path differs between machines.
            context=docker_build.BuildContextArgs(location=build.context),
            dockerfile=docker_build.DockerfileArgs(location=f"{build.context}/{build.dockerfile}"),
            build_args=dict(build.args) or None,
            secrets=secrets or None,
            target=build.target,
            platforms=self._platforms,
            tags=[pulumi.Output.concat(url, ":", tag)],
            cache_from=self._cache_from(url),
            cache_to=self._cache_to(url),
            push=True,
            # A broken Dockerfile shows in the preview, not half-way through an update.
            build_on_preview=True,
            registries=[
                docker_build.RegistryArgs(
                    address=url,
                    username=credentials.user_name,
                    password=pulumi.Output.secret(credentials.password),
                )
            ],
            opts=self._child,
        )

    def _cache_from(self, url: pulumi.Output[str]) -> list[docker_build.CacheFromArgs] | None:
        if self._args.build.cache != "registry":
            return None
        ref = pulumi.Output.concat(url, ":", CACHE_TAG)
        return [docker_build.CacheFromArgs(registry=docker_build.CacheFromRegistryArgs(ref=ref))]

    def _cache_to(self, url: pulumi.Output[str]) -> list[docker_build.CacheToArgs] | None:
        match self._args.build.cache:
            case "none":
                return None
            case "inline":
                inline = docker_build.CacheToInlineArgs()  # type: ignore[no-untyped-call]  # generated without
                return [docker_build.CacheToArgs(inline=inline)]
            case "registry":
                registry = docker_build.CacheToRegistryArgs(
                    ref=pulumi.Output.concat(url, ":", CACHE_TAG),
                    mode=docker_build.CacheMode.MAX,
                    # ECR keeps a cache only as an OCI image manifest.
                    image_manifest=True,
                    oci_media_types=True,
                )
                return [docker_build.CacheToArgs(registry=registry)]
