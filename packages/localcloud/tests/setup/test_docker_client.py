from pathlib import Path

import pytest

from localcloud.errors import LocalCloudError
from localcloud.setup.docker_client import find_client


def client(folder: Path, version: str, *, buildx: bool) -> Path:
    folder.mkdir(parents=True)
    program = folder / "docker"
    program.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = --version ] && echo "Docker version {version}, build abc" && exit 0\n'
        f'[ "$1" = buildx ] && exit {0 if buildx else 1}\n'
        "exit 1\n"
    )
    program.chmod(0o755)
    return program


def test_the_first_client_that_can_use_buildkit_is_taken(tmp_path: Path) -> None:
    new_without_plugin = client(tmp_path / "a", "28.2.2", buildx=False)
    old = client(tmp_path / "b", "20.10.24+dfsg1", buildx=False)
    client(tmp_path / "c", "27.0.1", buildx=True)

    path = f"{tmp_path}/nothing:{new_without_plugin.parent}:{old.parent}:{tmp_path}/c"

    assert find_client(path) == old
    assert find_client(f"{new_without_plugin.parent}:{tmp_path}/c") == tmp_path / "c/docker"


@pytest.mark.parametrize("version", ["28.2.2", "23.0.0", "18.06.1-ce"])
def test_clients_without_buildkit_are_named_with_the_remedy(tmp_path: Path, version: str) -> None:
    useless = client(tmp_path / version, version, buildx=False)

    with pytest.raises(LocalCloudError) as failure:
        find_client(str(useless.parent))

    assert str(useless) in failure.value.message
    assert "buildx plugin" in str(failure.value.fix)


def test_no_client_at_all(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match="no docker command on PATH"):
        find_client(str(tmp_path))
