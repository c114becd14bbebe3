"""What an AWS Copilot manifest says about its service (Copilot's manifest documentation, v1.34)."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from automation.init import dockerfile
from automation.init.entry import Entry, seconds, service_name
from infra.pure.sensitive import SECRET
from localcloud.errors import LocalCloudError

# Keys of a manifest that are understood, or say nothing about the service.
KNOWN = frozenset(
    (
        *(
            "name",
            "type",
            "image",
            "http",
            "cpu",
            "memory",
            "count",
            "exec",
            "platform",
            "network",
            "variables",
        ),
        *("secrets", "sidecars", "environments", "command", "entrypoint"),
    )
)
HINTS = {
    "storage": "what a task writes is lost when it ends; keep files in S3, and container.writablePaths in memory",
    "env_file": "move its variables into environment, the secret ones into secrets",
    "nlb": "a network load balancer; only HTTP is routed here",
    "deployment": "see services.<name>.deployment",
    "publish": "give the app the topics' ARNs in environment, and the rights in permissions.statements",
    "subscribe": "see the note on its queue",
    "observability": "see observability",
    "logging": "its lines go to CloudWatch Logs",
    "taskdef_overrides": "see the settings table for what takes its place",
}
HTTP = frozenset(("path", "alias", "healthcheck", "deregistration_delay", "target_port"))
# Copilot fills these by itself; others come from the shell that deploys (its documentation, "Manifest interpolation").
VARIABLE = re.compile(r"\$\{([\w-]+)\}")

ROUTED = "Load Balanced Web Service"
KINDS = (ROUTED, "Backend Service", "Worker Service")


def is_manifest(path: Path) -> bool:
    """Whether a YAML file looks like a manifest."""
    return path.name in {"manifest.yml", "manifest.yaml"} and path.is_file()


def read(path: Path, project: Path, environment: str | None = None) -> tuple[Entry, dict[str, Any]]:
    """The entry of the service that a manifest describes, and settings of the whole stack that it needs.

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
    known = _predefined(path, environment)
    manifest = _filled(_merged(manifest, overrides), known)
    entry = Entry(name=service_name(str(manifest.get("name", path.parent.name))), origin=str(path.name))
    _image(entry, manifest, path, project)
    _http(entry, manifest, kind)
    entry.set_size(manifest.get("cpu"), manifest.get("memory"), "cpu, memory")
    _count(entry, manifest.get("count"))
    _variables(entry, manifest)
    stack = _sessions_and_names(entry, manifest, project)
    if str(manifest.get("platform", "")).endswith("arm64"):
        entry.set("architecture", "arm64", "platform")
    elif "windows" in str(manifest.get("platform", "")):
        entry.unknown.append("its platform is Windows, and tasks here run Linux")
    _sidecars(entry, manifest)
    for key in manifest:
        if manifest[key] and key not in KNOWN:
            entry.unknown.append(f"{key} is left out: {HINTS.get(key, 'there is nothing like it here')}")
    if kind == "Worker Service":
        entry.unknown.append(
            "its queue: give the app its URL in environment, and the rights in permissions.statements"
        )
    for name in dict.fromkeys(VARIABLE.findall(repr(entry.settings))):
        entry.unknown.append(f"the value of ${{{name}}}, which Copilot takes from where it is run")
    return entry, stack


def _predefined(path: Path, environment: str | None) -> dict[str, str]:
    """What Copilot puts in the place of its own variables, as far as files say it."""
    known = {"COPILOT_ENVIRONMENT_NAME": environment} if environment else {}
    workspace = path.resolve().parents[1] / ".workspace"
    if workspace.is_file():
        said = yaml.safe_load(workspace.read_text("utf-8"))
        if isinstance(said, dict) and said.get("application"):
            known["COPILOT_APPLICATION_NAME"] = str(said["application"])
    return known


def _filled(value: Any, known: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, known) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, known) for inner in value]
    return (
        VARIABLE.sub(lambda found: known.get(found[1], found[0]), value) if isinstance(value, str) else value
    )


