"""The edits: each a function on a stack file's data, with a name."""

from collections.abc import Callable, Sequence
from typing import Any

from changes.stackfile import STRATEGIES, Edit, StackFile

Aws = Callable[[str], Any]
PARAMETER = "/changes/token"
BUSY = {"image": "python:3.13-slim-trixie", "command": ["sleep", "3600"]}
GRADUAL = ("blueGreen", "canary", "linear")


def to_strategy(strategy: str, name: str = "web", *, refused: bool = False) -> Edit:
    """Another deployment strategy."""
    return Edit(
        name=f"{name} to {strategy}",
        apply=lambda stack: stack.set_strategy(name, strategy),
        possible=lambda stack: name in stack.services and stack.strategy(name) != strategy,
        refused=refused,
    )


def new_version(name: str = "web") -> Edit:
    """Another environment variable, which is a new task definition and so a new deployment."""

    def apply(stack: StackFile) -> None:
        environment = stack.services[name]["environment"]
        environment["RELEASE"] = str(int(environment.get("RELEASE", "1")) + 1)

    return Edit(name=f"{name}: a new version", apply=apply, possible=lambda stack: name in stack.services)


def port(number: int, name: str = "web") -> Edit:
    """Another container port, which the app is told by a variable."""

    def apply(stack: StackFile) -> None:
        stack.services[name]["port"] = number
        stack.services[name]["environment"]["PORT"] = str(number)

    return Edit(
        name=f"{name}: port {number}",
        apply=apply,
        possible=lambda stack: (
            name in stack.services and stack.services[name].get("port", stack.exposes) != number
        ),
    )


def exposed(number: int, name: str = "web") -> Edit:
    """The port that the Dockerfile exposes, which the app is told by the program."""

    def apply(stack: StackFile) -> None:
        stack.exposes = number
        stack.services[name].pop("port", None)
        stack.services[name]["environment"].pop("PORT", None)

    return Edit(
        name=f"{name}: EXPOSE {number}",
        apply=apply,
        possible=lambda stack: (
            name in stack.services and (stack.exposes != number or "port" in stack.services[name])
        ),
    )


def setting(what: str, key: str, value: Any, name: str = "web", *, refused: bool = False) -> Edit:
    """Set or replace one key of a service; None takes it away."""

    def apply(stack: StackFile) -> None:
        if value is None:
            stack.services[name].pop(key, None)
        else:
            stack.services[name][key] = value

    return Edit(
        name=f"{name}: {what}",
        apply=apply,
        possible=lambda stack: name in stack.services and stack.services[name].get(key) != value,
        refused=refused,
    )


def count(number: int, name: str = "web") -> Edit:
    """Another number of tasks."""
    return setting(f"{number} task{'s' if number > 1 else ''}", "desiredCount", number, name)


def concern(what: str, key: str, value: Any, **more: Any) -> Edit:
    """Set or replace a key of the whole stack; None takes it away."""

    def apply(stack: StackFile) -> None:
        if value is None:
            stack.config.pop(key, None)
        else:
            stack.config[key] = value

    return Edit(
        name=what,
        apply=apply,
        possible=lambda stack: stack.config.get(key) != value,
        **more,
    )


def own_certificate(host: str) -> Edit:
    """A certificate of the account instead of one that the stack makes."""
    found = {"arn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789"}

    def put(aws: Aws) -> None:
        found["arn"] = aws("acm").request_certificate(DomainName=host, ValidationMethod="DNS")[
            "CertificateArn"
        ]

    def apply(stack: StackFile) -> None:
        stack.config["loadBalancer"] = {"domain": {"name": host}, "certificateArn": found["arn"]}

    return Edit(name="a certificate of the account", apply=apply, outside=put)


def add_secret(name: str = "web") -> Edit:
    """A variable from an SSM parameter."""

    def put(aws: Aws) -> None:
        aws("ssm").put_parameter(Name=PARAMETER, Value="one", Type="SecureString", Overwrite=True)

    edit = setting("add a secret", "secrets", {"TOKEN": {"ssm": PARAMETER}}, name)
    return Edit(name=edit.name, apply=edit.apply, possible=edit.possible, outside=put)


def rotate_secret(name: str = "web") -> Edit:
    """A new version of the secret: the stack file stays as it is, and the tasks are replaced."""

    def put(aws: Aws) -> None:
        aws("ssm").put_parameter(Name=PARAMETER, Value="two", Type="SecureString", Overwrite=True)

    return Edit(
        name=f"{name}: a new version of the secret",
        apply=lambda _: None,
        possible=lambda stack: "secrets" in stack.services.get(name, {}),
        outside=put,
    )


def remove_secret(name: str = "web") -> Edit:
    """Without the secret again."""
    return setting("remove the secret", "secrets", None, name)


def add_sidecar(name: str = "web") -> Edit:
    """A second container in each task."""
    return setting("add a sidecar", "sidecars", {"helper": BUSY}, name)


def remove_sidecar(name: str = "web") -> Edit:
    """Without the second container again."""
    return setting("remove the sidecar", "sidecars", None, name)


def add_scaling(name: str = "web") -> Edit:
    """Automatic scaling on requests, which every strategy may have."""
    scaling = {"min": 2, "max": 3, "requestsPerTarget": {"target": 100_000}}
    return setting("add scaling", "scaling", scaling, name)


