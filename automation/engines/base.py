"""The interface both engines have: the same operations, the same events and the same outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from localcloud.engine import Import, Outcome


class EngineName(StrEnum):
    """The engines there are."""

    BUILT_IN = "built-in"
    PULUMI = "pulumi"


@dataclass(frozen=True, kw_only=True)
class CloudResource:
    """A resource of a stack's last update.

    Args:
        urn: Unique name.
        type: Type token.
        id: The provider's id; empty for components.
        inputs: What the program asked for; secrets are not in plain text.
        outputs: What the provider answered; secrets are not in plain text.
    """

    urn: str
    type: str
    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Logical name."""
        return self.urn.rsplit("::", 1)[-1]


class StackEngine(Protocol):
    """Runs one stack. Every operation reports events while it runs and returns how it ended.

    A failed operation is an outcome that is not ok. `LocalCloudError` is raised when it could not begin: damaged
    state, another run at work, a wrong configuration, a missing program.
    """

    @property
    def name(self) -> EngineName:
        """Which engine this is."""
        ...

    def preview(self) -> Outcome:
        """Say what `up` would do, and change nothing."""
        ...

    def up(self, targets: Sequence[str] = ()) -> Outcome:
        """Make the cloud what the program describes.

        Args:
            targets: URNs or patterns of URNs as of `pulumi up --target`: nothing else is touched.
        """
        ...

    def adopt(self, imports: Sequence[Import]) -> Outcome:
        """Take objects that exist into the state, parents first; they are not touched."""
        ...

    def rehearse(self, imports: Sequence[Import]) -> Outcome:
        """Say what `up` would do after `adopt`, and change nothing: the import goes into a copy of the state.

        The events are those of the import and then those of the preview; the outcome is that of the last one.
        """
        ...

    def refresh(self) -> Outcome:
        """Make the state say what the objects are now."""
        ...

    def drift(self) -> Outcome:
        """Say what `refresh` would find, and change nothing."""
        ...

    def destroy(self) -> Outcome:
        """Delete everything the stack has."""
        ...

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs of the last update; secrets are masked."""
        ...

    def resources(self) -> list[CloudResource]:
        """The stack's resources of the last update."""
        ...
