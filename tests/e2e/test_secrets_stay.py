"""A secret stays where it belongs: one is planted in every way in, and every place that people can see is searched."""

import base64
import json
import subprocess
import sys
import threading
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest

from localcloud.settings import CloudSettings
from localcloud.watch.readings import Reader
from tests.e2e.sealing import Sealer
from tests.e2e.stage import Ran, Stage, eventually

pytestmark = pytest.mark.docker
CHANNELS = ("config", "build", "ssm", "manager", "shell", "token", "passphrase")
STACK = """encryptionsalt: {salt}
config:
  aws:region: us-east-1
  production: false
  plantedConfig: {{secure: {config}}}
  plantedBuild: {{secure: {build}}}
  services:
    web:
      desiredCount: 1
      deregistrationDelay: 2
      stopTimeout: 2
      environment: {{ SHUTDOWN_DRAIN_SECONDS: 0, SHUTDOWN_TIMEOUT_SECONDS: 1 }}
      healthCheck: {{ interval: 5, timeout: 2 }}
      build: {{ secrets: {{ planted: plantedBuild }} }}
      secrets:
        FROM_CONFIG: {{ config: plantedConfig }}
        FROM_SSM: {{ ssm: /planted }}
        FROM_MANAGER: {{ secretsManager: planted, jsonKey: password }}
"""
USED = 'RUN --mount=type=secret,id=planted grep -q "" /run/secrets/planted\n'


class Planted:
    """One text per way in, and how each may look elsewhere."""

    def __init__(self) -> None:
        self.texts = {channel: f"planted-{channel}-{uuid.uuid4().hex}" for channel in CHANNELS}

    def found_in(self, text: str | bytes) -> set[str]:
        """The ways in whose secret is there: as it is, encoded for a URL, or in base64 at any of its three offsets."""
        raw = text if isinstance(text, bytes) else text.encode()
        return {channel for channel, forms in self._forms().items() if any(form in raw for form in forms)}

    def _forms(self) -> dict[str, list[bytes]]:
        return {
            channel: [
                planted.encode(),
                urllib.parse.quote(planted, safe="").encode(),
                # The ends of an encoded text depend on what is beside it.
                *(base64.b64encode(b"x" * shift + planted.encode())[4:-4] for shift in range(3)),
            ]
            for channel, planted in self.texts.items()
        }


class Watcher(threading.Thread):
    """Notes the command line of every process of this machine, and the variables of the local cloud's own."""

    def __init__(self, home: Path) -> None:
        super().__init__(daemon=True)
        self._home = str(home)
        self._over = threading.Event()
        self.commands: set[str] = set()
        self.environments: set[str] = set()

    def run(self) -> None:
        while not self._over.wait(0.05):
            for process in psutil.process_iter(["cmdline"]):
                command = " ".join(process.info["cmdline"] or [])
                if command in self.commands:
                    continue
                self.commands.add(command)
                if "localcloud.emulator" in command:
                    try:
                        self.environments.add(json.dumps(process.environ()))
                    except psutil.Error:
                        continue

    def end(self) -> None:
        self._over.set()
        self.join()


def stack_file(planted: Planted) -> str:
    """The settings with the secrets encrypted as Pulumi's passphrase provider writes them."""
    sealer = Sealer(planted.texts["passphrase"])
    return STACK.format(
        salt=sealer.salt,
        config=sealer.sealed(planted.texts["config"]),
        build=sealer.sealed(planted.texts["build"]),
    )


class Scene:
    """A deployed stack with planted secrets, and everything that its commands printed."""

    def __init__(self, folder: Path) -> None:
        self.planted = Planted()
        self.stage = Stage(folder)
        self.printed: dict[str, str] = {}
        self.stage.environment |= {
            "AWS_SECRET_ACCESS_KEY": self.planted.texts["shell"],
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "GITHUB_TOKEN": self.planted.texts["token"],
            "PULUMI_CONFIG_PASSPHRASE": self.planted.texts["passphrase"],
        }
        dockerfile = self.stage.project / "app" / "Dockerfile"
        before, last_stage, rest = dockerfile.read_text().rpartition("FROM ${BASE_IMAGE}\n")
        dockerfile.write_text(f"{before}{last_stage}{USED}{rest}")
        self.settings = CloudSettings(home=self.stage.home, port=self.stage.port)
        self.watcher = Watcher(self.stage.home)

    def play(self) -> None:
        """Deploy, look at everything, make mistakes, and change a secret."""
        self.watcher.start()
        subprocess.run(
            [sys.executable, "-m", "localcloud", "start"],
            env=self.stage.environment,
            check=True,
            capture_output=True,
        )
        self.stage.aws("ssm").put_parameter(
            Name="/planted", Type="SecureString", Value=self.planted.texts["ssm"]
        )
        document = json.dumps({"password": self.planted.texts["manager"]})
        self.stage.aws("secretsmanager").create_secret(Name="planted", SecretString=document)
        (self.stage.project / "Pulumi.local.yaml").write_text(stack_file(self.planted))
        for verb in ("preview", "up"):
            assert self.run(verb).code == 0, self.printed[verb]
        for verb in (
            "status",
            "events",
            "logs",
            "outputs",
            "drift",
            "refresh",
            "preflight",
            "releases",
            "preview",
        ):
            self.run(verb)
        self.run_with_a_mistake()

    def run_with_a_mistake(self) -> None:
        """A key that is not in the secret: the task says what is missing, and not what is there."""
        ecs = self.stage.aws("ecs")
        [cluster] = ecs.list_clusters()["clusterArns"]
        service = ecs.describe_services(cluster=cluster, services=["web"])["services"][0]
        running = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        secret = self.stage.aws("secretsmanager").describe_secret(SecretId="planted")["ARN"]
        mistaken = {"name": "ABSENT", "valueFrom": f"{secret}:absent::"}
        container = {**running["containerDefinitions"][0], "secrets": [mistaken]}
        names = (
            "networkMode",
            "cpu",
            "memory",
            "executionRoleArn",
            "taskRoleArn",
            "requiresCompatibilities",
            "volumes",
        )
        taken = {name: running[name] for name in names if name in running}
        ecs.register_task_definition(family="mistaken", containerDefinitions=[container], **taken)
        ecs.run_task(
            cluster=cluster,
            taskDefinition="mistaken",
            launchType="FARGATE",
            networkConfiguration=service["networkConfiguration"],
        )

        def reason() -> str:
            stopped = ecs.list_tasks(cluster=cluster, family="mistaken", desiredStatus="STOPPED")["taskArns"]
            tasks = ecs.describe_tasks(cluster=cluster, tasks=stopped)["tasks"] if stopped else []
            return tasks[0]["stoppedReason"] if tasks else ""

        eventually(reason, 20, "the task is refused")
        self.printed["reason of a task"] = reason()

    def run(self, verb: str, called: str = "") -> Ran:
        ran = self.stage.run(verb, "local")
        self.printed[called or verb] = ran.output
        return ran


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene(tmp_path_factory.mktemp("secrets"))
    try:
        made.play()
        yield made
    finally:
        made.watcher.end()
        made.stage.down()


