"""Decides and does what one custom resource needs: create, update, replace, import, or nothing."""

import os
from dataclasses import dataclass, field, replace
from typing import Protocol

from pulumi.provider.experimental.provider import CheckFailure

from localcloud.engine.diffing import Difference, difference, property_changes
from localcloud.engine.events import Op
from localcloud.engine.goals import Goal
from localcloud.engine.hooks import Facts
from localcloud.engine.hosting import Instance, Made
from localcloud.engine.paths import keep_ignored
from localcloud.engine.recovery import INTERRUPTED
from localcloud.engine.registry import Registry
from localcloud.engine.replacement import protected_message
from localcloud.engine.resources import PendingCreate, Resource, provider_urn
from localcloud.engine.run import Run, StepFailed
from localcloud.engine.values import Properties, plain, printable
from localcloud.errors import LocalCloudError


class Keeper(Protocol):
    """What the steps of a run share."""

    replaced: set[str]

    def record(self, old: Resource | None, new: Resource) -> None:
        """Write a record whose object did not change."""

    def mark_failed(self, urn: str) -> None:
        """Remember a failure, so that what depends on it is skipped."""

    def marked_replaced(self, urn: str) -> None:
        """Remember a replacement."""

    def deleting_first(self, old: Resource) -> None:
        """Delete an object, and the dependents that cannot outlive it."""


