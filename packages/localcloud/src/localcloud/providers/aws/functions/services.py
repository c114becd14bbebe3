"""Look-ups in the services around ECS: parameters, secrets, keys, certificates, zones, clusters."""

import threading
from collections.abc import Mapping

from localcloud import console
from localcloud.errors import LocalCloudError
from localcloud.providers.aws.clients import Aws
from localcloud.providers.aws.functions.lookup import Function, Lookup
from localcloud.providers.aws.table.services import ECS_TAGS, by_resource_arn
from localcloud.providers.values import Values

KEY_VALUE_TAGS = by_resource_arn()
_ASSUMING = threading.Lock()  # a program asks for its zone several times at once


def parameter(aws: Aws, arguments: Values) -> Values:
    """`aws.ssm.get_parameter`, decrypted unless the program says otherwise."""
    decrypted = arguments.get("withDecryption", True)
    found = aws.call("ssm", "GetParameter", {"Name": arguments["name"], "WithDecryption": decrypted})[
        "Parameter"
    ]
    insecure = {} if found["Type"] == "SecureString" else {"insecureValue": found["Value"]}
    return {
        **arguments,
        **insecure,
        "id": found["Name"],
        "name": found["Name"],
        "arn": found["ARN"],
        "type": found["Type"],
        "value": found["Value"],
        "version": found["Version"],
        "withDecryption": decrypted,
        "region": aws.region,
    }


def _zone_matches(arguments: Values, zone: Values) -> bool:
    private = bool(zone.get("Config", {}).get("PrivateZone"))
    name = str(arguments.get("name") or zone["Name"]).rstrip(".")
    wanted = arguments.get("zoneId") or _zone_id(zone)
    return (
        zone["Name"].rstrip(".") == name
        and _zone_id(zone) == wanted
        and private == bool(arguments.get("privateZone"))
    )


def _zone_id(zone: Values) -> str:
    return str(zone["Id"]).rpartition("/")[2]


def _name_servers(aws: Aws, result: Values, zone: Values) -> list[str]:  # noqa: ARG001  the signature of every output rule
    found: list[str] = (
        aws.call("route53", "GetHostedZone", {"Id": _zone_id(zone)})
        .get("DelegationSet", {})
        .get("NameServers", [])
    )
    return sorted(found)


GET_ZONE = Lookup(
    function="aws:route53/getZone:getZone",
    service="route53",
    operation="ListHostedZones",
    result="HostedZones",
    noun="hosted zone",
    id="Id",
    matches=_zone_matches,
    outputs={
        "id": lambda aws, result, zone: _zone_id(zone),  # noqa: ARG005  the signature of every output rule
        "zoneId": lambda aws, result, zone: _zone_id(zone),  # noqa: ARG005  as above
        "name": lambda aws, result, zone: zone["Name"].rstrip("."),  # noqa: ARG005  as above
        "arn": lambda aws, result, zone: f"arn:aws:route53:::hostedzone/{_zone_id(zone)}",  # noqa: ARG005  as above
        "comment": "Config.Comment",
        "privateZone": "Config.PrivateZone",
        "nameServers": _name_servers,
    },
)


def zone(aws: Aws, arguments: Values) -> Values:
    """`aws.route53.get_zone`; the local cloud makes a public zone that is not there.

    Nobody delegates a domain to a machine, so a zone that a stack takes for granted on AWS is taken for granted here.
    """
    name = str(arguments.get("name") or "").rstrip(".")
    zones = aws.pages("route53", "ListHostedZones", {}, "HostedZones")
    if (
        name
        and not arguments.get("privateZone")
        and not any(_zone_matches(arguments, item) for item in zones)
    ):
        aws.call("route53", "CreateHostedZone", {"Name": name, "CallerReference": f"assumed-{name}"})
        console.warn(f"the hosted zone {name} is assumed: on AWS it must exist before the deployment")
    return GET_ZONE(aws, arguments)


def _newest_certificate(arguments: Values, found: list[Values]) -> Values:
    if not arguments.get("mostRecent"):
        raise LocalCloudError(f"{len(found)} certificates match {arguments.get('domain')!r}; set mostRecent")
    return max(found, key=lambda item: str(item.get("CreatedAt", "")))


GET_CERTIFICATE = Lookup(
    function="aws:acm/getCertificate:getCertificate",
    service="acm",
    operation="ListCertificates",
    result="CertificateSummaryList",
    noun="certificate",
    id="CertificateArn",
    request=lambda arguments: {"CertificateStatuses": arguments.get("statuses") or ["ISSUED"]},
    matches=lambda arguments, item: arguments.get("domain") in (None, item["DomainName"]),
    outputs={"arn": "CertificateArn", "domain": "DomainName", "status": "Status"},
    choose=_newest_certificate,
)