def containers(scene: Scene) -> list[Any]:
    return [docker.from_env().api.inspect_container(identifier) for identifier in scene.stage.containers()]


def test_the_containers_own_environment_has_what_it_asked_for(scene: Scene) -> None:
    [container] = containers(scene)
    environment = json.dumps(container["Config"]["Env"])
    assert scene.planted.found_in(environment) == {"config", "ssm", "manager"}
    others = {name: part for name, part in container.items() if name != "Config"}
    assert scene.planted.found_in(json.dumps(others)) == set()


def test_no_command_prints_one(scene: Scene) -> None:
    assert {verb for verb, text in scene.printed.items() if not text} <= {"events", "drift"}
    assert "did not contain json key absent" in scene.printed["reason of a task"]
    assert {
        verb: found for verb, text in scene.printed.items() if (found := scene.planted.found_in(text))
    } == {}


def test_no_file_of_the_project_or_the_local_cloud_has_one(scene: Scene) -> None:
    files = [
        path
        for folder in (scene.stage.project, scene.stage.home)
        for path in folder.rglob("*")
        if path.is_file()
    ]
    assert any(path.name == "local.json" for path in files)
    assert any(path.name == "cloud.log" for path in files)
    assert {path.name: found for path in files if (found := scene.planted.found_in(path.read_bytes()))} == {}


def test_no_answer_of_the_apis_has_one_but_those_that_are_for_it(scene: Scene) -> None:
    aws = scene.stage.aws
    ecs, logs = aws("ecs"), aws("logs")
    [cluster] = ecs.list_clusters()["clusterArns"]
    tasks = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=cluster, desiredStatus=status)["taskArns"]
    ]
    deployments = ecs.list_service_deployments(cluster=cluster, service="web")["serviceDeployments"]
    arns = [entry["serviceDeploymentArn"] for entry in deployments]
    groups = logs.describe_log_groups()["logGroups"]
    answers = {
        "services": ecs.describe_services(cluster=cluster, services=["web"]),
        "tasks": ecs.describe_tasks(cluster=cluster, tasks=tasks),
        "definitions": [
            ecs.describe_task_definition(taskDefinition=arn)
            for arn in ecs.list_task_definitions()["taskDefinitionArns"]
        ],
        "deployments": ecs.describe_service_deployments(serviceDeploymentArns=arns),
        "log lines": [logs.filter_log_events(logGroupName=group["logGroupName"]) for group in groups],
        "parameters": aws("ssm").describe_parameters(),
        "encrypted": aws("ssm").get_parameter(Name="/planted"),
        "secrets": aws("secretsmanager").list_secrets(),
        "alarms": aws("cloudwatch").describe_alarms(),
        "events of the account": aws("cloudtrail").lookup_events(),
        "images": aws("ecr").describe_repositories(),
        "page of make watch": Reader(scene.settings).document(),
    }
    assert answers["tasks"]["tasks"]
    texts = {name: json.dumps(answer, default=str) for name, answer in answers.items()}
    # MiniStack's ciphertext of a parameter is base64, which a person does not read; docs/security.md says so.
    assert scene.planted.texts["ssm"] not in texts.pop("encrypted")
    assert {name: found for name, text in texts.items() if (found := scene.planted.found_in(text))} == {}


def test_no_image_has_one_in_its_history_its_settings_or_its_files(scene: Scene) -> None:
    engine = docker.from_env()
    registry = scene.settings.registry
    images = [image for image in engine.images.list() if any(tag.startswith(registry) for tag in image.tags)]
    assert images
    for image in images:
        history = subprocess.run(
            ["docker", "history", "--no-trunc", str(image.id)], check=True, capture_output=True
        ).stdout
        assert b"/run/secrets/planted" in history
        assert scene.planted.found_in(history) == set()
        assert scene.planted.found_in(json.dumps(image.attrs)) == set()
        before = b""
        for chunk in image.save(chunk_size=2**23):
            assert scene.planted.found_in(before[-200:] + chunk) == set()
            before = chunk


def test_no_command_line_has_one_and_the_local_cloud_knows_none_of_the_shells(scene: Scene) -> None:
    assert any("docker" in command and "build" in command for command in scene.watcher.commands)
    assert {command for command in scene.watcher.commands if scene.planted.found_in(command)} == set()
    assert scene.watcher.environments
    assert {text for text in scene.watcher.environments if scene.planted.found_in(text)} == set()
