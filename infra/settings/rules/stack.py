"""What the services of a stack share: routes, names, the certificate, secrets in the configuration."""

from collections import defaultdict
from collections.abc import Iterator

from infra.pure import instances
from infra.settings.problems import Assign, Command, Path, Problem, Remove
from infra.settings.root import Settings

COMMON_NAME = 64
"""Characters of a certificate's common name (RFC 5280; ACM API, RequestCertificate `DomainName`)."""


def problems(settings: Settings, config_secrets: frozenset[str]) -> Iterator[Problem]:
    """Broken rules between the concerns of a stack."""
    yield from _routes(settings)
    yield from _priorities(settings)
    yield from _certificate(settings)
    yield from _capacity(settings)
    yield from _optional_parts(settings)
    yield from _config_secrets(settings, config_secrets)
    for key in settings.tags:
        if key.lower().startswith("aws:"):
            yield Problem(
                path=("tags", key),
                message="names that begin with aws: belong to AWS; allowed: any other name",
                fix=Remove(),
            )


def _routes(settings: Settings) -> Iterator[Problem]:
    """No two services answer the same requests."""
    owners: dict[tuple[frozenset[str], frozenset[str]], list[str]] = defaultdict(list)
    for name, service in settings.services.items():
        if service.route.enabled:
            hosts = frozenset(host.lower() for host in service.route.hosts)
            owners[hosts, frozenset(service.route.paths)].append(name)
    for (hosts, paths), names in owners.items():
        what = (
            "has the same paths and hosts"
            if hosts or paths
            else "has no paths or hosts and takes every request"
        )
        for name in names[1:]:
            yield Problem(
                path=("services", name, "route"),
                message=f"{what}, as services.{names[0]}.route does; allowed: one such service",
                fix=Assign(("services", name, "route", "paths"), [f"/{name}", f"/{name}/*"]),
                related=[("services", names[0], "route")],
            )


def _priorities(settings: Settings) -> Iterator[Problem]:
    owners: dict[int, list[str]] = defaultdict(list)
    for name, service in settings.services.items():
        if service.route.enabled and service.route.priority is not None:
            owners[service.route.priority].append(name)
    for priority, names in owners.items():
        for name in names[1:]:
            yield Problem(
                path=("services", name, "route", "priority"),
                value=priority,
                message=f"is also that of services.{names[0]}; allowed: a number no other service has",
                fix=Remove(),
                related=[("services", names[0], "route", "priority")],
            )


def _certificate(settings: Settings) -> Iterator[Problem]:
    domain, here = settings.load_balancer.domain, ("loadBalancer", "domain")
    if not domain:
        return
    certificate = ("loadBalancer", "certificateArn")
    if not domain.zone and not settings.load_balancer.certificate_arn:
        parent = domain.name.removeprefix("*.").split(".", 1)
        yield Problem(
            path=(*here, "zone"),
            message="is missing, and so is certificateArn: without a zone no certificate can be validated; "
            "allowed: the Route 53 zone of the domain, or an existing certificate",
            fix=parent[1] if "." in parent[1] else domain.name.removeprefix("*."),
            related=[certificate],
        )
    if domain.zone and not settings.load_balancer.certificate_arn and len(domain.name) > COMMON_NAME:
        yield Problem(
            path=(*here, "name"),
            value=domain.name,
            message=f"has {len(domain.name)} characters; allowed: at most {COMMON_NAME} in a certificate's first name",
            related=[certificate, (*here, "zone")],
        )
    if domain.name in domain.alternative_names:
        yield Problem(
            path=(*here, "alternativeNames"),
            value=list(domain.alternative_names),
            message="holds the name itself; allowed: further names only",
            fix=Remove(),
            related=[(*here, "name")],
        )
    if not domain.zone:
        if domain.zone_id:
            yield Problem(
                path=(*here, "zone"),
                message="is missing beside zoneId; allowed: the name of that zone",
                fix=domain.name.removeprefix("*.").partition(".")[2] or domain.name,
            )
        return
    for index, name in enumerate([domain.name, *domain.alternative_names]):
        if name != domain.zone and not name.endswith(f".{domain.zone}"):
            path: Path = (*here, "name") if index == 0 else (*here, "alternativeNames", index - 1)
            yield Problem(
                path=path,
                value=name,
                message=f"is not in the zone; allowed: names that end in .{domain.zone}",
                fix=f"{name.split('.')[0]}.{domain.zone}",
                related=[(*here, "zone")],
            )
    if domain.name.startswith("*."):
        yield Problem(
            path=(*here, "name"),
            value=domain.name,
            message="is what the stack's url shows; allowed: a name without wildcard (alternativeNames take them)",
            fix=domain.name.removeprefix("*."),
        )


def _capacity(settings: Settings) -> Iterator[Problem]:
    fargate, ec2 = settings.cluster.fargate, settings.cluster.ec2
    if not fargate.on_demand_weight and not fargate.spot_weight:
        yield Problem(
            path=("cluster", "fargate", "onDemandWeight"),
            value=0,
            message="no capacity has a weight; allowed: at least 1 for one of onDemandWeight and spotWeight",
            fix=1,
            related=[("cluster", "fargate", "spotWeight")],
        )
    if ec2 and instances.architecture(ec2.instance_type) != ec2.architecture:
        yield Problem(
            path=("cluster", "ec2", "instanceType"),
            value=ec2.instance_type,
            message=f"is not {ec2.architecture}, as cluster.ec2.architecture says; allowed: a type that is",
            fix=instances.EXAMPLES[ec2.architecture],
            related=[("cluster", "ec2", "architecture")],
        )
    if ec2 and ec2.min_size > ec2.max_size:
        yield Problem(
            path=("cluster", "ec2", "minSize"),
            value=ec2.min_size,
            message=f"allowed: at most the maxSize of {ec2.max_size}",
            fix=ec2.max_size,
            related=[("cluster", "ec2", "maxSize")],
        )


def _optional_parts(settings: Settings) -> Iterator[Problem]:
    """A service that needs a part of the cluster that is not there."""
    for name, service in settings.services.items():
        if service.execute_command and not settings.cluster.execute_command:
            yield Problem(
                path=("services", name, "executeCommand"),
                value=True,
                message="the cluster forbids sessions; allowed: with cluster.executeCommand",
                fix=Assign(("cluster", "executeCommand", "logRetentionDays"), 90),
                related=[("cluster", "executeCommand")],
            )
        if service.discovery and not settings.cluster.namespace:
            yield Problem(
                path=("services", name, "discovery"),
                message="needs a domain to be found in; allowed: with cluster.namespace",
                fix=Assign(("cluster", "namespace"), "services.internal"),
                related=[("cluster", "namespace")],
            )
    listener = settings.load_balancer.test_listener
    ports = {80, 443} if settings.load_balancer.serves_https else {80}
    if listener and listener.port in ports:
        yield Problem(
            path=("loadBalancer", "testListener", "port"),
            value=listener.port,
            message="is a port of the public listeners; allowed: any other",
            fix=9000,
        )


def _config_secrets(settings: Settings, known: frozenset[str]) -> Iterator[Problem]:
    for name, service in settings.services.items():
        asked: list[tuple[Path, str]] = [
            (("services", name, "build", "secrets", variable), key)
            for variable, key in service.build.secrets.items()
        ]
        asked += [
            (("services", name, "secrets", variable, "config"), source.config)
            for variable, source in service.secrets.items()
            if source.config
        ]
        for path, key in asked:
            if key not in known:
                yield Problem(
                    path=path,
                    value=key,
                    message="the stack has no such encrypted value; allowed: one set with --secret",
                    fix=Command(key),
                )