@dataclass(frozen=True)
class CustomStep:
    """One custom resource on its way to what the program wants.

    Args:
        run: The run.
        goal: What the program wants.
        urn: Its URN.
        reference: Reference of its provider; empty when it is one.
        provider: The provider, or for providers the registry.
        keeper: Shared by all steps of the run.
    """

    run: Run
    goal: Goal
    urn: str
    reference: str
    provider: Instance | Registry
    keeper: Keeper
    seed: bytes = field(default_factory=lambda: os.urandom(32))

    def _check(self, old_inputs: Properties, inputs: Properties) -> Resource:
        checked = self.provider.check(self.urn, old_inputs, inputs, self.seed)
        if checked.failures:
            lines = [f"  {_failure(item)}" for item in checked.failures]
            raise LocalCloudError("\n".join(["invalid inputs", *lines]))
        return self.goal.resource(self.urn, checked.inputs, self.reference)

    def create(self, old: Resource | None) -> Resource:
        """Create the object; an old record is one that was deleted to be replaced, or that was only read."""
        wanted = self._check({}, self.goal.inputs)
        replaces = old is not None and old.pending_replacement
        changes = property_changes(old.inputs, wanted.inputs) if old is not None and replaces else ()
        with self.run.step(Op.REPLACE if replaces else Op.CREATE, wanted, changes):
            return self._create(wanted, replaces_old=False)

    def _create(self, wanted: Resource, *, replaces_old: bool) -> Resource:
        state, hooks = self.run.state, self.run.hooks
        facts = Facts(resource=wanted, new_inputs=wanted.inputs)
        hooks.before(self.run, "before_create", facts)
        pending = PendingCreate(goal=wanted, replaces=replaces_old)
        if not wanted.is_provider:
            state.change(lambda: state.expect(pending))
        try:
            made = hooks.retrying(
                self.run, "create", facts, lambda: self.provider.create(wanted, preview=self.run.preview)
            )
        except Exception:
            state.touch(lambda: state.forget(wanted.urn))
            raise
        new = _with(wanted, made)
        state.change(lambda: state.created(new, replaces_old=replaces_old))
        return self._hooked("after_create", _ready(new), None)

    def converge(self, old: Resource) -> Resource:
        """Update, replace or keep an existing object."""
        inputs = keep_ignored(self.goal.inputs, old.inputs, self.goal.ignore_changes)
        wanted = self._check(old.inputs, inputs)
        found = self._difference(old, wanted)
        if found.replaces:
            return self._replace(old, found)
        if found.changed or old.init_errors:
            with self.run.step(Op.UPDATE, wanted, found.changes):
                return self._update(old, wanted)
        new = replace(wanted, id=old.id, outputs=old.outputs, import_id=wanted.import_id or old.import_id)
        with self.run.step(Op.SAME, new):
            if new.is_provider:
                self.provider.update(old, new)
            self.keeper.record(old, new)
        return new

    def _update(self, old: Resource, wanted: Resource) -> Resource:
        hooks = self.run.hooks
        facts = Facts(
            resource=replace(wanted, id=old.id),
            new_inputs=wanted.inputs,
            old_inputs=old.inputs,
            old_outputs=old.outputs,
        )
        hooks.before(self.run, "before_update", facts)
        # What our own interrupted delete took away is put back, whoever owns the property otherwise.
        whole = replace(wanted, ignore_changes=()) if INTERRUPTED in old.init_errors else wanted
        made = hooks.retrying(
            self.run, "update", facts, lambda: self.provider.update(old, whole, preview=self.run.preview)
        )
        new = _with(wanted, made)
        self.run.state.change(lambda: self.run.state.put(new))
        return self._hooked("after_update", _ready(new), old)

    def _hooked(self, kind: str, new: Resource, old: Resource | None) -> Resource:
        """Run the hooks after a step. Their failure leaves the resource as it is, and its dependents are skipped."""
        facts = Facts(
            resource=new,
            new_inputs=new.inputs,
            new_outputs=new.outputs,
            old_inputs=old.inputs if old else None,
            old_outputs=old.outputs if old else None,
        )
        if not self.run.hooks.after(self.run, kind, facts):
            self.keeper.mark_failed(self.urn)
        return new

    def _difference(self, old: Resource, wanted: Resource) -> Difference:
        forced = self._forced(old, wanted)
        changes = property_changes(old.inputs, wanted.inputs)
        if forced:
            return Difference(changed=True, replaces=True, changes=changes)
        answer = self.provider.diff(old, wanted.inputs, self.goal.ignore_changes)
        return difference(old, wanted.inputs, answer, self.goal.replace_on_changes)

    def _forced(self, old: Resource, wanted: Resource) -> bool:
        replaced = self.keeper.replaced
        if replaced & {*self.goal.replace_with, self.goal.deleted_with}:
            return True
        new_trigger, old_trigger = plain(self.goal.replacement_trigger), plain(old.replacement_trigger)
        if new_trigger is not None and old_trigger is not None and new_trigger != old_trigger:
            return True
        return self._provider_replaced(old, wanted)

    def _provider_replaced(self, old: Resource, wanted: Resource) -> bool:
        if old.provider == wanted.provider or not old.provider:
            return False
        state, registry = self.run.state, self.run.registry
        new_record = state.resources.get(provider_urn(wanted.provider))
        old_urn, _, old_id = old.provider.rpartition("::")
        records = [state.resources.get(old_urn), *state.condemned]
        old_record = next(
            (item for item in records if item and item.urn == old_urn and item.id == old_id), None
        )
        if old_record is None or new_record is None:
            return new_record is not None and provider_urn(wanted.provider) in self.keeper.replaced
        answer = registry.diff(replace(old_record, urn=new_record.urn), new_record.inputs, ())
        return difference(old_record, new_record.inputs, answer, ()).replaces

    def _replace(self, old: Resource, found: Difference) -> Resource:
        if found.gone and not self.goal.import_id:
            self.run.warn(
                f"{old.name} ({old.type}) was deleted outside of this program: it is made anew", self.urn
            )
        elif old.protect and self.goal.protect:
            raise LocalCloudError(*protected_message(old, "replaced"))
        if self.goal.import_id:
            changed = ", ".join(item.path for item in found.changes)
            raise LocalCloudError(
                f"it was imported, and the object {old.id} is gone"
                if found.gone
                else f"it was imported, and what changed would replace it: {changed}",
                fix="remove the import_ option",
            )
        # The old object keeps its generated names, so the replacement's inputs are computed without them.
        wanted = self._check({}, self.goal.inputs)
        self.keeper.marked_replaced(self.urn)
        asked = self.goal.delete_before_replace
        # Where nothing is left, the new object may get the old one's id, and must not be deleted as the old one.
        first = found.gone or (found.delete_before_replace if asked is None else asked)
        with self.run.step(Op.REPLACE, wanted, found.changes):
            if first:
                self.keeper.deleting_first(old)
            return self._create(wanted, replaces_old=not first)

    def adopt(self, old: Resource | None) -> Resource:
        """Take an existing object under management (the `import_` option)."""
        wanted = self._check({}, self.goal.inputs)
        with self.run.step(Op.IMPORT, wanted):
            if old is not None and not old.external:
                raise LocalCloudError(
                    f"it already manages the object {old.id}, and cannot import {self.goal.import_id} too",
                    fix="remove the import_ option, or the resource from the state first",
                )
            made = self.provider.read(replace(wanted, id=self.goal.import_id, inputs={}))
            if made is None:
                raise LocalCloudError(f"there is no object with the id {self.goal.import_id!r} to import")
            found = replace(wanted, id=made.id, outputs=made.outputs, inputs=made.inputs)
            answer = self.provider.diff(found, wanted.inputs, self.goal.ignore_changes)
            differing = (
                difference(found, wanted.inputs, answer, ()).changes if answer.changes is not False else ()
            )
            if differing:
                lines = [
                    f"  {item.path}: is {printable(item.old)!r}, the program says {printable(item.new)!r}"
                    for item in differing
                ]
                raise LocalCloudError("the inputs do not match the object to import\n" + "\n".join(lines))
            new = replace(wanted, id=made.id, outputs=made.outputs, import_id=self.goal.import_id)
            self.run.state.change(lambda: self.run.state.put(new))
        return new


def _failure(failure: CheckFailure) -> str:
    """Return what is wrong with one property; some reasons name the property already, as Terraform's do."""
    if not failure.property or failure.reason.startswith(f"{failure.property}:"):
        return failure.reason
    return f"{failure.property}: {failure.reason}"


def _with(wanted: Resource, made: Made) -> Resource:
    return replace(wanted, id=made.id, outputs=made.outputs, init_errors=made.init_errors)


def _ready(resource: Resource) -> Resource:
    if resource.init_errors:
        raise StepFailed("\n".join(resource.init_errors))
    return resource
