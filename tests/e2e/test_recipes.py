"""The recipes of the docs, with containers: Redis, PostgreSQL and a private API behind one public service."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.sealing import Sealer
from tests.e2e.stage import REPOSITORY, Stage, eventually

pytestmark = pytest.mark.docker

FOLDER = Path(__file__).parent / "strangers" / "recipes"
PASSPHRASE = "of the recipes"
QUICK = {
    "desiredCount": 1,
    "deregistrationDelay": 5,
    "stopTimeout": 5,
    "healthCheck": {"path": "/healthz", "interval": 5, "timeout": 2},
}


def recipes() -> dict[str, dict[str, Any]]:
    """Title of a section → its last block."""
    text = (REPOSITORY / "docs" / "recipes.md").read_text("utf-8")
    parts = (part.split("\n", 1) for part in text.split("\n## ")[1:])
    return {
        title: yaml.safe_load(re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)[-1])
        for title, section in parts
    }


def combined() -> dict[str, Any]:
    """One stack of three recipes: what each adds to `web` comes together, the others are as the docs have them."""
    services: dict[str, Any] = {"web": {"environment": {}, "secrets": {}}}
    config: dict[str, Any] = {"aws:region": "us-east-1", "production": False}
    for title in ("A service with Redis", "A service with PostgreSQL", "A private API behind a public one"):
        recipe = recipes()[title]
        for key, value in recipe["services"].pop("web").items():
            known = services["web"].get(key)
            services["web"][key] = known | value if isinstance(known, dict) else value
        services |= recipe.pop("services")
        config |= recipe
    for name in ("web", "api"):  # the docs' images are nobody's
        services[name].pop("image", None)
        services[name] |= {"build": {"context": "recipes"}, **QUICK}
    return {**config, "services": services}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("recipes"))
    made.environment["PULUMI_CONFIG_PASSPHRASE"] = PASSPHRASE
    shutil.copytree(FOLDER, made.project / "recipes")
    sealer = Sealer(PASSPHRASE)
    config = {**combined(), "databasePassword": {"secure": sealer.sealed("s3cret pass")}}
    (made.project / "Pulumi.local.yaml").write_text(
        yaml.safe_dump({"encryptionsalt": sealer.salt, "config": config})
    )
    try:
        made.up()
        yield made
    finally:
        made.down()


def test_web_reaches_redis_postgres_and_the_private_api(stage: Stage) -> None:
    url = stage.url
    # Tasks learn the names of those that started after them, and databases need a moment until they answer.
    eventually(lambda: stage.get("/", url).status_code == 200, 30, "every one of them answers")

    first, second = (stage.get("/", url).json() for _ in range(2))

    assert (first["postgres"], first["api"]) == (17, "in private")
    assert second["visits"] == first["visits"] + 1


def test_nobody_else_reaches_what_is_private(stage: Stage) -> None:
    groups = stage.aws("elbv2").describe_target_groups()["TargetGroups"]

    assert [group["Port"] for group in groups] == [5000]
