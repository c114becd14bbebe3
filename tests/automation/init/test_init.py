"""`init`: what a Dockerfile, a Compose file or a Copilot manifest says becomes settings that are accepted."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from automation.init import add_to, look, text_of
from automation.init.dockerfile import port_of
from automation.init.entry import Entry, mebibytes, seconds, service_name
from automation.init.looking import Finding
from infra.pure.dockerfile import read_image
from infra.settings.image_defaults import with_image_defaults
from infra.settings.validation import validate
from localcloud.errors import LocalCloudError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tmp_path / "project"


def write(project: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return project


def settings_of(project: Path, path: str = ".", **options: Any) -> dict[str, Any]:
    """The stack's settings that `init` writes; the program's own check has accepted them."""
    text = text_of(look(project / path, project, **options))
    data: dict[str, Any] = yaml.safe_load(text)
    secrets = {
        source["config"]
        for service in data["services"].values()
        for source in (service or {}).get("secrets", {}).values()
        if "config" in source
    }
    settings, problems = validate(data, frozenset(secrets))
    assert settings, "\n".join(problem.render() for problem in problems)
    return data


def service(project: Path, dockerfile: str) -> dict[str, Any]:
    write(project, {"web/Dockerfile": dockerfile})
    found: dict[str, Any] = settings_of(project, "web")["services"]["web"]
    return found


@pytest.mark.parametrize(
    ("dockerfile", "port"),
    [
        ('FROM python:3.13\nCMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]\n', 8000),
        ("FROM python:3.13\nCMD gunicorn --bind=:9001 app\n", 9001),
        ("FROM python:3.13\nCMD gunicorn app:app\n", 8000),
        ("FROM python:3.13\nCMD uvicorn app:app --host 0.0.0.0 --port 8080\n", 8080),
        ("FROM python:3.13\nCMD flask run --host=0.0.0.0\n", 5000),
        ("FROM python:3.13\nCMD python manage.py runserver 0.0.0.0:8001\n", 8001),
        ("FROM node:20\nEXPOSE 3000\nCMD node server.js\n", 3000),
        ("FROM node:20\nEXPOSE 9229/udp 3000/tcp\n", 3000),
        ("ARG P=7000\nFROM node:20\nENV PORT=7001\nEXPOSE $PORT\n", 7001),
        ("FROM node:20\nENV PORT 8081\nCMD node server.js\n", 8081),
        ("FROM nginx:1.27\nCOPY . /usr/share/nginx/html\n", 80),
        ("FROM golang:1.24 AS build\nEXPOSE 1\nFROM scratch\nCOPY --from=build /a /a\nEXPOSE 8443\n", 8443),
        ("FROM python:3.13 AS base\nEXPOSE 8123\nFROM base\nUSER 1\n", 8123),
    ],
)
def test_the_port_is_what_the_image_listens_on(project: Path, dockerfile: str, port: int) -> None:
    data = {"services": {"web": service(project, dockerfile)}}
    settings, _ = validate(data)
    assert settings
    assert with_image_defaults(settings, project)[0].services["web"].listens_on == port


def test_a_port_that_nothing_says_is_left_to_decide_unless_the_image_asks_for_it(project: Path) -> None:
    write(project, {"web/Dockerfile": "FROM scratch\nCMD gunicorn -b :$PORT app\n"})
    assert "port" not in text_of(look(project / "web", project))
    write(project, {"web/Dockerfile": "FROM scratch\nCMD /start\n"})

    assert "# to decide: port: nothing in the Dockerfile says" in text_of(look(project / "web", project))


def test_a_stage_that_is_not_the_last_can_be_the_one(project: Path) -> None:
    path = (
        write(project, {"Dockerfile": "FROM a AS one\nEXPOSE 1000\nFROM b AS two\nEXPOSE 2000\n"})
        / "Dockerfile"
    )

    assert port_of(read_image(path.read_text(), target="one"))[0] == 1000
    assert port_of(read_image(path.read_text()))[0] == 2000


def test_what_else_a_dockerfile_says(project: Path) -> None:
    found = service(
        project,
        "FROM python:3.13-slim\nVOLUME /data /tmp\nEXPOSE 8000\nHEALTHCHECK --interval=5s CMD curl -f "
        "http://localhost:8000/healthz || exit 1\nCMD run me\n",
    )

    assert found == {
        "build": {"context": "web"},
        "container": {"writablePaths": ["/data"]},
    }
    text = text_of(look(project / "web", project))
    assert "CMD in shell form" in text


COMPOSE = """\
services:
  web:
    build: { context: ./web, target: run, args: [A=1] }
    ports: ["80:8080", "81:8081"]
    environment:
      - API=http://api:9000
      - DATABASE_URL=postgres://shop:hunter2@db:5432/shop
      - SESSION_SECRET
      - LEVEL=${LEVEL:-debug}
      - DEBUG=${DEBUG}
    depends_on: [db]
    deploy: { replicas: 3, resources: { limits: { cpus: "0.5", memory: 700m } } }
    stop_grace_period: 1m
    user: "1000"
    tmpfs: [/run, /tmp]
    privileged: true
  api:
    image: ghcr.io/shop/api:1.2
    expose: ["9000"]
    command: serve --fast
    entrypoint: ["/bin/x"]
    healthcheck: { test: ["CMD-SHELL", "curl -f localhost:9000"], interval: 1m30s, retries: 50 }
    platform: linux/arm64
  worker: { image: "ghcr.io/shop/api:1.2", command: [work], volumes: ["x:/y"] }
  db: { image: "postgres:16" }
