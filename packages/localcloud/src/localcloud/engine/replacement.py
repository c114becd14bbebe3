"""Delete-before-replace: what has to go before an object can be made anew.

Pulumi: `stepGenerator.calculateDependentReplacements`.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from localcloud.engine.diffing import difference
from localcloud.engine.events import Op
from localcloud.engine.hooks import Facts
from localcloud.engine.recovery import send_delete
from localcloud.engine.resources import Resource, provider_urn
from localcloud.engine.run import Run
from localcloud.engine.values import UNKNOWN
from localcloud.errors import LocalCloudError


def protected_message(resource: Resource, what: str) -> tuple[str]:
    """Return the message that refuses to delete or replace a protected resource."""
    return (
        f"{resource.name} ({resource.type}) is protected and cannot be {what}\n"
        "  fix: take `protect=True` out of its options in the program and run `up` once, then do this again",
    )


def delete_first(run: Run, old: Resource, registered: Iterable[str]) -> None:
    """Delete an object and those dependents that its going would replace, dependents first.

    Args:
        run: The run.
        old: The object's record.
        registered: URNs this run has registered; they no longer depend on the old object.

    Raises:
        LocalCloudError: One of them is protected; nothing has been deleted then.
    """
    doomed = [*reversed(dependents_to_replace(run, old, set(registered))), old]
    for resource in doomed:
        if resource.protect and resource is not old:
            raise LocalCloudError(*protected_message(resource, f"replaced together with {old.name}"))
    gone = {resource.urn for resource in doomed}
    for resource in doomed:
        with run.state.locked():
            current = run.state.resources.get(resource.urn)
        if current is None or current.pending_replacement:
            continue
        if resource is old:
            _delete(run, current, gone)
        else:
            with run.step(Op.DELETE_REPLACED, current):
                _delete(run, current, gone)


def _delete(run: Run, resource: Resource, gone: set[str]) -> None:
    kept = resource.retain_on_delete or resource.external or resource.deleted_with in gone

    def deleted() -> None:
        run.state.looked_at(resource)
        run.state.put(replace(resource, pending_replacement=True))

    remove(run, resource, kept=kept, forget=deleted)


def remove(run: Run, resource: Resource, *, kept: bool, forget: Callable[[], None]) -> None:
    """Delete an object, unless it is kept, and change the state; its hooks run around that."""
    facts = Facts(resource=resource, old_inputs=resource.inputs, old_outputs=resource.outputs)
    run.hooks.before(run, "before_delete", facts)
    if resource.custom and not run.preview and not kept:
        run.hooks.retrying(run, "delete", facts, lambda: send_delete(run, resource))
    run.state.change(forget)
    run.hooks.after(run, "after_delete", facts)


def dependents_to_replace(run: Run, root: Resource, registered: set[str]) -> list[Resource]:
    """Return the records that a replacement of `root` replaces too, dependencies before dependents.

    A dependent is replaced when its provider says so for unknown values in the properties that depend on
    something replaced, when its provider is replaced, or when it is deleted with something replaced.
    """
    with run.state.locked():
        records = [item for item in run.state.resources.values() if item.urn not in registered]
    replaced, undecided = {root.urn}, records
    ordered: list[Resource] = []
    while True:
        # A dependent is decided only when everything it depends on among the undecided is: diamonds stay in
        # order.
        urns = {item.urn for item in undecided}
        ready = [item for item in undecided if not (item.needs() - {item.urn}) & urns]
        if not ready:
            return ordered
        for item in ready:
            if _is_replaced(run, item, replaced):
                replaced.add(item.urn)
                ordered.append(item)
        decided = {item.urn for item in ready}
        undecided = [item for item in undecided if item.urn not in decided]


def _is_replaced(run: Run, resource: Resource, replaced: set[str]) -> bool:
    if not resource.custom or resource.external:
        return False
    if provider_urn(resource.provider) in replaced or resource.deleted_with in replaced:
        return True
    affected = {
        key
        for key, urns in resource.property_dependencies.items()
        if key in resource.inputs and replaced & {*urns}
    }
    if not affected:
        return False
    inputs = {key: UNKNOWN if key in affected else value for key, value in resource.inputs.items()}
    provider = run.registry if resource.is_provider else run.registry.instance(resource.provider)
    answer = provider.diff(resource, inputs, resource.ignore_changes)
    return difference(resource, inputs, answer, resource.replace_on_changes).replaces
