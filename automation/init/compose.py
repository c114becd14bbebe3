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
    "postgresql": "Amazon RDS or Aurora",
    "postgis": "Amazon RDS or Aurora",
    "pgvector": "Amazon RDS or Aurora",
    "mysql": "Amazon RDS or Aurora",
    "mariadb": "Amazon RDS",
    "mssql/server": "Amazon RDS",
    "azure-sql-edge": "Amazon RDS",
    "redis": "Amazon ElastiCache",
    "redismod": "Amazon ElastiCache",
    "redis-stack": "Amazon ElastiCache",
    "redis-stack-server": "Amazon ElastiCache",
    "valkey": "Amazon ElastiCache",
    "memcached": "Amazon ElastiCache",
    "mongo": "Amazon DocumentDB",
    "mongodb": "Amazon DocumentDB",
    "cassandra": "Amazon Keyspaces",
    "dynamodb-local": "Amazon DynamoDB",
    "rabbitmq": "Amazon MQ",
    "kafka": "Amazon MSK",
    "cp-kafka": "Amazon MSK",
    "redpanda": "Amazon MSK",
    "zookeeper": "Amazon MSK",
    "elasticsearch": "Amazon OpenSearch Service",
    "opensearch": "Amazon OpenSearch Service",
    "minio": "Amazon S3",
    "localstack": "AWS itself",
    "mailhog": "Amazon SES",
    "mailpit": "Amazon SES",
}
"""Images of what is a service of AWS's own there, by the last part of their name, or the last two."""

# Ports of what speaks no HTTP: IANA's names ssh, smtp, domain, ms-sql-s, mysql, postgresql, amqp, redis, mongodb, and
# what mail, Kafka and Memcached use.
OTHER_PROTOCOLS = frozenset({22, 25, 53, 465, 587, 1025, 1433, 3306, 5432, 5672, 6379, 9092, 11211, 27017})
LIKELY_PORTS = (80, 8080)

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
    stores: set[str] = set()
    for name, options in services.items():
        store = _store(options)
        if store:
            stores.add(name)
            left.append(
                f"{name} ({options['image']}): {store} there; give its address to those who call it, or run it as a "
                "sidecar of one task where its data may be lost"
            )
            continue
        entries.append(_entry(name, options, path, project))
    by_compose = {entry.origin.rpartition(" ")[2]: entry for entry in entries}
    calls = list(_calls(services, by_compose))
    routed = {name: entry for name, entry in by_compose.items() if _is_routed(entry)}
    _routes(routed, services, {callee for _, callee, _ in calls})
    _mention(stores, entries)
    return entries, _connections(calls, by_compose, project), left


def _is_routed(entry: Entry) -> bool:
    enabled: bool = entry.settings.get("route", {}).get("enabled", True)
    return enabled


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
    *above, last = image.split("/")
    name = last.partition(":")[0]
    return STORES.get(name) or STORES.get("/".join([*above[-1:], name]))


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
    elif port in OTHER_PROTOCOLS:
        entry.set("route", {"enabled": False}, f"what listens on {port} speaks no HTTP")
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
    published = [str(port) for port in options.get("ports") or [] if not isinstance(port, dict)]
    published += [
        f"{port.get('target')}/{port.get('protocol', 'tcp')}"
        for port in options.get("ports") or []
        if isinstance(port, dict)
    ]
    ports = [found for found in map(_target, published) if found]
    ports += [int(text) for text in map(str, options.get("expose") or []) if text.isdecimal()]
    if any(port.endswith("/udp") for port in published):
        entry.unknown.append("its UDP ports are left out: an Application Load Balancer speaks HTTP")
    if not ports:
        return None
    taken = next((port for port in LIKELY_PORTS if port in ports), ports[0])
    if len(set(ports)) > 1:
        entry.unknown.append(
            f"it has several ports, {', '.join(map(str, dict.fromkeys(ports)))}: {taken} is taken"
        )
    return taken


