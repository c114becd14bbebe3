"""Why a container ended, where a setting is the cause, and the line that mends it.

What ECS tells is an exit code and a short reason (ECS Developer Guide, "Stopped tasks error codes"); what failed is in
the container's last lines. Each rule knows one cause by the words that the kernel, a runtime or a library uses for it.
"""

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.deployments.missing_variables import missing_names
from infra.pure import fargate
from infra.pure.sensitive import SECRET
from infra.settings.commands import Path, Unspeakable, assignments, prompt
from infra.settings.container import TEMPORARY

Described = Mapping[str, Any]

_ARCHITECTURES = {"X86_64": "arm64", "ARM64": "x86_64"}
# Folders that images leave empty: one in memory hides nothing of the image there. In others, such as /app, it would.
_VARIABLE_DATA = re.compile(r"^/(?:var/(?:cache|run|lib|log|tmp|spool)|run|tmp|data|cache|logs?)(?:/|$)")
# What a program keeps there has a folder of its own: nginx makes five beneath it, and would fail at each.
_OWNERS_FOLDER = re.compile(r"^/var/(?:cache|lib|log|spool)/[^/]+")
_READ_ONLY = re.compile(r"read-only file ?system|\bEROFS\b|\[Errno 30\]|\(30: ", re.IGNORECASE)
_DENIED = re.compile(r"permission denied|\bEACCES\b|\[Errno 13\]|\(13: ", re.IGNORECASE)
_NO_TEMPORARY = re.compile(r"No usable temporary directory")
_MADE = re.compile(r"\bmkdir\b|\bmkdtemp\b|makedirs|create (?:the )?director", re.IGNORECASE)
_FILE = re.compile(r"(?<![\w:/.])(/[\w.@+-]+(?:/[\w.@+-]+)*)")
# Where an init process starts it (`initProcess`), a shell takes what the kernel cannot run for a script.
_EXEC_FORMAT = re.compile(
    r"(?:(?P<file>/[^\s\":\\]+)[\"\\]*: )?exec format error|: \d+: \x7fELF", re.IGNORECASE
)
_NOT_STARTED = re.compile(
    r"exec: \\?\"(?P<file>[^\"\\]+)\\?\":.*?"
    r"(?P<why>executable file not found|permission denied|no such file or directory)"
    r"|exec (?P<script>/\S+): (?P<cause>no such file or directory|permission denied)"
    r"|exec (?P<tried>\S+) failed: (?P<failed>no such file or directory|permission denied)",  # tini, the init process
    re.IGNORECASE,
)
_BIND = re.compile(
    r"bind\(\)|\blisten\b|\bbind\b|can't connect to \('|could not bind|cannot assign", re.IGNORECASE
)
_HOST = re.compile(r"Invalid HTTP_HOST header|DisallowedHost|ALLOWED_HOSTS")
_HEAP = re.compile(r"JavaScript heap out of memory|java\.lang\.OutOfMemoryError|^MemoryError\b")


@dataclass(frozen=True, kw_only=True)
class Crash:
    """One container of a stopped task.

    Args:
        service: The service's key in the stack file.
        container: The container of the task, as DescribeTasks describes it.
        definition: Its container definition.
        task: The task definition.
        task_reason: Why ECS says that the task stopped.
        lines: What it wrote last, oldest first.
    """

    service: str
    container: Described
    definition: Described
    task: Described
    task_reason: str
    lines: Sequence[str]

    @property
    def setting(self) -> Path:
        """The settings' path of the service, or of the sidecar."""
        own = ("services", self.service)
        name = self.container["name"]
        return own if name == self.service else (*own, "sidecars", name)

    @property
    def is_sidecar(self) -> bool:
        """Whether it is not the service's own container."""
        return len(self.setting) > 2

    @property
    def exit_code(self) -> int | None:
        """Its exit code; None when it never ran."""
        return self.container.get("exitCode")

    @property
    def reasons(self) -> str:
        """What ECS says of the container and of its task."""
        return f"{self.container.get('reason', '')}\n{self.task_reason}"

    @property
    def ended_itself(self) -> bool:
        """Whether nobody stopped it: the task stopped because it did, or it could not start."""
        return self.task_reason.startswith(("Essential container", "CannotStart", "TaskFailedToStart")) or (
            "CannotStart" in self.reasons
        )


def explained(crash: Crash) -> list[str]:
    """The cause and the line that mends it; empty where none is known."""
    for rule in _RULES:
        found = list(rule(crash))
        if found:
            return found
    return []


