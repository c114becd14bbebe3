"""Functions of the program that the engine calls back: transforms and hooks.

The SDK hands them over as callbacks of a gRPC server of its own. The engine is in the same process, so it calls the
same functions directly, on the program's event loop.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from google.protobuf.message import Message
from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime.proto import callback_pb2

from localcloud.errors import LocalCloudError

M = TypeVar("M", bound=Message)


def call_back(
    loop: asyncio.AbstractEventLoop, callback: callback_pb2.Callback, question: Message, answer: type[M]
) -> M:
    """Call a function of the program, from another thread than its event loop's.

    Raises:
        LocalCloudError: The program has no such function.
    """
    for servicer in list(_CallbackServicer._servicers):
        function = servicer._callbacks.get(callback.token)
        if function is not None:
            call = _run(function(question.SerializeToString()))
            given = asyncio.run_coroutine_threadsafe(call, loop).result()
            parsed = answer()
            parsed.ParseFromString(given.SerializeToString())
            return parsed
    raise LocalCloudError(f"the callback {callback.token} is not one of this program's")


async def _run(call: Awaitable[Message]) -> Message:
    return await call
