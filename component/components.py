"""The components that the package offers.

Each class is the signature from which Pulumi infers the schema; what it makes is the very component that the program at
the root of this repository is made of. `from __future__ import annotations` would hide the types from the inference.
"""

from collections.abc import Mapping
from typing import Any, cast

import pulumi
from pulumi.provider.experimental.util import camel_case
from pydantic import BaseModel

from component.args import ClusterArgs, LoadBalancerArgs, MicroserviceArgs, NetworkArgs, ServiceArgs
from component.given import Given, checked
from infra import components as made
from infra.pure.names import StackNames
from infra.settings import cluster, load_balancer, network, service
from infra.settings.loader import load_aws
from infra.settings.root import Settings

_AWS = "aws:index:Provider"
# Its tags are a list, and say whether instances get them.
_OWN_TAGS = frozenset({"aws:autoscaling/group:Group"})
SHARED = ("network", "cluster", "load_balancer", "observability", "encryption", "tags", "production")


class Network(pulumi.ComponentResource):
    """A VPC with public and private subnets in several zones, or one that exists."""

    vpc_id: pulumi.Output[str]
    """The VPC."""

    public_subnet_ids: pulumi.Output[list[str]]
    """Subnets of an internet-facing load balancer."""

    task_subnet_ids: pulumi.Output[list[str]]
    """Subnets of the tasks."""

    def __new__(cls, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> "Network":
        """Make the network of this repository's program."""
        context = _Context("Network", name, args, opts)
        return cast("Network", made.Network(name, made.NetworkArgs(stack=context.stack), context.options))

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:  # the signature that the schema is inferred from; `__new__` does the work
        raise NotImplementedError


class Cluster(pulumi.ComponentResource):
    """An ECS cluster with Fargate, Spot and EC2 capacity, and sessions into its containers."""

    arn: pulumi.Output[str]
    """ARN of the cluster."""

    cluster_name: pulumi.Output[str]
    """Its name."""

    def __new__(cls, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> "Cluster":
        """Make the cluster of this repository's program."""
        context = _Context("Cluster", name, args, opts)
        arguments = made.ClusterArgs(stack=context.stack, network=context.network())
        return cast("Cluster", made.Cluster(name, arguments, context.options))

    def __init__(
        self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:  # see Network
        raise NotImplementedError


class LoadBalancer(pulumi.ComponentResource):
    """An Application Load Balancer whose listeners answer 404 until services add their rules."""

    arn: pulumi.Output[str]
    """Its ARN."""

    url: pulumi.Output[str]
    """Address for a browser."""

    listener_arn: pulumi.Output[str]
    """Listener that services' rules belong to."""

    security_group_id: pulumi.Output[str]
    """Its security group."""

    def __new__(
        cls, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> "LoadBalancer":
        """Make the load balancer of this repository's program."""
        context = _Context("LoadBalancer", name, args, opts)
        arguments = made.LoadBalancerArgs(stack=context.stack, network=context.network())
        balancer = made.LoadBalancer(name, arguments, context.options)
        balancer.redirect_to_https(after=[])
        return cast("LoadBalancer", balancer)

    def __init__(
        self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:  # see Network
        raise NotImplementedError


class Service(pulumi.ComponentResource):
    """A container service with all it needs: image, network, cluster, load balancer, scaling, alarms."""

    url: pulumi.Output[str]
    """Where it answers; empty text for a service without a route."""

    service_name: pulumi.Output[str]
    """Name of the ECS service."""

    cluster_name: pulumi.Output[str]
    """Name of its cluster."""

    image_digest: pulumi.Output[str]
    """Digest of the image that its tasks run."""

    log_group_name: pulumi.Output[str]
    """Log group of its containers."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the service and what it runs on."""
        kind = type(self).__name__
        super().__init__(f"ecs-microservice:index:{kind}", name, None, opts)
        context = _Context(kind, name, args, opts, self)
        stack, options, settings = context.stack, context.options, context.settings.services[name]
        where = context.network()
        runs_on = made.Cluster(name, made.ClusterArgs(stack=stack, network=where), options)
        balancer = discovery = observability = None
        if settings.route.enabled:
            balancer = made.LoadBalancer(name, made.LoadBalancerArgs(stack=stack, network=where), options)
        if namespace := context.settings.cluster.namespace:
            discovery = made.Discovery(name, made.DiscoveryArgs(network=where, namespace=namespace), options)
        if context.settings.is_observed:
            arguments = made.ObservabilityArgs(stack=stack, cluster=runs_on, load_balancer=balancer)
            observability = made.Observability(name, arguments, options)
        image = made.service_image(name, stack, settings, options)
        numbers = made.rule_positions(stack, {name: settings.route.key} if balancer else {})
        service_args = made.MicroserviceArgs(
            stack=stack,
            network=where,
            cluster=runs_on,
            load_balancer=balancer,
            discovery=discovery,
            observability=observability,
            image=image.reference,
            repository_arn=image.repository_arn,
            positions=numbers.get(name),
            settings=settings,
        )
        microservice = made.Microservice(name, service_args, options)
        if balancer:
            balancer.redirect_to_https(after=microservice.rules)
        self.url = balancer.url if balancer else pulumi.Output.from_input("")
        self.service_name = microservice.service_name
        self.cluster_name = runs_on.cluster_name
        self.image_digest = image.digest
        self.log_group_name = microservice.log_group_name
        self.register_outputs(
            {
                "url": self.url,
                "serviceName": self.service_name,
                "clusterName": self.cluster_name,
                "imageDigest": self.image_digest,
                "logGroupName": self.log_group_name,
            }
        )


class Microservice(Service):
    """A container service in a cluster, and behind a load balancer, that exist; it makes nothing but its own."""

    def __init__(self, name: str, args: MicroserviceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the service.

        Raises:
            pulumi.RunError: It is not said which cluster, or with a route which load balancer.
        """
        values: Mapping[str, Any] = args or {}
        routed = (values.get("route") or {}).get("enabled", True)
        for key in ("cluster", "load_balancer") if routed else ("cluster",):
            if not (values.get(key) or {}).get("existing"):
                wanted = camel_case(key)
                raise pulumi.RunError(
                    f"the arguments of Microservice {name!r} have no {wanted}.existing; allowed: the one that it "
                    "joins, for example an output of the components Cluster and LoadBalancer; Service makes its own"
                )
        super().__init__(name, args, opts)


ALL: tuple[type[pulumi.ComponentResource], ...] = (Network, Cluster, LoadBalancer, Service, Microservice)
"""Everything that the package offers."""

CONCERNS: Mapping[str, tuple[str, type[BaseModel]]] = {
    "Network": ("network", network.Network),
    "Cluster": ("cluster", cluster.Cluster),
    "LoadBalancer": ("loadBalancer", load_balancer.LoadBalancer),
    "Service": ("services", service.Service),
    "Microservice": ("services", service.Service),
}
"""Component → the key of a stack file whose settings stand at the top of its arguments, and their model."""


def _provider_of(
    opts: pulumi.ResourceOptions | None, component: pulumi.Resource | None
) -> pulumi.ProviderResource | None:
    """The AWS provider that the program hands to a component, or to one above it; None where it hands none."""
    if component is not None:
        return component.get_provider(_AWS)
    if opts is None:
        return None
    several = opts.providers or []
    named = dict(several) if isinstance(several, Mapping) else {one.package: one for one in several}
    if opts.provider is not None:
        named[opts.provider.package] = opts.provider
    return named.get("aws") or (opts.parent.get_provider(_AWS) if opts.parent is not None else None)


def _tagging(tags: Mapping[str, str]) -> pulumi.ResourceTransformation:
    """Give every part the tags that a provider of the components' own would give it; a part's own tags win."""

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if (
            not args.type_.startswith(("aws:", "awsx:"))
            or "tags" not in args.props
            or args.type_ in _OWN_TAGS
        ):
            return None
        own = pulumi.Output.from_input(args.props["tags"])
        merged = own.apply(lambda known: {**tags, **(known or {})})
        return pulumi.ResourceTransformationResult({**args.props, "tags": merged}, args.opts)

    return transform


class _Context:
    """What the components of this repository need to know, from the arguments of one of them.

    Attributes:
        settings: The checked settings.
        stack: Account, names and settings.
        options: Options of what is made.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        args: Any,
        opts: pulumi.ResourceOptions | None,
        parent: pulumi.Resource | None = None,
    ) -> None:
        given = Given()
        values: Mapping[str, Any] = args or {}
        key, model = CONCERNS[kind]
        mine = given.data(model, {field: one for field, one in values.items() if field in model.model_fields})
        data: dict[str, Any] = {key: {name: mine} if key == "services" else mine}
        shared = {
            field: values[field] for field in SHARED if field in values and field not in model.model_fields
        }
        data = {**given.data(Settings, shared), **data}
        data.setdefault("services", {"web": {}})  # what a service needs is checked where there is one
        secrets: Mapping[str, pulumi.Input[str]] = values.get("secret_values") or {}
        self.settings = checked(kind, name, data, frozenset(secrets))
        self._name = name
        names = StackNames(
            f"{pulumi.get_project()}-{name}",
            pulumi.get_stack(),
            shares_cluster=self.settings.cluster.existing is not None,
        )
        tags = {**names.tags, **self.settings.tags}
        given_provider = _provider_of(opts, parent)
        account = made.AwsAccount.connect(
            load_aws(),
            tags,
            boundary=self.settings.permissions_boundary,
            name=f"{name}-aws",
            parent=parent,
            provider=given_provider,
        )
        mine_only = pulumi.ResourceOptions(
            provider=account.provider,
            parent=parent,
            # A provider of the components' own carries the tags by which the live state is found; another one does not.
            transformations=[_tagging(tags)] if given_provider else None,
        )
        self.options = mine_only if parent else pulumi.ResourceOptions.merge(opts, mine_only)
        key_arn = made.stack_key(
            self.settings.encryption, account, self.options, production=self.settings.production
        )
        self.stack = made.StackContext(
            account=account,
            names=names,
            settings=self.settings,
            secrets={key: pulumi.Output.secret(value) for key, value in secrets.items()},
            references=made.References(given.outputs),
            key_arn=key_arn,
            live=made.read_live(account, names, self.settings),
        )

    def network(self) -> made.Network:
        """Where it all runs; a network that exists, or the default one, has nothing to be made."""
        return made.Network(self._name, made.NetworkArgs(stack=self.stack), self.options)
