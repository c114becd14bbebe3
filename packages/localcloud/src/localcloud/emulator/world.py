"""The world endpoint: which in-memory world this process holds."""

import json
import os
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.emulator.identity import WORLD_PATH, code_version

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class World:
    """One life of the emulator; its resources are gone when the process ends."""

    home: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    pid: int = field(default_factory=os.getpid)
    version: str = field(default_factory=code_version)

    def document(self) -> dict[str, str | int]:
        """What the endpoint answers."""
        return {"world": self.id, "pid": self.pid, "version": self.version, "home": self.home}


class Life:
    """The world that the process holds now; a reset begins another one.

    Args:
        home: The local cloud's folder.
    """

    def __init__(self, home: str) -> None:
        self.world = World(home=home)

    def renew(self) -> None:
        """Begin another world: nothing of the last one is left."""
        self.world = World(home=self.world.home)


def with_world(application: Application, life: Life) -> Application:
    """Serve the world document next to an ASGI application."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == WORLD_PATH:
            body = json.dumps(life.world.document()).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await application(scope, receive, send)

    return serve
