"""One service as `init` understood it: settings, where each came from, and what nobody could know."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.pure import fargate
from infra.pure.sensitive import SECRET

CREDENTIALS = re.compile(r"^[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE)
LARGEST_NAME = 24


@dataclass(kw_only=True)
class Entry:
    """A service found in a folder.

    Args:
        name: Its name in the stack file.
        origin: Where it was found.
        settings: Its settings, with the stack file's own keys.
        reasons: Key → why it has this value.
        unknown: What the author has to look at: one sentence each.
        port_in_image: Whether its Dockerfile says the port, where the program reads it.
        hidden: Value of a secret → the variable that has it, to keep it out of the other texts.
    """

    name: str
    origin: str
    settings: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    port_in_image: bool = False
    hidden: dict[str, str] = field(default_factory=dict)

    def set(self, key: str, value: Any, reason: str = "") -> None:
        """Give a setting its value and say where it is from."""
        self.settings[key] = value
        if reason:
            self.reasons[key] = reason

    def add_environment(self, variables: Mapping[str, str | None], origin: str) -> None:
        """Take environment variables over; what looks like a secret becomes one, without its value."""
        plain: dict[str, str] = {}
        for name, value in variables.items():
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                self.unknown.append(f"the variable {name!r} of {origin} has a name that no shell can set")
            elif SECRET.search(name) or (value and CREDENTIALS.match(value)):
                key = config_key(name)
                self.settings.setdefault("secrets", {})[name] = {"config": key}
                if value:
                    self.hidden[value] = name
                self.unknown.append(f"the value of {name}: pulumi config set --secret {key}")
            elif value is None:
                self.unknown.append(
                    f"{origin} takes {name} from the machine that runs it: give it a value or a secret"
                )
            else:
                plain[name] = value
        if plain:
            self.settings.setdefault("environment", {}).update(plain)
            self.reasons["environment"] = origin

    def without_secrets(self, words: list[str]) -> list[str]:
        """A command in which the value of a secret is its variable; which a shell has to run."""
        plain = set((self.settings.get("environment") or {}).values())
        found = list(words)
        for value, name in self.hidden.items():
            whole = re.compile(rf"(?<![\w$]){re.escape(value)}(?!\w)")
            if value in plain or not any(whole.search(word) for word in found):
                continue
            found = [whole.sub(f"${name}", word) for word in found]
            if len(words) > 1:
                self.unknown.append(
                    f"a command holds the value of {name}: ${name} needs a shell that reads it"
                )
        return found

    def set_size(self, cpu: float | None, memory: float | None, origin: str) -> None:
        """Choose the smallest Fargate size that holds this.

        Args:
            cpu: CPU units, 1024 for one vCPU; None for not said.
            memory: MiB; None for not said.
            origin: What said so.
        """
        for size in fargate.CPU_SIZES:
            if size >= (cpu or 0) and fargate.MEMORY_BY_CPU[size][-1] >= (memory or 0):
                chosen = fargate.nearest_memory(size, int(memory or 0))
                if (size, chosen) != (256, 512):
                    self.set("cpu", size, origin)
                    self.set("memory", chosen, origin)
                return
        self.unknown.append(
            f"{origin} asks for more than the largest Fargate task, 16384 units and 122880 MiB"
        )


def service_name(text: str) -> str:
    """A name that a stack file allows: lower case, digits, single hyphens, at most 24 characters."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-").lstrip("0123456789-")
    return words[:LARGEST_NAME].rstrip("-") or "web"


def mebibytes(text: str | float) -> int | None:
    """MiB of a size such as `512m`, `1g`, `536870912`; None for anything else (Compose: "Specifying byte values")."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([bkmg]?)b?\s*", str(text).lower())
    if not match:
        return None
    factor = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}[match[2]]
    return int(float(match[1]) * factor / 1024**2)


def seconds(text: str | float) -> int | None:
    """Seconds of a duration such as `30s`, `1m30s`, `500ms` (at least one); None for anything else."""
    units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001, "us": 1e-6}
    if isinstance(text, int | float):
        return int(text)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|us|h|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    return max(1, round(sum(float(number) * units[unit] for number, unit in parts)))


def config_key(name: str) -> str:
    """The key of the stack's configuration for the value of a variable: `DATABASE_URL` → `databaseUrl`."""
    words = [word for word in name.lower().split("_") if word]
    return words[0] + "".join(word.capitalize() for word in words[1:])