def _sessions_and_names(entry: Entry, manifest: Mapping[str, Any], project: Path) -> dict[str, Any]:
    cluster: dict[str, Any] = {}
    if manifest.get("exec"):
        entry.set("executeCommand", True, "exec")
        # The agent of a session writes into the container's file system (ECS Developer Guide, "ECS Exec").
        entry.settings.setdefault("container", {})["readOnlyRootFilesystem"] = False
        entry.reasons.setdefault("container", "exec has to write")
        cluster["executeCommand"] = {"logRetentionDays": 90}
    if (manifest.get("network") or {}).get("connect"):
        cluster["namespace"] = f"{service_name(project.resolve().name)}.internal"
        entry.set("discovery", {}, f"network.connect: others call it as {entry.name}")
    return {"cluster": cluster} if cluster else {}


def _sidecars(entry: Entry, manifest: Mapping[str, Any]) -> None:
    for name, sidecar in (manifest.get("sidecars") or {}).items():
        image = sidecar.get("image")
        image = image.get("location") if isinstance(image, dict) else image
        if not image:
            entry.unknown.append(
                f"the sidecar {name}: it is built from a Dockerfile; push its image and name it in sidecars"
            )
            continue
        known: dict[str, Any] = {"image": _tagged(str(image))}
        given = {
            key: value for key, value in (sidecar.get("variables") or {}).items() if not SECRET.search(key)
        }
        if given:
            known["environment"] = {str(key): str(value) for key, value in given.items()}
        if sidecar.get("essential", True):  # Copilot's default, where ours is false
            known["essential"] = True
        entry.settings.setdefault("sidecars", {})[service_name(name)] = known
        rest = set(sidecar) - {"image", "essential", "variables"}
        rest |= {"variables"} if len(given) < len(sidecar.get("variables") or {}) else set()
        if rest:
            entry.unknown.append(f"of the sidecar {name}: {', '.join(sorted(rest))}")


def _tagged(image: str) -> str:
    return image if ":" in image.rsplit("/", 1)[-1] or "@" in image else f"{image}:latest"


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
        entry.set("image", _tagged(str(image["location"])), "image.location")
    elif image.get("build"):
        _build(entry, image["build"], path, project, port)
    check = dockerfile.container_health_check(image.get("healthcheck") or {})
    if check:
        entry.settings.setdefault("container", {})["healthCheck"] = check
    for key in set(image) - {"port", "location", "build", "healthcheck"}:
        entry.unknown.append(f"image.{key} is left out")
    for key, ours in (("command", "command"), ("entrypoint", "entryPoint")):
        value = manifest.get(key)
        if value:
            words = value.split() if isinstance(value, str) else [str(word) for word in value]
            entry.settings.setdefault("container", {})[ours] = words


def _build(entry: Entry, build: Any, path: Path, project: Path, port: Any) -> None:
    # Paths are relative to the workspace, the folder that `copilot/` is in.
    workspace = path.resolve().parents[2]
    options: dict[str, Any] = {"dockerfile": build} if isinstance(build, str) else build
    file = workspace / str(options.get("dockerfile", "Dockerfile")).lstrip("/")
    context = workspace / str(options["context"]).lstrip("/") if options.get("context") else file.parent
    settings: dict[str, Any] = {"context": os.path.relpath(context, project.resolve())}
    inside = os.path.relpath(file, context)
    if inside != "Dockerfile":
        settings["dockerfile"] = inside
    if options.get("target"):
        settings["target"] = str(options["target"])
    arguments = {str(name): str(value) for name, value in (options.get("args") or {}).items()}
    for name in [name for name in arguments if SECRET.search(name)]:
        del arguments[name]
        entry.unknown.append(
            f"the build argument {name} is left out: it would be in the image for all to read"
        )
    if arguments:
        settings["args"] = arguments
    entry.set("build", settings, "image.build")
    if file.is_file():
        dockerfile.describe(entry, file, target=options.get("target"), said_port=int(port) if port else None)
    else:
        entry.unknown.append(f"{file} is not there")


