"""Components: each one kind of thing that a stack is made of."""

from infra.components.aws_account import AwsAccount
from infra.components.cluster import Cluster, ClusterArgs
from infra.components.container_image import ContainerImage, ContainerImageArgs
from infra.components.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.components.microservice import Microservice, MicroserviceArgs
from infra.components.network import Network, NetworkArgs

__all__ = [
    "AwsAccount",
    "Cluster",
    "ClusterArgs",
    "ContainerImage",
    "ContainerImageArgs",
    "LoadBalancer",
    "LoadBalancerArgs",
    "Microservice",
    "MicroserviceArgs",
    "Network",
    "NetworkArgs",
]
