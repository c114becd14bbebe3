"""Takes objects that exist into the state, each under the name that the program gives it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from localcloud.engine.events import Op
from localcloud.engine.resources import Resource
from localcloud.engine.run import Run, StepFailed
from localcloud.engine.steps import Registrar
from localcloud.errors import LocalCloudError


@dataclass(frozen=True, kw_only=True)
class Import:
    """One object to take.

    Args:
        urn: The resource that it becomes.
        type: Type token.
        parent: URN of its parent; empty for the stack.
        id: The provider's id; empty for components.
    """

    urn: str
    type: str
    parent: str = ""
    id: str = ""


def import_all(run: Run, registrar: Registrar, imports: Sequence[Import]) -> None:
    """Record every object as it is; one that cannot be read is an error of its own, and what is managed stays."""
    for item in imports:
        if run.cancelled.is_set():
            return
        wanted = Resource(urn=item.urn, type=item.type, custom=bool(item.id), id=item.id, parent=item.parent)
        if item.urn not in run.state.resources:
            try:
                _import(run, registrar, wanted)
            except StepFailed:
                continue  # reported; the next try takes what is missing


def _import(run: Run, registrar: Registrar, wanted: Resource) -> None:
    with run.step(Op.IMPORT, wanted):
        new = wanted
        if wanted.custom:
            reference = registrar.default_provider(wanted.type)
            asked = replace(wanted, provider=reference)
            made = run.registry.instance(reference).read(asked)
            if made is None:
                raise LocalCloudError(f"there is no object with the id {wanted.id!r} to import")
            new = replace(asked, id=made.id, inputs=made.inputs, outputs=made.outputs)
        run.state.change(lambda: run.state.put(new))
