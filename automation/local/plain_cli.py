"""The environment in which plain `pulumi up -s <stack>` runs a local stack with the local providers."""

from pathlib import Path

from automation.engines import EngineName
from automation.engines.choice import EngineRecord, choose_engine
from automation.engines.workspace import StackSource
from automation.local.local_pulumi import local_environment
from automation.local.provider_daemon import background_providers
from localcloud import emulator
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings


def plain_cli_environment(settings: CloudSettings, folder: Path, stack: str) -> dict[str, str]:
    """Make ready what the pulumi CLI needs for a local stack, and return its variables.

    The stack belongs to Pulumi's engine from then on (see `choose_engine`). The providers are served in the background
    until the local cloud ends.

    Args:
        settings: The local cloud, which must run.
        folder: Folder of Pulumi.yaml.
        stack: Name of the stack.

    Raises:
        LocalCloudError: The local cloud does not run, the CLI is missing, or the built-in engine owns the stack.
    """
    cloud = emulator.running(settings)
    if cloud is None:
        raise LocalCloudError("the local cloud does not run", fix="make start")
    source = StackSource(folder=folder, stack=stack, settings_of=stack, overrides={})
    record = EngineRecord(settings, source.project_name, stack)
    choose_engine(EngineName.PULUMI, record.read(cloud.world), stack, folder=folder)
    variables = local_environment(settings, source)
    variables["PULUMI_DEBUG_PROVIDERS"] = background_providers(settings, cloud.world, folder)
    record.write(EngineName.PULUMI, cloud.world)
    return variables
