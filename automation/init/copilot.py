"""What an AWS Copilot manifest says about its service (Copilot's manifest documentation, v1.34)."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from automation.init import dockerfile
from automation.init.entry import Entry, seconds, service_name
from localcloud.errors import LocalCloudError

ROUTED = "Load Balanced Web Service"
KINDS = (ROUTED, "Backend Service", "Worker Service")


def is_manifest(path: Path) -> bool:
    """Whether a YAML file looks like a manifest."""
    return path.name in {"manifest.yml", "manifest.yaml"} and path.is_file()


def read(path: Path, project: Path, environment: str | None = None) -> Entry:
    """The entry of the service that a manifest describes.

    Args:
        path: The manifest.
        project: Folder of Pulumi.yaml, which build contexts are relative to.
        environment: One of the manifest's `environments`, whose overrides count; None for none.

    Raises:
        LocalCloudError: It is no manifest, or one of a job or static site.
    """
    manifest = _manifest(path)
    kind = str(manifest.get("type"))
    if kind not in KINDS:
        raise LocalCloudError(f"{path} describes a {kind!r}; this project takes over: {', '.join(KINDS)}")
    overrides = (manifest.get("environments") or {}).get(environment or "") or {}
    manifest = _merged(manifest, overrides)
    entry = Entry(name=service_name(str(manifest.get("name", path.parent.name))), origin=str(path.name))
    _image(entry, manifest, path, project)
    _http(entry, manifest, kind)
    entry.set_size(manifest.get("cpu"), manifest.get("memory"), "cpu, memory")
    _count(entry, manifest.get("count"))
    _variables(entry, manifest)
    if manifest.get("exec"):
        entry.set("executeCommand", True, "exec; needs cluster.executeCommand")
    if str(manifest.get("platform", "")).endswith("arm64"):
        entry.set("architecture", "arm64", "platform")
    if (manifest.get("network") or {}).get("connect"):
        entry.set("discovery", {}, "network.connect; needs cluster.namespace")
    for name, sidecar in (manifest.get("sidecars") or {}).items():
        entry.settings.setdefault("sidecars", {})[service_name(name)] = {"image": str(sidecar.get("image"))}
        entry.unknown.append(f"settings of the sidecar {name} beside its image")
    for key in (
        "storage",
        "taskdef_overrides",
        "publish",
        "subscribe",
        "logging",
        "deployment",
        "observability",
    ):
        if manifest.get(key):
            entry.unknown.append(f"{key} is left out: see the settings table for what takes its place")
    if kind == "Worker Service":
        entry.unknown.append(
            "its queue: give the app its URL in environment, and the rights in permissions.statements"
        )
    return entry


def _manifest(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LocalCloudError(f"{path} is no YAML: {error}") from None
    if not isinstance(document, dict) or "type" not in document:
        raise LocalCloudError(f"{path} is no Copilot manifest: it has no type")
    return document


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in over.items():
        known = both.get(key)
        both[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return both


def _image(entry: Entry, manifest: Mapping[str, Any], path: Path, project: Path) -> None:
    image = manifest.get("image") or {}
    port = image.get("port")
    if port:
        entry.set("port", int(port), "image.port")
    if image.get("location"):
        entry.set("image", str(image["location"]), "image.location")
    elif image.get("build"):
        _build(entry, image["build"], path, project, port)
    check = dockerfile.container_health_check(image.get("healthcheck") or {})
    if check:
        entry.settings.setdefault("container", {})["healthCheck"] = check
    for key, ours in (("command", "command"), ("entrypoint", "entryPoint")):
        value = manifest.get(key)
        if value:
            words = value.split() if isinstance(value, str) else [str(word) for word in value]
            entry.settings.setdefault("container", {})[ours] = words


def _build(entry: Entry, build: Any, path: Path, project: Path, port: Any) -> None:
    # Paths are relative to the workspace, the folder that `copilot/` is in.
    workspace = path.resolve().parents[2]
    options: dict[str, Any] = {"dockerfile": build} if isinstance(build, str) else build
    file = workspace / str(options.get("dockerfile", "Dockerfile"))
    context = workspace / str(options["context"]) if options.get("context") else file.parent
    settings: dict[str, Any] = {"context": os.path.relpath(context, project.resolve())}
    inside = os.path.relpath(file, context)
    if inside != "Dockerfile":
        settings["dockerfile"] = inside
    if options.get("target"):
        settings["target"] = str(options["target"])
    if options.get("args"):
        settings["args"] = {str(name): str(value) for name, value in options["args"].items()}
    entry.set("build", settings, "image.build")
    if file.is_file():
        dockerfile.describe(entry, file, target=options.get("target"), said_port=int(port) if port else None)
    else:
        entry.unknown.append(f"{file} is not there")


def _http(entry: Entry, manifest: Mapping[str, Any], kind: str) -> None:
    http = manifest.get("http")
    if kind != ROUTED or http is False:
        entry.set("route", {"enabled": False}, f"a {kind}" if kind != ROUTED else "http: false")
        return
    http = http or {}
    path, route = str(http.get("path", "/")), {}
    if path.strip("/"):
        route["paths"] = [f"/{path.strip('/')}", f"/{path.strip('/')}/*"]
    alias = http.get("alias")
    hosts = (
        [alias]
        if isinstance(alias, str)
        else [one["name"] if isinstance(one, dict) else one for one in alias or []]
    )
    if hosts:
        route["hosts"] = hosts
        entry.unknown.append("loadBalancer.domain: the certificate and the DNS records of http.alias")
    if route:
        entry.set("route", route, "http")
    check = http.get("healthcheck")
    if isinstance(check, str):
        entry.set("healthCheck", {"path": check}, "http.healthcheck")
    elif check:
        entry.set("healthCheck", _health_check(check), "http.healthcheck")
    delay = http.get("deregistration_delay")
    if delay is not None:
        entry.set("deregistrationDelay", seconds(delay), "http.deregistration_delay")


def _health_check(check: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "path" in check:
        found["path"] = str(check["path"])
    if "success_codes" in check:
        found["matcher"] = str(check["success_codes"])
    for key in ("healthy_threshold", "unhealthy_threshold"):
        if key in check:
            head, tail = key.split("_")
            found[head + tail.capitalize()] = int(check[key])
    for key, ours in (("interval", "interval"), ("timeout", "timeout"), ("grace_period", "gracePeriod")):
        if key in check:
            found[ours] = seconds(check[key])
    return found


def _count(entry: Entry, count: Any) -> None:
    if isinstance(count, int):
        entry.set("desiredCount", count, "count")
    elif isinstance(count, dict):
        limits = count.get("range")
        if isinstance(limits, dict):
            limits = f"{limits.get('min', 1)}-{limits.get('max', 10)}"
        low, _, high = str(limits or "1-10").partition("-")
        scaling: dict[str, Any] = {"min": int(low), "max": int(high or low)}
        cpu = count.get("cpu_percentage")
        target = cpu.get("value") if isinstance(cpu, dict) else cpu
        if target:
            scaling["cpu"] = {"target": int(target)}
        entry.set("scaling", scaling, "count")
        for key in set(count) - {"range", "cpu_percentage", "cooldown", "spot"}:
            entry.unknown.append(f"scaling by {key}")
        if "spot" in count:
            entry.unknown.append("spot: cluster.fargate.spotWeight says how many tasks are on Spot")


def _variables(entry: Entry, manifest: Mapping[str, Any]) -> None:
    variables: dict[str, str | None] = {}
    for name, value in (manifest.get("variables") or {}).items():
        if isinstance(value, dict):
            entry.unknown.append(f"{name}, which Copilot imports from CloudFormation ({value})")
        else:
            variables[str(name)] = str(value).lower() if isinstance(value, bool) else str(value)
    entry.add_environment(variables, "variables")
    for name, value in (manifest.get("secrets") or {}).items():
        if isinstance(value, dict):
            kind, source = "secretsManager", value.get("secretsmanager")
        else:
            kind = "secretsManager" if ":secretsmanager:" in str(value) else "ssm"
            source = value
        if source is None:
            entry.unknown.append(f"the secret {name}")
        else:
            entry.settings.setdefault("secrets", {})[str(name)] = {kind: str(source)}
