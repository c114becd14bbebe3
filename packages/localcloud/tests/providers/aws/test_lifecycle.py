"""Every resource type, from check to delete, against the local cloud."""

import pytest

from localcloud.providers.aws.lifecycle import RECORDED
from localcloud.providers.aws.sdk import resource_schema
from localcloud.providers.aws.table import RESOURCE_TYPES
from localcloud.providers.values import UNKNOWN, to_plain_map
from packages.localcloud.tests.providers.aws.examples import EXAMPLES
from packages.localcloud.tests.providers.aws.harness import Driver
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


@pytest.mark.parametrize("token", TOKENS)
def test_previews_inputs_and_unknown_outputs(driver: Driver, token: str) -> None:
    inputs = EXAMPLES[token].inputs(World(driver, EXAMPLES))
    preview = driver.create(token, "subject", inputs, preview=True)
    assert preview.id == ""
    assert preview.outputs.items() >= to_plain_map(preview.inputs).items()
    if "arn" in resource_schema(token).computed:
        assert preview["arn"] is UNKNOWN
