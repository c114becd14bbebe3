"""What is installed on this machine, what is missing, and how to get it."""

import platform
import shutil
import subprocess
import sys

from automation.checks import Check, Level
from automation.engines.command import HOW_TO_GET
from localcloud import emulator
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings
from localcloud.setup.docker_client import find_client
from localcloud.setup.docker_engine import find_engine
from localcloud.setup.preflight import check_machine

_SECONDS = 10


def examine(settings: CloudSettings, *, aws: bool = True) -> list[Check]:
    """Look at this machine; nothing is installed or started.

    Args:
        settings: The local cloud.
        aws: Whether to ask AWS who we are.
    """
    checks = [_python(), _pulumi(), _docker(), _build_client(), _space(settings), _cloud(settings)]
    checks += [
        _tool("git", "install git", without="releases are recorded without their commit"),
        _tool(
            "session-manager-plugin",
            "see https://docs.aws.amazon.com/systems-manager/latest/userguide/"
            "session-manager-working-with-install-plugin.html",
            without="`exec` on AWS cannot be run",
        ),
    ]
    return [*checks, _identity()] if aws else checks


def _python() -> Check:
    return Check(name="Python", level=Level.OK, detail=f"{platform.python_version()} in {sys.prefix}")


def _pulumi() -> Check:
    missing = [tool for tool in ("pulumi", "pulumi-language-python") if shutil.which(tool) is None]
    if missing:
        return Check(
            name="pulumi CLI",
            level=Level.WARNING,
            detail=f"{' and '.join(missing)} not on PATH: stacks on AWS cannot be run, the local cloud can",
            fix=HOW_TO_GET,
        )
    version = _said(["pulumi", "version"]) or "without a version"
    return Check(name="pulumi CLI", level=Level.OK, detail=f"{version} at {shutil.which('pulumi')}")


def _docker() -> Check:
    found = find_engine()
    if isinstance(found, list):
        reasons = "; ".join(f"{item.host}: {item.reason}" for item in found) or "no engine was found"
        return Check(name="Docker engine", level=Level.FAILED, detail=reasons, fix="make setup")
    return Check(name="Docker engine", level=Level.OK, detail=f"{found.version} at {found.host}")


def _build_client() -> Check:
    try:
        return Check(name="BuildKit client", level=Level.OK, detail=str(find_client()))
    except LocalCloudError as error:
        return Check(name="BuildKit client", level=Level.FAILED, detail=error.message, fix=error.fix or "")


def _space(settings: CloudSettings) -> Check:
    try:
        check_machine(settings)
    except LocalCloudError as error:
        return Check(name="disk", level=Level.FAILED, detail=error.message, fix=error.fix or "")
    free = shutil.disk_usage(settings.home).free / 2**30
    return Check(name="disk", level=Level.OK, detail=f"{free:.0f} GiB free")


def _cloud(settings: CloudSettings) -> Check:
    running = emulator.running(settings)
    detail = (
        f"answers at {running.endpoint}" if running else "does not run; `make up` or `make start` starts it"
    )
    return Check(name="local cloud", level=Level.OK if running else Level.SKIPPED, detail=detail)


def _tool(name: str, fix: str, *, without: str) -> Check:
    path = shutil.which(name)
    if path:
        return Check(name=name, level=Level.OK, detail=path)
    return Check(name=name, level=Level.WARNING, detail=f"not on PATH: {without}", fix=fix)


def _identity() -> Check:
    import boto3  # noqa: PLC0415  half a second that the other checks do not need
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    config = Config(connect_timeout=3, read_timeout=5, retries={"max_attempts": 1})
    try:
        if boto3.Session().get_credentials() is None:
            detail = "none were found: stacks on AWS cannot be run, the local cloud can"
            return Check(name="AWS credentials", level=Level.WARNING, detail=detail, fix="aws sso login")
        caller = boto3.client("sts", region_name="us-east-1", config=config).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return Check(name="AWS credentials", level=Level.WARNING, detail=str(error), fix="aws sso login")
    return Check(name="AWS credentials", level=Level.OK, detail=f"{caller['Arn']}")


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
