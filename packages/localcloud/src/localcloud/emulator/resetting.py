"""Everything forgotten at once, without a new process: what users of emulators call a reset.

MiniStack forgets its own state; what of ours keeps state says here how it forgets it.
"""

import asyncio
import json
import logging
from collections.abc import Callable

from localcloud.emulator import upstream
from localcloud.emulator.world import Application, Life, Receive, Scope, Send

PATH = "/_localcloud/reset"
# MiniStack's own path would leave our part of the state behind.
PATHS = frozenset({PATH, "/_ministack/reset"})
logger = logging.getLogger(__name__)
_forgetters: list[Callable[[], None]] = []


def on_reset(forget: Callable[[], None]) -> None:
    """Call something at every reset, on the event loop's thread, after MiniStack has forgotten its state."""
    _forgetters.append(forget)


def with_reset(application: Application, life: Life, remember: Callable[[], None]) -> Application:
    """Serve POST `/_localcloud/reset` next to an ASGI application.

    Args:
        application: Answers everything else.
        life: Gets a new world: states of stacks describe what is gone.
        remember: Called when it has one.
    """
    one_at_a_time = asyncio.Lock()

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS or scope["method"] != "POST":
            await application(scope, receive, send)
            return
        async with one_at_a_time:
            async with upstream.app._get_reset_lock():
                await asyncio.to_thread(upstream.app._reset_all_state)
                for forget in _forgetters:
                    forget()
            life.renew()
            remember()
        logger.info("reset; world %s", life.world.id)
        body = json.dumps({"reset": "ok", "world": life.world.id}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return serve
