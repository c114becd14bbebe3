"""Local Pulumi providers: the packages the program uses, served against the local cloud."""

from collections.abc import Callable, Mapping

from pulumi.provider.experimental.provider import Provider

from localcloud.settings import CloudSettings
from localcloud.setup import Machine


def local_providers(
    settings: CloudSettings, machine: Machine | None = None
) -> Mapping[str, Callable[[], Provider]]:
    """Factories of the local providers, by package name; a factory makes one provider instance.

    Modules are imported when a factory is first called: a program pays only for the packages it uses.

    Args:
        settings: The local cloud.
        machine: What the set-up found; None sets up when an image is first built.
    """

    def aws() -> Provider:
        from localcloud.providers.aws.provider import AwsProvider  # noqa: PLC0415

        return AwsProvider(settings)

    def awsx() -> Provider:
        from localcloud.providers.awsx.provider import AwsxProvider  # noqa: PLC0415

        return AwsxProvider()

    def docker_build() -> Provider:
        from localcloud.providers.docker_build import DockerBuildProvider  # noqa: PLC0415

        return DockerBuildProvider(settings, machine)

    def docker() -> Provider:
        from localcloud.providers.docker import DockerProvider  # noqa: PLC0415

        return DockerProvider(settings)

    return {"aws": aws, "awsx": awsx, "docker-build": docker_build, "docker": docker}
