"""From whatever this machine is to a running local cloud."""

import os
from dataclasses import dataclass

from localcloud import console, emulator, setup
from localcloud.settings import CloudSettings


@dataclass(frozen=True, kw_only=True)
class Started:
    """A machine that is ready, and the local cloud that runs on it.

    Args:
        machine: What the set-up found or made.
        cloud: The running local cloud.
    """

    machine: setup.Machine
    cloud: emulator.RunningCloud


def bring_up(settings: CloudSettings) -> Started:
    """Set up this machine and start the local cloud, each only if needed; prints a line per step.

    Args:
        settings: The local cloud.

    Raises:
        LocalCloudError: Something is missing that cannot be installed from here, or the local cloud does not start.
    """
    machine = setup.prepare(settings)
    # The emulator runs the tasks on the engine that the set-up found, which a Docker context may have named.
    os.environ.setdefault("DOCKER_HOST", machine.engine.host)
    with console.step("Local cloud") as progress:
        cloud = emulator.start(settings)
        progress.done(f"answers at {cloud.endpoint}")
    return Started(machine=machine, cloud=cloud)
