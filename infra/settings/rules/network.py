"""The network: one origin, enough addresses, and a way for tasks to pull their images."""

import re
from collections.abc import Iterator

from infra.pure import subnets
from infra.pure.references import has_reference
from infra.settings.network import CreatedNetwork, Endpoint, ExistingNetwork
from infra.settings.problems import Assign, Path, Problem, Remove
from infra.settings.root import Settings

IMAGE_ENDPOINTS: tuple[Endpoint, ...] = ("s3", "ecr", "logs")
"""What a task needs to start: the registry, the store of its layers, the logs."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Broken rules of the network."""
    network = settings.network
    if network.create and network.existing:
        yield Problem(
            path=("network", "existing"),
            message="is set together with network.create; allowed: only one of the two",
            fix=Remove(),
            related=[("network", "create")],
        )
    if network.existing:
        yield from _named(network.existing)
        yield from _subnets(network.existing, settings)
    public = network.existing.public_subnet_ids if network.existing else ()
    if len(public) == 1 and not has_reference(public[0]):
        yield Problem(
            path=("network", "existing", "publicSubnetIds"),
            value=list(public),
            message="a load balancer stands in them; allowed: at least two, in different zones",
        )
    private = network.existing.private_subnet_ids if network.existing else ()
    one = len(private) == 1 and not has_reference(private[0])
    if settings.load_balancer.internal and one and not network.tasks_are_public:
        yield Problem(
            path=("network", "existing", "privateSubnetIds"),
            value=list(private),
            message="an internal load balancer stands in them; allowed: at least two, in different zones",
            related=[("loadBalancer", "internal"), ("network", "publicTasks")],
        )
    if network.existing and "s3" in network.endpoints and not network.existing.route_table_ids:
        yield Problem(
            path=("network", "existing", "routeTableIds"),
            message="is missing: the S3 endpoint joins route tables, and the VPC's others are not this stack's "
            "business; allowed: the tables of the tasks' subnets (aws ec2 describe-route-tables)",
            related=[("network", "endpoints")],
        )
    if network.create:
        yield from _addresses(network.create)
    if not network.tasks_reach_the_internet:
        yield from _endpoints(settings)
        yield from _foreign_images(settings)


def _named(existing: ExistingNetwork) -> Iterator[Problem]:
    """By ids or by tags, not by both."""
    here: Path = ("network", "existing")
    pairs: list[tuple[str, object, str, object]] = [("vpcId", existing.vpc_id, "vpcTags", existing.vpc_tags)]
    pairs += [
        ("publicSubnetIds", existing.public_subnet_ids, "publicSubnetTags", existing.public_subnet_tags)
    ]
    pairs += [
        ("privateSubnetIds", existing.private_subnet_ids, "privateSubnetTags", existing.private_subnet_tags)
    ]
    for by_id, ids, by_tags, tags in pairs:
        if ids and tags:
            yield Problem(
                path=(*here, by_tags),
                message=f"is set together with {by_id}; allowed: one of the two",
                fix=Remove(),
                related=[(*here, by_id)],
            )
    if not existing.vpc_id and not existing.vpc_tags:
        yield Problem(
            path=(*here, "vpcId"),
            message="is missing, and so is vpcTags; allowed: the VPC by its id, or by its tags, such as its Name",
            fix=Assign((*here, "vpcTags", "Name"), "shop"),
            related=[(*here, "vpcTags")],
        )


def _subnets(existing: ExistingNetwork, settings: Settings) -> Iterator[Problem]:
    """Public subnets where something public stands in them."""
    if existing.has_public:
        return
    here: Path = ("network", "existing")
    balancer = settings.load_balancer
    routed = any(service.route.enabled for service in settings.services.values())
    if settings.network.tasks_are_public:
        what = (
            "the tasks run in them" if settings.network.public_tasks else "privateSubnetIds are missing too"
        )
    elif routed and not balancer.internal and not balancer.existing:
        what = "an internet-facing load balancer stands in them"
    else:
        return
    yield Problem(
        path=(*here, "publicSubnetIds"),
        message=f"is missing, and {what}; allowed: public subnets, by ids or publicSubnetTags, or, in a VPC without "
        "any, private subnets with loadBalancer.internal",
        fix=Assign(("loadBalancer", "internal"), True)
        if existing.has_private and not settings.network.public_tasks
        else Assign((*here, "publicSubnetTags", "Name"), "public-*"),
        related=[(*here, "privateSubnetIds"), ("loadBalancer", "internal"), ("network", "publicTasks")],
    )


