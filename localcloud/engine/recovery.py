"""Interrupted creates: find the objects that a killed run may have left without a record."""

from dataclasses import replace

from localcloud.engine.resources import PendingCreate, Resource
from localcloud.engine.run import Run, describe_error


def recover(run: Run) -> None:
    """Look for every object whose create was started and never recorded, and record what is found.

    A preview leaves them for the run that may change the state.
    """
    if run.preview:
        return
    for pending in list(run.state.pending.values()):
        _recover(run, pending)


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
