"""Which public images have a stand-in made of Debian's packages, and what it is made of.

A stand-in has the real image's commands, paths, variables, user and entry point as far as services use them; it is
not the real image, and every build or task on it says so. What an image offers was read in the official images'
Dockerfiles (docker-library on GitHub). `docker import` takes no STOPSIGNAL: nginx and PostgreSQL end on SIGTERM.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

STAND_IN_REPOSITORY = "localcloud/stand-in"
OLDSTABLE, STABLE, TESTING = "bookworm", "trixie", "forky"
# Official images only, from any registry: `python`, `docker.io/library/python`, `mirror:5000/python`.
_OFFICIAL = re.compile(
    r"^(?:(?P<host>[^/]*[.:][^/]*|localhost)/)?(?:(?:docker/)?library/)?(?P<name>[a-z0-9]+)"
    r"(?::(?P<tag>[\w.-]+))?(?:@sha256:[0-9a-f]{64})?$"
)
_VERSION = re.compile(r"^v?(\d+)(?:\.(\d+))?")
_PATH = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LIKE_DEBIAN = ("ca-certificates", "passwd", "adduser", "netbase", "tzdata")
# What the official images without `-slim` bring to compile extensions (docker-library/buildpack-deps), the usual part.
_COMPILERS = (
    "build-essential", "curl", "git", "libffi-dev", "libpq-dev", "libssl-dev", "pkg-config", "wget", "zlib1g-dev",
)  # fmt: skip
PYTHON_SUITES = {"3.9": "bullseye", "3.11": OLDSTABLE, "3.13": STABLE, "3.14": TESTING}
_NODE_SUITES = {"18": OLDSTABLE, "20": STABLE, "24": TESTING}
_POSTGRES_SUITES = {"13": "bullseye", "15": OLDSTABLE, "17": STABLE, "18": TESTING}
_REDIS_SUITES = {"6": "bullseye", "7": OLDSTABLE, "8": STABLE}


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """What one stand-in is made of.

    Args:
        name: Its tag in `localcloud/stand-in`.
        suite: Debian's release.
        packages: Debian packages on top of the essential ones and apt.
        hooks: Shell commands after the packages are there; `$1` is the new root.
        files: Text files of the image, path → content; scripts (`*.sh`) are executable.
        changes: Dockerfile instructions of the image's configuration.
        python: Version that uv brings because no release of Debian has it; None where Debian's is used.
    """

    name: str
    suite: str
    packages: tuple[str, ...]
    hooks: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[str, ...] = (_PATH, 'CMD ["bash"]')
    python: str | None = None

    @property
    def reference(self) -> str:
        """The image's name in the Docker engine."""
        return f"{STAND_IN_REPOSITORY}:{self.name}"


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Why an image has no stand-in.

    Args:
        fix: What to do for this image.
    """

    fix: str


def stand_in_for(image: str) -> StandIn | Missing:
    """What stands in for an image where no registry answers.

    Args:
        image: A reference as a Dockerfile's FROM or a task definition names it.
    """
    match = _OFFICIAL.match(image)
    name, tag = (match["name"], match["tag"] or "latest") if match else ("", "")
    make = {
        "python": _python,
        "node": _node,
        "golang": _golang,
        "nginx": _nginx,
        "redis": _redis,
        "postgres": _postgres,
        "debian": _debian,
        "alpine": _alpine,
    }.get(name)
    return make(tag) if make else Missing(fix=_bring(image))


def _bring(image: str) -> str:
    return (
        f"docker load {image} from a machine that has it (docker save {image} | docker load), or connect to its "
        "registry"
    )


def _python(tag: str) -> StandIn | Missing:
    if "alpine" in tag:
        return Missing(
            fix=f"start from python:{tag.partition('-')[0]}-slim, which has a stand-in; Alpine's packages come from "
            "a registry of its own"
        )
    found = re.match(r"^3\.(\d{1,2})(?!\d)", tag)
    version = (
        f"3.{found[1]}"
        if found
        else "3.13"
        if re.match(r"^(3(-|$)|latest|slim|bookworm|trixie)", tag)
        else None
    )
    if version is None or int(version[2:]) < 9:
        return Missing(fix=f"start from python:3.13-slim; {_bring(f'python:{tag}')}")
    slim = "slim" in tag
    compilers = () if slim else _COMPILERS
    name = f"python-{version}{'-slim' if slim else ''}"
    changes = (_PATH, "ENV LANG=C.UTF-8", 'CMD ["python3"]')
    if version not in PYTHON_SUITES:
        return StandIn(
            name=name, suite=STABLE, packages=(*_LIKE_DEBIAN, *compilers), changes=changes, python=version
        )
    # The official image has `python` and `pip` in /usr/local/bin, lets pip install outside of a virtual environment,
    # and keeps packages in site-packages, which many Dockerfiles copy from stage to stage.
    library = f'"$1/usr/local/lib/python{version}"'
    hooks = (
        'ln -s /usr/bin/python3 "$1/usr/local/bin/python" && ln -s /usr/bin/python3 "$1/usr/local/bin/python3"',
        f'ln -s /usr/bin/python3 "$1/usr/local/bin/python{version}"',
        'ln -s /usr/bin/pip3 "$1/usr/local/bin/pip" && ln -s /usr/bin/pip3 "$1/usr/local/bin/pip3"',
        'rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
        f"rm -rf {library}/dist-packages && mkdir -p {library}/site-packages"
        f" && ln -s site-packages {library}/dist-packages",
    )
    headers = () if slim else ("python3-dev",)
    packages = (*_LIKE_DEBIAN, "python3", "python3-venv", "python3-pip", *compilers, *headers)
    return StandIn(name=name, suite=PYTHON_SUITES[version], packages=packages, hooks=hooks, changes=changes)


def _node(tag: str) -> StandIn | Missing:
    major = _major(tag, latest="24")
    if major not in _NODE_SUITES or "alpine" in tag:
        nearest = major if major in _NODE_SUITES else "20"
        return Missing(fix=f"start from node:{nearest}-slim, which has a stand-in; {_bring(f'node:{tag}')}")
    slim = "slim" in tag
    compilers = () if slim else (*_COMPILERS, "python3")
    return StandIn(
        name=f"node-{major}{'-slim' if slim else ''}",
        suite=_NODE_SUITES[major],
        packages=(*_LIKE_DEBIAN, "nodejs", "npm", *compilers),
        hooks=(
            'for tool in node npm npx; do ln -s /usr/bin/$tool "$1/usr/local/bin/$tool"; done',
            'chroot "$1" useradd --create-home --shell /bin/bash --uid 1000 node',
        ),
        # Debian's node asks its own list of authorities unless it is told the system's.
        changes=(_PATH, "ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt", 'CMD ["node"]'),
    )


def _golang(tag: str) -> StandIn | Missing:
    if "alpine" in tag:
        return Missing(
            fix="start from golang:1, which has a stand-in; a static binary runs on alpine all the same"
        )
    match = re.match(r"^1\.(\d+)", tag)
    # Go compiles what was written for older versions; the newest one that a release of Debian has serves all of them.
    suite = STABLE if match and int(match[1]) <= 24 else TESTING
    return StandIn(
        name=f"golang-{suite}",
        suite=suite,
        packages=(*_LIKE_DEBIAN, "golang-go", "gcc", "g++", "libc6-dev", "make", "git", "pkg-config"),
        hooks=(
            'ln -s /usr/lib/go "$1/usr/local/go" && ln -s /usr/bin/go "$1/usr/local/bin/go"',
            'mkdir -p "$1/go/src" "$1/go/bin" && chmod -R 1777 "$1/go"',
        ),
        changes=(
            "ENV GOPATH=/go",
            "ENV PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "WORKDIR /go",
            'CMD ["bash"]',
        ),
    )


def _nginx(_tag: str) -> StandIn:
    return StandIn(
        name="nginx",
        suite=STABLE,
        packages=(*_LIKE_DEBIAN, "nginx-light", "gettext-base", "curl"),
        hooks=(
            'chroot "$1" useradd --system --no-create-home --shell /usr/sbin/nologin --uid 101 nginx',
            'mkdir -p "$1/etc/nginx/conf.d" "$1/usr/share/nginx/html" "$1/docker-entrypoint.d"',
            'rm -rf "$1"/etc/nginx/sites-* "$1"/usr/share/nginx/html/*',
            'printf "<h1>Welcome to nginx!</h1>\\n" >"$1/usr/share/nginx/html/index.html"',
            'mkdir -p "$1/var/log/nginx" "$1/var/cache/nginx"',
            'ln -sf /dev/stdout "$1/var/log/nginx/access.log" && ln -sf /dev/stderr "$1/var/log/nginx/error.log"',
        ),
        files={
            "/etc/nginx/nginx.conf": _text("nginx.conf"),
            "/etc/nginx/conf.d/default.conf": _text("nginx-default.conf"),
            "/docker-entrypoint.sh": _text("nginx-entrypoint.sh"),
        },
        changes=(
            _PATH,
            'ENTRYPOINT ["/docker-entrypoint.sh"]',
            "EXPOSE 80",
            'CMD ["nginx", "-g", "daemon off;"]',
        ),
    )


def _redis(tag: str) -> StandIn | Missing:
    major = _major(tag, latest="8")
    if major not in _REDIS_SUITES:
        return Missing(fix=f"use redis:7 or redis:8, which have a stand-in; {_bring(f'redis:{tag}')}")
    return StandIn(
        name=f"redis-{major}",
        suite=_REDIS_SUITES[major],
        packages=(*_LIKE_DEBIAN, "redis-server"),
        hooks=('mkdir -p "$1/data" && chroot "$1" chown redis:redis /data',),
        files={"/usr/local/bin/docker-entrypoint.sh": _text("redis-entrypoint.sh")},
        changes=(
            _PATH,
            "VOLUME /data",
            "WORKDIR /data",
            "EXPOSE 6379",
            'ENTRYPOINT ["docker-entrypoint.sh"]',
            'CMD ["redis-server"]',
        ),
    )


def _postgres(tag: str) -> StandIn | Missing:
    major = _major(tag, latest="18")
    if major not in _POSTGRES_SUITES:
        return Missing(fix=f"use postgres:15, 17 or 18, which have a stand-in; {_bring(f'postgres:{tag}')}")
    # Since 18 the official image keeps its data in a folder of the version (docker-library/postgres#1259).
    data = "/var/lib/postgresql/data" if int(major) < 18 else f"/var/lib/postgresql/{major}/docker"
    volume = "/var/lib/postgresql/data" if int(major) < 18 else "/var/lib/postgresql"
    return StandIn(
        name=f"postgres-{major}",
        suite=_POSTGRES_SUITES[major],
        packages=(*_LIKE_DEBIAN, f"postgresql-{major}"),
        hooks=(
            f'rm -rf "$1"/var/lib/postgresql/* && mkdir -p "$1{data}" "$1/docker-entrypoint-initdb.d"',
            'chroot "$1" chown -R postgres:postgres /var/lib/postgresql /var/run/postgresql',
        ),
        files={"/usr/local/bin/docker-entrypoint.sh": _text("postgres-entrypoint.sh")},
        changes=(
            f"ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/{major}/bin",
            "ENV LANG=C.UTF-8",
            f"ENV PGDATA={data}",
            f"VOLUME {volume}",
            "EXPOSE 5432",
            'ENTRYPOINT ["docker-entrypoint.sh"]',
            'CMD ["postgres"]',
        ),
    )


def _debian(tag: str) -> StandIn | Missing:
    suites = {"11": "bullseye", "12": OLDSTABLE, "13": STABLE, "latest": STABLE, "stable": STABLE}
    wanted = re.split(r"[-.]", tag)[0]
    suite = suites.get(wanted, wanted)
    if suite not in {"bullseye", OLDSTABLE, STABLE, TESTING}:
        return Missing(fix=f"start from debian:trixie-slim, which has a stand-in; {_bring(f'debian:{tag}')}")
    return StandIn(name=f"debian-{suite}", suite=suite, packages=("ca-certificates", "passwd", "adduser"))


def _alpine(tag: str) -> Missing:
    return Missing(
        fix="start from debian:trixie-slim, which has a stand-in, with apt-get in place of apk; "
        f"{_bring(f'alpine:{tag}')}"
    )


def _major(tag: str, *, latest: str) -> str | None:
    match = _VERSION.match(tag)
    if match:
        return match[1]
    return latest if re.match(r"^(latest|slim|alpine|bookworm|trixie|current|lts)", tag) else None


def _text(name: str) -> str:
    return (files("localcloud.setup") / "stand_in_files" / name).read_text("utf-8")
