"""A container's `/etc/hosts`: a file of this machine that is changed while the container has it mounted.

Docker mounts the file itself, not its name: it is written in place, because a renamed one would never be seen.
"""

import contextlib
import functools
import ipaddress
import re
import shutil
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

TARGET = "/etc/hosts"
BEGIN = "# The local cloud keeps these lines up to date:\n"
END = "# (until here)\n"
Entry = tuple[str, str]
"""An address and one name of it."""

# What Docker writes into the file it makes for a container.
LOCAL: Sequence[Entry] = (
    ("127.0.0.1", "localhost"),
    ("::1", "localhost ip6-localhost ip6-loopback"),
    ("fe00::0", "ip6-localnet"),
    ("ff00::0", "ip6-mcastprefix"),
    ("ff02::1", "ip6-allnodes"),
    ("ff02::2", "ip6-allrouters"),
)
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?")


def lines(entries: Iterable[Entry]) -> str:
    """One line per entry, in the order given."""
    return "".join(f"{address}\t{name}\n" for address, name in entries)


@functools.lru_cache(maxsize=10_000)
def usable(entry: Entry) -> bool:
    """Whether an entry can be a line: API callers may register anything as an address or a name."""
    address, name = entry
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return _NAME.fullmatch(name) is not None


def merged(present: str, kept: str) -> str:
    """Put the lines we keep into a file; what the container itself wrote around them stays."""
    before, begin, rest = present.partition(BEGIN)
    if not begin:
        return f"{present}{BEGIN}{kept}{END}"
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{kept}{END}{after}"


class HostsFile:
    """The hosts file of a task's containers that share a network.

    Args:
        path: Where it is kept on this machine.
        fixed: Entries that never change.
    """

    def __init__(self, path: Path, fixed: Iterable[Entry]) -> None:
        self.path = path
        self._own: list[Entry] = []
        self._names: list[Entry] = []
        # Its task's thread adds the own address while the event loop shows names.
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(lines([*LOCAL, *fixed]) + BEGIN + END)
        # Every user in the container reads it, whatever this process's umask is.
        path.chmod(0o644)

    def bind(self, *, read_only: bool) -> str:
        """The Docker bind that mounts it; `z` lets containers read it where SELinux is on."""
        return f"{self.path}:{TARGET}:{'ro' if read_only else 'rw'},z"

    def set_own(self, address: str, hostname: str) -> None:
        """Give the containers' own hostname its address, as Docker does."""
        with self._lock:
            self._own = [(address, hostname)]
            self._write()

    def show(self, names: Sequence[Entry]) -> None:
        """Let the containers find these names and no others."""
        with self._lock:
            if self._names != names:
                self._names = list(names)
                self._write()

    def _write(self) -> None:
        """Write in place: padded to the old length in one call, so that no reader sees half a line of the old text."""
        # The file is gone when the task is.
        with contextlib.suppress(FileNotFoundError), self.path.open("r+b", buffering=0) as file:
            present = file.read()
            text = merged(present.decode(errors="replace"), lines(self._own + self._names)).encode()
            file.seek(0)
            file.write(text.ljust(len(present), b"\n"))
            file.truncate(len(text))

    def remove(self) -> None:
        """Remove it, after the containers that mount it."""
        self.path.unlink(missing_ok=True)


def folder(home: Path) -> Path:
    """Where a local cloud keeps the hosts files of its containers."""
    return home.resolve() / "hosts"


def remove_all(home: Path) -> None:
    """Remove what a process that was killed left behind."""
    shutil.rmtree(folder(home), ignore_errors=True)
