"""Where this machine gets its packages from: what a stand-in image must know to install any itself."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

APT_FOLDER = Path("/etc/apt")
CA_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
# How to reach a package index; what else is in a pip configuration is about this machine, not about a build.
PIP_KEYS = ("index-url", "extra-index-url", "trusted-host", "timeout", "proxy")
GO_VARIABLES = ("GONOPROXY", "GONOSUMDB", "GOPRIVATE", "GOPROXY", "GOSUMDB")
APT_OPTION = re.compile(
    r'^(Acquire::(?:https?::(?:.*::)?(?:Proxy|CaInfo)|Check-Valid-Until|Check-Date)) "(.+)";$'
)


def debian_mirror(apt: Path = APT_FOLDER) -> str | None:
    """URI of the first Debian archive among the machine's apt sources; None on Ubuntu, which has none."""
    for uri, suite in _sources(apt):
        path = urlsplit(uri).path.rstrip("/")
        if path.endswith("/debian") and not suite.endswith(("-security", "/updates")):
            return uri
    return None


def apt_options() -> list[str]:
    """The machine's apt options about proxies, certificates and dates, in apt.conf's own syntax."""
    if shutil.which("apt-config") is None:
        return []
    dump = subprocess.run(["apt-config", "dump"], check=False, capture_output=True, text=True).stdout
    return [line for line in dump.splitlines() if APT_OPTION.match(line)]


def ca_bundle() -> Path | None:
    """The file of certificate authorities this machine trusts, which may include a company's own."""
    chosen = (os.environ.get("SSL_CERT_FILE"), os.environ.get("PIP_CERT"), *CA_BUNDLES)
    return next((Path(name) for name in chosen if name and Path(name).is_file()), None)


def pip_settings(
    environment: Mapping[str, str] | None = None, files: list[Path] | None = None
) -> dict[str, str]:
    """The machine's pip settings about reaching a package index; variables win over files, as in pip."""
    variables = os.environ if environment is None else environment
    settings: dict[str, str] = {}
    for path in _pip_files(variables) if files is None else files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(path)
        except (OSError, configparser.Error):
            continue  # pip itself will complain about a broken file where it matters
        for section in ("global", "install"):
            if parser.has_section(section):
                settings |= {key: value for key, value in parser.items(section) if key in PIP_KEYS}
    names = {key: f"PIP_{key.upper().replace('-', '_')}" for key in PIP_KEYS}
    settings |= {key: variables[name] for key, name in names.items() if variables.get(name)}
    return settings


def tool_files(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """How npm and Go reach their registries here, as the files in which root's builds read it, path → content."""
    variables = os.environ if environment is None else environment
    files = {}
    registry = variables.get("npm_config_registry") or variables.get("NPM_CONFIG_REGISTRY")
    if registry:
        files["/root/.npmrc"] = f"registry={registry}\n"
    go = [f"{name}={variables[name]}" for name in GO_VARIABLES if variables.get(name)]
    if go:
        files["/root/.config/go/env"] = "\n".join([*go, ""])
    return files


def _pip_files(variables: Mapping[str, str]) -> list[Path]:
    """In pip's order: machine, user, environment, and the one that is named explicitly."""
    home = Path.home()
    config = Path(variables.get("XDG_CONFIG_HOME") or home / ".config")
    files = [
        Path("/etc/pip.conf"),
        home / ".pip/pip.conf",
        config / "pip/pip.conf",
        Path(sys.prefix) / "pip.conf",
    ]
    explicit = variables.get("PIP_CONFIG_FILE")
    return [*files, Path(explicit)] if explicit else files


def _sources(apt: Path) -> Iterator[tuple[str, str]]:
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for path in files:
        if not path.is_file():
            continue
        if path.suffix == ".sources":
            yield from _deb822(path.read_text(errors="replace"))
        elif path.suffix == ".list":
            yield from _one_line(path.read_text(errors="replace"))


def _one_line(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        match = re.match(r"^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)", line)
        if match:
            yield match[1], match[2]


def _deb822(text: str) -> Iterator[tuple[str, str]]:
    for paragraph in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in paragraph.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace():  # continued
                fields[key] = f"{fields.get(key, '')} {line.strip()}"
            elif ":" in line:
                key, _, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in {
            "no",
            "false",
        }:
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield uri, suite
