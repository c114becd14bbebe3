"""Deleting resources: dependents before what they depend on, in parallel where the graph allows."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final

from localcloud.engine.events import Op
from localcloud.engine.replacement import protected_message, remove
from localcloud.engine.resources import Resource
from localcloud.engine.run import Run, StepFailed

_PARALLEL: Final = 64


@dataclass
class DeletionGraph:
    """Which resources are free to go.

    A resource may go when everything that needs it has gone. Old copies share the URN of their replacement,
    so a need for a URN is a need for every copy of it that is to go.

    Args:
        resources: What is to be deleted.
    """

    resources: Collection[Resource]
    _needed_by: dict[Resource, set[Resource]] = field(init=False)
    _needs: dict[Resource, set[Resource]] = field(init=False)

    def __post_init__(self) -> None:
        by_urn: dict[str, list[Resource]] = {}
        for resource in self.resources:
            by_urn.setdefault(resource.urn, []).append(resource)
        self._needs = {
            item: {other for urn in item.needs() for other in by_urn.get(urn, ()) if other is not item}
            for item in self.resources
        }
        self._needed_by = {item: set() for item in self.resources}
        for item, needs in self._needs.items():
            for other in needs:
                self._needed_by[other].add(item)

    def ready(self) -> list[Resource]:
        """Return what nothing left needs; of a cycle, which nothing orders, all."""
        free = [item for item, users in self._needed_by.items() if not users]
        return free or list(self._needed_by)

    def gone(self, resource: Resource) -> list[Resource]:
        """Take a resource out; returns what has become free to go by that."""
        self._needed_by.pop(resource, None)
        freed = []
        for other in self._needs[resource]:
            users = self._needed_by.get(other)
            if users is not None and resource in users:
                users.discard(resource)
                if not users:
                    freed.append(other)
        return freed


def delete_all(run: Run, resources: Sequence[Resource]) -> None:
    """Delete resources; what a failed deletion still needs is left in place.

    A protected resource among them is an error, and then nothing is deleted.
    """
    protected = [item for item in resources if item.protect and not item.pending_replacement]
    for item in protected:
        run.error(*protected_message(item, "deleted"), item.urn)
    if protected or not resources:
        return
    for item in _delete_in_order(run, resources):
        if not item.is_default_provider:
            stopped = run.cancelled.is_set()
            why = "the run was stopped" if stopped else "something that needs it could not be deleted"
            run.skip(Op.DELETE, item, why)


def _delete_in_order(run: Run, resources: Sequence[Resource]) -> list[Resource]:
    """Delete what can be deleted; returns what was not tried."""
    gone = {item.urn for item in resources}
    graph = DeletionGraph(resources)
    left = dict.fromkeys(resources)
    running: dict[Future[None], Resource] = {}
    with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="delete") as threads:

        def start(items: Sequence[Resource]) -> None:
            for item in items:
                if item in left and not run.cancelled.is_set():
                    running[threads.submit(_delete, run, item, gone)] = item
                    del left[item]

        start(graph.ready())
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                resource = running.pop(future)
                if _succeeded(run, future, resource):
                    start(graph.gone(resource))
            if not running and not run.failed:
                start(graph.ready())
    return list(left)


def _succeeded(run: Run, future: Future[None], resource: Resource) -> bool:
    try:
        future.result()
    except StepFailed:
        return False
    except Exception as error:  # noqa: BLE001  one deletion's failure must not stop the others
        run.error(f"{resource.name} ({resource.type}): {error}", resource.urn)
        return False
    return True


def _delete(run: Run, resource: Resource, gone: Collection[str]) -> None:
    forget: Callable[[], None] = lambda: run.state.drop(resource)  # noqa: E731  typed for the calls below
    if resource.external:
        run.state.change(forget)
        return
    replaced = any(item is resource for item in run.state.condemned)
    with run.step(Op.DELETE_REPLACED if replaced else Op.DELETE, resource):
        remove(run, resource, kept=_is_left(resource, gone), forget=forget)


def _is_left(resource: Resource, gone: Collection[str]) -> bool:
    return resource.retain_on_delete or resource.pending_replacement or resource.deleted_with in gone


def leftover(run: Run, registered: Collection[str]) -> list[Resource]:
    """Return what the program no longer has, and the old copies that were replaced."""
    with run.state.locked():
        unwanted = [item for item in run.state.resources.values() if item.urn not in registered]
        return [*unwanted, *run.state.condemned]
