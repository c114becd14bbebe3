"""Why containers end: from the lines that they really write to the line of the stack file that mends it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.deployments.crashes import Crash, explained

EXITED = "Essential container in task exited"
GIVEN_UP = "Task failed ELB health checks in (target-group arn:x)"
SET = "  fix: pulumi config set --path services.web."


def crash(
    *lines: str,
    code: int | None = 1,
    reason: str = "",
    task_reason: str = EXITED,
    definition: dict[str, Any] | None = None,
    name: str = "web",
    task: dict[str, Any] | None = None,
) -> Crash:
    usual = {
        "readonlyRootFilesystem": True,
        "portMappings": [{"containerPort": 80}],
        "linuxParameters": {"tmpfs": [{"containerPath": "/tmp"}]},
        "environment": [{"name": "PORT", "value": "80"}],
        "stopTimeout": 30,
    }
    return Crash(
        service="web",
        container={"name": name, "exitCode": code, "reason": reason},
        definition={**usual, **(definition or {})},
        task={
            "cpu": "256",
            "memory": "512",
            "runtimePlatform": {"cpuArchitecture": "X86_64"},
            **(task or {}),
        },
        task_reason=task_reason,
        lines=lines,
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)',
         f"{SET}container.writablePaths[0]' /var/cache/nginx"),
        ('nginx: [emerg] open() "/run/nginx.pid" failed (30: Read-only file system)',
         f"{SET}container.writablePaths[0]' /run"),
        ("OSError: [Errno 30] Read-only file system: '/var/lib/app/state.json'",
         f"{SET}container.writablePaths[0]' /var/lib/app"),
        ("Error: EROFS: read-only file system, mkdir '/app/uploads'",
         f"{SET}container.writablePaths[0]' /app/uploads"),
        ("mkdir: cannot create directory '/srv/cache': Read-only file system",
         f"{SET}container.writablePaths[0]' /srv/cache"),
        ("Error: EROFS: read-only file system, open '/app/server.log'", f"{SET}container.readOnlyRootFilesystem false"),
        ("django.db.utils.OperationalError: attempt to write: Read-only file system",
         f"{SET}container.readOnlyRootFilesystem false"),
        ("FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp', '/usr/tmp', '/app']",
         f"{SET}container.writablePaths[0]' /tmp"),
    ],
)  # fmt: skip
def test_a_read_only_root_names_the_folder(line: str, told: str) -> None:
    first, *fixes = explained(crash("starting", line, "bye"))
    assert "its root file system is read-only" in first
    assert [fix.replace("'services", "services") for fix in fixes] == [told]


def test_a_further_folder_keeps_those_that_are_there() -> None:
    there = {"linuxParameters": {"tmpfs": [{"containerPath": "/tmp"}, {"containerPath": "/run"}]}}
    fixes = explained(crash("mkdir: '/var/log/x': Read-only file system", definition=there))[1:]
    assert [fix.rsplit(" ", 1)[-1] for fix in fixes] == ["/run", "/var/log/x"]


def test_a_root_that_may_be_written_is_not_blamed() -> None:
    assert (
        explained(crash("x: Read-only file system: /a", definition={"readonlyRootFilesystem": False})) == []
    )


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["  File \"<frozen os>\", in __getitem__", "    x = os.environ['LOG_LEVEL']", "KeyError: 'LOG_LEVEL'"],
         "LOG_LEVEL"),
        (["decouple.UndefinedValueError: SITE_NAME not found. Declare it as envvar or define a default value."],
         "SITE_NAME"),
        (["django.core.exceptions.ImproperlyConfigured: Set the CACHE_URL environment variable"], "CACHE_URL"),
        (["pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings", "site_name",
          "  Field required [type=missing, input_value={}, input_type=dict]"], "SITE_NAME"),
        (['panic: env: required environment variable "QUEUE_URL" is not set'], "QUEUE_URL"),
        (["required key QUEUE_URL missing value"], "QUEUE_URL"),
        (["/start.sh: line 3: QUEUE_URL: unbound variable"], "QUEUE_URL"),
        (["/start.sh: 3: QUEUE_URL: parameter not set"], "QUEUE_URL"),
        (["Error: Missing required environment variable: QUEUE_URL"], "QUEUE_URL"),
        (["Error: QUEUE_URL must be set"], "QUEUE_URL"),
        (["Environment variable not found: DATABASE_URL.", "Error: DATABASE_URL is not set"], "DATABASE_URL"),
    ],
)  # fmt: skip
def test_a_missing_variable_is_named(lines: list[str], name: str) -> None:
    assert explained(crash(*lines)) == [
        f"the application asks for the variable {name}, which it is not given",
        f"  fix: pulumi config set --path services.web.environment.{name}",
    ]


def test_a_missing_secret_is_stored_as_one() -> None:
    line = "       You must specify POSTGRES_PASSWORD to a non-empty value for the"
    assert explained(crash(line))[1:] == [
        "  fix: pulumi config set --secret postgresPassword",
        "  fix: pulumi config set --path --plaintext services.web.secrets.POSTGRES_PASSWORD.config postgresPassword",
    ]


@pytest.mark.parametrize(
    "failure",
    [
        crash("KeyError: 'NAME'"),
        crash("os.environ", "KeyError: 'PORT'"),
        crash("os.environ", "KeyError: 'NAME'", task_reason=GIVEN_UP, code=0),
        crash("PermissionError: [Errno 13] Permission denied: '/app/x'"),
        crash("ValueError: something else"),
        crash(code=0, task_reason=GIVEN_UP),
    ],
    ids=[
        "no environ",
        "it is given",
        "did not end itself",
        "a folder of the image",
        "its own affair",
        "no error",
    ],
)
def test_what_no_setting_causes_is_left_alone(failure: Crash) -> None:
    assert explained(failure) == []


OUT = "OutOfMemoryError: Container killed due to memory usage"


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (crash(code=137, reason=OUT), f"{SET}memory 1024"),
        (crash("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", code=134),
         f"{SET}memory 1024"),
        (crash(code=137, reason=OUT, task={"cpu": "1024", "memory": "3072"}), f"{SET}memory 6144"),
        (crash(code=137, reason=OUT, task={"cpu": "256", "memory": "2048"}),
         "  it is the most that Fargate has with cpu 256: raise services.web.cpu, then memory"),
        (crash(code=137, reason=OUT, task={"cpu": "300", "memory": "900"}), f"{SET}memory 1800"),
        (crash("exec /app/server: exec format error", code=255), f"{SET}architecture arm64"),
        (crash(code=None, task_reason='CannotStartContainerError: exec: "/app/server": exec format error',
               task={"runtimePlatform": {"cpuArchitecture": "ARM64"}}), f"{SET}architecture x86_64"),
        (crash("/server: 1: \x7fELF\x02\x01\x01: not found", code=127), f"{SET}architecture arm64"),
        (crash("exec /start.sh: exec format error", code=255),
         "  or the image is built for another processor architecture"),
    ],
)  # fmt: skip
def test_memory_and_architecture(failure: Crash, told: str) -> None:
    assert explained(failure)[-1] == told


@pytest.mark.parametrize("with_init", [False, True])
def test_an_entry_point_that_is_not_executable(with_init: bool) -> None:
    reason = (
        "CannotStartContainerError: OCI runtime create failed: container_linux.go:380: starting container process "
        'caused: exec: "/start.sh": permission denied: unknown'
    )
    told = crash("[FATAL tini (7)] exec /start.sh failed: Permission denied", code=126)
    assert explained(told if with_init else crash(code=126, reason=reason)) == [
        "/start.sh is no executable file: RUN chmod +x /start.sh in the Dockerfile",
        "  or run it with a shell:",
        "  fix: pulumi config set --path 'services.web.container.entryPoint[0]' sh",
        "  fix: pulumi config set --path 'services.web.container.entryPoint[1]' /start.sh",
    ]


@pytest.mark.parametrize(
    ("reason", "definition", "told"),
    [
        ('exec: "gunicron": executable file not found in $PATH: unknown', {"command": ["gunicron", "app"]},
         "  services.web.container.command is gunicron app"),
        ('exec: "gunicorn": executable file not found in $PATH: unknown', {},
         "  the image's ENTRYPOINT and CMD name it: is build.target the stage that has it?"),
        ('exec: "/start.sh": stat /start.sh: no such file or directory: unknown', {},
         "/start.sh is not in the image, or its first line names a program that is not (a shell, or one with \\r\\n)"),
    ],
)  # fmt: skip
def test_an_entry_point_that_is_not_there(reason: str, definition: dict[str, Any], told: str) -> None:
    failure = crash(code=127, reason=f"CannotStartContainerError: {reason}", definition=definition)
    assert explained(failure)[-1] == told


@pytest.mark.parametrize(
    "line",
    [
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)",
        "Error: listen EACCES: permission denied 0.0.0.0:80",
        "[ERROR] Can't connect to ('0.0.0.0', 80): Permission denied",
        "panic: listen tcp :80: bind: permission denied",
    ],
)
def test_a_port_that_only_root_may_listen_on(line: str) -> None:
    assert explained(crash(line))[-1] == f"{SET}port 8080"


def test_a_folder_that_the_user_may_not_write() -> None:
    line = "PermissionError: [Errno 13] Permission denied: '/data/db.sqlite3'"
    assert explained(crash(line)) == [
        "the image's user may not write to /data",
        "  fix: pulumi config set --path 'services.web.container.writablePaths[0]' /data",
    ]


def test_hosts_that_django_refuses() -> None:
    line = "Invalid HTTP_HOST header: '10.0.1.7:8000'. You may need to add '10.0.1.7' to ALLOWED_HOSTS."
    assert "let ALLOWED_HOSTS hold '*'" in "\n".join(explained(crash(line, task_reason=GIVEN_UP, code=0)))


def test_a_command_that_ends_at_once() -> None:
    assert "is services.web.build.target the stage that serves" in explained(crash("tests passed", code=0))[1]


def test_a_health_check_that_the_image_cannot_run() -> None:
    check = {"healthCheck": {"command": ["CMD-SHELL", "curl -f localhost"]}}
    told = explained(crash(task_reason="Task failed container health checks", code=0, definition=check))
    assert told == [
        "the health check inside web fails: curl -f localhost",
        "  it is container.healthCheck, or the Dockerfile's HEALTHCHECK, and the image has to have a shell and every "
        "program that it names",
        "  to do without it:",
        "  fix: pulumi config set --path 'services.web.container.healthCheck.command[0]' NONE",
    ]


def test_what_does_not_heed_sigterm() -> None:
    told = explained(crash(code=137, task_reason=GIVEN_UP))
    assert told[0].startswith("web had to be killed, 30 s after SIGTERM")
    assert "shell as process 1" in told[1]
    assert told[-2:] == [f"{SET}deregistrationDelay 60", f"{SET}stopTimeout 60"]
    assert explained(crash(code=137)) == [], "somebody else killed it"
    init = {"linuxParameters": {"initProcessEnabled": True}}
    assert (
        "a script passes no signals on"
        in explained(crash(code=137, task_reason=GIVEN_UP, definition=init))[1]
    )


def test_a_sidecar_is_mended_by_its_own_settings() -> None:
    assert explained(crash("mkdir: '/var/log/x': Read-only file system", name="agent"))[1:] == [
        f"{SET}sidecars.agent.readOnlyRootFilesystem false"
    ]
    assert explained(crash("os.environ", "KeyError: 'API_URL'", name="agent"))[1:] == [
        f"{SET}sidecars.agent.environment.API_URL"
    ]


@given(st.lists(st.text(max_size=80), max_size=5), st.sampled_from([None, 0, 1, 137]))
def test_no_log_is_too_strange_to_be_read(lines: list[str], code: int | None) -> None:
    assert all(isinstance(line, str) for line in explained(crash(*lines, code=code)))
