import io
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from docker import DockerClient
from docker.errors import APIError, ImageNotFound

from localcloud.console import Step
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings
from localcloud.setup import base_image, host_sources, stand_in
from localcloud.setup.base_image import ensure_base_image
from localcloud.setup.catalogue import Missing, StandIn, stand_in_for
from localcloud.setup.docker_engine import Engine, find_engine
from localcloud.setup.stand_in import Recipe

STAND_IN = StandIn(
    name="test",
    suite="trixie",
    packages=("python3",),
    files={"/entry.sh": "#!/bin/sh\n"},
    changes=('CMD ["python3"]',),
)
RECIPE = Recipe(
    stand_in=STAND_IN, mirror="http://mirror.test/debian", apt_options=(), pip=(), tools=(), ca_bundle=None
)
PYTHON = "python:3.13-slim-trixie"
PYTHON_STAND_IN = "localcloud/stand-in:python-3.13-slim"


class FakeEngine:
    """The few calls that decide whether an image is there, can be pulled or must be replaced."""

    def __init__(self, *, local: tuple[str, ...] = (), registry: Exception | None = None) -> None:
        self.local = list(local)
        self.registry = registry
        self.images = self
        self.api = self

    def get(self, image: str) -> object:
        if image not in self.local:
            raise ImageNotFound(image)
        return type("Image", (), {"labels": {}})()

    def get_registry_data(self, _image: str) -> None:
        if self.registry:
            raise self.registry

    def pull(self, name: str, *, tag: str, **_: Any) -> list[dict[str, str]]:
        self.local.append(f"{name}:{tag}")
        return [{"status": "Downloading"}]

    def close(self) -> None:
        pass


@pytest.fixture
def ensure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(engine: FakeEngine, image: str = PYTHON, *, forget: bool = True) -> str:
        def make(work: Path, client: FakeEngine, recipe: Recipe, progress: object) -> None:
            client.local.append(recipe.stand_in.reference)

        if forget:
            base_image._silent.clear()
        monkeypatch.setattr(base_image, "DockerClient", lambda **_: engine)
        monkeypatch.setattr(base_image, "make_stand_in", make)
        return ensure_base_image(CloudSettings(home=tmp_path), "unix:///nowhere", image)

    return run


def api_error(text: str) -> APIError:
    return APIError("500 Server Error", explanation=text)


UNREACHABLE = [
    api_error('Get "https://registry.test/v2/": dial tcp: lookup registry.test on 10.0.0.1:53: no such host'),
    api_error('Get "https://registry.test/v2/": dial tcp 10.0.0.2:443: connect: connection refused'),
    api_error("toomanyrequests: You have reached your pull rate limit"),
    requests.exceptions.ReadTimeout("timed out"),
]


def test_an_image_that_is_there_is_used_without_asking_a_registry(ensure: Any) -> None:
    assert ensure(FakeEngine(local=(PYTHON,), registry=AssertionError("asked"))) == PYTHON


def test_an_image_that_can_be_pulled_is_pulled(ensure: Any) -> None:
    engine = FakeEngine()

    assert ensure(engine) == PYTHON
    assert engine.local == [PYTHON]


@pytest.mark.parametrize("error", UNREACHABLE)
def test_without_a_registry_a_stand_in_is_made(ensure: Any, error: Exception) -> None:
    engine = FakeEngine(registry=error)

    assert ensure(engine) == PYTHON_STAND_IN
    assert engine.local == [PYTHON_STAND_IN]


@pytest.mark.parametrize(
    "text", ["manifest unknown", "pull access denied for python, repository does not exist"]
)
def test_an_image_that_does_not_exist_is_an_error_and_not_replaced(ensure: Any, text: str) -> None:
    engine = FakeEngine(registry=api_error(text))

    with pytest.raises(LocalCloudError, match="does not exist in its registry"):
        ensure(engine, "python:3.13.99")
    assert engine.local == []


def test_without_registry_and_stand_in_the_message_says_what_to_do_for_that_image(ensure: Any) -> None:
    with pytest.raises(
        LocalCloudError, match="image node:22 is not on this machine, no registry is"
    ) as failure:
        ensure(FakeEngine(registry=UNREACHABLE[0]), "node:22")
    assert "node:20-slim" in str(failure.value.fix)
    assert "docker load" in str(failure.value.fix)


def test_a_silent_registry_is_waited_for_once(ensure: Any) -> None:
    engine = FakeEngine(registry=UNREACHABLE[3])
    ensure(engine)
    engine.registry = AssertionError("asked again")

    assert ensure(engine, "redis:7", forget=False) == "localcloud/stand-in:redis-7"


