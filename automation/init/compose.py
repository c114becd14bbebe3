"""What a Compose file says about its services (the Compose Specification)."""

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from automation.init import dockerfile
from automation.init.entry import Entry, mebibytes, seconds, service_name
from localcloud.errors import LocalCloudError

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
STORES = {
    "postgres": "Amazon RDS or Aurora",
    "postgis": "Amazon RDS or Aurora",
    "mysql": "Amazon RDS or Aurora",
    "mariadb": "Amazon RDS",
    "redis": "Amazon ElastiCache",
    "valkey": "Amazon ElastiCache",
    "memcached": "Amazon ElastiCache",
    "mongo": "Amazon DocumentDB",
    "rabbitmq": "Amazon MQ",
    "kafka": "Amazon MSK",
    "elasticsearch": "Amazon OpenSearch Service",
    "opensearch": "Amazon OpenSearch Service",
    "minio": "Amazon S3",
    "localstack": "AWS itself",
    "mailhog": "Amazon SES",
    "mailpit": "Amazon SES",
}
"""Images of what is a service of AWS's own there, by the last part of their name."""

VARIABLE = re.compile(
    r"\$(?:\$|(?P<plain>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)(?:(?P<operator>:?[-+?])(?P<word>[^}]*))?\})"
)
IGNORED = {
    "privileged": "privileged containers are refused by Fargate",
    "network_mode": "a task has a network interface of its own",
    "cap_add": "Fargate grants no capability but SYS_PTRACE",
    "devices": "Fargate tasks have no devices",
    "env_file": "move the variables of env_file into environment, the secret ones into secrets",
    "secrets": "give each to the container with secrets: {NAME: {config: …}}",
    "configs": "bring configuration files in the image, or as environment",
    "extra_hosts": "a task's hosts file is AWS's",
}


def read(path: Path, project: Path) -> tuple[list[Entry], dict[str, Any], list[str]]:
    """Entries of the services in a Compose file.

    Args:
        path: The file.
        project: Folder of Pulumi.yaml, which build contexts are relative to.

    Returns:
        The entries, settings of the whole stack that they need, and what was left out with the reason.

    Raises:
        LocalCloudError: The file is no Compose file.
    """
    services = _services(path)
    entries: list[Entry] = []
    left: list[str] = []
    for name, options in services.items():
        store = _store(options)
        if store:
            left.append(
                f"{name} ({options['image']}): {store} there; give its address to those who call it, or run it as a "
                "sidecar of one task where its data may be lost"
            )
            continue
        entries.append(_entry(name, options, path, project))
    routed = [entry for entry in entries if entry.settings.get("route", {}).get("enabled", True)]
    _routes(routed)
    stack = _connections(services, entries, project)
    return entries, stack, left


def _services(path: Path) -> dict[str, dict[str, Any]]:
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LocalCloudError(f"{path} is no YAML: {error}") from None
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict) or not services:
        raise LocalCloudError(
            f"{path} has no services", fix="name a Compose file, or a folder with a Dockerfile"
        )
    return {str(name): options or {} for name, options in services.items() if isinstance(options or {}, dict)}


def _store(options: Mapping[str, Any]) -> str | None:
    if options.get("build") or not options.get("image"):
        return None
    image = str(options["image"]).partition("@")[0]
    name = image.rsplit("/", 1)[-1].partition(":")[0]
    return STORES.get(name)


def _entry(name: str, options: dict[str, Any], path: Path, project: Path) -> Entry:
    entry = Entry(name=service_name(name), origin=f"{path.name}, service {name}")
    options = _interpolated(options, entry)
    port = _port(options, entry)
    _image(entry, options, path, project, port)
    _environment(entry, options)
    _container(entry, options)
    _size(entry, options)
    if port:
        entry.set("port", port, "ports")
    if port is None:
        entry.set("route", {"enabled": False}, "no ports: not reached from outside")
    for key, reason in IGNORED.items():
        if options.get(key):
            entry.unknown.append(f"{key} is left out: {reason}")
    if options.get("volumes"):
        entry.unknown.append(
            "volumes are left out: what a task writes is lost when it ends; keep files in S3 or EFS"
        )
    return entry


def _interpolated(value: Any, entry: Entry) -> Any:
    if isinstance(value, dict):
        return {key: _interpolated(inner, entry) for key, inner in value.items()}
    if isinstance(value, list):
        return [_interpolated(inner, entry) for inner in value]
    if not isinstance(value, str):
        return value

    def known(match: re.Match[str]) -> str:
        name = match["plain"] or match["braced"]
        if name is None:
            return "$"
        operator, word = match["operator"] or "", match["word"] or ""
        if "-" in operator:
            return word
        note = f"the value of ${{{name}}}, which the Compose file takes from the machine that runs it"
        if note not in entry.unknown:
            entry.unknown.append(note)
        return ""

    return VARIABLE.sub(known, value)


def _port(options: Mapping[str, Any], entry: Entry) -> int | None:
    ports = [found for found in map(_target, options.get("ports") or []) if found]
    ports += [int(text) for text in map(str, options.get("expose") or []) if text.isdecimal()]
    if len(set(ports)) > 1:
        entry.unknown.append(
            f"it has several ports, {', '.join(map(str, dict.fromkeys(ports)))}: the first is taken"
        )
    return ports[0] if ports else None


