"""The built-in engine as a `StackEngine`, for stacks on the local cloud."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from automation.engines.base import CloudResource, EngineName
from localcloud.engine import Engine, EventHandler, Import, Outcome, Project, ProviderFactory, Resource
from localcloud.engine.values import printable
from localcloud.settings import CloudSettings


class BuiltInEngine:
    """Runs the program in this process.

    Args:
        project: The project with the stack's configuration.
        settings: The local cloud.
        world: Id of the running local cloud.
        providers: Makes a provider per package.
        on_event: Called with every event.
    """

    name = EngineName.BUILT_IN

    def __init__(
        self,
        project: Project,
        *,
        settings: CloudSettings,
        world: str,
        providers: Mapping[str, ProviderFactory],
        on_event: EventHandler,
    ) -> None:
        self._project = project
        self._settings = settings
        self._world = world
        self._providers = providers
        self._on_event = on_event

    def preview(self) -> Outcome:
        """Say what `up` would do."""
        return self._engine().preview()

    def up(self, targets: Sequence[str] = ()) -> Outcome:
        """Create, update, replace and delete."""
        return self._engine().up(targets)

    def adopt(self, imports: Sequence[Import]) -> Outcome:
        """Read every object into the state."""
        return self._engine().adopt(imports)

    def rehearse(self, imports: Sequence[Import]) -> Outcome:
        """Adopt into a copy of the state, preview, and forget it."""
        with self._copied_state() as copy:
            taken = self._engine(copy).adopt(imports)
            return self._engine(copy).preview() if taken.ok else taken

    def refresh(self) -> Outcome:
        """Read every object into the state."""
        return self._engine().refresh()

    def drift(self) -> Outcome:
        """Refresh a copy of the state, and forget it."""
        with self._copied_state() as copy:
            return self._engine(copy).refresh()

    def destroy(self) -> Outcome:
        """Delete every object."""
        return self._engine().destroy()

    def outputs(self) -> dict[str, Any]:
        """Masked outputs."""
        return self._engine().outputs()

    def resources(self) -> list[CloudResource]:
        """What the state file says."""
        return [_cloud_resource(item) for item in self._engine().resources()]

    @contextmanager
    def _copied_state(self) -> Iterator[Path]:
        state = self._settings.state_file(self._project.name, self._project.stack)
        with tempfile.TemporaryDirectory(prefix="state-") as folder:
            copy = Path(folder) / state.name
            if state.exists():
                shutil.copy2(state, copy)
            yield copy

    def _engine(self, state: Path | None = None) -> Engine:
        return Engine(
            self._project,
            state_file=state or self._settings.state_file(self._project.name, self._project.stack),
            secrets_key=self._settings.home / "key",
            world=self._world,
            providers=self._providers,
            on_event=self._on_event,
            state_files=self._settings.state_file,
            environment=self._settings.client_environment(),
        )


def _cloud_resource(resource: Resource) -> CloudResource:
    return CloudResource(
        urn=resource.urn,
        type=resource.type,
        id=resource.id,
        inputs={key: printable(value) for key, value in resource.inputs.items()},
        outputs={key: printable(value) for key, value in resource.outputs.items()},
    )
