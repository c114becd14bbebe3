"""Programs that use the package: Python without the CLI; YAML and TypeScript with Pulumi's engine."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from component.generate import HERE
from tests.e2e.stage import REPOSITORY, Stage

PYTHON = """\
import pulumi
from component.components import Cluster, LoadBalancer, Microservice, Network, Service

network = Network("shop-network", {"production": False})
existing = {"vpc_id": network.vpc_id, "public_subnet_ids": network.public_subnet_ids}
web = Service(
    "web",
    {
        "build": {"context": "app"},
        "desired_count": 1,
        "production": False,
        "network": {"existing": existing},
        "environment": {"GREETING": pulumi.Output.concat("In ", network.vpc_id)},
        "stop_timeout": 5,
        "deregistration_delay": 5,
        "health_check": {"interval": 5, "timeout": 2},
    },
)
cluster = Cluster("shared", {"production": False, "network": {"existing": existing}})
front = LoadBalancer("front", {"production": False, "network": {"existing": existing}})
api = Microservice(
    "api",
    {
        "build": {"context": "app"},
        "desired_count": 1,
        "production": False,
        "network": {"existing": existing},
        "cluster": {"existing": cluster.cluster_name},
        "load_balancer": {"existing": {"name": front.arn, "listener": "80"}},
        "route": {"paths": ["/api", "/api/*"]},
        "health_check": {"path": "/healthz", "interval": 5, "timeout": 2},
        "stop_timeout": 5,
        "deregistration_delay": 5,
    },
)
pulumi.export("url", web.url)
pulumi.export("api", front.url)
pulumi.export("services", {"web": web.service_name})
pulumi.export("cluster", web.cluster_name)
"""
YAML = """\
name: yaml-shop
runtime: yaml
packages:
  ecs-microservice: {component}
resources:
  web:
    type: ecs-microservice:Service
    properties:
      build: {{ context: app }}
      desiredCount: 1
      production: false
      stopTimeout: 5
      deregistrationDelay: 5
outputs:
  url: ${{web.url}}
"""
TYPESCRIPT = """\
import { Network, Service } from "@pulumi/ecs-microservice";

const network = new Network("network", { production: false });
const web = new Service("web", {
    build: { context: "app" },
    production: false,
    desiredCount: 1,
    network: { existing: { vpcId: network.vpcId, publicSubnetIds: network.publicSubnetIds } },
    environment: { GREETING: network.vpcId },
    stopTimeout: 5,
    deregistrationDelay: 5,
});
export const url = web.url;
"""
with_cli = [
    pytest.mark.docker,
    pytest.mark.pulumi,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the pulumi CLI is not on PATH"),
]


def project(folder: Path, files: dict[str, str]) -> Path:
    """A stranger's project, with the service's source and a stack file that only names a region."""
    shutil.copytree(REPOSITORY / "app", folder / "app")
    for name, text in {"Pulumi.local.yaml": "config:\n  aws:region: us-east-1\n", **files}.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, tmp_path / "project")
    try:
        yield made
    finally:
        made.down()


@pytest.mark.docker
def test_a_python_program_uses_the_components_without_the_cli(stage: Stage) -> None:
    runtime = (
        f"runtime:\n  name: python\n  options: {{ virtualenv: {os.environ.get('VIRTUAL_ENV', '.venv')} }}\n"
    )
    project(stage.project, {"Pulumi.yaml": f"name: shop\n{runtime}", "__main__.py": PYTHON})
    stage.environment["LOCALCLOUD_ENGINE"] = "built-in"

    stage.up()

    assert stage.get().text.startswith("In vpc-")
    clusters = {arn.rpartition("/")[2] for arn in stage.aws("ecs").list_clusters()["clusterArns"]}
    assert clusters == {"shop-web-local", "shop-shared-local"}
    (service,) = stage.aws("ecs").list_services(cluster="shop-shared-local")["serviceArns"]
    assert service.endswith("/shop-api-local-api")
    balancers = {
        one["LoadBalancerName"].rsplit("-", 1)[0]
        for one in stage.aws("elbv2").describe_load_balancers()["LoadBalancers"]
    }
    assert balancers == {"web", "front"}


class Cli:
    """Pulumi's CLI on the local cloud of a stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        subprocess.run(
            [sys.executable, "-m", "localcloud", "start"],
            env=stage.environment,
            check=True,
            capture_output=True,
        )
        printed = stage.run("env", "local")
        assert printed.code == 0, printed.output
        exports = [
            line.removeprefix("export ") for line in printed.output.splitlines() if line.startswith("export ")
        ]
        self.environment = {**stage.environment, **dict(line.split("=", 1) for line in exports)}

    def count_as_installed(self, *packages: str) -> None:
        """Spare the download of the official plugins: the local cloud's providers are attached in their place."""
        for package in packages:
            version = importlib.metadata.version(f"pulumi-{package}")
            plugin = Path(self.environment["PULUMI_HOME"]) / "plugins" / f"resource-{package}-v{version}"
            plugin.mkdir(parents=True)
            (plugin / f"pulumi-resource-{package}").touch(0o755)

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self._stage.project,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def up(self) -> httpx.Response:
        self.run("stack", "init", "local")
        self.run("up", "--stack", "local", "--yes", "--skip-preview")
        url = json.loads(self.run("stack", "output", "--stack", "local", "--json"))["url"]
        return self._stage.get(url=url)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package as a clone has it, with its dependencies where the CLI would install them."""
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("component", "infra"):
        shutil.copytree(
            REPOSITORY / name, clone / name, ignore=shutil.ignore_patterns(".venv", "__pycache__")
        )
    for name in ("requirements.txt", "VERSION"):
        shutil.copy2(REPOSITORY / name, clone / name)
    # The CLI installs the requirements into the plugin's own environment: these are found there already.
    environment = clone / "component" / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    (site,) = environment.glob("lib/python3*/site-packages")
    (site / "repository.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return clone / "component"


class TestWithTheCli:
    pytestmark = with_cli

    def test_yaml(self, stage: Stage, package: Path) -> None:
        project(stage.project, {"Pulumi.yaml": YAML.format(component=package)})

        assert Cli(stage).up().text == "Hello from ECS!"

    @pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not on PATH")
    def test_typescript(self, stage: Stage, package: Path) -> None:
        manifest = {
            "name": "shop",
            "devDependencies": {"@types/node": "^20"},
            "dependencies": {"@pulumi/pulumi": "^3"},
        }
        files = {
            "Pulumi.yaml": "name: ts-shop\nruntime: nodejs\n",
            "package.json": json.dumps(manifest),
            "tsconfig.json": '{"compilerOptions": {"strict": true, "target": "es2020", "module": "commonjs"}}',
            "index.ts": TYPESCRIPT,
        }
        project(stage.project, files)
        cli = Cli(stage)
        cli.count_as_installed("aws", "awsx", "docker", "docker-build")
        cli.run("package", "add", str(package))

        assert cli.up().text.startswith("vpc-")


def test_the_plugin_is_in_the_folder_that_its_address_names() -> None:
    assert (HERE / "PulumiPlugin.yaml").is_file()
    assert (HERE / "requirements.txt").read_text() == "-r ../requirements.txt\n"
