"""Functions of the program that the engine calls back: transforms and hooks.

The SDK hands them over as callbacks of a gRPC server of its own. The engine is in the same process, so it calls the
same functions directly, on the program's event loop.
"""

import asyncio
import threading
from collections.abc import Awaitable
from concurrent.futures import Future
from typing import Final, TypeVar

from google.protobuf.message import Message
from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.proto import callback_pb2

from localcloud.errors import LocalCloudError

M = TypeVar("M", bound=Message)
_LOOK_SECONDS: Final = 0.2


def call_back(
    loop: asyncio.AbstractEventLoop,
    callback: callback_pb2.Callback,
    question: Message,
    answer: type[M],
    stopped: threading.Event | None = None,
) -> M:
    """Call a function of the program, from another thread than its event loop's.

    Args:
        loop: The program's event loop.
        callback: The function.
        question: What it is asked.
        answer: Type of its answer.
        stopped: When it is set, the function is cancelled where it awaits something.

    Raises:
        LocalCloudError: The program has no such function, or it was cancelled.
    """
    for servicer in list(_CallbackServicer._servicers):
        function = servicer._callbacks.get(callback.token)
        if function is not None:
            call = _run(function(question.SerializeToString()))
            given = _result(asyncio.run_coroutine_threadsafe(call, loop), stopped)
            parsed = answer()
            parsed.ParseFromString(given.SerializeToString())
            return parsed
    raise LocalCloudError(f"the callback {callback.token} is not one of this program's")


def _result(answering: Future[Message], stopped: threading.Event | None) -> Message:
    while True:
        try:
            return answering.result(None if stopped is None else _LOOK_SECONDS)
        except TimeoutError:
            if answering.done():  # the function's own
                raise
            if stopped is not None and stopped.is_set() and answering.cancel():
                raise LocalCloudError("the run was stopped") from None


async def _run(call: Awaitable[Message]) -> Message:
    return await call
