"""Which engine runs a stack on the local cloud, and the record of the one that did.

Each engine keeps a state of its own, and a state describes objects only the engine that made them knows. So a deployed
stack belongs to one engine until it is destroyed or its world has ended; see docs/adr/0040-two-engines-one-owner.md.
"""

import json
import os
from pathlib import Path

from automation.commands import verb_of
from automation.engines.base import EngineName
from automation.engines.command import HOW_TO_GET, cli_available
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings

ENGINE_VARIABLE = "LOCALCLOUD_ENGINE"


class EngineRecord:
    """The file that says which engine deployed a local stack, in which world.

    Args:
        settings: The local cloud.
        project: Name of the project.
        stack: Name of the stack.
    """

    def __init__(self, settings: CloudSettings, project: str, stack: str) -> None:
        self._state = settings.state_file(project, stack)
        self._path: Path = self._state.with_suffix(".engine.json")
        self._stack = stack

    def read(self, world: str) -> EngineName | None:
        """The engine that deployed the stack in this world; None when none did."""
        content = _json(self._path)
        if content.get("world") == world:
            return EngineName(content["engine"])
        # Before there was a choice there was no record, and the built-in engine's state is the evidence.
        state = _json(self._state)
        if not content and state.get("world") == world and state.get("resources"):
            return EngineName.BUILT_IN
        return None

    def of_another_world(self, world: str) -> EngineName | None:
        """The engine that deployed the stack in a world that has ended; None when there is none to forget."""
        content = _json(self._path)
        return EngineName(content["engine"]) if content and content["world"] != world else None

    def write(self, engine: EngineName, world: str) -> None:
        """Record the engine, before it makes the first object."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps({"engine": engine.value, "world": world}) + "\n", encoding="utf-8")
        temporary.replace(self._path)

    def remove(self) -> None:
        """Nobody owns the stack any more: it has been destroyed."""
        self._path.unlink(missing_ok=True)


def choose_engine(
    asked: EngineName | None,
    owner: EngineName | None,
    stack: str,
    *,
    preferred: EngineName | None = None,
    folder: Path | None = None,
) -> EngineName:
    """Choose the engine for a local stack.

    Args:
        asked: What the caller wants; None for the owner, or without one Pulumi's where it is installed.
        owner: The engine that deployed the stack in this world.
        stack: Name of the stack.
        preferred: What to take for a stack that nobody owns.
        folder: Folder of Pulumi.yaml, for messages; None for this repository.

    Raises:
        LocalCloudError: The stack belongs to another engine, or the CLI that is needed is missing.
    """
    if asked is not None and owner is not None and asked is not owner:
        raise LocalCloudError(
            f"stack {stack!r} was deployed by the {owner} engine, whose state the {asked} engine cannot read",
            fix=f"go on with the {owner} engine, or destroy the stack first: "
            + verb_of("destroy", stack, local=True, folder=folder),
        )
    chosen = asked or owner or preferred or (EngineName.PULUMI if cli_available() else EngineName.BUILT_IN)
    if chosen is EngineName.PULUMI and not cli_available():
        why = "was deployed by" if owner else "is to be deployed by"
        raise LocalCloudError(
            f"stack {stack!r} {why} Pulumi's engine, and the pulumi CLI is not on PATH",
            fix=f"{HOW_TO_GET}; or empty the local cloud: make down" if owner else HOW_TO_GET,
        )
    return chosen


def engine_from_environment() -> EngineName | None:
    """Read LOCALCLOUD_ENGINE, the preference for local stacks that nobody owns.

    Raises:
        LocalCloudError: It is neither engine's name.
    """
    text = os.environ.get(ENGINE_VARIABLE)
    if not text:
        return None
    try:
        return EngineName(text)
    except ValueError:
        names = ", ".join(EngineName)
        raise LocalCloudError(
            f"{ENGINE_VARIABLE} is {text!r}; allowed: {names}", fix=f"unset {ENGINE_VARIABLE}"
        ) from None


def _json(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
