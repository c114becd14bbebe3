"""Cloud Map over the wire, with AWS's own client, which checks every answer against the API's model."""

import json
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from packages.localcloud.tests.emulator.stage import Cloud


@pytest.fixture
def api(plain: Cloud) -> Any:
    return plain.client("servicediscovery")


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def namespace(api: Any, name: str) -> str:
    """Id of an HTTP namespace."""
    operation = api.create_http_namespace(Name=name)["OperationId"]
    return str(api.get_operation(OperationId=operation)["Operation"]["Targets"]["NAMESPACE"])


def test_a_namespace_comes_and_goes_with_its_operations(api: Any, namespace: str, name: str) -> None:
    [found] = api.list_namespaces(Filters=[{"Name": "NAME", "Values": [name]}])["Namespaces"]
    assert (found["Id"], found["Type"]) == (namespace, "HTTP")
    assert refused(api.create_http_namespace, Name=name)[0] == "NamespaceAlreadyExists"
    mine = [{"Name": "NAMESPACE_ID", "Values": [namespace]}]
    assert len(api.list_operations(Filters=mine)["Operations"]) == 1

    api.delete_namespace(Id=namespace)

    assert refused(api.get_namespace, Id=namespace) == ("NamespaceNotFound", namespace)
    assert api.list_operations(Filters=mine)["Operations"] == []


def test_a_private_namespace_in_no_vpc_fails_as_an_operation(api: Any, name: str) -> None:
    operation = api.create_private_dns_namespace(Name=f"{name}.internal", Vpc="nonsense")["OperationId"]

    found = api.get_operation(OperationId=operation)["Operation"]

    assert (found["Status"], found["ErrorCode"]) == ("FAIL", "CANNOT_CREATE_HOSTED_ZONE")
    names = [entry["Name"] for entry in api.list_namespaces()["Namespaces"]]
    assert f"{name}.internal" not in names


def test_a_service_is_found_in_the_namespace_of_its_dns_config(api: Any, plain: Cloud, name: str) -> None:
    operation = api.create_public_dns_namespace(Name=f"{name}.example.com")["OperationId"]
    namespace = api.get_operation(OperationId=operation)["Operation"]["Targets"]["NAMESPACE"]
    zone = api.get_namespace(Id=namespace)["Namespace"]["Properties"]["DnsProperties"]["HostedZoneId"]
    route53 = plain.client("route53")
    assert route53.get_hosted_zone(Id=zone)["HostedZone"]["Name"] == f"{name}.example.com."

    config = {"NamespaceId": namespace, "DnsRecords": [{"Type": "A", "TTL": 10}]}
    service = api.create_service(Name="web", DnsConfig=config)["Service"]

    assert service["NamespaceId"] == service["DnsConfig"]["NamespaceId"] == namespace
    needs = {"ServiceId": service["Id"], "InstanceId": "one"}
    assert "AWS_INSTANCE_IPV4" in refused(api.register_instance, **needs, Attributes={})[1]
    assert refused(api.delete_namespace, Id=namespace)[0] == "ResourceInUse"


def test_what_the_model_forbids_is_refused_in_awss_words(api: Any, plain: Cloud, namespace: str) -> None:
    assert refused(api.create_service, Name="web") == (
        "InvalidInput",
        "Service namespace id cannot be null",
    )
    code, message = refused(api.create_service, Name="a b", NamespaceId=namespace)
    assert code == "InvalidInput"
    assert message.startswith(
        "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint"
    )
    # botocore's client would not send it.
    answer = httpx.post(
        plain.settings.endpoint,
        headers={
            "X-Amz-Target": "Route53AutoNaming_v20170314.GetService",
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/servicediscovery/aws4_request",
        },
        content=json.dumps({}),
    )
    assert answer.status_code == 400
    assert answer.json() == {
        "__type": "InvalidInput",
        "Message": "1 validation error detected: Value null at 'id' failed to satisfy constraint: "
        "Member must not be null",
    }


def test_a_service_with_instances_is_not_deleted(api: Any, namespace: str, name: str) -> None:
    service = api.create_service(Name="web", NamespaceId=namespace, HealthCheckCustomConfig={})["Service"][
        "Id"
    ]
    for number in range(3):
        api.register_instance(
            ServiceId=service, InstanceId=f"i{number}", Attributes={"kind": str(number % 2)}
        )
    assert refused(api.delete_service, Id=service) == (
        "ResourceInUse",
        "Service contains registered instances; delete the instances before deleting the service",
    )

    first = api.list_instances(ServiceId=service, MaxResults=2)
    rest = api.list_instances(ServiceId=service, NextToken=first["NextToken"])
    assert [entry["Id"] for entry in first["Instances"] + rest["Instances"]] == ["i0", "i1", "i2"]
    assert "NextToken" not in rest
    assert refused(api.list_instances, ServiceId=service, NextToken="2")[0] == "InvalidInput"

    api.update_instance_custom_health_status(ServiceId=service, InstanceId="i0", Status="UNHEALTHY")
    statuses = api.get_instances_health_status(ServiceId=service, Instances=["i0", "i1"])["Status"]
    assert statuses == {"i0": "UNHEALTHY", "i1": "HEALTHY"}

    for number in range(3):
        api.deregister_instance(ServiceId=service, InstanceId=f"i{number}")
    api.delete_service(Id=service)


def test_health_is_said_only_where_it_is_ones_own_to_say(api: Any, namespace: str) -> None:
    service = api.create_service(Name="web", NamespaceId=namespace)["Service"]["Id"]
    api.register_instance(ServiceId=service, InstanceId="one", Attributes={})
    status = {"ServiceId": service, "InstanceId": "one", "Status": "UNHEALTHY"}

    assert refused(api.update_instance_custom_health_status, **status)[0] == "CustomHealthNotFound"


def test_an_update_deletes_the_records_it_does_not_give(api: Any, namespace: str) -> None:
    config = {"DnsRecords": [{"Type": "SRV", "TTL": 0}]}
    service = api.create_service(Name="web", NamespaceId=namespace, DnsConfig=config)["Service"]["Id"]

    api.update_service(Id=service, Service={"Description": "changed"})

    found = api.get_service(Id=service)["Service"]
    assert found["Description"] == "changed"
    assert "DnsConfig" not in found


def test_tags_of_what_is_not_there_are_refused(api: Any, namespace: str) -> None:
    arn = api.get_namespace(Id=namespace)["Namespace"]["Arn"]
    api.tag_resource(ResourceARN=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    api.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert api.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert refused(api.list_tags_for_resource, ResourceARN=f"{arn}x")[0] == "ResourceNotFoundException"
