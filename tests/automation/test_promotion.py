"""A promotion from one account to another: each side is asked with its own stack's credentials, and with no others."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from automation import promotion
from automation.engines import CloudResource, EngineName
from automation.engines.workspace import StackSource
from automation.image_store import REPOSITORY, held
from automation.local.stack import LocalStack
from automation.registry import Repository
from automation.target import Target
from localcloud.settings import CloudSettings
from tests.automation.conftest import Workbench
from tests.images import Pusher

DEV, HUB, PROD = "222222222222", "444444444444", "333333333333"
PROGRAM = """
service = (pulumi.Config().get_object("services") or {}).get("web", {})
repository = aws.ecr.Repository("web", name=f"{stack}/web", force_delete=True)
cluster = aws.ecs.Cluster("main", name=f"shop-{stack}")
if digest := service.get("build", {}).get("digest"):
    image = repository.repository_url.apply(lambda url: f"{url}@{digest}")
    containers = [{"name": "web", "image": image, "memory": 64}]
    definition = aws.ecs.TaskDefinition(
        "web", family="web", container_definitions=pulumi.Output.json_dumps(containers)
    )
    aws.ecs.Service("web", name="web", cluster=cluster.arn, task_definition=definition.arn, desired_count=0)
pulumi.export("services", {"web": "web"})
pulumi.export("cluster", cluster.name)
"""


class AwsLike(LocalStack):
    """A stack of one account on the emulator, whose operations ask it as they ask AWS: as the stack file says."""

    def __init__(self, source: StackSource, settings: CloudSettings, account: str) -> None:
        super().__init__(source, replace(settings, account_id=account), EngineName.BUILT_IN, lambda _: None)
        self._account = account

    @property
    def target(self) -> Target:
        return Target(stack=self.name, region="us-east-1", local=None, identity=self.source.identity)

    def _with(self, source: StackSource, report: Any) -> "AwsLike":  # noqa: ARG002  nobody listens
        return AwsLike(source, self._settings, self._account)

    def resources(self) -> list[CloudResource]:
        """With repositories named as the AWS provider names them."""
        host = f"{self._account}.dkr.ecr.us-east-1.amazonaws.com"
        url = {"repositoryUrl": f"{host}/{self.name}/web"}
        return [
            replace(item, outputs={**item.outputs, **url}) if item.type == REPOSITORY else item
            for item in super().resources()
        ]


@pytest.fixture
def stack(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Open a stack of an account; the emulator is in the place of AWS and of every registry."""
    profiles = tmp_path / "aws"
    keys = "aws_access_key_id = {}\naws_secret_access_key = x\n"
    profiles.write_text(
        f"[profile dev]\n{keys.format(DEV)}[profile hub]\n{keys.format(HUB)}[default]\n{keys.format('1' * 12)}"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profiles))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", bench.cloud.endpoint)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def reached(base: str, name: str, **options: Any) -> Repository:
        return Repository(bench.cloud.endpoint, name, host=urlsplit(base).netloc, **options)

    monkeypatch.setattr("automation.image_store.Repository", reached)
    bench.program(PROGRAM)

    def open_(name: str, account: str, keys: str) -> AwsLike:
        bench.settings(name, f"config:\n  aws:region: us-east-1\n{keys}")
        source = StackSource(folder=bench.folder, stack=name, settings_of=name, overrides={})
        return AwsLike(source, bench.cloud, account)

    return open_


def test_a_promotion_goes_from_one_account_to_another_by_each_stacks_own_credentials(
    bench: Workbench, stack: Any
) -> None:
    """Dev is reached by a profile, prod by a profile and a role; then dev goes, with all its images."""
    dev = stack("dev", DEV, "  aws:profile: dev\n")
    prod = stack(
        "prod",
        PROD,
        f"  aws:profile: hub\n  aws:assumeRoles: [{{roleArn: 'arn:aws:iam::{PROD}:role/deploy'}}]\n",
    )
    assert dev.up().ok
    assert prod.up().ok
    host = f"{DEV}.dkr.ecr.us-east-1.amazonaws.com"
    digest = Pusher(bench.cloud.endpoint, "dev/web", host).image("tested")
    image = f"{host}/dev/web@{digest}"
    dev.ledger.record("web", image=image, task_definition="arn/tested", ok=True, how="up")

    deployment = promotion.promote(dev, prod)

    assert deployment.images["web"].partition("@")[2] == digest
    described = bench.client("ecs", PROD).describe_services(cluster="shop-prod", services=["web"])["services"]
    assert described[0]["taskDefinition"].split(":")[4] == PROD
    (release,) = prod.ledger.releases("web")
    assert (release.how, release.source) == ("promote", "dev#1")
    assert dev.destroy().ok
    copy = f"{PROD}.dkr.ecr.us-east-1.amazonaws.com/prod/web@{digest}"
    assert held(prod.target, [copy]) == {copy: True}
    assert bench.client("ecr", DEV).describe_repositories()["repositories"] == []
    for account in (HUB, "1" * 12):
        assert bench.client("ecs", account).list_clusters()["clusterArns"] == []
    assert prod.destroy().ok
