"""The loopback sockets of the local cloud, and who holds a port that is not free."""

import errno
import socket

import psutil


def bind_loopback(port: int) -> list[socket.socket]:
    """Bind the port on 127.0.0.1 and, where the machine has IPv6, on ::1, because `localhost` means either.

    Raises:
        OSError: The port is taken on one of them, or may not be opened by this user.
    """
    bound: list[socket.socket] = []
    try:
        bound.append(_bind(socket.AF_INET, "127.0.0.1", port))
        if socket.has_ipv6:
            bound.append(_bind(socket.AF_INET6, "::1", port))
    except OSError as error:
        if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT} and bound:
            return bound
        for opened in bound:
            opened.close()
        raise
    return bound


def bind_address(address: str, port: int) -> socket.socket:
    """Bind one more IPv4 address of this machine, such as the Docker bridge's.

    Raises:
        OSError: The address is not this machine's, or its port is taken.
    """
    return _bind(socket.AF_INET, address, port)


def _bind(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((address, port))
        # Linux lets a second socket bind a port nobody listens on yet; listening is what takes it.
        bound.listen(2048)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def describe_holder(port: int) -> str:
    """Name the process that listens on a port as well as this user may know it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "another process"
    for connection in connections:
        listening = connection.status == psutil.CONN_LISTEN
        if listening and connection.laddr and connection.laddr.port == port and connection.pid:
            try:
                process = psutil.Process(connection.pid)
                return f"process {process.pid} ({' '.join(process.cmdline())[:120] or process.name()})"
            except psutil.Error:
                return f"process {connection.pid}"
    return "another process"
