"""The state file of one stack: written atomically after every operation, locked while a run changes it."""

import json
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import filelock

from localcloud.engine.resources import PendingCreate, Resource, provider_urn
from localcloud.engine.secrets import StateCipher
from localcloud.errors import LocalCloudError
from localcloud.hints import command

SCHEMA: Final = 1


class State:
    """The resources of one stack.

    Changes happen in memory under a lock and are on disk when `change` returns. Threads that change it at the
    same time share one write, and a resource's written form is kept, so a run over hundreds of resources does
    not pay for all of them on every operation.

    Args:
        path: The state file.
        cipher: Encrypts the secrets in it.
        world: Identity of the local cloud whose objects it describes.
        in_memory: Whether changes stay in memory, as in a preview.
    """

    def __init__(self, path: Path, cipher: StateCipher, world: str, *, in_memory: bool = False) -> None:
        self._path = path
        self._in_memory = in_memory
        self._cipher = cipher
        self._world = world
        self.resources: dict[str, Resource] = {}
        self.condemned: list[Resource] = []
        self.pending: dict[str, PendingCreate] = {}
        # URN and id of what a delete was sent for: an old copy has the URN of its replacement, but not its id.
        self.deleting: dict[tuple[str, str], None] = {}
        self.discarded: int = 0
        self._changing = threading.RLock()
        self._writing = threading.Lock()
        self._version = 0
        self._written = 0
        self._texts: weakref.WeakKeyDictionary[Resource, str] = weakref.WeakKeyDictionary()

    def load(self) -> None:
        """Read the file; none is an empty state, and one of another world is dropped (see `discarded`).

        Raises:
            LocalCloudError: The file is damaged (it is moved aside), of another schema, or its key is not the
                one
                it was encrypted with.
        """
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(str(error)) from None
        try:
            content = json.loads(text)
            schema, world = content["schema"], content["world"]
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged(f"{type(error).__name__}: {error}") from None
        if schema != SCHEMA:
            raise LocalCloudError(
                f"the state file {self._path} has schema {schema!r}, this version reads {SCHEMA}",
                fix=f"`{command('down')}` with the version that wrote it, or `{command('down')}` and delete the file",
            )
        try:
            if world != self._world:
                self.discarded = len(content.get("resources", ()))
                return
            self._fill(self._cipher.decrypt(content))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(f"{type(error).__name__}: {error}") from None

    def _fill(self, content: dict[str, Any]) -> None:
        for item in content["resources"]:
            resource = Resource.from_json(item)
            self.resources[resource.urn] = resource
        self.condemned = [Resource.from_json(item) for item in content["condemned"]]
        for item in content["pending"]:
            goal = Resource.from_json(item["goal"])
            self.pending[goal.urn] = PendingCreate(goal=goal, replaces=item["replaces"])
        # Absent in files of versions that did not record deletes.
        self.deleting = {
            (str(urn), str(resource_id)): None for urn, resource_id in content.get("deleting", ())
        }

    def _damaged(self, why: str) -> LocalCloudError:
        aside = self._path.with_name(f"{self._path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}.json")
        try:
            self._path.rename(aside)
        except OSError:
            aside = self._path
        return LocalCloudError(
            f"the state file {self._path} is damaged ({why}); it was kept as {aside}, and what it described "
            "is no longer known here",
            fix=f"`{command('down')}` empties the local cloud and `{command('up')}` makes everything anew",
        )

    def put(self, resource: Resource) -> None:
        """Record a resource; called within `change` or `touch`, like the following six."""
        self.resources[resource.urn] = resource

    def expect(self, pending: PendingCreate) -> None:
        """Record that an object is about to be created."""
        self.pending[pending.goal.urn] = pending

    def forget(self, urn: str) -> None:
        """Record that a create did not happen."""
        self.pending.pop(urn, None)

    def expect_delete(self, resource: Resource) -> None:
        """Record that an object is about to be deleted; dropping it, or `looked_at`, takes that back."""
        self.deleting[resource.urn, resource.id] = None

    def looked_at(self, resource: Resource) -> None:
        """Record that it is known what became of an object whose delete was sent."""
        self.deleting.pop((resource.urn, resource.id), None)

    def created(self, resource: Resource, *, replaces_old: bool) -> None:
        """Record a created object; the one it replaces awaits its deletion."""
        self.pending.pop(resource.urn, None)
        old = self.resources.get(resource.urn)
        if replaces_old and old is not None:
            # Whether it may be replaced has been decided; the old copy itself protects nothing.
            self.condemned.append(replace(old, protect=False))
        self.resources[resource.urn] = resource

    def rename(self, old_urn: str, new_urn: str) -> None:
        """Give a resource another URN, everywhere."""
        self.resources = {
            renamed.urn: renamed
            for renamed in (_renamed(item, old_urn, new_urn) for item in self.resources.values())
        }
        self.condemned = [_renamed(item, old_urn, new_urn) for item in self.condemned]
        self.deleting = {
            (new_urn if urn == old_urn else urn, resource_id): None for urn, resource_id in self.deleting
        }

    def drop(self, resource: Resource) -> None:
        """Forget a resource, or an old copy of one."""
        self.looked_at(resource)
        if self.resources.get(resource.urn) is resource:
            del self.resources[resource.urn]
        self.condemned = [item for item in self.condemned if item is not resource]

    def cut_dangling(self) -> None:
        """Take out dependencies on resources that are gone; a resource keeps its parent and provider."""
        for resource in list(self.resources.values()):
            kept = tuple(urn for urn in resource.dependencies if urn in self.resources)
            properties = {
                key: left
                for key, urns in resource.property_dependencies.items()
                if (left := tuple(urn for urn in urns if urn in self.resources))
            }
            if kept != resource.dependencies or properties != resource.property_dependencies:
                self.put(replace(resource, dependencies=kept, property_dependencies=properties))

    def change(self, mutate: Callable[[], None]) -> None:
        """Change the state and write it; the change is on disk when this returns.

        Raises:
            LocalCloudError: The file cannot be written, for example because the disk is full.
        """
        with self._changing:
            mutate()
            self._version += 1
            mine = self._version
        with self._writing:
            if self._written < mine and not self._in_memory:
                self._write()

    def touch(self, mutate: Callable[[], None]) -> None:
        """Change the state in memory; the next `change` or `flush` writes it."""
        with self._changing:
            mutate()
            self._version += 1

    def flush(self) -> None:
        """Write what `touch` left unwritten."""
        with self._writing:
            if self._written < self._version and not self._in_memory:
                self._write()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the state in memory."""
        with self._changing:
            yield

    def _write(self) -> None:
        with self._changing:
            version, text = self._version, self._render()
        temporary = self._path.with_suffix(".tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            raise LocalCloudError(
                f"cannot write the state file {self._path}: {error.strerror or error}",
                fix="free disk space or fix the permissions, then run the command again",
            ) from error
        self._written = version

    def _render(self) -> str:
        resources = ",\n".join(self._text(item) for item in self.resources.values())
        condemned = ",\n".join(self._text(item) for item in self.condemned)
        pending = ",\n".join(
            f'{{"replaces":{json.dumps(item.replaces)},"goal":{self._text(item.goal)}}}'
            for item in self.pending.values()
        )
        return (
            f'{{"schema":{SCHEMA},"world":{json.dumps(self._world)},\n'
            f'"pending":[{pending}],\n"deleting":{json.dumps(list(self.deleting))},\n'
            f'"condemned":[{condemned}],\n"resources":[{resources}]}}\n'
        )

    def _text(self, resource: Resource) -> str:
        text = self._texts.get(resource)
        if text is None:
            text = json.dumps(self._cipher.encrypt(resource.to_json()), separators=(",", ":"))
            self._texts[resource] = text
        return text


def _renamed(resource: Resource, old_urn: str, new_urn: str) -> Resource:
    if resource.urn != old_urn and old_urn not in resource.needs():
        return resource

    def fix(urn: str) -> str:
        return new_urn if urn == old_urn else urn

    provider_id = resource.provider.rpartition("::")[2]
    same_provider = provider_urn(resource.provider) != old_urn
    return replace(
        resource,
        urn=fix(resource.urn),
        parent=fix(resource.parent),
        dependencies=tuple(fix(urn) for urn in resource.dependencies),
        property_dependencies={
            key: tuple(fix(urn) for urn in urns) for key, urns in resource.property_dependencies.items()
        },
        provider=resource.provider if same_provider else f"{new_urn}::{provider_id}",
        deleted_with=fix(resource.deleted_with),
    )


@contextmanager
def stack_lock(state_file: Path, stack: str) -> Iterator[None]:
    """Keep every other run off a stack; the operating system frees the lock when its holder dies.

    Raises:
        LocalCloudError: Another run holds it; names its process id.
    """
    holder = state_file.with_suffix(".pid")
    lock = filelock.FileLock(state_file.with_suffix(".lock"), timeout=0)
    try:
        state_file.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout:
        pid = holder.read_text().strip() if holder.exists() else "unknown"
        raise LocalCloudError(
            f"another run is changing the stack {stack} (process {pid})",
            fix="wait until it has finished, or stop it with Ctrl-C",
        ) from None
    except OSError as error:
        raise LocalCloudError(
            f"cannot write to {state_file.parent}: {error.strerror or error}",
            fix="let it be a folder that this user may write to",
        ) from None
    try:
        with suppress(OSError):  # it is for people; a full disk is told when the state cannot be written
            holder.write_text(f"{os.getpid()}\n")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()
