"""Where this machine reaches a target: at its own address, or at a port the engine publishes for it.

On Linux containers have addresses this machine routes to. Docker Desktop keeps them in a virtual machine: there the
ports of a task's containers are published on the loopback, and this table leads from the one to the other.
"""

_published: dict[tuple[str, int], int] = {}


def publish(address: str, port: int, local_port: int) -> None:
    """A container's port is reached at a port of the loopback."""
    _published[(address, port)] = local_port


def withdraw(address: str) -> None:
    """A container is gone, and with it the ports published for it."""
    for key in [key for key in _published if key[0] == address]:
        del _published[key]


def reach(address: str, port: int) -> tuple[str, int]:
    """Where to connect for a container's port."""
    local_port = _published.get((address, port))
    return (address, port) if local_port is None else ("127.0.0.1", local_port)
