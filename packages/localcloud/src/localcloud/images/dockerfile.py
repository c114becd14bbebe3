"""Read a Dockerfile as far as mistakes show without a Docker engine (Docker's Dockerfile reference)."""

import re
from collections.abc import Iterator, Mapping
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
_FROM_OPTION = re.compile(r"(?:^|[\s,])(?:--)?from=([^\s,]+)")
_VARIABLE = re.compile(
    r"\$(?:\{(?P<braced>\w+)(?:(?P<operator>:[-+])(?P<word>[^}]*))?\}|(?P<plain>\w+))", re.ASCII
)
_SYNTAX = re.compile(r"\A\s*#\s*syntax\s*=\s*(\S+)[^\n]*", re.IGNORECASE)
STAGE = re.compile(r"^(?:--platform=\S+\s+)?\S+(?:\s+AS\s+(\S+))?$", re.IGNORECASE)


@dataclass(frozen=True)
class Instruction:
    """One instruction with its continuation lines joined.

    Args:
        line: Number of its first line, from 1.
        last_line: Number of its last line.
        keyword: In capitals, for example `FROM`.
        arguments: The rest.
    """

    line: int
    last_line: int
    keyword: str
    arguments: str


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions in their order; comments and the text of here-documents are left out."""
    escape = _escape_character(text)
    lines = list(enumerate(text.splitlines(), start=1))
    while lines:
        number, line = lines.pop(0)
        last = number
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        joined = line.strip()
        while joined.endswith(escape) and lines:
            joined = joined[:-1]
            last, following = lines.pop(0)
            following = following.strip()
            # A comment or an empty line inside a continued instruction is skipped.
            joined += escape if not following or following.startswith("#") else following
        keyword, _, arguments = joined.rstrip(escape).strip().partition(" ")
        found = Instruction(number, last, keyword.upper(), arguments.strip())
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


@dataclass
class _Stage:
    """One stage: its name, what it starts from, and the stages or images it takes files from."""

    name: str
    base: str
    sources: list[str]


def external_images(text: str, arguments: Mapping[str, str], target: str | None = None) -> list[str]:
    """Images from outside that a build needs, in the order in which they are named, with the arguments filled in.

    Args:
        text: The Dockerfile.
        arguments: The build's `--build-arg` values.
        target: Stage that is built; None for the last one. Stages that it does not need are left out.
    """
    values = {**global_arguments(text), **arguments}
    stages: list[_Stage] = []
    for instruction in instructions(text):
        if instruction.keyword == "FROM":
            base, name = _from(instruction.arguments)
            stages.append(_Stage(name.lower(), _filled_in(base, values), []))
        elif stages:
            stages[-1].sources += _FROM_OPTION.findall(instruction.arguments)
    if not stages:
        return []
    images: list[str] = []
    _collect(stages, _stage_index(stages, target, len(stages)) if target else len(stages) - 1, images, set())
    return images


def with_images(text: str, arguments: Mapping[str, str], replacements: Mapping[str, str]) -> str:
    """The Dockerfile with some images from outside replaced by others, everything else as it was.

    Args:
        text: The Dockerfile.
        arguments: The build's `--build-arg` values.
        replacements: Image as `external_images` names it → image to use.
    """
    values = {**global_arguments(text), **arguments}
    lines = text.splitlines()
    seen: set[str] = set()
    for instruction in instructions(text):
        place = slice(instruction.line - 1, instruction.last_line)
        padding = [""] * (
            instruction.last_line - instruction.line
        )  # later instructions keep their line numbers
        if instruction.keyword == "FROM":
            base, name = _from(instruction.arguments)
            image = _filled_in(base, values)
            if image in replacements and image.lower() not in seen:
                platform = re.match(r"(--platform=\S+\s+)?", instruction.arguments)
                option = platform[0] if platform else ""
                alias = f" AS {name}" if name else ""
                lines[place] = [f"FROM {option}{replacements[image]}{alias}", *padding]
            seen.add(name.lower())
        else:
            for image in _FROM_OPTION.findall(instruction.arguments):
                if image in replacements and image.lower() not in seen:
                    pattern = rf"(\bfrom=){re.escape(image)}(?=[\s,]|$)"
                    lines[place] = [
                        re.sub(pattern, rf"\g<1>{replacements[image]}", line) for line in lines[place]
                    ]
    return "\n".join([*lines, ""])


def syntax_image(text: str) -> str | None:
    """The image of a `# syntax=` line; None where BuildKit's own syntax is used."""
    match = _SYNTAX.match(text)
    return match[1] if match else None


def without_syntax(text: str) -> str:
    """The Dockerfile read by BuildKit's own syntax."""
    return _SYNTAX.sub("#", text, count=1)


def _from(arguments: str) -> tuple[str, str]:
    """Base image and stage name of a FROM's arguments; both may be empty."""
    words = [word for word in arguments.split() if not word.startswith("--")]
    name = words[2] if len(words) > 2 and words[1].lower() == "as" else ""
    return (words[0] if words else ""), name


def _filled_in(text: str, values: Mapping[str, str]) -> str:
    """Variables replaced: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:+other}` (Dockerfile reference)."""

    def value(match: re.Match[str]) -> str:
        name, operator, word = match["braced"] or match["plain"], match["operator"], match["word"] or ""
        known = values.get(name, "")
        if operator == ":-":
            return known or _filled_in(word, values)
        if operator == ":+":
            return _filled_in(word, values) if known else ""
        return known

    return _VARIABLE.sub(value, text).strip("\"'")


def _stage_index(stages: list[_Stage], name: str, before: int) -> int | None:
    """Number of an earlier stage by its name or number."""
    wanted = name.lower()
    for index in reversed(range(min(before, len(stages)))):
        if stages[index].name == wanted:
            return index
    return int(wanted) if wanted.isdecimal() and int(wanted) < before else None


def _collect(stages: list[_Stage], index: int | None, images: list[str], visited: set[int]) -> None:
    if index is None or index in visited:
        return
    visited.add(index)
    stage = stages[index]
    for name in (stage.base, *stage.sources):
        earlier = _stage_index(stages, name, index)
        if earlier is not None:
            _collect(stages, earlier, images, visited)
        elif name and name.lower() != "scratch" and name not in images:
            images.append(name)


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