def _addresses(create: CreatedNetwork) -> Iterator[Problem]:
    path = ("network", "create", "cidr")
    if create.zones > create.max_zones:
        yield Problem(
            path=("network", "create", "zones"),
            value=create.zones,
            message=f"allowed: at most the maxZones of {create.max_zones}",
            fix=create.max_zones,
            related=[("network", "create", "maxZones")],
        )
    fits = subnets.plan(create.cidr, create.max_zones)
    if fits is None:
        yield Problem(
            path=path,
            value=create.cidr,
            message=f"does not hold the subnets of {create.max_zones} zones, for which it is divided; allowed: a range "
            f"from /16 to {_smallest(create.max_zones)}, or fewer maxZones",
            fix=re.sub(r"^(\d+\.\d+)\..*", r"\1.0.0/16", create.cidr),
            related=[("network", "create", "zones"), ("network", "create", "maxZones")],
        )


def _smallest(zones: int) -> str:
    return next(f"/{prefix}" for prefix in range(28, 15, -1) if subnets.plan(f"10.0.0.0/{prefix}", zones))


def _endpoints(settings: Settings) -> Iterator[Problem]:
    """Sst#6019: private tasks cannot pull."""
    missing = [endpoint for endpoint in _needed(settings) if endpoint not in settings.network.endpoints]
    if missing:
        yield Problem(
            path=("network", "endpoints"),
            value=list(settings.network.endpoints),
            message=f"{_closed(settings)} and could not start; allowed: a list with {', '.join(missing)}, or a way out "
            f"({_ways_out(settings)})",
            fix=Assign(("network", "endpoints"), [*settings.network.endpoints, *missing]),
            related=[
                ("network", "create"),
                ("network", "existing"),
                ("network", "publicTasks"),
                ("network", "egress"),
            ],
        )


def _closed(settings: Settings) -> str:
    """Why tasks do not reach AWS's public addresses."""
    if settings.network.egress.reaches_aws:
        return "the tasks are in private subnets without NAT"
    return "network.egress does not let the tasks reach AWS's public addresses on port 443"


def _ways_out(settings: Settings) -> str:
    if settings.network.egress.reaches_aws:
        return "network.create.nat, network.publicTasks"
    return "network.egress with 0.0.0.0/0 and port 443"


def _needed(settings: Settings) -> Iterator[Endpoint]:
    yield from IMAGE_ENDPOINTS
    sources = [source for service in settings.services.values() for source in service.all_secrets.values()]
    if any(source.secrets_manager or source.config for source in sources):
        yield "secretsmanager"
    if any(source.ssm for source in sources):
        yield "ssm"
    sessions = any(service.execute_command for service in settings.services.values())
    if sessions:
        yield "ssmmessages"
    if sessions or any(source.kms_key_arn for source in sources):
        yield "kms"
    if settings.cluster.ec2:
        yield "ecs"


def _foreign_images(settings: Settings) -> Iterator[Problem]:
    """An image outside ECR is out of reach, whatever the endpoints."""
    for name, service in settings.services.items():
        images: list[tuple[Path, str | None]] = [(("services", name, "image"), service.image)]
        images += [
            (("services", name, "sidecars", side, "image"), sidecar.image)
            for side, sidecar in service.sidecars.items()
        ]
        for path, image in images:
            if image and not re.match(r"^\d{12}\.dkr\.ecr\.", image):
                yield Problem(
                    path=path,
                    value=image,
                    message=f"{_closed(settings)} and reach only images in ECR; allowed: an image in ECR, "
                    f"or a way out ({_ways_out(settings)})",
                    related=[("network",)],
                )