def _target(port: str) -> int | None:
    """The container's port of `[[host:]published:]target[/protocol]`."""
    number, _, protocol = port.rsplit(":", 1)[-1].partition("/")
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
            words = shlex.split(value) if isinstance(value, str) else [str(word) for word in value]
            container[ours] = entry.without_secrets(words)
    if options.get("user"):
        container["user"] = str(options["user"])
    mounts = options.get("tmpfs") or []
    folders = [mounts] if isinstance(mounts, str) else list(mounts)
    writable = [folder for folder in (str(one).partition(":")[0] for one in folders) if folder != "/tmp"]  # noqa: S108
    if writable:
        container["writablePaths"] = [*container.get("writablePaths", []), *writable]
    check = dockerfile.container_health_check(options.get("healthcheck") or {})
    if check:
        container["healthCheck"] = check | {"command": entry.without_secrets(check["command"])}
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


def _routes(routed: Mapping[str, Entry], services: Mapping[str, Any], called: set[str]) -> None:
    """One service may take every request; the others get a path of their name.

    It is one that no other calls, rather one that is published as a web site is, rather one that comes first.
    """
    if not routed:
        return
    site = re.compile(r"(?:^|:)(?:80|443):|^80$|^443$")

    def rank(name: str) -> tuple[bool, bool]:
        ports = [
            f"{port.get('published', '')}:" if isinstance(port, dict) else str(port)
            for port in services[name].get("ports") or []
        ]
        return name in called, not any(site.search(port) for port in ports)

    first = min(routed, key=rank)  # the first of those that rank alike
    for name, entry in routed.items():
        if name != first:
            entry.set(
                "route",
                {"paths": [f"/{entry.name}", f"/{entry.name}/*"]},
                f"{routed[first].name} takes every other request; hosts are possible, too",
            )


def _mention(stores: set[str], entries: list[Entry]) -> None:
    """Say which variables hold the address of what was left out."""
    for entry in entries:
        for variable, value in (entry.settings.get("environment") or {}).items():
            named = next((name for name in sorted(stores) if _names(value, name)), None)
            if named:
                entry.unknown.append(f"{variable} is {value}: {named} is left out, give it the address there")


def _names(value: str, host: str) -> bool:
    return bool(re.search(rf"(?:^|[/@\s,]){re.escape(host)}(?=[:/,\s]|$)", value))


def _connections(
    calls: list[tuple[str, str, int | None]], by_compose: Mapping[str, Entry], project: Path
) -> dict[str, Any]:
    """Discovery for services that name each other in their environment or in depends_on."""
    if not calls:
        return {}
    namespace = f"{service_name(project.resolve().name)}.internal"
    called = {callee for _, callee, _ in calls}
    for name in sorted(called):
        entry = by_compose[name]
        port = next((port for _, callee, port in calls if callee == name and port), None)
        if "port" not in entry.settings and not entry.port_in_image:
            if port:
                entry.set("port", port, "where others call it")
            else:
                entry.unknown.append("port: nothing says where it listens, and others call it; 5000 is taken")
        if (
            entry.settings.get("port") in OTHER_PROTOCOLS
        ):  # Service Connect's proxies take HTTP for granted here
            entry.set("discovery", {"mode": "dns"}, f"others call it as {entry.name}.{namespace}")
        else:
            entry.set("discovery", {}, f"others call it as {entry.name}")
    for name in sorted({caller for caller, _, _ in calls} - called):
        by_compose[name].set("discovery", {"listen": False}, "it calls others by their names")
    return {"cluster": {"namespace": namespace}}


def _calls(services: Mapping[str, Any], known: Mapping[str, Entry]) -> Iterator[tuple[str, str, int | None]]:
    """Who calls whom, and at which port where that is told."""
    for caller, options in services.items():
        if caller not in known:
            continue
        values = " ".join(value or "" for value in _variables(options.get("environment")).values())
        wanted = options.get("depends_on") or []
        for callee in known:
            named = re.search(rf"(?:^|[/@\s,]){re.escape(callee)}:(\d+)", values)
            if callee != caller and (named or callee in wanted):
                yield caller, callee, int(named[1]) if named else None
