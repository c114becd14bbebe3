"""A gradual deployment on its way through its phases; called by the service scheduler, which owns the tasks.

The records: a service deployment of a gradual strategy has the index of its present phase in `_phase` and the time it
began in `_phase_since`; the `deployments[]` entry that serves while another one comes up is the service's `_completed`.
"""

import time

from localcloud.emulator import clock
from localcloud.emulator.ecs import events, rollback, state
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.shifting import checks, placement
from localcloud.emulator.shifting.hooks import Hooks
from localcloud.emulator.shifting.phases import Phase
from localcloud.emulator.shifting.weights import Weights


class Lifecycle:
    """Moves gradual deployments on.

    Args:
        weights: The listener rules.
        hooks: Who is asked at each stage.
    """

    def __init__(self, weights: Weights, hooks: Hooks) -> None:
        self._weights = weights
        self._hooks = hooks

    def runs(self, service: Record, primary: Record) -> bool:
        """Whether a service's newest deployment is gradual and still on its way forward."""
        current = service["_service_deployments"][0]
        return (
            primary["rolloutState"] == "IN_PROGRESS"
            and current["status"] == "IN_PROGRESS"
            and "_phases" in current
        )

    def wanted(self, service: Record, primary: Record, deployment: Record) -> int:
        """How many tasks a deployment is to have while a gradual one runs."""
        phase, desired = _phase(service["_service_deployments"][0]), int(service["desiredCount"])
        if deployment is primary:
            return desired if phase.runs_new_tasks else 0
        return desired if deployment is placement.serving(service) and phase.stage != "CLEAN_UP" else 0

    def advance(self, service: Record, primary: Record, *, healthy: int, superseded: int) -> bool:
        """Take the phases that are over; True when nothing is left but to see the old tasks go.

        Args:
            service: The service.
            primary: Its new deployment.
            healthy: Tasks of it that run and pass every health check.
            superseded: Tasks that are neither its own nor those that serve meanwhile.
        """
        current = service["_service_deployments"][0]
        source = placement.serving(service)
        if "_phase_since" not in current:
            fault = checks.networking_fault(primary["_load_balancers"])
            if fault is not None:
                _roll_back(service, primary, fault)
                return False
            self._enter(service, current, primary, source, 0)
        while True:
            phase = _phase(current)
            refusal = self._hooks.refusal(service, current, phase.stage)
            if refusal is not None:
                _roll_back(service, primary, refusal)
                return False
            if phase.stage == "CLEAN_UP":
                return True
            scaled = healthy >= int(service["desiredCount"])
            blocked = {"scaled up": not scaled, "one revision": superseded > 0}.get(phase.wait, False)
            if blocked or self._hooks.waiting(current) or not _over(phase, current):
                return False
            self._enter(service, current, primary, source, current["_phase"] + 1)

    def _enter(
        self, service: Record, current: Record, primary: Record, source: Record | None, index: int
    ) -> None:
        current.update(_phase=index, _phase_since=time.time(), updatedAt=time.time())
        phase = _phase(current)
        current["lifecycleStage"] = phase.shown
        if phase.stage == "RECONCILE_SERVICE" and source is not None:
            self._serve(service, source)
        if phase.test is not None:
            self._weights.test(primary, phase.test)
            _rest(source, "_test_weight", phase.test)
        if phase.production is not None:
            self._weights.production(primary, phase.production)
            _rest(source, "_production_weight", phase.production)
            if source is not None:
                text = f"has shifted {phase.production:g}% of production traffic to the new service revision."
                events.add(service, f"(deployment {primary['id']}) {text}")

    def go_back(self, service: Record, primary: Record, *, serves: bool) -> None:
        """While a gradual deployment is rolled back: all traffic to the old revision, once a task of it serves."""
        current = service["_service_deployments"][0]
        if current["status"] != "ROLLBACK_IN_PROGRESS" or "_phase" not in current or not serves:
            return
        if current.get("_went_back"):
            return
        current["_went_back"] = True
        self._serve(service, primary)
        events.add(service, f"(deployment {primary['id']}) has taken all production traffic back.")

    def _serve(self, service: Record, chosen: Record) -> None:
        """Give one deployment all traffic, also where only the others know the rules: before the first shift."""
        own = placement.target_groups(chosen)
        others = [entry for entry in service["deployments"] if not own & placement.target_groups(entry)]
        for deployment, percent in (*((other, 0.0) for other in others), (chosen, 100.0)):
            self._weights.production(deployment, percent)
            self._weights.test(deployment, percent)


def _phase(current: Record) -> Phase:
    phase: Phase = current["_phases"][current["_phase"]]
    return phase


def _rest(source: Record | None, name: str, percent: float) -> None:
    if source is not None:
        source[name] = 100.0 - percent


def _over(phase: Phase, current: Record) -> bool:
    return time.time() - float(current["_phase_since"]) >= clock.shortened(phase.minutes * 60)


def _roll_back(service: Record, primary: Record, why: str) -> None:
    with state.LOCK:
        rollback.fail(
            service,
            primary,
            reason=f"ECS deployment failed: {why}.",
            event=f"deployment failed: {why}.",
            rolled_back=f"Service deployment rolled back because of {why}.",
            stopped=f"Service deployment stopped because of {why}.",
            roll_back=True,
        )