@pytest.mark.parametrize(
    ("image", "name", "suite"),
    [
        (PYTHON, "python-3.13-slim", "trixie"),
        ("python:3.13", "python-3.13", "trixie"),
        ("docker.io/library/python:3.13.5-slim", "python-3.13-slim", "trixie"),
        ("mirror.test:5000/python:3.13-trixie", "python-3.13", "trixie"),
        ("public.ecr.aws/docker/library/python:3.11-slim-bookworm", "python-3.11-slim", "bookworm"),
        ("python:3.9.18-slim-bullseye", "python-3.9-slim", "bullseye"),
        ("python:3.14", "python-3.14", "forky"),
        ("python:3.12-slim@sha256:" + "0" * 64, "python-3.12-slim", "trixie"),
        ("python", "python-3.13", "trixie"),
        ("python:3-slim", "python-3.13-slim", "trixie"),
        ("node:20-slim", "node-20-slim", "trixie"),
        ("node:18", "node-18", "bookworm"),
        ("golang:1.22", "golang-trixie", "trixie"),
        ("golang:1.26-bookworm", "golang-forky", "forky"),
        ("nginx:1.27-alpine", "nginx", "trixie"),
        ("redis:7-alpine", "redis-7", "bookworm"),
        ("redis", "redis-8", "trixie"),
        ("postgres:17", "postgres-17", "trixie"),
        ("postgres:15-alpine", "postgres-15", "bookworm"),
        ("debian:bookworm-slim", "debian-bookworm", "bookworm"),
        ("debian:12.5", "debian-bookworm", "bookworm"),
    ],
)
def test_what_stands_in_for_an_image(image: str, name: str, suite: str) -> None:
    found = stand_in_for(image)

    assert isinstance(found, StandIn), found
    assert (found.name, found.suite) == (name, suite)


@pytest.mark.parametrize(
    ("image", "fix"),
    [
        ("python:3.13-alpine", "python:3.13-slim"),
        ("python:2.7", "python:3.13-slim"),
        ("python:3.131", "python:3.13-slim"),
        ("node:22-slim", "node:20-slim"),
        ("node:20-alpine", "node:20-slim"),
        ("golang:1.24-alpine", "golang:1"),
        ("alpine:3.20", "debian:trixie-slim"),
        ("redis:5", "redis:7 or redis:8"),
        ("postgres:16", "postgres:15, 17 or 18"),
        ("debian:buster", "debian:trixie-slim"),
        ("mypython:3.13", "docker load mypython:3.13"),
        ("bitnami/python:3.13", "docker load bitnami/python:3.13"),
        ("ghcr.io/shop/web:1.4.2", "docker load ghcr.io/shop/web:1.4.2"),
    ],
)
def test_what_has_no_stand_in_and_what_to_do_then(image: str, fix: str) -> None:
    found = stand_in_for(image)

    assert isinstance(found, Missing)
    assert fix in found.fix


@pytest.mark.parametrize(
    ("image", "compiler"), [("python:3.13-slim", False), ("python:3.13", True), ("node:20", True)]
)
def test_the_full_image_has_a_compiler_and_every_image_has_useradd(image: str, compiler: bool) -> None:
    found = stand_in_for(image)

    assert isinstance(found, StandIn)
    assert ("build-essential" in found.packages) is compiler
    assert "passwd" in found.packages


def test_a_python_that_debian_lacks_is_brought_by_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = tmp_path / "uv"
    uv.write_text(
        '#!/bin/sh\nlib="$5/cpython-$3-linux/lib/python$3"\n'
        'mkdir -p "$lib" && touch "$lib/EXTERNALLY-MANAGED"\n'
    )
    uv.chmod(0o755)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "nowhere"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    found = stand_in._python_by_uv("3.12", tmp_path, Step("test"))

    assert found.name == "cpython-3.12-linux"
    assert not list(found.rglob("EXTERNALLY-MANAGED")), "pip installs outside of a virtual environment there"


def test_a_python_that_nobody_brings_is_said_with_those_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho 'dns error' >&2; exit 2\n")
    uv.chmod(0o755)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "nowhere"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    with pytest.raises(LocalCloudError, match=r"no release of Debian has Python 3\.12.*dns error") as failure:
        stand_in._python_by_uv("3.12", tmp_path, Step("test"))
    assert "3.9, 3.11, 3.13, 3.14" in str(failure.value.fix)