GET_SECRET = Lookup(
    function="aws:secretsmanager/getSecret:getSecret",
    service="secretsmanager",
    operation="DescribeSecret",
    result="[@]",
    noun="secret",
    id="ARN",
    request=lambda arguments: {"SecretId": arguments.get("arn") or arguments.get("name")},
    outputs={"arn": "ARN", "name": "Name"},
    tags=KEY_VALUE_TAGS,
)


def secret_version(aws: Aws, arguments: Values) -> Values:
    """`aws.secretsmanager.get_secret_version`: a secret's value."""
    names = {"versionId": "VersionId", "versionStage": "VersionStage"}
    wanted = {member: arguments[name] for name, member in names.items() if arguments.get(name)}
    found = aws.call("secretsmanager", "GetSecretValue", {"SecretId": arguments["secretId"], **wanted})
    return {
        **arguments,
        "id": f"{arguments['secretId']}|{found['VersionId']}",
        "arn": found["ARN"],
        "secretArn": found["ARN"],
        "secretString": found.get("SecretString"),
        "versionId": found["VersionId"],
        "versionStages": found.get("VersionStages", []),
        "versionStage": arguments.get("versionStage", "AWSCURRENT"),
        "createdDate": found.get("CreatedDate"),
        "region": aws.region,
    }


def secret_versions(aws: Aws, arguments: Values) -> Values:
    """`aws.secretsmanager.get_secret_versions`: which versions a secret has, without their values."""
    request = {
        "SecretId": arguments["secretId"],
        "IncludeDeprecated": bool(arguments.get("includeDeprecated")),
    }
    found = aws.call("secretsmanager", "ListSecretVersionIds", request)
    versions = [
        {
            "versionId": item["VersionId"],
            "versionStages": item.get("VersionStages", []),
            "createdTime": item.get("CreatedDate"),
            "lastAccessedDate": str(item.get("LastAccessedDate", "")),
        }
        for item in found.get("Versions", [])
    ]
    return {
        **arguments,
        "id": found["ARN"],
        "arn": found["ARN"],
        "name": found["Name"],
        "versions": versions,
        "region": aws.region,
    }


GET_KEY = Lookup(
    function="aws:kms/getKey:getKey",
    service="kms",
    operation="DescribeKey",
    result="[KeyMetadata]",
    noun="key",
    id="KeyId",
    request=lambda arguments: {"KeyId": arguments["keyId"]},
)

GET_CLUSTER = Lookup(
    function="aws:ecs/getCluster:getCluster",
    service="ecs",
    operation="DescribeClusters",
    result="clusters[?status=='ACTIVE']",
    noun="cluster",
    id="clusterArn",
    request=lambda arguments: {"clusters": [arguments["clusterName"]], "include": ["SETTINGS", "TAGS"]},
    outputs={"arn": "clusterArn"},
    tags=ECS_TAGS,
)

GET_LOG_GROUP = Lookup(
    function="aws:cloudwatch/getLogGroup:getLogGroup",
    service="logs",
    operation="DescribeLogGroups",
    result="logGroups",
    noun="log group",
    id="logGroupName",
    request=lambda arguments: {"logGroupNamePrefix": arguments["name"]},
    matches=lambda arguments, group: group["logGroupName"] == arguments["name"],
    # The real provider trims the suffix for the group's streams (terraform-provider-aws, logs, trimLogGroupARNSuffix).
    outputs={"name": "logGroupName", "arn": lambda aws, result, group: group["arn"].removesuffix(":*")},  # noqa: ARG005  as above
)

# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
LOG_DELIVERY_ACCOUNTS = {
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
    "ca-central-1": "985666609251",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "ap-northeast-1": "582318560864",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "sa-east-1": "507241528517",
}


def log_delivery_account(aws: Aws, arguments: Values) -> Values:
    """`aws.elb.get_service_account`: the account that writes load balancer logs.

    Raises:
        LocalCloudError: AWS names none for the region.
    """
    region = arguments.get("region") or aws.region
    account = LOG_DELIVERY_ACCOUNTS.get(region)
    if account is None:
        raise LocalCloudError(f"AWS names no log delivery account for region {region!r}")
    return {**arguments, "id": account, "arn": f"arn:aws:iam::{account}:root", "region": region}


FUNCTIONS: Mapping[str, Function] = {
    **{item.function: item for item in (GET_CERTIFICATE, GET_SECRET, GET_KEY, GET_CLUSTER, GET_LOG_GROUP)},
    GET_ZONE.function: zone,
    "aws:ssm/getParameter:getParameter": parameter,
    "aws:secretsmanager/getSecretVersion:getSecretVersion": secret_version,
    "aws:secretsmanager/getSecretVersions:getSecretVersions": secret_versions,
    "aws:elb/getServiceAccount:getServiceAccount": log_delivery_account,
}
