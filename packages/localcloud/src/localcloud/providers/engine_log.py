"""What providers have to say to people, in the log of the engine that asked them."""

from contextvars import ContextVar

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

_SECONDS = 5.0
# The engine whose request is being answered: several may be attached to one process.
asking: ContextVar[str] = ContextVar("asking", default="")


def log(message: str, *, urn: str = "", warning: bool = False) -> bool:
    """Write a line into the log of the engine that asks; it blocks until the engine has taken it.

    Args:
        message: The line.
        urn: The resource that it is about.
        warning: Whether it is more than information.

    Returns:
        Whether an engine took it.
    """
    address = asking.get()
    if not address:
        return False
    severity = engine_pb2.WARNING if warning else engine_pb2.INFO
    request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn)
    try:
        with grpc.insecure_channel(address) as channel:
            engine_pb2_grpc.EngineStub(channel).Log(request, timeout=_SECONDS)
    except grpc.RpcError:  # it has ended, or listens no more
        return False
    return True