def remove_scaling(name: str = "web") -> Edit:
    """Without automatic scaling again."""
    return setting("remove scaling", "scaling", None, name)


def discovery(mode: str | None, name: str = "web") -> Edit:
    """Found inside the cluster by Service Connect, by DNS, or not."""
    found = setting(f"discovery {mode or 'off'}", "discovery", {"mode": mode} if mode else None, name)

    def apply(stack: StackFile) -> None:
        found.apply(stack)
        stack.config["cluster"] = stack.config.get("cluster", {}) | {"namespace": "shop.internal"}

    return Edit(name=found.name, apply=apply, possible=found.possible)


def carve_out(
    name: str, paths: Sequence[str], strategy: str = "rolling", *, priority: int | None = None, **more: Any
) -> Edit:
    """A path of a running service for a new one."""

    def apply(stack: StackFile) -> None:
        route: dict[str, Any] = {"paths": list(paths)}
        if priority is not None:
            route["priority"] = priority
        stack.add(name, route=route, desiredCount=1)
        stack.set_strategy(name, strategy)

    return Edit(
        name=f"carve {' '.join(paths)} out for {name}"
        + (f" with {strategy}" if strategy != "rolling" else ""),
        apply=apply,
        possible=lambda stack: name not in stack.services,
        **more,
    )


def remove(name: str, *, refused: bool = False) -> Edit:
    """A service goes, and another answers its path."""
    return Edit(
        name=f"remove {name}",
        apply=lambda stack: stack.services.pop(name),
        possible=lambda stack: name in stack.services and len(stack.services) > 1,
        refused=refused,
    )


def rename(old: str, new: str, *, refused: bool = False) -> Edit:
    """A service gets another name, with everything else as it was."""

    def apply(stack: StackFile) -> None:
        settings = stack.services.pop(old)
        settings["environment"] |= {"GREETING": new, "APP_VERSION": new}
        stack.services[new] = settings

    return Edit(
        name=f"rename {old} to {new}",
        apply=apply,
        possible=lambda stack: old in stack.services and new not in stack.services,
        refused=refused,
    )


def route(paths: Sequence[str], name: str) -> Edit:
    """Other paths of one service."""
    return setting(f"route {' '.join(paths) or 'everything'}", "route", {"paths": list(paths)}, name)


def priorities(**numbers: int) -> Edit:
    """The positions of the services' rules."""

    def apply(stack: StackFile) -> None:
        for name, number in numbers.items():
            stack.services[name]["route"] = stack.services[name].get("route", {}) | {"priority": number}

    return Edit(
        name="priorities " + ", ".join(f"{name} {number}" for name, number in numbers.items()),
        apply=apply,
        possible=lambda stack: all(name in stack.services for name in numbers),
    )


def swap_routes(one: str, other: str) -> Edit:
    """Two services exchange what they answer."""

    def apply(stack: StackFile) -> None:
        first, second = stack.services[one], stack.services[other]
        mine, its = first.pop("route", None), second.pop("route", None)
        if its is not None:
            first["route"] = its
        if mine is not None:
            second["route"] = mine

    return Edit(
        name=f"swap the routes of {one} and {other}",
        apply=apply,
        possible=lambda stack: one in stack.services and other in stack.services,
    )


def zones(number: int) -> Edit:
    """More or fewer availability zones of the stack's own VPC."""

    def apply(stack: StackFile) -> None:
        stack.config["network"]["create"]["zones"] = number

    return Edit(
        name=f"{number} zones",
        apply=apply,
        possible=lambda stack: (
            stack.config.get("network", {}).get("create", {}).get("zones", number) != number
        ),
    )


def launch(kind: str, name: str = "web") -> Edit:
    """Tasks on Fargate or on EC2 instances."""
    on = setting(f"launch {kind}", "launch", kind, name)

    def apply(stack: StackFile) -> None:
        on.apply(stack)
        stack.config["cluster"] = stack.config.get("cluster", {}) | {"ec2": {"minSize": 1}}

    return Edit(name=on.name, apply=apply, possible=on.possible)


def without_instances(name: str = "web", *, refused: bool = False) -> Edit:
    """No EC2 instances any more, and the service on Fargate at the latest now."""

    def apply(stack: StackFile) -> None:
        stack.services[name].pop("launch", None)
        stack.config.pop("cluster")

    return Edit(
        name="no EC2 instances" + (", and the service from there to Fargate" if refused else ""),
        apply=apply,
        possible=lambda stack: "ec2" in stack.config.get("cluster", {}),
        refused=refused,
    )


EVERYDAY: Sequence[Edit] = (
    *(to_strategy(strategy) for strategy in STRATEGIES),
    new_version(),
    port(5001),
    port(5000),
    exposed(5002),
    exposed(5000),
    count(1),
    count(2),
    add_secret(),
    rotate_secret(),
    remove_secret(),
    add_sidecar(),
    remove_sidecar(),
    add_scaling(),
    remove_scaling(),
    discovery("serviceConnect"),
    discovery("dns"),
    discovery(None),
    carve_out("status", ["/healthz"]),
    carve_out("status", ["/healthz"], "canary"),
    remove("status"),
    route(["/healthz", "/status"], "status"),
    swap_routes("web", "status"),
    priorities(web=20, status=10),
    priorities(web=30, status=20),
)
"""What random walks choose from."""
