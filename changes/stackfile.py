"""A stack file as data, which edits change."""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import yaml

PATHS = ("/", "/healthz")
"""What is asked all the time; the service in `app/` answers both with 200."""

STRATEGIES: Mapping[str, Mapping[str, Any]] = {
    "rolling": {},
    "blueGreen": {"bakeMinutes": 1},
    "canary": {"canary": {"percent": 20, "bakeMinutes": 1}, "bakeMinutes": 1},
    "linear": {"linear": {"percent": 50, "bakeMinutes": 1}, "bakeMinutes": 1},
    "codeDeploy": {
        "codeDeploy": {"configuration": "CodeDeployDefault.ECSAllAtOnce", "terminationWaitMinutes": 0}
    },
}
"""Strategy → its settings, as short as they come."""


@dataclass
class StackFile:
    """What `config:` of a stack file says, and what an edit may change beside it.

    Args:
        config: Keys and values.
        exposes: Port that the app's Dockerfile exposes.
    """

    config: dict[str, Any] = field(
        default_factory=lambda: {"aws:region": "us-east-1", "production": False, "services": {}}
    )
    exposes: int = 5000

    @property
    def services(self) -> dict[str, Any]:
        """Settings by service."""
        found: dict[str, Any] = self.config["services"]
        return found

    def add(self, name: str, **settings: Any) -> None:
        """Add a service, or begin anew with one: two tasks with times short enough for a machine."""
        self.services[name] = {
            "desiredCount": 2,
            "deregistrationDelay": 5,
            "stopTimeout": 5,
            "healthCheck": {"path": "/healthz", "interval": 5, "timeout": 2},
            "environment": {
                "GREETING": name,
                "APP_VERSION": name,
                "SHUTDOWN_DRAIN_SECONDS": "1",
                "SHUTDOWN_TIMEOUT_SECONDS": "4",
            },
            **settings,
        }

    def strategy(self, name: str) -> str:
        """A service's strategy."""
        found: str = self.services[name].get("deployment", {}).get("strategy", "rolling")
        return found

    def set_strategy(self, name: str, strategy: str) -> None:
        """Set a service's strategy."""
        self.services[name]["deployment"] = {
            "strategy": strategy,
            "rollbackOnAlarm": False,
            **deepcopy(dict(STRATEGIES[strategy])),
        }

    def answering(self, path: str) -> str | None:
        """The service whose answer a path of `PATHS` gets; None where no service's route matches."""
        matching = [
            (not paths, name)
            for name, service in self.services.items()
            if (paths := service.get("route", {}).get("paths", [])) is not None
            and service.get("route", {}).get("enabled", True)
            and (not paths or path in paths)
        ]
        return min(matching)[1] if matching else None

    def text(self) -> str:
        """The file."""
        return yaml.safe_dump({"config": self.config}, sort_keys=False)

    def copy(self) -> "StackFile":
        """A copy, to go back to."""
        return StackFile(deepcopy(self.config), self.exposes)

    def become(self, other: "StackFile") -> None:
        """Say what another one says."""
        self.config, self.exposes = other.config, other.exposes


def _always(_: StackFile) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Edit:
    """An ordinary edit of a stack file.

    Args:
        name: What it does, in a few words.
        apply: Makes it.
        possible: Whether it can be made on a stack file as it is.
        outside: What has to be there or to happen outside of the stack first, with boto3; None for nothing.
        refused: Whether the program refuses it.
        uncertain: Whether a preview may say more than is done, because what a new resource puts out is not known yet.
    """

    name: str
    apply: Callable[[StackFile], None]
    possible: Callable[[StackFile], bool] = _always
    outside: Callable[[Callable[[str], Any]], None] | None = None
    refused: bool = False
    uncertain: bool = False


@dataclass(frozen=True, kw_only=True)
class Journey:
    """A stack, and the edits that it goes through.

    Args:
        name: Its name, to choose it by.
        start: The stack file that is deployed first.
        edits: The edits, one after the other; asked for the next one when the one before has ended.
        free: Whether a refusal is as good as success: nobody said what the edits should come to.
    """

    name: str
    start: StackFile
    edits: Callable[[StackFile], Iterable[Edit]]
    free: bool = False