"""


def test_a_compose_file(project: Path) -> None:
    write(project, {"compose.yaml": COMPOSE, "web/Dockerfile": "FROM x AS run\nEXPOSE 1\nFROM y\n"})

    data = settings_of(project)

    assert data["cluster"] == {"namespace": "project.internal"}
    assert data["services"] == {
        "web": {
            "build": {"context": "web", "target": "run", "args": {"A": "1"}},
            "secrets": {
                "DATABASE_URL": {"config": "databaseUrl"},
                "SESSION_SECRET": {"config": "sessionSecret"},
            },
            "environment": {"API": "http://api:9000", "LEVEL": "debug", "DEBUG": ""},
            "container": {"user": "1000", "writablePaths": ["/run"]},
            "stopTimeout": 60,
            "deregistrationDelay": 60,
            "cpu": 512,
            "memory": 1024,
            "desiredCount": 3,
            "port": 8080,
            "discovery": {"listen": False},
        },
        "api": {
            "image": "ghcr.io/shop/api:1.2",
            "container": {
                "command": ["serve", "--fast"],
                "entryPoint": ["/bin/x"],
                "healthCheck": {"command": ["curl -f localhost:9000"], "interval": 90, "retries": 10},
            },
            "architecture": "arm64",
            "port": 9000,
            "route": {"paths": ["/api", "/api/*"]},
            "discovery": {},
        },
        "worker": {
            "image": "ghcr.io/shop/api:1.2",
            "container": {"command": ["work"]},
            "route": {"enabled": False},
        },
    }
    text = text_of(look(project, project))
    assert "left out: db (postgres:16): Amazon RDS" in text
    for said in (
        "the value of ${DEBUG}",
        "several ports, 8080, 8081: 8080 is taken",
        "privileged is left out",
        "volumes are left out",
    ):
        assert said in text


def test_a_secret_is_never_repeated(project: Path) -> None:
    write(project, {"compose.yaml": COMPOSE, "web/Dockerfile": "FROM x\n"})

    text = text_of(look(project, project))

    assert "hunter2" not in text
    assert "pulumi config set --secret databaseUrl" in text


SHOP = """\
services:
  backend:
    build: backend
    ports: ["8000:8000"]
  cache:
    image: example/redis-like:1
    ports: ["6379:6379"]
  quiet: { image: "example/quiet:1", expose: ["9090/udp"] }
  proxy:
    image: example/proxy:1
    ports: ["443:8443", "9229:9229", { published: 8080, target: 8080 }, "53:53/udp"]
    environment: { DB: "db:5432", PASSWORD: example_123, CACHE: "cache:6379", QUIET: "http://quiet:9091" }
    depends_on: [backend]
    healthcheck: { test: "check -p example_123 || exit 1", interval: 10s, timeout: 10s }
  db: { image: mcr.microsoft.com/mssql/server:2022 }
"""


def test_the_service_that_calls_the_others_takes_the_requests(project: Path) -> None:
    write(project, {"compose.yaml": SHOP, "backend/Dockerfile": "FROM x\nEXPOSE 8000\n"})

    services = settings_of(project)["services"]

    assert "route" not in services["proxy"]
    assert services["backend"]["route"] == {"paths": ["/backend", "/backend/*"]}
    assert services["proxy"]["port"] == 8080
    assert services["quiet"]["port"] == 9091, "where its caller looks for it"
    # Redis speaks no HTTP: no load balancer, and a DNS record in the place of Service Connect.
    assert services["cache"]["route"] == {"enabled": False}
    assert services["cache"]["discovery"] == {"mode": "dns"}
    assert "db" not in services
    text = text_of(look(project, project))
    assert "DB is db:5432: db is left out" in text
    assert "UDP ports are left out" in text


def test_a_health_check_is_one_that_ecs_takes_and_holds_no_secret(project: Path) -> None:
    write(project, {"compose.yaml": SHOP, "backend/Dockerfile": "FROM x\n"})

    assert "example_123" not in text_of(look(project, project))
    assert settings_of(project)["services"]["proxy"]["container"]["healthCheck"] == {
        "command": ["check -p $PASSWORD || exit 1"],
        "interval": 10,
        "timeout": 9,
    }


MANIFEST = """\
name: front_End
type: Load Balanced Web Service
http:
  path: shop
  alias: shop.example.com
  healthcheck: { path: /ok, healthy_threshold: 3, interval: 15s, timeout: 10s, grace_period: 45s }
