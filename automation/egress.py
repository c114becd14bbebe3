"""Whether tasks can reach the registry their image comes from."""

from typing import TYPE_CHECKING, Any

from automation.checks import Check, Level
from automation.target import Target

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ServiceTypeDef

# What a private task needs to pull from ECR (Amazon ECR User Guide, "Interface VPC endpoints").
_ENDPOINTS = ("ecr.api", "ecr.dkr", "s3")


def check_egress(name: str, target: Target, service: "ServiceTypeDef") -> Check:
    """Check that every subnet of a service has a way out: a NAT or internet gateway, or ECR's endpoints.

    Args:
        name: Name of the check.
        target: The cloud to ask.
        service: The service as ECS describes it.
    """
    if target.local is not None:
        return Check(
            name=name, level=Level.SKIPPED, detail="containers of the local cloud use this machine's network"
        )
    network = service.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if not network:
        return Check(name=name, level=Level.SKIPPED, detail="the instances' network is used")
    ec2 = target.client("ec2")
    subnets = ec2.describe_subnets(SubnetIds=network["subnets"])["Subnets"]
    vpc = subnets[0]["VpcId"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["VpcEndpoints"]
    if _has_endpoints(endpoints):
        return Check(name=name, level=Level.OK, detail="through VPC endpoints")
    public = network.get("assignPublicIp") == "ENABLED"
    closed = [
        subnet["SubnetId"] for subnet in subnets if not _way_out(subnet["SubnetId"], tables, public=public)
    ]
    if not closed:
        return Check(name=name, level=Level.OK, detail="through a gateway")
    return Check(
        name=name,
        level=Level.FAILED,
        detail=f"tasks in {', '.join(closed)} cannot pull their image",
        fix="network.create.nat, network.endpoints: [s3, ecr, logs], or network.publicTasks",
    )


def _has_endpoints(endpoints: list[dict[str, Any]]) -> bool:
    services = [item["ServiceName"] for item in endpoints]
    return all(any(service.endswith(f".{wanted}") for service in services) for wanted in _ENDPOINTS)


def _way_out(subnet: str, tables: list[dict[str, Any]], *, public: bool) -> bool:
    own = [t for t in tables if any(a.get("SubnetId") == subnet for a in t.get("Associations", []))]
    main = [t for t in tables if any(a.get("Main") for a in t.get("Associations", []))]
    for table in own or main:
        for route in table.get("Routes", []):
            if route.get("DestinationCidrBlock") != "0.0.0.0/0" or route.get("State") == "blackhole":
                continue
            if not route.get("GatewayId", "").startswith("igw-") or public:
                return True
    return False
