"""Components: each one kind of thing that a stack is made of."""

from infra.components.aws_account import AwsAccount
from infra.components.cluster import Cluster, ClusterArgs
from infra.components.container_image import ContainerImage, ContainerImageArgs
from infra.components.discovery import Discovery, DiscoveryArgs
from infra.components.image_reference import ImageReference, ImageReferenceArgs
from infra.components.live_network import check_standing
from infra.components.live_stack import read_live
from infra.components.load_balancer import LoadBalancer, LoadBalancerArgs
from infra.components.microservice import Microservice, MicroserviceArgs
from infra.components.network import Network, NetworkArgs
from infra.components.observability import Observability, ObservabilityArgs
from infra.components.references import References
from infra.components.rule_positions import rule_positions
from infra.components.service_image import service_image
from infra.components.stack_context import StackContext
from infra.components.stack_key import StackKey, StackKeyArgs, stack_key

__all__ = [
    "AwsAccount",
    "Cluster",
    "ClusterArgs",
    "ContainerImage",
    "ContainerImageArgs",
    "Discovery",
    "DiscoveryArgs",
    "ImageReference",
    "ImageReferenceArgs",
    "LoadBalancer",
    "LoadBalancerArgs",
    "Microservice",
    "MicroserviceArgs",
    "Network",
    "NetworkArgs",
    "Observability",
    "ObservabilityArgs",
    "References",
    "StackContext",
    "StackKey",
    "StackKeyArgs",
    "check_standing",
    "read_live",
    "rule_positions",
    "service_image",
    "stack_key",
]
