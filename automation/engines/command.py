"""The pulumi CLI as the Automation API runs it, in a session of its own so that Ctrl-C reaches it exactly once."""

import importlib.metadata
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from typing import IO

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import InvalidVersionError, create_command_error
from semver import VersionInfo

from localcloud.errors import LocalCloudError

HOW_TO_GET = (
    "install it (https://www.pulumi.com/docs/iac/download-install/) and see that `pulumi version` works"
)


def cli_available() -> bool:
    """Whether a pulumi CLI with Python support is on PATH."""
    return shutil.which("pulumi") is not None and shutil.which("pulumi-language-python") is not None


class InterruptibleCommand(PulumiCommand):
    """Runs `pulumi` outside the terminal's process group.

    The terminal sends Ctrl-C to every process of the group. Pulumi ends in order on the first signal and at once on
    the second, so it must get exactly the ones that are meant for it.
    """

    _process: subprocess.Popen[str] | None = None

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], object] | None = None,
        on_error: Callable[[str], object] | None = None,
    ) -> CommandResult:
        """Run a command to its end.

        Raises:
            CommandError: It failed.
        """
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            self._process = process
            try:
                readers = [_Reader(process.stdout, on_output), _Reader(process.stderr, on_error)]
                for reader in readers:
                    reader.join()
                code = process.wait()
            finally:
                self._process = None
        result = CommandResult(stdout=readers[0].text, stderr=readers[1].text, code=code)
        if code != 0:
            raise create_command_error(result)
        return result

    def interrupt(self) -> None:
        """Ask the running command to end, as Ctrl-C does; nothing when none runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)


class _Reader(threading.Thread):
    """Collects a stream's lines."""

    def __init__(self, stream: IO[str] | None, callback: Callable[[str], object] | None) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._callback = callback
        self._lines: list[str] = []
        self.start()

    def run(self) -> None:
        for line in self._stream or ():
            self._lines.append(line.rstrip())
            if self._callback is not None:
                self._callback(line.rstrip())

    @property
    def text(self) -> str:
        return "\n".join(self._lines)


def find_command() -> InterruptibleCommand:
    """Find the CLI.

    Raises:
        LocalCloudError: It is not on PATH, or too old for the SDK.
    """
    if not cli_available():
        raise LocalCloudError("the pulumi CLI is not on PATH", fix=HOW_TO_GET)
    try:
        command = InterruptibleCommand(skip_version_check=True)
        if command.version is not None:
            return InterruptibleCommand()
    except (InvalidVersionError, OSError, subprocess.CalledProcessError) as error:
        raise LocalCloudError(f"the pulumi CLI does not fit: {error}", fix=HOW_TO_GET) from None
    # Built from source, it has no version of its own; whoever does that knows what they run.
    command.version = VersionInfo.parse(importlib.metadata.version("pulumi"))
    return command