def test_another_mirror_index_or_authority_makes_another_stand_in(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.crt"
    bundle.write_text("one")
    recipes = [
        RECIPE,
        replace(RECIPE, mirror=None),
        replace(RECIPE, apt_options=('Acquire::http::Proxy "http://proxy.test";',)),
        replace(RECIPE, pip=(("index-url", "https://index.test"),)),
        replace(RECIPE, tools=(("/root/.npmrc", "registry=https://npm.test"),)),
        replace(RECIPE, stand_in=replace(STAND_IN, packages=("python3", "gcc"))),
        replace(RECIPE, ca_bundle=bundle),
    ]
    digests = [recipe.digest() for recipe in recipes]
    bundle.write_text("two")

    assert len({*digests, recipes[-1].digest()}) == 8
    assert RECIPE.digest() == replace(RECIPE).digest()


DEB822 = """\
# a comment
Types: deb
URIs: http://security.test/debian
Suites: bookworm-security
Components: main

Types: deb deb-src
# http://commented.test/debian
URIs: http://{host}.test/debian
Suites: bookworm
 bookworm-updates
Components: main
"""


@pytest.mark.parametrize(
    ("files", "mirror"),
    [
        ({"sources.list.d/debian.sources": DEB822.format(host="deb822")}, "http://deb822.test/debian"),
        (
            {"sources.list.d/off.sources": DEB822.format(host="off").replace("URIs", "Enabled: no\nURIs")},
            None,
        ),
        (
            {"sources.list": "# deb http://no.test/debian a b\ndeb [arch=amd64] http://one.test/debian/ a b"},
            "http://one.test/debian/",
        ),
        ({"sources.list": "deb http://s.test/debian-security bookworm-security main"}, None),
        ({"sources.list": "deb http://archive.test/ubuntu noble main"}, None),
        ({"sources.list.d/disabled.list.off": "deb http://off.test/debian a main"}, None),
        ({}, None),
    ],
)
def test_the_mirror_comes_from_the_machines_own_apt_sources(
    tmp_path: Path, files: dict[str, str], mirror: str | None
) -> None:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    assert host_sources.debian_mirror(tmp_path) == mirror


def test_pip_settings_say_how_to_reach_the_index_and_nothing_else(tmp_path: Path) -> None:
    machine, user, broken = tmp_path / "machine", tmp_path / "user", tmp_path / "broken"
    machine.write_text(
        "[global]\nindex-url = https://machine.test\nfind-links = /wheels\n[list]\nformat = columns\n"
    )
    user.write_text("[install]\nindex-url = https://user%%40name.test\ntrusted-host = user.test\n")
    broken.write_text("no section")

    settings = host_sources.pip_settings(
        {"PIP_TIMEOUT": "60", "PIP_FIND_LINKS": "/x"}, [machine, user, broken]
    )

    assert settings == {
        "index-url": "https://user%%40name.test",
        "trusted-host": "user.test",
        "timeout": "60",
    }


@pytest.fixture
def engine() -> Iterator[DockerClient]:
    found = find_engine()
    assert isinstance(found, Engine), found
    with closing(DockerClient(base_url=found.host, version="auto")) as client:
        yield client


@pytest.fixture
def mmdebstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny mmdebstrap: writes an archive with one file and its own arguments, as the real one would."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("etc/made")
        tar.addfile(entry, io.BytesIO())
    (tmp_path / "root.tar").write_bytes(archive.getvalue())
    program = tmp_path / "bin/mmdebstrap"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$@" >{tmp_path}/arguments\n'
        f'for word in "$@"; do case $word in *.tar) cp {tmp_path}/root.tar "$word";; esac; done\n'
        'echo "I: success"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


@pytest.mark.docker
def test_the_stand_in_is_tagged_when_complete_and_leaves_no_files(
    tmp_path: Path, engine: DockerClient, mmdebstrap: Path
) -> None:
    recipe = replace(RECIPE, pip=(("index-url", "https://user:pass@index.test"),))
    try:
        stand_in.make_stand_in(tmp_path / "work", engine, recipe, Step("test"))

        image = engine.images.get(STAND_IN.reference)
        assert stand_in.recipe_of(engine, STAND_IN) == recipe.digest()
        assert image.attrs["Config"]["Cmd"] == ["python3"]
        assert "pass" not in str(image.attrs)
        assert not (tmp_path / "work").exists()
        arguments = (tmp_path / "arguments").read_text()
        assert "http://mirror.test/debian" in arguments
        assert "pass@" not in arguments, "other users of the machine can read command lines"
        assert 'chmod 600 "$1/etc/pip.conf"' in arguments
        assert 'chmod 755 "$1/entry.sh"' in arguments
    finally:
        engine.images.remove(STAND_IN.reference, force=True)


@pytest.mark.docker
def test_a_failed_attempt_tags_nothing_and_says_what_was_printed(
    tmp_path: Path, engine: DockerClient, mmdebstrap: Path
) -> None:
    mmdebstrap.write_text("#!/bin/sh\necho 'E: mirror.test: 404 Not Found'\nexit 25\n")
    leftover = tmp_path / "work/attempt-killed/chroot"
    leftover.mkdir(parents=True)

    with pytest.raises(LocalCloudError, match=r"mirror\.test: 404 Not Found"):
        stand_in.make_stand_in(tmp_path / "work", engine, RECIPE, Step("test"))

    assert stand_in.recipe_of(engine, STAND_IN) is None
    assert not (tmp_path / "work").exists()


def test_without_mmdebstrap_and_without_root_the_message_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(stand_in, "installable", lambda: False)

    with pytest.raises(LocalCloudError) as failure:
        stand_in.make_stand_in(tmp_path / "work", DockerClient.__new__(DockerClient), RECIPE, Step("test"))
    assert "apt-get install mmdebstrap" in str(failure.value.fix)
