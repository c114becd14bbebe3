"""Read BuildKit's plain progress: what to tell while a build runs, and why it failed."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

KEPT_LINES = 30
# A step's title comes first; what follows under its number is its output or how it ended.
NUMBERED = re.compile(r"^#(\d+) (.*)$")
OUTPUT = re.compile(r"^\d+\.\d+ ?(.*)$")
DONE = re.compile(r"^DONE (\d+(?:\.\d+)?)s$")
# Steps of the Dockerfile, `[2/5] RUN …` or `[builder 2/5] RUN …`; the rest is BuildKit's own bookkeeping.
DOCKERFILE_STEP = re.compile(r"^\[(?:[^\]]+ )?\d+/\d+\] (?!FROM )")
WORTH_TELLING_SECONDS = 1.0


def shortened(title: str, longest: int = 90) -> str:
    """A step's title on one line of at most `longest` characters."""
    words = " ".join(title.split())
    return words if len(words) <= longest else f"{words[: longest - 1]}…"


@dataclass
class Vertex:
    """One step of a build.

    Args:
        title: For example `[builder 2/5] RUN python3 -m venv /opt/venv`.
        lines: The last lines it printed.
        error: How it failed; empty while it has not.
    """

    title: str
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    error: str = ""
    told: bool = False


class BuildProgress:
    """Follows the output of one build.

    Args:
        tell: Called with a line for the user whenever a step of the Dockerfile really runs.
        secrets: Texts that must not appear in anything that is told.
    """

    def __init__(self, tell: Callable[[str], None], secrets: Iterable[str] = ()) -> None:
        self._tell = tell
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)
        self._vertices: dict[str, Vertex] = {}
        self._last_lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._started = time.monotonic()
        self.cached = 0
        self.ran = 0

    def add(self, line: str) -> None:
        """Take in one line of the build's output."""
        line = self._without_secrets(line.rstrip())
        match = NUMBERED.match(line)
        if not match:
            if line.strip():
                self._last_lines.append(line)
            return
        number, text = match[1], match[2]
        vertex = self._vertices.get(number)
        if vertex is None:
            self._vertices[number] = Vertex(text)
        else:
            self._follow(vertex, text)

    def summary(self) -> str:
        """One line about a finished build."""
        seconds = time.monotonic() - self._started
        return f"built in {seconds:.1f} s (steps run: {self.ran}, from the cache: {self.cached})"

    def failure(self) -> str:
        """The step that failed with its last lines; what the client printed last when no step is to blame."""
        failed = next((vertex for vertex in self._vertices.values() if vertex.error), None)
        if failed is None or failed.title.startswith("[internal]"):
            return self.client_message()
        lines = "".join(f"\n    {line}" for line in failed.lines)
        return f"{failed.title}{lines}\n    {failed.error}"

    def client_message(self) -> str:
        """What the docker command itself said last."""
        lines = [line for line in self._last_lines if not re.match(r"^(-{3,}| > |\s*\d+ \|)", line)]
        return "\n    ".join(lines[-5:]) or "the docker command printed no reason"

    def mentions(self, *signs: str) -> bool:
        """Whether any of these words, in lower case, is in what the build said at its end."""
        ends = [vertex.error for vertex in self._vertices.values() if vertex.error]
        tails = [line for vertex in self._vertices.values() if vertex.error for line in vertex.lines]
        text = "\n".join([*ends, *tails, *self._last_lines]).lower()
        return any(sign in text for sign in signs)

    def _follow(self, vertex: Vertex, text: str) -> None:
        output = OUTPUT.match(text)
        is_step = DOCKERFILE_STEP.match(vertex.title) is not None
        if text == "CACHED":
            self.cached += is_step
            return
        if text.startswith("ERROR"):
            vertex.error = text.removeprefix("ERROR: ").removeprefix("ERROR ")
            return
        done = DONE.match(text)
        if done:
            self.ran += is_step
        elif output:
            vertex.lines.append(output[1])
        if is_step and not vertex.told and (output or (done and float(done[1]) >= WORTH_TELLING_SECONDS)):
            vertex.told = True
            self._tell(shortened(vertex.title))

    def _without_secrets(self, line: str) -> str:
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line
