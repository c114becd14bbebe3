import pytest

from localcloud.images.dockerfile import (
    external_images,
    find_mistake,
    global_arguments,
    instructions,
    syntax_image,
    with_images,
    without_syntax,
)

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


MULTI_STAGE = """\
# syntax=docker/dockerfile:1
ARG VERSION=3.12
ARG VARIANT
FROM --platform=$BUILDPLATFORM python:${VERSION}-slim${VARIANT:+-$VARIANT} AS builder
COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /bin/
RUN --mount=type=bind,from=tools:1,target=/t \\
    make
FROM node:20 as unused
FROM builder AS tests
FROM scratch AS empty
FROM nginx:1.27
COPY --from=builder /a /b
COPY --from=empty /a /b
COPY --from=0 /a /c
"""


@pytest.mark.parametrize(
    ("arguments", "target", "images"),
    [
        ({}, None, ["nginx:1.27", "python:3.12-slim", "ghcr.io/astral-sh/uv:0.5", "tools:1"]),
        ({"VERSION": "3.11"}, "tests", ["python:3.11-slim", "ghcr.io/astral-sh/uv:0.5", "tools:1"]),
        ({"VARIANT": "trixie"}, "TESTS", ["python:3.12-slim-trixie", "ghcr.io/astral-sh/uv:0.5", "tools:1"]),
        ({}, "unused", ["node:20"]),
        ({}, "empty", []),
    ],
)
def test_the_images_that_a_build_needs_from_outside(
    arguments: dict[str, str], target: str | None, images: list[str]
) -> None:
    assert external_images(MULTI_STAGE, arguments, target) == images


def test_images_are_replaced_and_everything_else_stays_on_its_line() -> None:
    changed = with_images(MULTI_STAGE, {}, {"python:3.12-slim": "a:1", "tools:1": "b:2", "nginx:1.27": "c:3"})

    expected = MULTI_STAGE.replace("python:${VERSION}-slim${VARIANT:+-$VARIANT}", "a:1")
    assert changed == expected.replace("tools:1", "b:2").replace("nginx:1.27", "c:3")
    assert external_images(changed, {}) == ["c:3", "a:1", "ghcr.io/astral-sh/uv:0.5", "b:2"]


def test_a_stage_named_like_an_image_is_that_stage() -> None:
    text = "FROM debian:12 AS node\nFROM node\n"

    assert external_images(text, {}) == ["debian:12"]
    assert with_images(text, {}, {"node": "x", "debian:12": "y"}) == "FROM y AS node\nFROM node\n"


def test_a_syntax_line_names_an_image_that_can_be_left_out() -> None:
    assert syntax_image(MULTI_STAGE) == "docker/dockerfile:1"
    assert syntax_image("FROM x\n# syntax=late\n") is None
    assert without_syntax(MULTI_STAGE).splitlines()[1:] == MULTI_STAGE.splitlines()[1:]
    assert syntax_image(without_syntax(MULTI_STAGE)) is None
