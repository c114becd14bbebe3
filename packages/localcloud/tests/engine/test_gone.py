"""Objects that somebody else deleted: noticed, said, and made anew."""

import pytest

from localcloud.engine import Diagnostic, Op, PropertyChange
from packages.localcloud.tests.engine.conftest import Workbench

SOURCE = """
a = Thing("a", name="a")
Thing("b", name="b", value=a.arn)
"""
SAID = "a (fake:index:Thing) was deleted outside of this program: it is made anew"


def lose(bench: Workbench, name: str) -> str:
    """Delete an object behind the engine's back; returns its id."""
    (lost,) = [key for key, item in bench.cloud.objects().items() if item["name"] == name]
    bench.cloud.remove(lost)
    return lost


def said(bench: Workbench) -> list[str]:
    return [event.message for event in bench.events if isinstance(event, Diagnostic)]


def test_what_is_gone_is_made_anew_and_what_depends_on_it_follows(bench: Workbench) -> None:
    bench.up(SOURCE)
    lost = lose(bench, "a")

    planned = bench.preview()
    assert planned.changes == {Op.REPLACE: 1, Op.UPDATE: 1, Op.SAME: 1}
    assert said(bench) == [SAID]
    assert bench.cloud.names() == ["b"]

    assert bench.up().changes == planned.changes
    assert said(bench) == [SAID]
    assert bench.event("a").changes == (PropertyChange(path="id", old=lost, new=None, replaces=True),)
    objects = {item["name"]: (key, item) for key, item in bench.cloud.objects().items()}
    assert objects["b"][1]["value"] == f"arn:fake:{objects['a'][0]}"
    assert bench.up().changes == {Op.SAME: 3}


@pytest.mark.parametrize("option", ["protect=True", "delete_before_replace=False", "retain_on_delete=True"])
def test_no_option_keeps_what_is_gone_from_coming_back(bench: Workbench, option: str) -> None:
    source = f'Thing("a", name="a", opts=Options({option}))'
    bench.up(source)
    lose(bench, "a")

    assert bench.up(source).ok

    assert bench.cloud.names() == ["a"]
    assert bench.up(source).changes == {Op.SAME: 2}


def test_everything_gone_comes_back(bench: Workbench) -> None:
    bench.up(SOURCE)
    lose(bench, "a")
    lose(bench, "b")

    assert bench.up().ok
    assert bench.cloud.names() == ["a", "b"]
    assert bench.up().changes == {Op.SAME: 3}


def test_an_imported_object_that_is_gone_is_not_imported_again(bench: Workbench) -> None:
    bench.cloud.put("id-there", {"name": "a"})
    source = 'Thing("a", name="a", opts=Options(import_="id-there"))'
    assert bench.up(source).ok
    lose(bench, "a")

    (error,) = bench.up(source).errors
    assert "id-there" in error
    assert "remove the import_ option" in error