def _target(port: Any) -> int | None:
    text = str(port.get("target", "")) if isinstance(port, dict) else str(port)
    last = text.rsplit(":", 1)[-1]
    number, _, protocol = last.partition("/")
    number = number.partition("-")[0]
    return int(number) if number.isdecimal() and protocol in {"", "tcp"} else None


def _image(entry: Entry, options: Mapping[str, Any], path: Path, project: Path, port: int | None) -> None:
    build = options.get("build")
    if not build:
        if options.get("image"):
            image = str(options["image"])
            tagged = ":" in image.rsplit("/", 1)[-1] or "@" in image
            entry.set("image", image if tagged else f"{image}:latest", "" if tagged else "no tag: latest")
        else:
            entry.unknown.append("neither build nor image says what it runs")
        return
    build = {"context": build} if isinstance(build, str) else build
    context = (path.parent / str(build.get("context", "."))).resolve()
    settings: dict[str, Any] = {"context": os.path.relpath(context, project)}
    if build.get("dockerfile"):
        settings["dockerfile"] = str(build["dockerfile"])
    if build.get("target"):
        settings["target"] = str(build["target"])
    arguments = _variables(build.get("args"))
    if arguments:
        settings["args"] = {key: value or "" for key, value in arguments.items()}
    entry.set("build", settings, "build")
    file = context / str(build.get("dockerfile", "Dockerfile"))
    if file.is_file():
        dockerfile.describe(entry, file, target=build.get("target"), said_port=port or 0)
    else:
        entry.unknown.append(f"{file} is not there")


def _variables(given: Any) -> dict[str, str | None]:
    if isinstance(given, dict):
        return {str(name): None if value is None else _text(value) for name, value in given.items()}
    found: dict[str, str | None] = {}
    for item in given or []:
        name, equals, value = str(item).partition("=")
        found[name] = value if equals else None
    return found


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _environment(entry: Entry, options: Mapping[str, Any]) -> None:
    entry.add_environment(_variables(options.get("environment")), "environment")


def _container(entry: Entry, options: Mapping[str, Any]) -> None:
    container: dict[str, Any] = dict(entry.settings.get("container", {}))
    for key, ours in (("command", "command"), ("entrypoint", "entryPoint")):
        value = options.get(key)
        if value:
            container[ours] = shlex.split(value) if isinstance(value, str) else [str(word) for word in value]
    if options.get("user"):
        container["user"] = str(options["user"])
    mounts = options.get("tmpfs") or []
    folders = [mounts] if isinstance(mounts, str) else list(mounts)
    writable = [folder for folder in (str(one).partition(":")[0] for one in folders) if folder != "/tmp"]  # noqa: S108
    if writable:
        container["writablePaths"] = [*container.get("writablePaths", []), *writable]
    check = dockerfile.container_health_check(options.get("healthcheck") or {})
    if check:
        container["healthCheck"] = check
    if container:
        entry.settings["container"] = container
    grace = seconds(options["stop_grace_period"]) if options.get("stop_grace_period") else None
    if grace and grace != 30:
        entry.set("stopTimeout", min(grace, 120), "stop_grace_period")
        if grace > 30:
            entry.set("deregistrationDelay", min(grace, 120), "at least stopTimeout")
    if str(options.get("platform", "")).endswith("arm64"):
        entry.set("architecture", "arm64", "platform")


def _size(entry: Entry, options: Mapping[str, Any]) -> None:
    deploy = options.get("deploy") or {}
    limits = (deploy.get("resources") or {}).get("limits") or {}
    cpus, memory = limits.get("cpus", options.get("cpus")), limits.get("memory", options.get("mem_limit"))
    size = mebibytes(memory) if memory is not None else None
    if cpus is not None or size is not None:
        entry.set_size(float(cpus) * 1024 if cpus is not None else None, size, "limits")
    replicas = deploy.get("replicas", options.get("scale"))
    if replicas is not None:
        entry.set("desiredCount", int(replicas), "replicas")


def _routes(routed: list[Entry]) -> None:
    """One service may take every request: the first; the others get a path of their name."""
    for entry in routed[1:]:
        entry.set(
            "route",
            {"paths": [f"/{entry.name}", f"/{entry.name}/*"]},
            f"{routed[0].name} takes every other request; hosts are possible, too",
        )


def _connections(services: Mapping[str, Any], entries: list[Entry], project: Path) -> dict[str, Any]:
    """Discovery for services that name each other in their environment or in depends_on."""
    by_compose = {entry.origin.rpartition(" ")[2]: entry for entry in entries}
    called: set[str] = set()
    calls: set[str] = set()
    for caller, callee in _calls(services, by_compose):
        called.add(callee)
        calls.add(caller)
    for name in sorted(called):
        by_compose[name].set("discovery", {}, "others call it by its name")
    for name in sorted(calls - called):
        by_compose[name].set("discovery", {"listen": False}, "it calls others by their names")
    if not called:
        return {}
    return {"cluster": {"namespace": f"{service_name(project.resolve().name)}.internal"}}


def _calls(services: Mapping[str, Any], known: Mapping[str, Entry]) -> Iterator[tuple[str, str]]:
    for caller, options in services.items():
        if caller not in known:
            continue
        values = " ".join(value or "" for value in _variables(options.get("environment")).values())
        wanted = options.get("depends_on") or []
        for callee in known:
            named = re.search(rf"(?:^|[/@\s,]){re.escape(callee)}:\d+", values)
            if callee != caller and (named or callee in wanted):
                yield caller, callee
