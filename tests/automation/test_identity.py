"""Whose credentials a stack's operations use, against a real emulator in the place of AWS."""

from pathlib import Path

import pytest

from automation.aws_stack import AwsStack
from automation.engines.workspace import StackSource
from automation.identity import Identity
from automation.target import Target
from infra.deployments.session import emulator_session, make_client
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings
from tests.automation.conftest import Workbench

STAGING, PROD = "222222222222", "333333333333"


@pytest.fixture
def aws(cloud: CloudSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that asks AWS asks the emulator, with two accounts' keys in profiles."""
    profiles = tmp_path / "aws"
    profiles.write_text(
        f"[profile staging]\naws_access_key_id = {STAGING}\naws_secret_access_key = x\n"
        "[default]\naws_access_key_id = 111111111111\naws_secret_access_key = x\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("keys", "account"),
    [
        ("  aws:profile: staging\n", STAGING),
        (f"  aws:assumeRoles: [{{roleArn: 'arn:aws:iam::{PROD}:role/deploy'}}]\n", PROD),
        (f'  aws:assumeRoles: \'[{{"roleArn": "arn:aws:iam::{PROD}:role/deploy"}}]\'\n', PROD),
        (
            f"  aws:profile: staging\n  aws:assumeRoles:\n  - roleArn: arn:aws:iam::{STAGING}:role/hub\n"
            f"  - roleArn: arn:aws:iam::{PROD}:role/deploy\n    externalId: shop\n",
            PROD,
        ),
    ],
)
def test_a_stacks_profile_and_roles_reach_every_client(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, keys: str, account: str
) -> None:
    monkeypatch.setattr("automation.aws_stack.cli_available", lambda: True)
    bench.settings("dev", f"config:\n  aws:region: eu-west-1\n{keys}")
    source = StackSource(folder=bench.folder, stack="dev", settings_of="dev", overrides={})
    stack = AwsStack(source, lambda _: None)
    assert stack.target.account == account
    assert stack.target.ecs.meta.region_name == "eu-west-1"
    # An operation opens the stack again with its overrides: roles are not assumed a second time.
    assert stack.with_overrides({"a": "b"}).target.session is stack.target.session


@pytest.mark.usefixtures("aws")
def test_an_account_that_the_stack_may_not_touch_is_refused_before_anything_is_asked() -> None:
    target = Target(
        stack="prod", region="us-east-1", local=None, identity=Identity(profile="staging", accounts=(PROD,))
    )
    with pytest.raises(LocalCloudError, match=f"account {STAGING}; aws:allowedAccountIds allows: {PROD}"):
        _ = target.ecs


@pytest.mark.usefixtures("aws")
def test_a_profile_that_this_machine_does_not_have_is_said_with_those_it_has() -> None:
    target = Target(stack="prod", region="us-east-1", local=None, identity=Identity(profile="nobody"))
    with pytest.raises(LocalCloudError, match=r"aws:profile is 'nobody'.*there are: .*staging"):
        _ = target.ecs


def test_a_local_stack_needs_neither_the_profile_nor_the_files_of_the_person(
    cloud: CloudSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "config"
    broken.write_text("[not an ini file")
    for name, value in {"AWS_PROFILE": "nobody", "AWS_CONFIG_FILE": str(broken)}.items():
        monkeypatch.setenv(name, value)
    assert Target(stack="local", region="us-east-1", local=cloud).account == cloud.account_id
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    session = emulator_session("us-east-1")
    assert session is not None
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    assert make_client(session, "sts", keys).get_caller_identity()["Account"]


def test_an_encrypted_or_malformed_key_is_one_message() -> None:
    with pytest.raises(LocalCloudError, match=r"aws:profile in Pulumi\.x\.yaml is encrypted"):
        Identity.of({"aws:profile": {"secure": "v1:…"}}, "Pulumi.x.yaml")
    with pytest.raises(LocalCloudError, match=r"a list of roles with their roleArn\n  fix: pulumi config rm"):
        Identity.of({"aws:assumeRoles": "arn:aws:iam::1:role/x"}, "Pulumi.x.yaml")


@pytest.mark.usefixtures("aws")
def test_a_throttled_call_is_tried_again() -> None:
    config = Target(stack="dev", region="us-east-1", local=None).ecs.meta.config
    retries = config.retries  # type: ignore[attr-defined]  # the stubs leave it out
    assert retries["mode"] == "standard"
    assert retries["total_max_attempts"] >= 8
