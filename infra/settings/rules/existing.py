"""What exists already and is somebody else's: nothing of it is set here, and everybody who shares it leaves room."""

from collections.abc import Iterator, Sequence

from infra.pure.routing import SMALLEST
from infra.settings.base import Model
from infra.settings.problems import Assign, Path, Problem, Remove
from infra.settings.root import Settings


def problems(settings: Settings) -> Iterator[Problem]:
    """Broken rules around existing things."""
    yield from _cluster(settings)
    yield from _balancer(settings)
    for name, service in settings.services.items():
        if service.log_group and "log_retention_days" in service.model_fields_set:
            yield Problem(
                path=("services", name, "logRetentionDays"),
                message="belongs to the owner of the log group; allowed: without logGroup",
                fix=Remove(),
                related=[("services", name, "logGroup")],
            )
        repository = service.build.repository
        if repository.existing:
            here: Path = ("services", name, "build", "repository")
            yield from of_the_owner(here, repository, "repository", allowed=["existing"])


def of_the_owner(path: Path, model: Model, what: str, *, allowed: Sequence[str]) -> Iterator[Problem]:
    """A problem for everything that is said of a thing and belongs to its owner.

    Args:
        path: Where the thing is in the stack file.
        model: Its settings.
        what: What it is, for the message.
        allowed: Fields that say which thing it is, or belong to the stack.
    """
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if name in allowed or name not in model.model_fields_set or value == field.get_default():
            continue
        yield Problem(
            path=(*path, str(field.alias)),
            message=f"belongs to the owner of the existing {what}, of which nothing is changed here; allowed: without "
            "existing",
            fix=Remove(),
            related=[(*path, "existing")],
        )


def _cluster(settings: Settings) -> Iterator[Problem]:
    if settings.cluster.existing:
        allowed = ("existing", "fargate", "namespace")
        yield from of_the_owner(("cluster",), settings.cluster, "cluster", allowed=allowed)


def _balancer(settings: Settings) -> Iterator[Problem]:
    existing, here = settings.load_balancer.existing, ("loadBalancer", "existing")
    if not existing:
        return
    yield from of_the_owner(("loadBalancer",), settings.load_balancer, "load balancer", allowed=["existing"])
    for name, service in settings.services.items():
        if service.route.enabled and not service.route.paths and not service.route.hosts:
            yield Problem(
                path=("services", name, "route"),
                message="has no paths or hosts, and would take every request that nobody else's rule takes, of a load "
                'balancer that others use too; allowed: its own paths or hosts, or paths ["/*"] to say just that',
                fix=Assign(("services", name, "route", "paths"), [f"/{name}", f"/{name}/*"]),
                related=[here],
            )
    if not existing.priorities:
        return
    first, last = existing.priorities.first, existing.priorities.last
    if last - first + 1 < SMALLEST:
        low = max(1, min(first, 50_001 - SMALLEST))
        yield Problem(
            path=(*here, "priorities", "last" if low == first else "first"),
            value=last if low == first else first,
            message=f"leaves {max(0, last - first + 1)} numbers; allowed: at least {SMALLEST} from first to last",
            fix=first + SMALLEST - 1 if low == first else low,
            related=[(*here, "priorities")],
        )
        return
    for name, service in settings.services.items():
        asked = service.route.priority
        if service.route.enabled and asked is not None and not first <= asked <= last:
            yield Problem(
                path=("services", name, "route", "priority"),
                value=asked,
                message=f"is not among the stack's numbers; allowed: {first} to {last}, as "
                "loadBalancer.existing.priorities says",
                fix=first,
                related=[(*here, "priorities")],
            )
