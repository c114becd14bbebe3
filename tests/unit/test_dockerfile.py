"""What a Dockerfile says of its container, read without a build."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.pure.dockerfile import HealthCommand, read_image
from infra.settings.image_defaults import told, with_image_defaults
from infra.settings.root import Settings
from infra.settings.validation import validate


@pytest.mark.parametrize(
    ("dockerfile", "said"),
    [
        ("FROM a\nEXPOSE 8080\nENV PORT=1\nCMD x --port 2\n", (8080, "EXPOSE 8080")),
        ("FROM a\nexpose 53/udp 8080/tcp\n", (8080, "EXPOSE 8080/tcp")),
        ("FROM a\nEXPOSE 7000-7010 8080\n", (8080, "EXPOSE 8080")),
        ("FROM a\nEXPOSE 99999\n", None),
        ("FROM a\nCMD gunicorn -b 0.0.0.0:8000 x\n", (8000, "the port in its command")),
        (
            'FROM a\nENTRYPOINT ["uvicorn"]\nCMD ["x:app", "--port", "8080"]\n',
            (8080, "the port in its command"),
        ),
        ("FROM a\nENV PORT=3000\nCMD node x\n", (3000, "ENV PORT")),
        ("FROM a\nCMD node x\n", None),
        ("FROM a\nCMD gunicorn -b :$PORT x\n", None),
        ("FROM a AS one\nEXPOSE 1000\nFROM b\n", None),
        ("FROM a AS one\nEXPOSE 1000\nFROM one\n", (1000, "EXPOSE 1000")),
        ("ARG P=7000\nFROM a\nEXPOSE $P\n", None),
        ("ARG P=7000\nFROM a\nARG P\nEXPOSE $P\n", (7000, "EXPOSE 7000")),
        ("FROM a\nARG P=7000\nEXPOSE ${P}\n", (7000, "EXPOSE 7000")),
        ("FROM a\nEXPOSE ${P:-7001}\n", (7001, "EXPOSE 7001")),
        ("FROM a\nARG P=1\nENV P=7002\nEXPOSE $P\n", (7002, "EXPOSE 7002")),
        ("FROM a\nEXPOSE \\\n  # not this one\n\n  8080\n", (8080, "EXPOSE 8080")),
        ("# escape=`\nFROM a\nEXPOSE `\n 8080\n", (8080, "EXPOSE 8080")),
        (
            "FROM a\nRUN <<EOF python3\nfrom flask import Flask\nEXPOSE 1\nEOF\nEXPOSE 2000\n",
            (2000, "EXPOSE 2000"),
        ),
        ("FROM a\nCOPY <<A <<B /x/\nFROM z\nA\nEXPOSE 1\nB\nEXPOSE 2000\n", (2000, "EXPOSE 2000")),
    ],
)
def test_the_port(dockerfile: str, said: tuple[int, str] | None) -> None:
    assert read_image(dockerfile).said_port == said


def test_the_stage_and_the_arguments_of_the_build_count() -> None:
    text = "FROM a AS one\nARG P=1000\nEXPOSE $P\nFROM b AS two\nEXPOSE 2000\n"
    assert read_image(text, target="one").said_port == (1000, "EXPOSE 1000")
    assert read_image(text, target="0", args={"P": "1001"}).said_port == (1001, "EXPOSE 1001")
    assert read_image(text).said_port == (2000, "EXPOSE 2000")


@pytest.mark.parametrize(
    ("dockerfile", "check"),
    [
        ("FROM a\nHEALTHCHECK CMD curl -f http://localhost/\n",
         HealthCommand(command=("CMD-SHELL", "curl -f http://localhost/"))),
        ('FROM a\nHEALTHCHECK --interval=5s --timeout=3s --start-period=1m30s --retries=2 CMD ["/app", "check"]\n',
         HealthCommand(command=("CMD", "/app", "check"), interval=5, timeout=3, retries=2, start_period=90)),
        ('FROM a\nHEALTHCHECK --interval=500ms --timeout=10m --start-period=1h --retries=99 CMD ["/app"]\n',
         HealthCommand(command=("CMD", "/app"), interval=5, timeout=4, retries=10, start_period=300)),
        ("FROM a\nHEALTHCHECK CMD curl localhost:$PORT\n",
         HealthCommand(command=("CMD-SHELL", "curl localhost:$PORT"))),
        ("FROM a AS b\nHEALTHCHECK CMD x\nFROM b\nHEALTHCHECK NONE\n", None),
        ("FROM a AS b\nHEALTHCHECK CMD x\nFROM b\n", HealthCommand(command=("CMD-SHELL", "x"))),
        ("FROM a\n", None),
    ],
)  # fmt: skip
def test_the_health_check_within_the_bounds_of_ecs(dockerfile: str, check: HealthCommand | None) -> None:
    assert read_image(dockerfile).health_check == check


@given(st.text(alphabet=st.sampled_from("FROMEXPSHLTCKNVAG \\\n#$={}[]\"'<-:0189a"), max_size=200))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    said = read_image(f"FROM a\n{text}").said_port
    assert said is None or 0 < said[0] < 65536


CHECKED = (
    "FROM a\nEXPOSE 8080\nUSER 7\nHEALTHCHECK CMD curl -f http://localhost:8080/healthz?full=1 || exit 1\n"
)


def settings_of(**service: object) -> Settings:
    settings, problems = validate({"services": {"web": service}})
    assert settings, problems
    return settings


def completed(tmp_path: Path, dockerfile: str, **service: object) -> tuple[Settings, list[str]]:
    (tmp_path / "app").mkdir(exist_ok=True)
    (tmp_path / "app" / "Dockerfile").write_text(dockerfile)
    settings, origins = with_image_defaults(settings_of(**service), tmp_path)
    return settings, list(told(origins))


def test_what_the_image_says_is_taken_and_told(tmp_path: Path) -> None:
    settings, lines = completed(tmp_path, CHECKED)
    web = settings.services["web"]
    assert (web.listens_on, web.health_check.asks_for) == (8080, "/healthz")
    assert web.container.health_check
    assert web.container.health_check.command == (
        "CMD-SHELL",
        "curl -f http://localhost:8080/healthz?full=1 || exit 1",
    )
    assert lines == [
        "services.web: port 8080 (EXPOSE 8080 in app/Dockerfile), container.healthCheck curl -f "
        "http://localhost:8080/healthz?full=1 || exit 1 (HEALTHCHECK in app/Dockerfile), healthCheck.path /healthz "
        "(HEALTHCHECK in app/Dockerfile)"
    ]


def test_what_the_settings_say_wins(tmp_path: Path) -> None:
    settings, lines = completed(
        tmp_path,
        CHECKED,
        port=9000,
        healthCheck={"path": "/"},
        container={"healthCheck": {"command": ["NONE"]}},
    )
    web = settings.services["web"]
    assert (web.listens_on, web.health_check.asks_for) == (9000, "/")
    assert web.container.health_check
    assert web.container.health_check.command == ("NONE",)
    assert lines == []


def test_a_health_check_of_another_port_names_no_path(tmp_path: Path) -> None:
    settings, _ = completed(tmp_path, CHECKED, port=9000)
    assert settings.services["web"].health_check.asks_for == "/"


def test_the_variable_port_counts_before_the_image(tmp_path: Path) -> None:
    settings, lines = completed(tmp_path, CHECKED, environment={"PORT": 9001})
    assert settings.services["web"].listens_on == 9001
    assert "port 9001 (environment.PORT)" in lines[0]


def test_a_silent_image_is_told_to_listen_on_5000(tmp_path: Path) -> None:
    settings, lines = completed(tmp_path, "FROM a\n")
    assert settings.services["web"].listens_on == 5000
    assert lines == ["services.web: port 5000 (the default; app/Dockerfile says none)"]


def test_images_by_reference_and_missing_files_say_nothing(tmp_path: Path) -> None:
    assert completed(tmp_path, CHECKED, image="ghcr.io/shop/web:1")[0].services["web"].listens_on == 5000
    assert with_image_defaults(settings_of(build={"context": "gone"}), tmp_path)[1] == {}
