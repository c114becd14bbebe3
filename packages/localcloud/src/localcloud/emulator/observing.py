"""What follows from metrics: alarms, the deployments they stop, the services they scale."""

import logging
from collections.abc import Callable
from functools import partial

from localcloud.emulator.alarms import install as alarms
from localcloud.emulator.alarms.deployments import stop_alarming
from localcloud.emulator.alarms.evaluator import Evaluator
from localcloud.emulator.metrics.store import PUBLISH_SECONDS
from localcloud.emulator.scaling import install as scaling

logger = logging.getLogger(__name__)


def install() -> Callable[[float], None]:
    """Install alarms and scaling; returns what is to be called whenever new metrics have been published."""
    scaler = scaling.install()
    evaluator = Evaluator(PUBLISH_SECONDS, scaler.alarm)
    alarms.install(evaluator)

    def published(now: float) -> None:
        steps: tuple[Callable[[], None], ...] = (partial(evaluator.tick, now), stop_alarming, scaler.tick)
        for step in steps:
            try:
                step()
            except Exception:
                logger.exception("alarms and scaling")

    return published
