"""What a gradual deployment goes through, in order: pure rules, without a clock and without records.

Rules: Amazon ECS Developer Guide, "Amazon ECS blue/green service deployments workflow", "Amazon ECS linear deployments"
and "Amazon ECS canary deployments"; API Reference, `DeploymentConfiguration`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Wait = Literal["nothing", "one revision", "scaled up", "cleaned up"]
GRADUAL = frozenset({"BLUE_GREEN", "CANARY", "LINEAR"})
DEFAULT_CANARY_PERCENT, DEFAULT_CANARY_MINUTES = 5.0, 10
DEFAULT_STEP_PERCENT, DEFAULT_STEP_MINUTES = 10.0, 6
# A stage that only hooks know: DescribeServiceDeployments has no name for it.
BEFORE_SHIFT = "PRE_PRODUCTION_TRAFFIC_SHIFT"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of a deployment.

    Args:
        stage: The lifecycle stage it belongs to; its hooks are asked in this phase.
        production: Percent of the production traffic that the new revision gets from here on; None leaves it.
        test: The same for test traffic.
        minutes: How long the phase lasts once its hooks agree, in minutes of AWS.
        wait: What must be true of the tasks before it ends.
    """

    stage: str
    production: float | None = None
    test: float | None = None
    minutes: float = 0.0
    wait: Wait = "nothing"

    @property
    def shown(self) -> str:
        """The stage as DescribeServiceDeployments names it."""
        return "POST_TEST_TRAFFIC_SHIFT" if self.stage == BEFORE_SHIFT else self.stage

    @property
    def runs_new_tasks(self) -> bool:
        """Whether the new revision has tasks in this phase."""
        return self.stage not in {"RECONCILE_SERVICE", "PRE_SCALE_UP"}


def is_gradual(configuration: Mapping[str, Any]) -> bool:
    """Whether a deployment configuration moves traffic between two target groups."""
    return configuration.get("strategy") in GRADUAL


def phases(configuration: Mapping[str, Any], *, replaces: bool, interrupts: bool) -> list[Phase]:
    """The phases of a deployment.

    Args:
        configuration: The service's deployment configuration.
        replaces: There is a revision that serves; without one nothing is compared and nothing bakes.
        interrupts: A deployment was still running when this one was asked for.
    """
    listed = [Phase(stage="RECONCILE_SERVICE", wait="one revision")] if interrupts else []
    listed += [
        Phase(stage="PRE_SCALE_UP"),
        Phase(stage="SCALE_UP", wait="scaled up"),
        Phase(stage="POST_SCALE_UP"),
        Phase(stage="TEST_TRAFFIC_SHIFT", test=100.0),
        Phase(stage="POST_TEST_TRAFFIC_SHIFT"),
    ]
    for percent, minutes in shift_steps(configuration) if replaces else [(100.0, 0.0)]:
        listed += [
            Phase(stage=BEFORE_SHIFT),
            Phase(stage="PRODUCTION_TRAFFIC_SHIFT", production=percent, minutes=minutes),
        ]
    bake = float(configuration.get("bakeTimeInMinutes") or 0) if replaces else 0.0
    return [
        *listed,
        Phase(stage="POST_PRODUCTION_TRAFFIC_SHIFT"),
        Phase(stage="BAKE_TIME", minutes=bake),
        Phase(stage="CLEAN_UP", wait="cleaned up"),
    ]


def shift_steps(configuration: Mapping[str, Any]) -> list[tuple[float, float]]:
    """How the production traffic moves: percent of the new revision, and minutes before the next step."""
    match configuration.get("strategy"):
        case "CANARY":
            canary = configuration.get("canaryConfiguration") or {}
            percent = float(canary.get("canaryPercent") or DEFAULT_CANARY_PERCENT)
            minutes = canary.get("canaryBakeTimeInMinutes")
            first = (percent, float(DEFAULT_CANARY_MINUTES if minutes is None else minutes))
            return [first, (100.0, 0.0)] if percent < 100 else [(100.0, 0.0)]
        case "LINEAR":
            return list(_linear(configuration.get("linearConfiguration") or {}))
        case _:
            return [(100.0, 0.0)]


def _linear(linear: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """Equal steps; the last one is what is left, and no step bake follows it."""
    step = float(linear.get("stepPercent") or DEFAULT_STEP_PERCENT)
    minutes = linear.get("stepBakeTimeInMinutes")
    percent = step
    while percent < 100:
        yield round(percent, 1), float(DEFAULT_STEP_MINUTES if minutes is None else minutes)
        percent += step
    yield 100.0, 0.0
