"""Read a Dockerfile as far as mistakes show without a Docker engine (Docker's Dockerfile reference)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

INSTRUCTIONS = frozenset(
    {
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    }
)
HEREDOC = re.compile(r"<<-?\s*[\"']?([A-Za-z_][A-Za-z0-9_]*)[\"']?")
STAGE = re.compile(r"^(?:--platform=\S+\s+)?\S+(?:\s+AS\s+(\S+))?$", re.IGNORECASE)


@dataclass(frozen=True)
class Instruction:
    """One instruction with its continuation lines joined.

    Args:
        line: Number of its first line, from 1.
        keyword: In capitals, for example `FROM`.
        arguments: The rest.
    """

    line: int
    keyword: str
    arguments: str


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions in their order; comments and the text of here-documents are left out."""
    escape = _escape_character(text)
    lines = list(enumerate(text.splitlines(), start=1))
    while lines:
        number, line = lines.pop(0)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        joined = line.strip()
        while joined.endswith(escape) and lines:
            joined = joined[:-1]
            following = lines.pop(0)[1].strip()
            # A comment or an empty line inside a continued instruction is skipped.
            joined += escape if not following or following.startswith("#") else following
        keyword, _, arguments = joined.rstrip(escape).strip().partition(" ")
        found = Instruction(number, keyword.upper(), arguments.strip())
        if found.keyword in {"RUN", "COPY", "ADD"}:
            for end in HEREDOC.findall(found.arguments):
                while lines and lines.pop(0)[1].strip() != end:
                    pass
        yield found


def global_arguments(text: str) -> dict[str, str]:
    """Names and defaults of the `ARG`s before the first `FROM`, the ones a base image can be chosen with."""
    found: dict[str, str] = {}
    for instruction in instructions(text):
        if instruction.keyword == "FROM":
            break
        if instruction.keyword == "ARG":
            name, _, default = instruction.arguments.partition("=")
            found[name.strip()] = default.strip().strip("\"'")
    return found


def find_mistake(text: str, target: str | None = None) -> str | None:
    """The first mistake that needs no build to be seen, with its line; None when there is none.

    Args:
        text: The Dockerfile.
        target: Stage that is to be built, which must be there.
    """
    found = list(instructions(text))
    for instruction in found:
        mistake = _mistake(instruction)
        if mistake:
            return f"line {instruction.line}: {mistake}"
    first = next((item for item in found if item.keyword != "ARG"), None)
    if first is None or first.keyword != "FROM":
        return (
            f"line {first.line}: {first.keyword} before the first FROM" if first else "there is no FROM in it"
        )
    return _missing_stage(found, target) if target else None


def _mistake(instruction: Instruction) -> str | None:
    if instruction.keyword not in INSTRUCTIONS:
        return f"unknown instruction {instruction.keyword}"
    if not instruction.arguments:
        return f"{instruction.keyword} needs arguments"
    if instruction.keyword == "FROM" and not STAGE.match(instruction.arguments):
        return f"FROM {instruction.arguments}: one image is needed, and at most a name (FROM image AS name)"
    if instruction.keyword in {"COPY", "ADD"} and not instruction.arguments.startswith("["):
        places = [part for part in instruction.arguments.split() if not part.startswith("--")]
        if len(places) < 2 and not HEREDOC.search(instruction.arguments):
            return f"{instruction.keyword} needs a source and a destination"
    return None


def _missing_stage(found: list[Instruction], target: str) -> str | None:
    stages = [STAGE.match(item.arguments) for item in found if item.keyword == "FROM"]
    names = [match[1].lower() for match in stages if match and match[1]]
    numbers = [str(index) for index in range(len(stages))]
    if target.lower() in (*names, *numbers):
        return None
    return f"there is no stage {target!r}; its stages: {', '.join(names) or 'none has a name'}"


def _escape_character(text: str) -> str:
    directive = re.match(r"\s*#\s*escape\s*=\s*(\S)", text, re.IGNORECASE)
    return directive[1] if directive else "\\"
