"""What a killed run left open: objects it may have created without a record, and deletes it did not see the end of.

Pulumi records both as `pending_operations`. It asks the user about creates and forgets deletes, after which the state
names objects that are gone (`SnapshotManager.doDelete`, `deploymentExecutor.printPendingOperationsWarning`). Local
providers can find what a create left and read what a delete left, so here the next run looks.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from localcloud.engine.diffing import property_changes
from localcloud.engine.events import Diagnostic, Severity
from localcloud.engine.resources import PendingCreate, Resource
from localcloud.engine.run import Run, describe_error
from localcloud.engine.values import mark_secrets

_PARALLEL: Final = 64
INTERRUPTED: Final = "its deletion was interrupted"


def send_delete(run: Run, resource: Resource) -> None:
    """Delete an object through its provider, with a note in the state until its end is recorded.

    The note stays when the run is killed, and when the delete fails: it may have done a part of its work.
    """
    if resource.is_provider:
        run.registry.delete(resource)
        return
    provider = run.registry.instance(resource.provider)
    run.state.change(lambda: run.state.expect_delete(resource))
    provider.delete(resource)


def recover(run: Run) -> None:
    """Look for every object whose create was started and never recorded, and record what is found.

    A preview leaves them for the run that may change the state.
    """
    if run.preview:
        return
    for pending in list(run.state.pending.values()):
        _recover(run, pending)


def look_at_deleted(run: Run) -> None:
    """Look at every object whose delete was sent and not seen to its end: gone, untouched, or a part of it left.

    A destroy need not: it deletes what is left anyway. A preview asks each provider whether the object is still there.
    """
    if run.preview or not run.state.deleting:
        return
    with run.state.locked():
        known = [*run.state.resources.values(), *run.state.condemned]
    left = [item for item in known if (item.urn, item.id) in run.state.deleting]
    with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="recover") as threads:
        found = list(threads.map(lambda item: _look(run, item), left))
    gone = [f"{item.name} ({item.type})" for item, there in zip(left, found, strict=True) if not there]
    if gone:
        message = f"an earlier run ended while it deleted {', '.join(sorted(gone))}: gone"
        run.emit(Diagnostic(severity=Severity.INFO, message=message))
    run.state.change(run.state.cut_dangling)


def _look(run: Run, resource: Resource) -> bool:
    """Record what is left of one object; returns whether it is still there, or may be."""
    state = run.state
    try:
        made = run.registry.instance(resource.provider).read(resource)
    except Exception as error:  # noqa: BLE001  keep the note: the next run looks again
        run.error(
            f"cannot look at {resource.name} ({resource.type}), whose deletion was interrupted: "
            f"{describe_error(error)}",
            resource.urn,
        )
        return True
    if made is None:
        state.touch(lambda: state.drop(resource))
        return False
    state.touch(lambda: state.looked_at(resource))
    outputs = mark_secrets(made.outputs, resource.outputs, resource.additional_secret_outputs)
    with state.locked():
        current = state.resources.get(resource.urn) is resource
    if current and property_changes(resource.outputs, outputs):
        # The inputs stay as they were recorded, so that the program's next update puts back what was taken away.
        changed = replace(resource, outputs=outputs, init_errors=(*resource.init_errors, INTERRUPTED))
        state.touch(lambda: state.put(changed))
    return True


def _recover(run: Run, pending: PendingCreate) -> None:
    goal, state = pending.goal, run.state
    try:
        made = run.registry.instance(goal.provider).find(goal)
    except NotImplementedError:
        run.warn(
            f"a run was interrupted while it created {goal.name} ({goal.type}), and its provider cannot "
            "look for what that left behind",
            goal.urn,
        )
        made = None
    except Exception as error:  # noqa: BLE001  keep the entry: the next run looks again
        run.error(
            f"cannot look for the interrupted {goal.name} ({goal.type}): {describe_error(error)}", goal.urn
        )
        return
    if made is None:
        state.change(lambda: state.forget(goal.urn))
        return
    found: Resource = replace(goal, id=made.id, outputs=made.outputs, init_errors=made.init_errors)
    state.change(lambda: state.created(found, replaces_old=pending.replaces))
