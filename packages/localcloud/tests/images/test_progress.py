from localcloud.images.progress import BuildProgress

# As docker 20.10 and buildx print it, shortened.
BUILD = """\
#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 100B done
#1 DONE 0.0s

#4 [1/4] FROM docker.io/library/python
#4 CACHED

#5 [builder 2/4] RUN   python3 -m venv   /opt/venv
#5 CACHED

#6 [builder 3/4] RUN pip install
#6 0.512 Collecting flask
#6 1.204 token=s3cret
#6 DONE 2.3s

#7 [builder 4/4] COPY service /srv
#7 DONE 0.1s

#8 exporting to image
#8 exporting layers done
#8 DONE 0.2s
"""
FAILURE = """\
#7 [builder 4/4] RUN make
#7 0.101 compiling
#7 0.202 error: missing header
#7 ERROR: executor failed running [/bin/sh -c make]: exit code: 2
------
 > [builder 4/4] RUN make:
#7 0.202 error: missing header
------
executor failed running [/bin/sh -c make]: exit code: 2
"""


def follow(text: str, secrets: tuple[str, ...] = ()) -> tuple[BuildProgress, list[str]]:
    told: list[str] = []
    progress = BuildProgress(told.append, secrets)
    for line in text.splitlines():
        progress.add(line)
    return progress, told


def test_only_steps_that_really_run_are_told() -> None:
    progress, told = follow(BUILD)

    assert told == ["[builder 3/4] RUN pip install"]
    assert (progress.ran, progress.cached) == (2, 1)


def test_a_failed_step_is_shown_with_its_last_lines() -> None:
    progress, _ = follow(BUILD + FAILURE.replace("#7", "#9"))

    failure = progress.failure()

    assert failure.splitlines()[0] == "[builder 4/4] RUN make"
    assert "error: missing header" in failure
    assert "exit code: 2" in failure
    assert "Collecting flask" not in failure


def test_only_the_last_thirty_lines_of_a_step_are_kept() -> None:
    lines = "".join(f"#9 0.1 line {number}\n" for number in range(100))
    progress, _ = follow(f"#9 [2/2] RUN x\n{lines}#9 ERROR: failed\n")

    shown = progress.failure().splitlines()

    assert len(shown) == 32
    assert shown[1].strip() == "line 70"


def test_what_the_client_says_is_shown_when_no_step_failed() -> None:
    progress, _ = follow("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n")

    assert progress.failure().startswith("Cannot connect to the Docker daemon")
    assert progress.mentions("cannot connect to the docker daemon")


def test_secrets_are_nowhere_in_what_is_told() -> None:
    failed = FAILURE.replace("#7", "#9").replace("compiling", "password s3cret!")
    progress, told = follow(BUILD + failed + "docker: s3cret!\n", secrets=("s3cret", "s3cret!"))

    assert "s3cret" not in progress.failure() + progress.client_message() + "".join(told)
    assert "password ***\n" in progress.failure()
