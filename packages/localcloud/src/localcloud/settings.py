"""Where the local cloud lives on this machine: its folder, port and endpoint."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.containment import Containment, containment_of
from localcloud.errors import LocalCloudError
from localcloud.gate import Gate, gate_of

HOME_NAME = ".localcloud"
DEFAULT_PORT = 4566
DEFAULT_CLOCK = 12.0


@dataclass(frozen=True, kw_only=True)
class CloudSettings:
    """Location of one local cloud; several can run side by side with different homes and ports.

    Args:
        home: Folder of the process file, log, stack states and secrets key; `.localcloud` in the current folder.
        port: TCP port of the AWS endpoint, the image registry and the load balancers.
        region: Region used where the stack configuration names none.
        account_id: The made-up AWS account the emulator serves.
        clock: How many times faster than on AWS alarm periods, cooldowns and bake times pass; 1 is AWS's own pace.
        gate: Whose requests are answered besides this machine's own programs' (docs/security.md).
        containment: What containers may have of this machine (docs/security.md).
    """

    home: Path = field(default_factory=lambda: Path.cwd() / HOME_NAME)
    port: int = DEFAULT_PORT
    region: str = "us-east-1"
    account_id: str = "000000000000"
    clock: float = DEFAULT_CLOCK
    gate: Gate = field(default_factory=Gate)
    containment: Containment = field(default_factory=Containment)

    @property
    def endpoint(self) -> str:
        """URL of the AWS endpoint."""
        return f"http://localhost:{self.port}"

    @property
    def registry(self) -> str:
        """Host and port that image references of the emulated ECR start with."""
        return f"localhost:{self.port}"

    @property
    def process_file(self) -> Path:
        """JSON file with the running process's pid, port and world id."""
        return self.home / "cloud.json"

    @property
    def log_file(self) -> Path:
        """What the background process prints."""
        return self.home / "cloud.log"

    def client_environment(self) -> dict[str, str]:
        """Variables with which AWS's tools and SDKs talk to the local cloud, and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            # The emulator takes any credentials, and none of the person's own must reach it.
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local",
        }

    def state_file(self, project: str, stack: str) -> Path:
        """The built-in engine's state of one stack; projects may have stacks of the same name."""
        return self.home / "stacks" / project / f"{stack}.json"

    @classmethod
    def from_environment(cls, *, home: Path | None = None) -> "CloudSettings":
        """Read LOCALCLOUD_HOME, _PORT, _CLOCK, _ALLOWED_HOSTS, _ALLOWED_ORIGINS, _ALLOWED_MOUNTS and _ALLOW_PRIVILEGED.

        Args:
            home: Folder where LOCALCLOUD_HOME names none; `.localcloud` in the current folder when None.

        Raises:
            LocalCloudError: One of them has a value that is not allowed; the message says which and what is.
        """
        folder = Path(os.environ.get("LOCALCLOUD_HOME") or home or HOME_NAME).resolve()
        text = os.environ.get("LOCALCLOUD_PORT") or str(DEFAULT_PORT)
        if not text.isdecimal() or not 1 <= int(text) <= 65535:
            raise LocalCloudError(
                f"LOCALCLOUD_PORT is {text!r}; allowed: a number from 1 to 65535",
                fix=f"set it to a free port, or leave it out for {DEFAULT_PORT}: unset LOCALCLOUD_PORT",
            )
        return cls(
            home=folder,
            port=int(text),
            clock=_clock(os.environ.get("LOCALCLOUD_CLOCK")),
            gate=gate_of(os.environ),
            containment=containment_of(os.environ),
        )


def _clock(text: str | None) -> float:
    try:
        factor = float(text or DEFAULT_CLOCK)
    except ValueError:
        factor = 0.0
    if not 1 <= factor <= 1000:
        raise LocalCloudError(
            f"LOCALCLOUD_CLOCK is {text!r}; allowed: a number from 1 to 1000",
            fix=f"set it to 1, or leave it out (a minute of AWS then takes {60 / DEFAULT_CLOCK:g} s here): "
            "unset LOCALCLOUD_CLOCK",
        )
    return factor
