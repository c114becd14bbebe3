"""Services that are broken in one way each: the deployment's message names the cause, and what it says mends it.

They run with STRANGERS=all: each costs the tasks that ECS tries before it gives up, minutes in all. The words are
tested without containers in tests/unit/test_crashes.py and test_health_failures.py.
"""

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.stage import Stage
from tests.unit import pulumi_config

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(os.environ.get("STRANGERS") != "all", reason="takes minutes: STRANGERS=all runs it"),
]

FOLDER = Path(__file__).parent / "strangers" / "broken"
NAME = "ecs-microservice"


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One service that cannot start.

    Args:
        said: The cause, in the deployment's message.
        settings: What its entry has besides build and route.
        answer: What a person types where a command asks for a value.
        by_hand: What a person changes where the message says so in words.
        mended: Whether the next deployment tries again. Where the load balancer alone is corrected it does not: the
            version is the one that failed, and ECS has given it up.
    """

    said: str
    settings: dict[str, Any] = field(default_factory=dict)
    answer: str = ""
    by_hand: dict[str, Any] = field(default_factory=dict)
    mended: bool = True


BROKEN = {
    "elsewhere": Broken(said="nothing answers on 5000; the log says it listens on 8000"),
    "missing": Broken(said="GET / on port 5000 → 404", answer="/ready", mended=False),
    "variable": Broken(said="asks for the variable API_URL, which it is not given", answer="http://api"),
    "writes": Broken(said="writes writes to /var/cache, and its root file system is read-only"),
    "memory": Broken(said="memory ran out of memory: the task has 512 MiB"),
    "moved": Broken(said="GET / on port 5000 → 301", mended=False),
    "hosts": Broken(
        said="the application may refuse the Host it is sent", by_hand={"environment": {"ALLOWED_HOSTS": "*"}}
    ),
    "format": Broken(
        said="what starts format is built for another processor than the task's, x86_64",
        settings={"build": {"args": {"SERVICE": "elsewhere.py"}}, "container": {"command": ["/srv/for-arm"]}},
        # The local cloud runs this machine's architecture only, so that here it is the image that is corrected.
        by_hand={
            "architecture": "x86_64",
            "container": {"command": ["python", "-c", "import answering; answering.serve()"]},
        },
    ),
    "check": Broken(
        said="the health check inside check fails: curl",
        settings={
            "build": {"args": {"SERVICE": "elsewhere.py"}},
            "port": 8000,
            "container": {
                "healthCheck": {
                    "command": ["CMD", "curl", "localhost:8000"],
                    "interval": 5,
                    "retries": 1,
                    "timeout": 2,
                }
            },
        },
    ),
}


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in over.items():
        known = both.get(key)
        both[key] = merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return both


def entry(name: str) -> dict[str, Any]:
    plain = {
        "build": {"context": "broken", "args": {"SERVICE": f"{name}.py"}},
        "route": {"paths": [f"/{name}", f"/{name}/*"]},
        "desiredCount": 1,
        "deregistrationDelay": 5,
        "stopTimeout": 5,
        "healthCheck": {"interval": 5, "timeout": 2, "gracePeriod": 0, "unhealthyThreshold": 2},
    }
    return merged(plain, BROKEN[name].settings)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, str]]:
    """A stack of them, and what its first deployment said."""
    stage = Stage(tmp_path_factory.mktemp("broken"))
    shutil.copytree(FOLDER, stage.project / "broken")
    config = {
        "aws:region": "us-east-1",
        "production": False,
        "services": {name: entry(name) for name in BROKEN},
    }
    (stage.project / "Pulumi.local.yaml").write_text(yaml.safe_dump({"config": config}))
    try:
        ran = stage.run("up", "local")
        assert ran.code == 1, ran.output
        yield stage, ran.output
    finally:
        stage.down()


@pytest.mark.parametrize("name", BROKEN)
def test_the_message_names_the_cause(street: tuple[Stage, str], name: str) -> None:
    assert BROKEN[name].said in street[1], street[1]


def test_what_the_messages_say_mends_them(street: tuple[Stage, str]) -> None:
    stage, said = street
    file = stage.project / "Pulumi.local.yaml"
    config = yaml.safe_load(file.read_text())["config"]
    for line in dict.fromkeys(re.findall(r"fix: (pulumi config set .*)", said)):
        words = shlex.split(line)[1:]
        found = re.search(r"services\.(\w+)\.", line)
        assert found, line
        full = {key if ":" in key else f"{NAME}:{key}": value for key, value in config.items()}
        pulumi_config.run(full, words, NAME, BROKEN[found[1]].answer)
        config = full
    for name, broken in BROKEN.items():
        services = config[f"{NAME}:services"]
        services[name] = merged(services[name], broken.by_hand)
        if not broken.mended:
            del services[name]
    file.write_text(yaml.safe_dump({"config": config}))

    stage.up()

    url = stage.url
    for name, broken in BROKEN.items():
        if broken.mended:
            assert stage.get(f"/{name}/ready", url).status_code == 200, name
