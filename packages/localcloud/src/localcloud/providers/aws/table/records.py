"""Amazon Route 53 records."""

from collections.abc import Callable
from typing import Any

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Operation, ResourceType, Step
from localcloud.providers.values import UNKNOWN, Values, has_unknown

ROUTING = {
    "cidrRoutingPolicy": (
        "CidrRoutingConfig",
        {"collectionId": "CollectionId", "locationName": "LocationName"},
    ),
    "geolocationRoutingPolicies": (
        "GeoLocation",
        {"continent": "ContinentCode", "country": "CountryCode", "subdivision": "SubdivisionCode"},
    ),
}


def _qualified(name: str) -> str:
    return name.rstrip(".").lower() + "."


def _record_set(state: Values, zone_name: str = "") -> Values:
    """A Route 53 record set; names without the zone's name get it, as in Terraform."""
    name = str(state["name"])
    if zone_name and not _qualified(name).endswith(_qualified(zone_name)):
        name = f"{name.rstrip('.')}.{zone_name}" if name else zone_name
    wire: Values = {"Name": _qualified(name), "Type": state["type"]}
    simple: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
        ("ttl", "TTL", int),
        ("setIdentifier", "SetIdentifier", str),
        ("healthCheckId", "HealthCheckId", str),
        ("multivalueAnswerRoutingPolicy", "MultiValueAnswer", bool),
        (
            "records",
            "ResourceRecords",
            lambda records: [{"Value": _text(state["type"], item)} for item in records],
        ),
        ("weightedRoutingPolicies", "Weight", lambda items: items[0]["weight"]),
        ("latencyRoutingPolicies", "Region", lambda items: items[0]["region"]),
        ("failoverRoutingPolicies", "Failover", lambda items: items[0]["type"]),
    )
    for property_name, member, convert in simple:
        if state.get(property_name) is not None:
            wire[member] = convert(state[property_name])
    for property_name, (member, names) in ROUTING.items():
        value = state.get(property_name)
        if value:
            block = value[0] if isinstance(value, list) else value
            wire[member] = {names[key]: item for key, item in block.items()}
    if state.get("geoproximityRoutingPolicy"):
        wire["GeoProximityLocation"] = _geoproximity(state["geoproximityRoutingPolicy"])
    for alias in state.get("aliases") or []:
        wire["AliasTarget"] = {
            "HostedZoneId": alias["zoneId"],
            "DNSName": alias["name"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    return wire


def _geoproximity(block: Values) -> Values:
    names = {"awsRegion": "AWSRegion", "bias": "Bias", "localZoneGroup": "LocalZoneGroup"}
    wire = {names[key]: item for key, item in block.items() if key in names}
    for place in block.get("coordinates") or []:
        wire["Coordinates"] = {"Latitude": place["latitude"], "Longitude": place["longitude"]}
    return wire


def _text(kind: str, value: str) -> str:
    return f'"{value}"' if kind in ("TXT", "SPF") and not value.startswith('"') else value


def _change(action: str) -> Callable[[Values, Values], None]:
    def prepare(request: Values, state: Values) -> None:
        request.clear()
        if has_unknown(state):
            request.update(HostedZoneId=state["zoneId"], ChangeBatch=UNKNOWN)
            return
        change = {"Action": action, "ResourceRecordSet": _record_set(state)}
        request.update(HostedZoneId=state["zoneId"], ChangeBatch={"Changes": [change]})

    return prepare


def _zone_name(context: Context, zone_id: str) -> str:
    return str(context.call("GetHostedZone", {"Id": zone_id})["HostedZone"]["Name"]).rstrip(".")


def _named_after_zone(context: Context, inputs: Values) -> Values:
    action = "UPSERT" if inputs.get("allowOverwrite") else "CREATE"
    record = _record_set(inputs, _zone_name(context, inputs["zoneId"]))
    return {"ChangeBatch": {"Changes": [{"Action": action, "ResourceRecordSet": record}]}}


def _record(context: Context, state: Values) -> Values | None:
    zone = context.find_call("GetHostedZone", {"Id": state["zoneId"]}).get("HostedZone")
    if not zone:
        return None
    wanted = _record_set(state, str(zone["Name"]).rstrip("."))
    request = {
        "HostedZoneId": state["zoneId"],
        "StartRecordName": wanted["Name"],
        "StartRecordType": wanted["Type"],
    }
    for item in context.call("ListResourceRecordSets", request)["ResourceRecordSets"]:
        same = (_qualified(item["Name"]), item["Type"], item.get("SetIdentifier"))
        if same == (wanted["Name"], wanted["Type"], wanted.get("SetIdentifier")):
            return {
                "Fqdn": wanted["Name"].rstrip("."),
                "TTL": item.get("TTL"),
                "Records": [record["Value"].strip('"') for record in item.get("ResourceRecords", [])] or None,
            }
    return None


def _upsert(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    record = _record_set(wanted, _zone_name(context, wanted["zoneId"]))
    changes = [{"Action": "UPSERT", "ResourceRecordSet": record}]
    context.call(
        "ChangeResourceRecordSets", {"HostedZoneId": wanted["zoneId"], "ChangeBatch": {"Changes": changes}}
    )


def _delete_record(context: Context, state: Values) -> None:
    if _record(context, state) is None:
        return
    record = _record_set(state, _zone_name(context, state["zoneId"]))
    changes = [{"Action": "DELETE", "ResourceRecordSet": record}]
    context.call(
        "ChangeResourceRecordSets", {"HostedZoneId": state["zoneId"], "ChangeBatch": {"Changes": changes}}
    )


def _record_check(values: Values) -> list[tuple[str, str]]:
    given = [name for name in ("aliases", "records") if values.get(name)]
    if len(given) != 1:
        return [(given[1] if given else "records", "give exactly one of aliases, records")]
    if given == ["records"] and values.get("ttl") is None:
        return [("ttl", "missing: a record with 'records' needs it")]
    return []


RECORD_CONTENT = frozenset(
    {
        "aliases",
        "cidrRoutingPolicy",
        "failoverRoutingPolicies",
        "geolocationRoutingPolicies",
        "geoproximityRoutingPolicy",
        "healthCheckId",
        "latencyRoutingPolicies",
        "multivalueAnswerRoutingPolicy",
        "records",
        "ttl",
        "weightedRoutingPolicies",
    }
)

RECORD = ResourceType(
    type="aws:route53/record:Record",
    service="route53",
    create=Operation(
        name="ChangeResourceRecordSets",
        only=RECORD_CONTENT | {"allowOverwrite", "name", "setIdentifier", "type", "zoneId"},
        prepare=_change("CREATE"),
    ),
    before_create=_named_after_zone,
    read=_record,
    update=(Step(run=_upsert, properties=RECORD_CONTENT, at_create=False),),
    before_delete=_delete_record,
    id=lambda state: "_".join(
        str(state[name])
        for name in ("zoneId", "name", "type", "setIdentifier")
        if state.get(name) is not None
    ),
    inert="the record is kept, but nothing on this machine resolves it",
    sets=frozenset({"records"}),
    local=frozenset({"allowOverwrite"}),
    replace=frozenset({"zoneId", "name", "type", "setIdentifier"}),
    check=_record_check,
)


TYPES = (RECORD,)
