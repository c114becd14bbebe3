"""What a verb tells while it works: the engine's events, and what the operations add to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from automation.impact import Impact
from infra.deployments.verdict import Verdict
from localcloud.engine import Event, Outcome


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


Report = Callable[[Event | Progress | Verified | Foreseen], Any]
