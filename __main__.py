"""The stack: settings, one network, one cluster, one load balancer, and each service with its image."""

import gc

import pulumi

from infra.components import (
    AwsAccount,
    Cluster,
    ClusterArgs,
    ContainerImage,
    ContainerImageArgs,
    LoadBalancer,
    LoadBalancerArgs,
    Microservice,
    MicroserviceArgs,
    Network,
    NetworkArgs,
)
from infra.pure.names import StackNames
from infra.pure.routing import priorities
from infra.settings import load

# The objects of a program live until it ends; looking for garbage among them doubles the time of a large stack.
gc.set_threshold(50_000, 20, 50)

settings, aws_settings = load()
names = StackNames(pulumi.get_project(), pulumi.get_stack())
tags = {"Project": names.project, "Stack": names.stack, "ManagedBy": "pulumi", **settings.tags}
account = AwsAccount.connect(aws_settings, tags)
on_aws = pulumi.ResourceOptions(provider=account.provider)

network = Network("network", NetworkArgs(settings=settings.network), on_aws)
cluster = Cluster("cluster", ClusterArgs(cluster_name=names.cluster, settings=settings.cluster), on_aws)
load_balancer = LoadBalancer(
    "load-balancer",
    LoadBalancerArgs(network=network, settings=settings.load_balancer, production=settings.production),
    on_aws,
)

images: dict[str, ContainerImage] = {}
services: dict[str, Microservice] = {}
positions = priorities({name: service.route.key for name, service in settings.services.items()})
for name, service in settings.services.items():
    images[name] = ContainerImage(
        name,
        ContainerImageArgs(
            repository_name=names.repository(name), build=service.build, force_delete=not settings.production
        ),
        on_aws,
    )
    services[name] = Microservice(
        name,
        MicroserviceArgs(
            account=account,
            cluster=cluster,
            network=network,
            load_balancer=load_balancer,
            image=images[name].reference,
            priority=positions[name],
            names=names,
            settings=service,
        ),
        on_aws,
    )

pulumi.export("url", load_balancer.url)
pulumi.export("cluster", cluster.cluster_name)
pulumi.export("services", {name: service.service_name for name, service in services.items()})
pulumi.export("images", {name: image.digest for name, image in images.items()})
pulumi.export("logGroups", {name: service.log_group_name for name, service in services.items()})