image:
  build: front/Dockerfile
  port: 8080
cpu: 512
memory: 1024
count: { range: 1-10, cpu_percentage: 70, requests: 100 }
exec: true
variables: { LOG_LEVEL: info, N: 1, T: { from_cfn: x } }
secrets: { TOKEN: /copilot/token, DB: { secretsmanager: shop/db } }
network: { connect: true }
environments:
  prod: { count: 4, variables: { LOG_LEVEL: warn } }
"""


def test_a_copilot_manifest_and_its_overrides(project: Path) -> None:
    write(project, {"copilot/front/manifest.yml": MANIFEST, "front/Dockerfile": "FROM x\nEXPOSE 1\n"})
    finding = look(project, project)
    prod = look(project, project, environment="prod").entries[0].settings

    (entry,) = finding.entries
    assert entry.name == "front-end"
    assert entry.settings == {
        "port": 8080,
        "build": {"context": "front"},
        "route": {"paths": ["/shop", "/shop/*"], "hosts": ["shop.example.com"]},
        "healthCheck": {
            "path": "/ok",
            "healthyThreshold": 3,
            "interval": 15,
            "timeout": 10,
            "gracePeriod": 45,
        },
        "cpu": 512,
        "memory": 1024,
        "scaling": {"min": 1, "max": 10, "cpu": {"target": 70}, "requestsPerTarget": {"target": 100}},
        "environment": {"LOG_LEVEL": "info", "N": "1"},
        "secrets": {"TOKEN": {"ssm": "/copilot/token"}, "DB": {"secretsManager": "shop/db"}},
        "executeCommand": True,
        "container": {"readOnlyRootFilesystem": False},
        "discovery": {},
    }
    assert finding.stack == {
        "cluster": {"executeCommand": {"logRetentionDays": 90}, "namespace": "project.internal"}
    }
    assert settings_of(project), "what sessions and names need is written with them"
    assert (prod["desiredCount"], prod["environment"]["LOG_LEVEL"]) == (4, "warn")


AWAY = """\
name: api
type: Load Balanced Web Service
http:
  path: /
  alias: ["api.${DOMAIN}"]
  stickiness: true
  healthcheck: { path: /ok, interval: 10s, timeout: 10s }
image: { location: flask-sample, port: 3001 }
count: { range: { min: 1, max: 3, spot_from: 2 }, response_time: 2s }
secrets: { KEY: "/copilot/${COPILOT_APPLICATION_NAME}/${COPILOT_ENVIRONMENT_NAME}/secrets/KEY" }
sidecars:
  nginx: { port: 80, image: { build: proxy/Dockerfile } }
  agent: { image: public.ecr.aws/agent, variables: { LEVEL: 1, API_TOKEN: x } }
