"""The stack: one network, one cluster, one load balancer, and each service with its image."""

import gc

import pulumi

from infra import components as c
from infra.pure.names import StackNames
from infra.settings.loader import load

# A program's objects live until it ends; looking for garbage among them doubles the time of a large stack.
gc.set_threshold(500_000, 20, 50)

loaded = load()
settings = loaded.settings
names = StackNames(
    pulumi.get_project(), pulumi.get_stack(), shares_cluster=settings.cluster.existing is not None
)
account = c.AwsAccount.connect(
    loaded.aws, {**names.tags, **settings.tags}, boundary=settings.permissions_boundary
)
on_aws = pulumi.ResourceOptions(provider=account.provider)
c.check_standing(account, settings, names.tags)
live = c.read_live(account, names, settings)
key_arn = c.stack_key(settings.encryption, account, on_aws, production=settings.production)
stack = c.StackContext(
    account=account, names=names, settings=settings, secrets=loaded.secrets, key_arn=key_arn, live=live
)

network = c.Network("network", c.NetworkArgs(stack=stack), on_aws)
cluster = c.Cluster("cluster", c.ClusterArgs(stack=stack, network=network), on_aws)
balancer = discovery = observability = None
routed = {name: service for name, service in settings.services.items() if service.route.enabled}
if routed:
    balancer = c.LoadBalancer("load-balancer", c.LoadBalancerArgs(stack=stack, network=network), on_aws)
if namespace := settings.cluster.namespace:
    discovery = c.Discovery("discovery", c.DiscoveryArgs(network=network, namespace=namespace), on_aws)
if settings.is_observed:
    observability = c.Observability(
        "observability", c.ObservabilityArgs(stack=stack, cluster=cluster, load_balancer=balancer), on_aws
    )

images: dict[str, c.ContainerImage | c.ImageReference] = {}
services: dict[str, c.Microservice] = {}
numbers = c.rule_positions(stack, {name: service.route.key for name, service in routed.items()})
for name, service in settings.callees_first.items():
    images[name] = c.service_image(name, stack, service, on_aws)
    args = c.MicroserviceArgs(
        stack=stack,
        network=network,
        cluster=cluster,
        load_balancer=balancer,
        discovery=discovery,
        observability=observability,
        image=images[name].reference,
        repository_arn=images[name].repository_arn,
        positions=numbers.get(name),
        settings=service,
        callees=[services[callee] for callee in settings.callees(name)],
    )
    services[name] = c.Microservice(name, args, on_aws)

if balancer:
    balancer.redirect_to_https(after=[rule for service in services.values() for rule in service.rules])
    pulumi.export("url", balancer.url)
    pulumi.export("loadBalancer", balancer.arn)
pulumi.export("cluster", cluster.cluster_name)
pulumi.export("services", {name: service.service_name for name, service in services.items()})
pulumi.export("images", {name: image.digest for name, image in images.items()})
pulumi.export("logGroups", {name: service.log_group_name for name, service in services.items()})