def _out_of_memory(crash: Crash) -> Iterator[str]:
    heap = next((line for line in crash.lines if _HEAP.search(line)), None)
    if "OutOfMemory" not in crash.reasons and not (heap and crash.ended_itself):
        return
    cpu, memory = int(crash.task.get("cpu") or 256), int(crash.task.get("memory") or 512)
    more = _more_memory(cpu, memory)
    yield f"{crash.container['name']} ran out of memory: the task has {memory} MiB"
    if more is None:
        yield f"  it is the most that Fargate has with cpu {cpu}: raise services.{crash.service}.cpu, then memory"
    else:
        yield from _fix(("services", crash.service, "memory"), more)


def _more_memory(cpu: int, memory: int) -> int | None:
    sizes = fargate.MEMORY_BY_CPU.get(cpu)  # another cpu: an EC2 task's
    if sizes is None:
        return memory * 2
    return next((size for size in sizes if size >= memory * 2), sizes[-1] if sizes[-1] > memory else None)


def _exec_format(crash: Crash) -> Iterator[str]:
    text = "\n".join([crash.reasons, *crash.lines])
    found = _EXEC_FORMAT.search(text)
    if not found:
        return
    file = found["file"] or ""
    if file.endswith((".sh", ".py", ".rb", ".js")):
        yield f"the kernel cannot run {file}: a script needs #!, such as #!/bin/sh, as its first two characters"
        yield "  or the image is built for another processor architecture"
        return
    here = str((crash.task.get("runtimePlatform") or {}).get("cpuArchitecture", "X86_64"))
    yield f"what starts {crash.container['name']} is built for another processor than the task's, {here.lower()}"
    yield from _fix(("services", crash.service, "architecture"), _ARCHITECTURES.get(here, "x86_64"))


def _not_started(crash: Crash) -> Iterator[str]:
    text = "\n".join([crash.reasons, *crash.lines[-5:]])
    found = _NOT_STARTED.search(text)
    if not found:
        return
    file = found["file"] or found["script"] or found["tried"]
    why = (found["why"] or found["cause"] or found["failed"]).lower()
    if why == "permission denied":
        yield f"{file} is no executable file: RUN chmod +x {file} in the Dockerfile"
        if crash.is_sidecar:
            return
        yield "  or run it with a shell:"
        yield from _fix((*crash.setting, "container", "entryPoint"), ["sh", file])
    elif file.startswith("/") and why.startswith("no such"):
        yield f"{file} is not in the image, or its first line names a program that is not (a shell, or one with \\r\\n)"
    else:
        yield f"{file} is not in the image"
        said = [key for key in ("entryPoint", "command") if crash.definition.get(key)]
        for key in said:
            yield f"  services.{crash.service}.container.{key} is {' '.join(crash.definition[key])}"
        if not said:
            yield "  the image's ENTRYPOINT and CMD name it: is build.target the stage that has it?"


def _read_only(crash: Crash) -> Iterator[str]:
    if not crash.definition.get("readonlyRootFilesystem"):
        return
    line = next((line for line in reversed(crash.lines) if _READ_ONLY.search(line)), None)
    if line is None:
        if not any(_NO_TEMPORARY.search(line) for line in crash.lines):
            return
        line = f"mkdir {TEMPORARY}"
    folder = _folder(line)
    if crash.is_sidecar or folder is None:
        shown = folder or "a file of its own"
        yield f"{crash.container['name']} writes to {shown}, and its root file system is read-only"
        key = () if crash.is_sidecar else ("container",)
        yield from _fix((*crash.setting, *key, "readOnlyRootFilesystem"), value=False)
        return
    yield f"{crash.container['name']} writes to {folder}, and its root file system is read-only"
    yield from _fix((*crash.setting, "container", "writablePaths"), [*_in_memory(crash), folder])


def _folder(line: str) -> str | None:
    """The folder that a line says is not writable; None where one in memory could hide files of the image."""
    files = [file for file in _FILE.findall(line) if not file.startswith("/usr/")]
    if not files:
        return None
    folder: str = files[-1] if _MADE.search(line) else posixpath.dirname(files[-1])
    if owner := _OWNERS_FOLDER.match(folder):
        return owner[0]
    if _VARIABLE_DATA.match(folder) or (_MADE.search(line) and folder.count("/") > 1):
        return folder
    return None


def _in_memory(crash: Crash) -> list[str]:
    mounts = (crash.definition.get("linuxParameters") or {}).get("tmpfs") or []
    return [mount["containerPath"] for mount in mounts if mount["containerPath"] != TEMPORARY]