nlb: { port: 443/tls }
"""


def test_what_a_manifest_leaves_to_the_place_it_is_run_in_is_told(project: Path) -> None:
    write(project, {"copilot/api/manifest.yml": AWAY, "copilot/.workspace": "application: shop\n"})

    assert settings_of(project, environment="prod")["services"]["api"] == {
        "image": "flask-sample:latest",
        "port": 3001,
        "healthCheck": {"path": "/ok", "interval": 10, "timeout": 9},
        "desiredCount": 1,
        "secrets": {"KEY": {"ssm": "/copilot/shop/prod/secrets/KEY"}},
        "sidecars": {
            "agent": {
                "image": "public.ecr.aws/agent:latest",
                "environment": {"LEVEL": "1"},
                "essential": True,
            }
        },
    }
    text = text_of(look(project, project))
    for said in (
        "route.hosts: api.${DOMAIN}",
        "http.stickiness is left out",
        "the sidecar nginx: it is built",
        "of the sidecar agent: variables",
        "nlb is left out",
        "scaling by response_time",
        "spot_from",
        "the value of ${COPILOT_ENVIRONMENT_NAME}",
    ):
        assert said in text


def test_a_worker_of_copilot_is_not_reached_and_a_job_is_refused(project: Path) -> None:
    write(
        project,
        {"copilot/jobs/manifest.yml": "name: jobs\ntype: Worker Service\nimage: {location: 'a/b:1'}\n"},
    )
    assert settings_of(project)["services"]["jobs"] == {"image": "a/b:1", "route": {"enabled": False}}

    write(project, {"copilot/jobs/manifest.yml": "name: jobs\ntype: Scheduled Job\n"})
    with pytest.raises(LocalCloudError, match="'Scheduled Job'"):
        look(project, project)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"README": ""}, "has no Dockerfile"),
        ({"compose.yaml": "services: ["}, "is no YAML"),
        ({"compose.yaml": "version: 3"}, "has no services"),
        ({"copilot/x/manifest.yml": "name: x"}, "no Copilot manifest"),
    ],
)
def test_what_describes_no_service_is_one_message(project: Path, files: dict[str, str], message: str) -> None:
    write(project, files)

    with pytest.raises(LocalCloudError, match=message):
        look(project, project)


def test_a_name_is_for_one_service(project: Path) -> None:
    write(project, {"compose.yaml": COMPOSE, "web/Dockerfile": "FROM x\n", "a/Dockerfile": "FROM x\n"})

    assert look(project / "a", project, name="Shop!").entries[0].name == "shop"
    with pytest.raises(LocalCloudError, match="several services"):
        look(project, project, name="shop")


ONE = Finding(
    entries=[Entry(name="shop", origin="test", settings={"port": 8080}, unknown=["what"])],
    stack={"tags": {"a": "b"}},
)


@pytest.mark.parametrize(
    "before",
    [
        "config:\n  # first\n  aws:region: x # why\n  services:\n    web: {} # the app\n\n    # below\n# end\n",
        "config:\n  services:\n    web:\n      cpu: 512\n  production: false # last\n",
        "# nothing yet\nconfig:\n    aws:region: x\n",
        "encryptionsalt: v1:abc\n",
        "config:\n  old:services:\n      web: {}",
        "",
    ],
)
def test_entries_go_into_a_file_and_all_that_is_there_stays(project: Path, before: str) -> None:
    path = write(project, {"Pulumi.dev.yaml": before}) / "Pulumi.dev.yaml"

    add_to(path, ONE)

    after = path.read_text()
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    old, new = yaml.safe_load(before) or {}, yaml.safe_load(after)
    services = next(value for key, value in new["config"].items() if key.endswith("services"))
    assert services.pop("shop") == {"port": 8080}
    assert new["config"].pop("tags") == {"a": "b"}
    assert {key: value for key, value in new["config"].items() if value != {}} == old.get("config", {})
    assert "# to decide: what" in after


def test_a_service_that_is_there_is_not_written_over(project: Path) -> None:
    path = write(project, {"Pulumi.dev.yaml": "config:\n  services:\n    shop: {}\n"}) / "Pulumi.dev.yaml"

    with pytest.raises(LocalCloudError, match="has a service 'shop' already"):
        add_to(path, ONE)
    assert path.read_text() == "config:\n  services:\n    shop: {}\n"


@given(st.text())
def test_every_name_becomes_one_that_a_stack_file_allows(text: str) -> None:
    settings, problems = validate({"services": {service_name(text): {}}})

    assert settings, problems


@pytest.mark.parametrize(
    ("text", "size"),
    [("512m", 512), ("1g", 1024), ("1.5GB", 1536), (536870912, 512), ("2048k", 2), ("lots", None)],
)
def test_sizes(text: str, size: int | None) -> None:
    assert mebibytes(text) == size


@pytest.mark.parametrize(
    ("text", "duration"),
    [("30s", 30), ("1m30s", 90), ("2h", 7200), ("500ms", 1), (15, 15), ("soon", None), ("3", None)],
)
def test_durations(text: str, duration: int | None) -> None:
    assert seconds(text) == duration


def test_what_the_services_need_of_a_map_that_is_there_is_told(project: Path) -> None:
    before = "config:\n  cluster:\n    containerInsights: disabled\n  services:\n    web: {}\n"
    path = write(project, {"Pulumi.dev.yaml": before}) / "Pulumi.dev.yaml"

    add_to(path, Finding(entries=ONE.entries, stack={"cluster": {"namespace": "shop.internal"}}))

    assert "# to decide: the services below need cluster.namespace: shop.internal" in path.read_text()
    assert yaml.safe_load(path.read_text())["config"]["cluster"] == {"containerInsights": "disabled"}
