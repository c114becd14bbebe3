"""Takes the program's registrations: claims their names, finds their records, and runs the step each needs."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from localcloud.engine.custom import CustomStep
from localcloud.engine.diffing import property_changes
from localcloud.engine.events import Op
from localcloud.engine.goals import AliasBook, Goal, canonical, describe, has_unknown_inputs
from localcloud.engine.hooks import Facts
from localcloud.engine.hosting import Instance
from localcloud.engine.registry import Registry
from localcloud.engine.replacement import delete_first
from localcloud.engine.resources import (
    DEFAULT_PROVIDER,
    PROVIDER_PREFIX,
    Resource,
    make_urn,
    provider_urn,
)
from localcloud.engine.run import Run, StepFailed, describe_error
from localcloud.engine.targets import Targets
from localcloud.engine.values import UNKNOWN, Properties
from localcloud.errors import LocalCloudError

_EVERYTHING = Targets()


@dataclass(frozen=True, kw_only=True)
class Registered:
    """The answer to a registration.

    Args:
        resource: What is recorded now, or would be; without outputs when the step failed or was skipped.
        ok: Whether the program may rely on its outputs.
    """

    resource: Resource
    ok: bool = True


def _left_alone(old: Resource | None) -> Resource:
    """What a run with targets answers for any other resource: its record, or that nothing is known of it.

    Raises:
        StepFailed: There is no record. The program goes on with unknown outputs, as with Pulumi's engine.
    """
    if old is None:
        raise StepFailed
    return old


class Registrar:
    """Handles registrations, from many threads at once; one resource is registered once per run."""

    def __init__(self, run: Run, targets: Targets = _EVERYTHING) -> None:
        self._run = run
        self._targets = targets
        self._state = run.state
        self._aliases = AliasBook(run.stack, run.project)
        self._lock = threading.RLock()
        self._deleting_first = threading.Lock()
        self._default_locks: dict[str, threading.Lock] = {}
        self.seen: set[str] = set()
        self.failed: set[str] = set()
        self.replaced: set[str] = set()
        self._changed_components: dict[str, tuple[str, Resource | None]] = {}

    def register(self, goal: Goal) -> Registered:
        """Make one resource what the program wants; failures are reported, never raised."""
        urn = self._urn(goal)

        def make() -> Resource:
            old = self._old(urn, goal)
            if not self._targets.includes(urn, goal.type):
                return _left_alone(old)
            self._stop_if_blocked(goal, Op.CREATE if old is None else Op.UPDATE, urn)
            return self._custom(urn, goal, old) if goal.custom else self._component(urn, goal, old)

        return self._guarded(goal, urn, make)

    def read(self, goal: Goal, resource_id: str) -> Registered:
        """Read an object the program only looks at; failures are reported, never raised."""
        urn = self._urn(goal)

        def look() -> Resource:
            self._stop_if_blocked(goal, Op.READ, urn)
            return self._read(goal, urn, resource_id)

        return self._guarded(goal, urn, look)

    def _urn(self, goal: Goal) -> str:
        return make_urn(self._run.stack, self._run.project, goal.parent, goal.type, goal.name)

    def _guarded(self, goal: Goal, urn: str, work: Callable[[], Resource]) -> Registered:
        self._run.learn_secrets(goal.inputs)
        try:
            self._claim(goal, urn)
            return Registered(resource=work())
        except StepFailed:
            self.mark_failed(urn)
        except Exception as error:  # noqa: BLE001  one resource's failure must not stop the others
            self._run.error(f"{describe(goal)}: {describe_error(error)}", urn)
            self.mark_failed(urn)
        return Registered(resource=goal.resource(urn, goal.inputs, goal.provider), ok=False)

    def _claim(self, goal: Goal, urn: str) -> None:
        with self._lock:
            if urn in self.seen:
                raise LocalCloudError(
                    f"{describe(goal)} is registered twice", fix="give one of them another name"
                )
            self.seen.add(urn)

    def mark_failed(self, urn: str) -> None:
        """Remember a failure, so that what depends on it is skipped."""
        with self._lock:
            self.failed.add(urn)

    def _read(self, goal: Goal, urn: str, resource_id: str) -> Resource:
        reference = goal.provider or self.default_provider(goal.type)
        wanted = replace(goal.resource(urn, goal.inputs, reference), id=resource_id, external=True)
        with self._state.locked():
            old = self._state.resources.get(wanted.urn)
        with self._run.step(Op.READ, wanted):
            made = self._run.registry.instance(wanted.provider).read(replace(wanted, outputs=goal.inputs))
            if made is None:
                raise LocalCloudError(f"there is no object with the id {wanted.id!r}")
            new = replace(wanted, id=made.id, outputs=made.outputs, inputs=made.inputs)
            managed = old is not None and not old.external
            if managed or old is None or canonical(old) != canonical(new):
                self._state.change(lambda: self._state.created(new, replaces_old=managed))
        return new

    def set_outputs(self, resource: Resource, outputs: Properties) -> None:
        """Record what a component registered as outputs."""
        self.record(resource, replace(resource, outputs=outputs))

    def _stop_if_blocked(self, goal: Goal, op: Op, urn: str) -> None:
        if blocker := self._blocker(goal):
            self._run.skip(op, goal.resource(urn, goal.inputs, goal.provider), blocker)
            raise StepFailed

    def _blocker(self, goal: Goal) -> str | None:
        if self._run.cancelled.is_set():
            return "the run was stopped"
        if not goal.custom:
            return None
        with self._lock:
            needed = {*goal.dependencies, goal.parent, provider_urn(goal.provider)}
            failed = sorted(needed & self.failed)
        if failed:
            return f"it depends on {failed[0].rsplit('::', 1)[-1]}, which failed or was skipped"
        if not self._run.preview and has_unknown_inputs(goal):
            return "it depends on a resource that failed or was skipped"
        return None

    def _old(self, urn: str, goal: Goal) -> Resource | None:
        with self._state.locked():
            for candidate in [urn, *self._aliases.candidates(goal)]:
                old = self._state.resources.get(candidate)
                if old is None:
                    continue
                if candidate != urn:
                    if candidate in self.seen:
                        raise LocalCloudError(
                            f"the alias {candidate} is itself a resource of the program",
                            fix="remove the alias, or the resource of that name",
                        )
                    self._aliases.use(urn, candidate)
                    self._state.touch(lambda: self._state.rename(candidate, urn))  # noqa: B023  called here and now
                return self._state.resources[urn]
        return None

    def _component(self, urn: str, goal: Goal, old: Resource | None) -> Resource:
        wanted = goal.resource(urn, goal.inputs, "")
        if old is None:
            with self._run.step(Op.CREATE, wanted):
                facts = Facts(resource=wanted, new_inputs=wanted.inputs)
                self._run.hooks.before(self._run, "before_create", facts)
                self.record(None, wanted)
            self._changed_components[urn] = ("after_create", None)
            return wanted
        wanted = replace(wanted, outputs=old.outputs)
        changes = property_changes(old.inputs, goal.inputs)
        with self._run.step(Op.UPDATE if changes else Op.SAME, wanted, changes):
            if changes:
                facts = Facts(
                    resource=wanted,
                    new_inputs=wanted.inputs,
                    old_inputs=old.inputs,
                    old_outputs=old.outputs,
                )
                self._run.hooks.before(self._run, "before_update", facts)
                self._changed_components[urn] = ("after_update", old)
            self.record(old, wanted)
        return wanted

    def component_complete(self, urn: str) -> None:
        """Run a component's hooks after its step: its children are registered when its outputs are.

        Pulumi: `stepExecutor.ExecuteRegisterResourceOutputs`.
        """
        kind, old = self._changed_components.pop(urn, ("", None))
        if not kind:
            return
        with self._state.locked():
            new = self._state.resources[urn]
        facts = Facts(
            resource=new,
            new_inputs=new.inputs,
            new_outputs=new.outputs,
            old_inputs=old.inputs if old else None,
            old_outputs=old.outputs if old else None,
        )
        if not self._run.hooks.after(self._run, kind, facts):
            self.mark_failed(urn)

    def _custom(self, urn: str, goal: Goal, old: Resource | None) -> Resource:
        reference = "" if goal.is_provider else goal.provider or self.default_provider(goal.type)
        provider: Instance | Registry = (
            self._run.registry if goal.is_provider else self._run.registry.instance(reference)
        )
        step = CustomStep(self._run, goal, urn, reference, provider, self)
        if goal.import_id and (old is None or goal.import_id not in {old.id, old.import_id}):
            return step.adopt(old)
        if old is None or old.pending_replacement or old.external:
            return step.create(old)
        return step.converge(old)

    def default_provider(self, token: str) -> str:
        """Return the reference of the provider that serves a token when the program names none.

        Raises:
            LocalCloudError: There is no provider for it, or its configuration is wrong.
        """
        package = self._run.registry.provider_for(token)
        with self._lock:
            lock = self._default_locks.setdefault(package, threading.Lock())
        with lock:
            urn = make_urn(
                self._run.stack, self._run.project, "", PROVIDER_PREFIX + package, DEFAULT_PROVIDER
            )
            with self._lock:
                known = urn in self.seen
                self.seen.add(urn)
            if not known:
                inputs = dict(self._run.config.get(package, {}))
                goal = Goal(type=PROVIDER_PREFIX + package, name=DEFAULT_PROVIDER, custom=True, inputs=inputs)
                try:
                    self._custom(urn, goal, self._old(urn, goal))
                except BaseException:
                    self.seen.discard(urn)
                    raise
            return f"{urn}::{self._state.resources[urn].id or UNKNOWN}"

    def record(self, old: Resource | None, new: Resource) -> None:
        """Write a record whose object did not change; unchanged records cost nothing."""
        if old is None or canonical(old) != canonical(new):
            self._state.touch(lambda: self._state.put(new))

    def marked_replaced(self, urn: str) -> None:
        """Remember a replacement, for `replace_with` and `deleted_with`."""
        with self._lock:
            self.replaced.add(urn)

    def deleting_first(self, old: Resource) -> None:
        """Delete an object, and the dependents that cannot outlive it, before its replacement is made."""
        with self._deleting_first:
            delete_first(self._run, old, self.seen)
