import io
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
from localcloud.setup.base_image import REPLACEABLE, ensure_base_image
from localcloud.setup.docker_engine import Engine, find_engine
from localcloud.setup.stand_in import Recipe

RECIPE = Recipe(mirror="http://mirror.test/debian", apt_options=(), pip=(), ca_bundle=None)
PYTHON = "python:3.13-slim-trixie"


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
    def run(engine: FakeEngine, image: str = PYTHON) -> str:
        def make(work: Path, client: FakeEngine, recipe: Recipe, progress: object) -> None:
            client.local.append(stand_in.STAND_IN)

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

    assert ensure(engine) == stand_in.STAND_IN
    assert engine.local == [stand_in.STAND_IN]


@pytest.mark.parametrize(
    "text", ["manifest unknown", "pull access denied for python, repository does not exist"]
)
def test_an_image_that_does_not_exist_is_an_error_and_not_replaced(ensure: Any, text: str) -> None:
    engine = FakeEngine(registry=api_error(text))

    with pytest.raises(LocalCloudError, match="does not exist in its registry"):
        ensure(engine, "python:3.13.99")
    assert engine.local == []


def test_only_official_python_3_13_has_a_stand_in(ensure: Any) -> None:
    with pytest.raises(LocalCloudError, match="node:20 is not on this machine and no registry is reachable"):
        ensure(FakeEngine(registry=UNREACHABLE[0]), "node:20")


@pytest.mark.parametrize(
    ("image", "replaceable"),
    [
        (PYTHON, True),
        ("python:3.13", True),
        ("docker.io/library/python:3.13.5-slim", True),
        ("mirror.test:5000/python:3.13-trixie", True),
        ("python:3.12-slim", False),
        ("python:3.13-alpine", False),
        ("python:3.131", False),
        ("mypython:3.13", False),
        ("debian:trixie", False),
    ],
)
def test_what_a_stand_in_can_stand_in_for(image: str, replaceable: bool) -> None:
    assert (REPLACEABLE.search(image) is not None) is replaceable


def test_another_mirror_index_or_authority_makes_another_stand_in(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.crt"
    bundle.write_text("one")
    recipes = [
        RECIPE,
        replace(RECIPE, mirror=None),
        replace(RECIPE, apt_options=('Acquire::http::Proxy "http://proxy.test";',)),
        replace(RECIPE, pip=(("index-url", "https://index.test"),)),
        replace(RECIPE, ca_bundle=bundle),
    ]
    digests = [recipe.digest() for recipe in recipes]
    bundle.write_text("two")

    assert len({*digests, recipes[-1].digest()}) == 6
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
    monkeypatch.setattr(stand_in, "STAND_IN", "ecs-microservice-test/base:stand-in")
    return program


@pytest.mark.docker
def test_the_stand_in_is_tagged_when_complete_and_leaves_no_files(
    tmp_path: Path, engine: DockerClient, mmdebstrap: Path
) -> None:
    recipe = replace(RECIPE, pip=(("index-url", "https://user:pass@index.test"),))
    try:
        stand_in.make_stand_in(tmp_path / "work", engine, recipe, Step("test"))

        image = engine.images.get(stand_in.STAND_IN)
        assert stand_in.recipe_of(engine) == recipe.digest()
        assert image.attrs["Config"]["Cmd"] == ["python3"]
        assert "pass" not in str(image.attrs)
        assert not (tmp_path / "work").exists()
        arguments = (tmp_path / "arguments").read_text()
        assert "http://mirror.test/debian" in arguments
        assert "pass@" not in arguments, "other users of the machine can read command lines"
        assert 'chmod 600 "$1/etc/pip.conf"' in arguments
    finally:
        engine.images.remove(stand_in.STAND_IN, force=True)


@pytest.mark.docker
def test_a_failed_attempt_tags_nothing_and_says_what_was_printed(
    tmp_path: Path, engine: DockerClient, mmdebstrap: Path
) -> None:
    mmdebstrap.write_text("#!/bin/sh\necho 'E: mirror.test: 404 Not Found'\nexit 25\n")
    leftover = tmp_path / "work/attempt-killed/chroot"
    leftover.mkdir(parents=True)

    with pytest.raises(LocalCloudError, match=r"mirror\.test: 404 Not Found"):
        stand_in.make_stand_in(tmp_path / "work", engine, RECIPE, Step("test"))

    assert stand_in.recipe_of(engine) is None
    assert not (tmp_path / "work").exists()


def test_without_mmdebstrap_and_without_root_the_message_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(stand_in, "installable", lambda: False)

    with pytest.raises(LocalCloudError) as failure:
        stand_in.make_stand_in(tmp_path / "work", DockerClient.__new__(DockerClient), RECIPE, Step("test"))
    assert "apt-get install mmdebstrap" in str(failure.value.fix)
