"""Refresh: make the state say what the objects are now."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from localcloud.engine.diffing import property_changes
from localcloud.engine.events import Op
from localcloud.engine.recovery import INTERRUPTED
from localcloud.engine.resources import Resource
from localcloud.engine.run import Run, StepFailed
from localcloud.engine.values import mark_secrets

_PARALLEL: Final = 64


def refresh_all(run: Run) -> None:
    """Read every object; what is gone leaves the state, and what differs is recorded as it is."""
    with run.state.locked():
        resources = [item for item in run.state.resources.values() if not item.pending_replacement]
    with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="refresh") as threads:
        list(threads.map(lambda item: _refresh(run, item), resources))
    run.state.touch(run.state.cut_dangling)
    run.state.flush()


def _refresh(run: Run, resource: Resource) -> None:
    if run.cancelled.is_set():
        return
    try:
        if resource.custom and not resource.is_provider:
            _read(run, resource)
        else:
            with run.step(Op.SAME, resource):
                return
    except StepFailed:
        return


def _read(run: Run, resource: Resource) -> None:
    made = run.quietly(Op.REFRESH, resource, lambda: run.registry.instance(resource.provider).read(resource))
    if made is None:
        with run.step(Op.DELETE, resource):
            run.state.change(lambda: run.state.drop(resource))
        return
    outputs = mark_secrets(made.outputs, resource.outputs, resource.additional_secret_outputs)
    # What an interrupted delete took away is no wish of anybody's: the recorded inputs stay, for an update.
    inputs = resource.inputs if INTERRUPTED in resource.init_errors else made.inputs or resource.inputs
    new = replace(resource, id=made.id, outputs=outputs, inputs=inputs)
    changes = property_changes(resource.outputs, new.outputs)
    with run.step(Op.UPDATE if changes else Op.SAME, new, changes):
        if changes or property_changes(resource.inputs, new.inputs):
            # What is not ready stays so: only an update waits for it again.
            run.state.change(lambda: run.state.put(new))
