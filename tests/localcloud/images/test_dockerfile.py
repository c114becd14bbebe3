from pathlib import Path

import pytest

from localcloud.images.dockerfile import find_mistake, global_arguments, instructions

REPOSITORY = Path(__file__).resolve().parents[3]
GOOD = """\
# syntax and comments are skipped
ARG BASE_IMAGE=python:3.13-slim
ARG EMPTY
FROM ${BASE_IMAGE} AS builder
RUN echo one \\
  # a comment in the middle

  && echo FROM two
COPY --from=other a b
COPY ["with space", "/x/"]
RUN <<EOF
NOT an instruction
EOF
FROM --platform=linux/amd64 scratch as last
ONBUILD RUN x
"""


def test_a_good_dockerfile_has_no_mistake() -> None:
    assert find_mistake(GOOD) is None
    assert [item.keyword for item in instructions(GOOD)] == [
        *("ARG", "ARG", "FROM", "RUN", "COPY", "COPY", "RUN", "FROM", "ONBUILD")
    ]
    assert global_arguments(GOOD) == {"BASE_IMAGE": "python:3.13-slim", "EMPTY": ""}


def test_the_services_own_dockerfile_is_understood() -> None:
    text = (REPOSITORY / "app/Dockerfile").read_text()

    assert find_mistake(text) is None
    assert global_arguments(text)["BASE_IMAGE"].startswith("python:3.13")


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "there is no FROM in it"),
        ("# nothing\n", "there is no FROM in it"),
        ("RUN x\n", "line 1: RUN before the first FROM"),
        ("ARG A\n\nCOPY a b\nFROM x\n", "line 3: COPY before the first FROM"),
        ("FROM x\nRUNN y\n", "line 2: unknown instruction RUNN"),
        ("FROM\n", "line 1: FROM needs arguments"),
        ("FROM x y\n", "line 1: FROM x y: one image is needed, and at most a name (FROM image AS name)"),
        ("FROM x\nRUN a \\\n b\nENV\n", "line 4: ENV needs arguments"),
        ("FROM x\nCOPY only\n", "line 2: COPY needs a source and a destination"),
    ],
)
def test_mistakes_are_found_with_their_line(text: str, mistake: str) -> None:
    assert find_mistake(text) == mistake


@pytest.mark.parametrize("target", ["builder", "BUILDER", "last", "0"])
def test_a_stage_that_is_there_can_be_the_target(target: str) -> None:
    assert find_mistake(GOOD, target) is None


def test_a_stage_that_is_not_there_is_told_with_those_that_are() -> None:
    assert find_mistake(GOOD, "test") == "there is no stage 'test'; its stages: builder, last"
