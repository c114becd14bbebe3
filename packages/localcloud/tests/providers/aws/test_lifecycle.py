"""Every resource type, from check to delete, against the local cloud."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.lifecycle import RECORDED
from localcloud.providers.aws.sdk import resource_schema
from localcloud.providers.aws.table import RESOURCE_TYPES
from localcloud.providers.values import UNKNOWN, Values, to_plain_map
from packages.localcloud.tests.providers.aws.examples import EXAMPLES
from packages.localcloud.tests.providers.aws.harness import Driver, Handle
from packages.localcloud.tests.providers.aws.world import World

TOKENS = [pytest.param(token, id=RESOURCE_TYPES[token].kind) for token in EXAMPLES]

# What AWS keeps in some form after the resource is gone, as the Terraform provider documents.
STAY = (
    ":DefaultSecurityGroup",
    ":BucketServerSideEncryptionConfiguration",
    ":BucketVersioning",
    ":CertificateValidation",
    ":ClusterCapacityProviders",
    ":SecretVersion",
    ":TaskDefinition",
)

# Ids in the form of the provider's importer, where that is not the resource's own.
IMPORT_IDS: Mapping[str, Callable[[Handle], str]] = {
    "appautoscaling.Target": lambda it: f"ecs/{it['resourceId']}/{it['scalableDimension']}",
    "appautoscaling.Policy": lambda it: f"ecs/{it['resourceId']}/{it['scalableDimension']}/{it['name']}",
    "codedeploy.DeploymentGroup": lambda it: f"{it['appName']}:{it['deploymentGroupName']}",
    "servicediscovery.PrivateDnsNamespace": lambda it: f"{it.id}:{it['vpc']}",
}
# What AWS does not keep, so that an import does not find it and the next preview lists the provider's default
# (pulumi-terraform-bridge#2436), besides settings that the provider never sends.
NOT_IN_AWS = {
    "kms.Key": {"bypassPolicyLockoutSafetyCheck"},
    "lb.TargetGroup": {"lambdaMultiValueHeadersEnabled", "proxyProtocolV2"},
    # A single target group is described as both an action's group and its forward
    # (terraform-provider-aws, `flattenLbForwardAction`).
    "lb.ListenerRule": {"actions"},
    "secretsmanager.Secret": {"forceOverwriteReplicaSecret"},
}
# Their objects are imported, and the preview then lists more than it would on AWS.
IMPORTED_IN_PART = {
    "acm.Certificate",
    "autoscaling.Group",
    "ec2.FlowLog",
    "ec2.LaunchTemplate",
    "ec2.NatGateway",
    "ec2.VpcEndpoint",
    "ecs.CapacityProvider",
    "secretsmanager.SecretVersion",
}
NOT_IMPORTED = {
    "ec2.MainRouteTableAssociation",
    "acm.CertificateValidation",
    "appautoscaling.ScheduledAction",
    "cloudwatch.EventTarget",
    "ec2.Route",
    "ec2.RouteTableAssociation",
    "ec2.SecurityGroupRule",
    "route53.Record",
    "wafv2.WebAcl",
    "wafv2.WebAclAssociation",
}


def test_every_type_has_an_example() -> None:
    assert set(EXAMPLES) == set(RESOURCE_TYPES)


@pytest.mark.parametrize("token", TOKENS)
def test_lives_from_create_to_delete(driver: Driver, token: str) -> None:
    world = World(driver, EXAMPLES)
    inputs = EXAMPLES[token].inputs(world)

    handle = driver.create(token, "subject", inputs)
    assert handle.id
    assert handle.outputs.items() >= to_plain_map(handle.inputs).items(), "outputs repeat every input"

    assert driver.diff(handle, inputs).changes is False
    read = driver.read(handle)
    assert read.resource_id == handle.id
    assert to_plain_map(read.properties) == handle.outputs, (
        "a refresh of an untouched resource changes nothing"
    )
    if RECORDED not in handle.outputs:
        assert driver.find(token, "subject", inputs) == handle.id, "an interrupted create can be found again"

    if RECORDED not in handle.outputs:
        imports(driver, handle, inputs)

    change = EXAMPLES[token].change(world)
    if change:
        wanted = {**inputs, **change}
        diff = driver.diff(handle, wanted)
        assert set(diff.diffs) == set(change)
        assert diff.replaces == []
        driver.update(handle, wanted)
        assert driver.diff(handle, wanted).changes is False
        assert to_plain_map(driver.read(handle).properties) == handle.outputs

    driver.delete(handle)
    if RECORDED in handle.outputs or token.endswith(STAY):
        return
    assert not driver.read(handle).resource_id
    gone = driver.diff(handle, inputs)
    assert gone.replaces == ["id"], "the next run makes anew what somebody deleted"
    assert gone.delete_before_replace
    driver.delete(handle)
    assert driver.find(token, "subject", inputs) is None


def imports(driver: Driver, handle: Handle, inputs: Values) -> None:
    """An import finds the whole object, and the preview after it lists nothing that AWS has."""
    kind = RESOURCE_TYPES[handle.token]
    id_ = IMPORT_IDS[kind.kind](handle) if kind.kind in IMPORT_IDS else handle.id
    if kind.kind in NOT_IMPORTED:
        with pytest.raises(LocalCloudError, match="cannot import"):
            driver.imported(handle, id_)
        return
    read = driver.imported(handle, id_)
    assert read.resource_id == handle.id
    given = to_plain_map(read.inputs or {})
    assert set(given) <= set(resource_schema(handle.token).inputs)
    assert not [name for name, default in kind.defaults.items() if name in given and given[name] == default]
    found = replace(handle, inputs=read.inputs or {}, state=read.properties)
    differing = set(driver.diff(found, inputs).diffs) - kind.local - NOT_IN_AWS.get(kind.kind, set())
    assert bool(differing) == (kind.kind in IMPORTED_IN_PART), differing


@pytest.mark.parametrize("token", TOKENS)
def test_previews_inputs_and_unknown_outputs(driver: Driver, token: str) -> None:
    inputs = EXAMPLES[token].inputs(World(driver, EXAMPLES))
    preview = driver.create(token, "subject", inputs, preview=True)
    assert preview.id == ""
    assert preview.outputs.items() >= to_plain_map(preview.inputs).items()
    if "arn" in resource_schema(token).computed:
        assert preview["arn"] is UNKNOWN
