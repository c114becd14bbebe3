"""Pulumi's engine on the local cloud: a file backend in the local cloud's folder, and the local providers attached."""

import json
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

import psutil

from automation.engines.workspace import StackSource
from localcloud.settings import CloudSettings

_PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


def local_environment(
    settings: CloudSettings, source: StackSource, outside: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Variables that make the pulumi CLI keep everything in the local cloud's folder.

    Where the stack file has secrets, its own passphrase (PULUMI_CONFIG_PASSPHRASE or …_FILE) is used, as for any
    stack; elsewhere one that is made for this local cloud, so that nobody is asked for one.

    Args:
        settings: The local cloud.
        source: The stack.
        outside: The variables of the person's shell.
    """
    home = settings.home / "pulumi"
    state = home / "state"
    for folder in (state, home / "home"):
        folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **settings.client_environment(),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_HOME": str(home / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # The local providers are attached; nothing is downloaded for a stack that stays on this machine.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # Pulumi's own copies of the state before every write grow without bound; the local cloud is disposable.
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
    }
    if "encryptionsalt" in source.read_stack() and any(outside.get(name) for name in _PASSPHRASES):
        return environment | {name: outside[name] for name in _PASSPHRASES if outside.get(name)}
    return environment | {"PULUMI_CONFIG_PASSPHRASE_FILE": str(_passphrase_file(home))}


def _passphrase_file(home: Path) -> Path:
    path = home / "passphrase"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_urlsafe(32))
    return path


def workspace_folder(settings: CloudSettings, project: str, stack: str) -> Path:
    """Where the run's copies of a local stack's settings are."""
    return settings.home / "pulumi" / "workspaces" / project / stack


def remove_stale_locks(settings: CloudSettings, stack: str) -> None:
    """Remove the backend's locks on a stack whose holders have ended.

    A killed pulumi leaves its lock behind, and the next run would be refused for ever.
    """
    locks = settings.home / "pulumi" / "state" / ".pulumi" / "locks"
    for lock in locks.glob(f"organization/*/{stack}/*.json"):
        try:
            holder = json.loads(lock.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if holder.get("hostname") == socket.gethostname() and not psutil.pid_exists(int(holder["pid"])):
            lock.unlink(missing_ok=True)