def _http(entry: Entry, manifest: Mapping[str, Any], kind: str) -> None:
    http = manifest.get("http")
    if kind != ROUTED or http is False:
        entry.set("route", {"enabled": False}, f"a {kind}" if kind != ROUTED else "http: false")
        if kind != ROUTED and http:
            entry.unknown.append(
                "http is left out: Copilot serves it on an internal load balancer, which loadBalancer.internal makes "
                "of the stack's own"
            )
        return
    http = http or {}
    _route(entry, http)
    check = http.get("healthcheck")
    if isinstance(check, str):
        entry.set("healthCheck", {"path": check}, "http.healthcheck")
    elif check:
        entry.set("healthCheck", _health_check(check), "http.healthcheck")
    delay = http.get("deregistration_delay")
    if delay is not None:
        entry.set("deregistrationDelay", seconds(delay), "http.deregistration_delay")
    if http.get("target_port") and http["target_port"] != entry.settings.get("port"):
        entry.unknown.append(f"http.target_port is {http['target_port']}: requests go to port here")
    for key in sorted(set(http) - HTTP):
        if http[key]:
            entry.unknown.append(f"http.{key} is left out")


def _route(entry: Entry, http: Mapping[str, Any]) -> None:
    path, alias, route = str(http.get("path", "/")), http.get("alias"), {}
    if path.strip("/"):
        route["paths"] = [f"/{path.strip('/')}", f"/{path.strip('/')}/*"]
    names = (
        alias.split(",")
        if isinstance(alias, str)
        else [one["name"] if isinstance(one, dict) else one for one in alias or []]
    )
    hosts = [name.strip() for name in names if not VARIABLE.search(name)]
    if hosts:
        route["hosts"] = hosts
    if len(hosts) < len(names):
        entry.unknown.append(f"route.hosts: {', '.join(name for name in names if VARIABLE.search(name))}")
    if names:
        entry.unknown.append("loadBalancer.domain: the certificate and the DNS records of http.alias")
    if route:
        entry.set("route", route, "http")


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
    dockerfile.within_interval(found, interval=15)
    return found


def _count(entry: Entry, count: Any) -> None:
    if isinstance(count, int):
        entry.set("desiredCount", count, "count")
    elif isinstance(count, dict):
        limits = count.get("range")
        if isinstance(limits, dict):
            if "spot_from" in limits:
                entry.unknown.append("spot_from: cluster.fargate.spotWeight says how many tasks are on Spot")
            limits = f"{limits.get('min', 1)}-{limits.get('max', 10)}"
        low, _, high = str(limits or "1-10").partition("-")
        targets = {
            "cpu": count.get("cpu_percentage"),
            "memory": count.get("memory_percentage"),
            # Copilot's are per task and minute, as ALBRequestCountPerTarget is.
            "requestsPerTarget": count.get("requests")
            if entry.settings.get("route") != {"enabled": False}
            else None,
        }
        scaling = {key: {"target": _target(target)} for key, target in targets.items() if target}
        if scaling:
            entry.set("scaling", {"min": int(low), "max": int(high or low), **scaling}, "count")
        else:
            entry.set("desiredCount", int(count.get("spot") or low), "count")
            if limits:
                entry.unknown.append(f"scaling from {low} to {high or low} tasks: nothing known says when")
        understood = {"range", "cpu_percentage", "memory_percentage", "cooldown", "spot"}
        for key in sorted(
            set(count) - understood - ({"requests"} if "requestsPerTarget" in scaling else set())
        ):
            entry.unknown.append(f"scaling by {key}")
        if "spot" in count:
            entry.unknown.append("spot: cluster.fargate.spotWeight says how many tasks are on Spot")


def _target(said: Any) -> int:
    return int(said["value"] if isinstance(said, dict) else said)


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