def _denied(crash: Crash) -> Iterator[str]:
    line = next((line for line in reversed(crash.lines) if _DENIED.search(line)), None)
    if line is None or crash.is_sidecar or not crash.ended_itself:
        return
    port = _port(crash)
    if port and port < 1024 and (_BIND.search(line) or f":{port}" in line):
        yield f"the image's user may not listen on {port}, a port below 1024: have it listen on 8080, and say so"
        yield from _fix((*crash.setting, "port"), 8080)
        return
    folder = _folder(line)
    if folder:
        yield f"the image's user may not write to {folder}"
        yield from _fix((*crash.setting, "container", "writablePaths"), [*_in_memory(crash), folder])


def _port(crash: Crash) -> int | None:
    mappings = crash.definition.get("portMappings") or [{}]
    port: int | None = mappings[0].get("containerPort")
    return port


def _missing_variable(crash: Crash) -> Iterator[str]:
    if not crash.ended_itself:
        return
    given = {item["name"] for key in ("environment", "secrets") for item in crash.definition.get(key) or []}
    names = [name for name in missing_names(crash.lines) if name not in given]
    for name in dict.fromkeys(names):
        yield f"the application asks for the variable {name}, which it is not given"
        if crash.is_sidecar or not SECRET.search(name):
            [command] = assignments("", (*crash.setting, "environment", name), "x")
            # Without a value the CLI asks for it.
            yield f"  fix: {command.removesuffix(' x')}"
        else:
            key = _config_key(name)
            yield f"  fix: {prompt('', key)}"
            yield from _fix((*crash.setting, "secrets", name, "config"), key)


def _config_key(name: str) -> str:
    first, *rest = [word for word in name.lower().split("_") if word]
    return first + "".join(word.capitalize() for word in rest)


def _allowed_hosts(crash: Crash) -> Iterator[str]:
    if any(_HOST.search(line) for line in crash.lines):
        yield "Django refuses the Host of the health check, which is the task's address, another one in each task"
        yield "  let ALLOWED_HOSTS hold '*': which hosts reach it is said by the load balancer's rule"
        yield f"  (services.{crash.service}.route.hosts)"


def _ended(crash: Crash) -> Iterator[str]:
    if crash.exit_code == 0 and crash.ended_itself and not crash.is_sidecar:
        yield f"what {crash.container['name']} starts ended without an error, and a service has to go on"
        yield f"  is services.{crash.service}.build.target the stage that serves, and is CMD what it is to run?"


def _checked_inside(crash: Crash) -> Iterator[str]:
    """ECS stops a task whose essential container fails its own check: "Task failed container health checks"."""
    check = (crash.definition.get("healthCheck") or {}).get("command") or []
    if "container health checks" not in crash.task_reason or not check:
        return
    form, *words = check
    needs = "a shell and every program that it names" if form == "CMD-SHELL" else words[0]
    yield f"the health check inside {crash.container['name']} fails: {' '.join(words)}"
    yield f"  it is container.healthCheck, or the Dockerfile's HEALTHCHECK, and the image has to have {needs}"
    if not crash.is_sidecar:
        yield "  to do without it:"
        yield from _fix((*crash.setting, "container", "healthCheck", "command"), ["NONE"])


def _not_stopped(crash: Crash) -> Iterator[str]:
    """137 is SIGKILL. What ECS stops gets it when it has not ended `stopTimeout` seconds after SIGTERM."""
    if crash.exit_code != 137 or crash.ended_itself:
        return
    seconds = crash.definition.get("stopTimeout", 30)
    yield f"{crash.container['name']} had to be killed, {seconds} s after SIGTERM, and what it still did was cut off"
    if (crash.definition.get("linuxParameters") or {}).get("initProcessEnabled"):
        # The init process passes SIGTERM on to what it started, and to nothing below that.
        yield '  a script passes no signals on: let it end with exec "$@", or write CMD as a list ["…"]'
    else:
        yield '  a shell as process 1 passes no signals on: write CMD as a list ["…"], or begin it with exec'
    if not crash.is_sidecar and seconds < 120:
        longer = min(120, seconds * 2)
        yield "  if the application needs longer:"
        yield from _fix((*crash.setting, "deregistrationDelay"), longer)
        yield from _fix((*crash.setting, "stopTimeout"), longer)


def _fix(path: Path, value: object) -> Iterator[str]:
    try:
        yield from [f"  fix: {command}" for command in assignments("", path, value)]
    except Unspeakable:
        yield f"  fix: set {'.'.join(map(str, path))} in the stack file"


_RULES: Sequence[Callable[[Crash], Iterator[str]]] = (
    _out_of_memory,
    _exec_format,
    _not_started,
    _read_only,
    _denied,
    _missing_variable,
    _allowed_hosts,
    _checked_inside,
    _ended,
    _not_stopped,
)
"""The first that knows a cause tells it: the more certain ones come first."""
