"""MiniStack is what our modules were written against."""

import importlib.metadata

import pytest

from localcloud.emulator.wrapped import WRAPPED, Wrapped


def test_the_version_is_the_pinned_one() -> None:
    assert importlib.metadata.version("ministack") == "1.5.33"


@pytest.mark.parametrize("entry", WRAPPED, ids=lambda entry: f"{entry.module}.{entry.function}")
def test_a_wrapped_function_is_the_one_we_know(entry: Wrapped) -> None:
    assert entry.current() == entry.fingerprint, (
        f"ministack's {entry.module}.{entry.function} changed: adapt localcloud.emulator.{entry.ours}, "
        "then renew the table"
    )


def test_the_table_notices_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    from localcloud.emulator import upstream

    entry = WRAPPED[0]

    def changed() -> None:
        """Something else."""

    monkeypatch.setattr(getattr(upstream, entry.module), entry.function, changed)
    assert entry.current() != entry.fingerprint
