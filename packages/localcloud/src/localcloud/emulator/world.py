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


def with_world(application: Application, world: World) -> Application:
    """Serve the world document next to an ASGI application."""
    body = json.dumps(world.document()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == WORLD_PATH:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await application(scope, receive, send)

    return serve
