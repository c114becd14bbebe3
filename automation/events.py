"""What a verb tells while it works: the engine's events, and what the operations add to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from automation.impact import Impact
from infra.deployments.verdict import Verdict
from localcloud.engine import Event, Outcome
from localcloud.errors import LocalCloudError


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One line on a deployment that goes on."""

    message: str


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What became of a service's deployment."""

    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What a previewed update will cost users."""

    impacts: tuple[Impact, ...]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The end of an `up`.

    Args:
        ok: Whether the program is deployed, every service runs what was asked, and the URL answers.
        url: The stack's URL; None when there is none.
        outcome: How the engine's run ended.
        verdicts: What ECS runs, by the service's name in the settings.
        images: What was asked to run, `repository@sha256:…`, by the same name.
        problem: Why it is not ok, when neither the outcome nor a verdict says so.
        unseen: What could not be checked from here although it is ok; empty when all was.
    """

    ok: bool
    url: str | None
    outcome: Outcome
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    unseen: str = ""

    def require_ok(self) -> "Deployment":
        """This deployment, when it is ok.

        Raises:
            DeploymentFailed: It is not.
        """
        if not self.ok:
            raise DeploymentFailed(self)
        return self


class DeploymentFailed(LocalCloudError):  # noqa: N818  the deployment failed, not the code
    """A deployment is not ok: the engine's run failed, a service does not run what was asked, or the URL is silent.

    Args:
        deployment: Its end, with everything that is known.
    """

    def __init__(self, deployment: Deployment) -> None:
        said = [str(verdict) for verdict in deployment.verdicts.values() if not verdict.ok]
        said = [*([deployment.problem] if deployment.problem else []), *said] or list(
            deployment.outcome.errors
        )
        super().__init__("\n".join(["the deployment failed", *said]))
        self.deployment = deployment


Report = Callable[[Event | Progress | Verified | Foreseen], Any]
