"""The state file: whole or not at all, true to what was recorded, clear about what is wrong with it."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.engine import Diagnostic, Op
from localcloud.engine.resources import PendingCreate, Resource, Timeouts
from localcloud.engine.secrets import StateCipher
from localcloud.engine.state import State
from localcloud.engine.values import secret
from localcloud.errors import LocalCloudError
from packages.localcloud.tests.engine.conftest import Workbench

names = st.text(min_size=1, max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
)
values = st.recursive(
    scalars | st.text(max_size=9).map(secret),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
properties = st.dictionaries(names, values, max_size=4)
urns = st.lists(names.map(lambda name: f"urn:pulumi:s::p::t::{name}"), max_size=3).map(tuple)
resources = st.builds(
    Resource,
    urn=names.map(lambda name: f"urn:pulumi:s::p::fake:index:Thing::{name}"),
    type=st.just("fake:index:Thing"),
    custom=st.booleans(),
    id=st.text(max_size=5),
    inputs=properties,
    outputs=properties,
    dependencies=urns,
    property_dependencies=st.dictionaries(names, urns, max_size=2),
    protect=st.booleans(),
    init_errors=st.lists(st.text(max_size=9), max_size=2).map(tuple),
    timeouts=st.builds(
        Timeouts, create=st.floats(0, 100), update=st.floats(0, 100), delete=st.floats(0, 100)
    ),
    replacement_trigger=values,
)


def comparable(resource: Resource) -> dict[str, Any]:
    return vars(resource)


@settings(max_examples=40, deadline=None)
@given(st.lists(resources, max_size=4), st.lists(resources, max_size=2), st.lists(resources, max_size=2))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, live: list[Resource], old: list[Resource], begun: list[Resource]
) -> None:
    folder = tmp_path_factory.mktemp("state")
    state = State(folder / "s.json", StateCipher(folder / "key"), "w")

    def fill() -> None:
        for resource in live:
            state.put(resource)
        state.condemned.extend(old)
        for resource in begun:
            state.expect(PendingCreate(goal=resource, replaces=resource.protect))

    state.change(fill)
    again = State(folder / "s.json", StateCipher(folder / "key"), "w")
    again.load()

    assert [comparable(item) for item in again.resources.values()] == [
        comparable(item) for item in state.resources.values()
    ]
    assert [comparable(item) for item in again.condemned] == [comparable(item) for item in old]
    assert {urn: (comparable(item.goal), item.replaces) for urn, item in again.pending.items()} == {
        urn: (comparable(item.goal), item.replaces) for urn, item in state.pending.items()
    }


def test_every_change_is_on_disk_when_it_returns_from_any_thread(tmp_path: Path) -> None:
    state = State(tmp_path / "s.json", StateCipher(tmp_path / "key"), "w")
    missing = []

    def record(number: int) -> None:
        resource = Resource(urn=f"urn:pulumi:s::p::t::{number}", type="t", custom=True)
        state.change(lambda: state.put(resource))
        if resource.urn not in (tmp_path / "s.json").read_text():
            missing.append(number)

    threads = [threading.Thread(target=record, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert missing == []
    assert len(json.loads((tmp_path / "s.json").read_text())["resources"]) == 50


@pytest.mark.parametrize(
    "damage", ["", "{", '{"schema": 1}', "[]", '{"schema":1,"world":"world-1","resources":[{}]}']
)
def test_a_damaged_file_is_kept_aside_and_the_message_says_where(bench: Workbench, damage: str) -> None:
    bench.up('Thing("a")')
    bench.state_file.write_text(damage)

    with pytest.raises(
        LocalCloudError, match=r"is damaged .* kept as .*damaged.*(?s:.*)localcloud down"
    ) as caught:
        bench.up('Thing("a")')

    (aside,) = bench.state_file.parent.glob("*damaged*")
    assert str(aside) in str(caught.value)
    assert aside.read_text() == damage
    assert bench.engine().destroy().ok


@pytest.mark.parametrize("shape", ['"resources": 5', '"resources": [5]', '"pending": 1', '"deleting": [7]'])
@pytest.mark.parametrize("world", ["world-1", "another"])
def test_a_state_of_a_wrong_shape_is_damaged_whatever_asks_for_it(
    bench: Workbench, shape: str, world: str
) -> None:
    bench.up('Thing("a")')
    whole = json.loads(bench.state_file.read_text())
    damaged = {**whole, "world": world, **json.loads(f"{{{shape}}}")}
    for verb in ("up", "destroy", "refresh", "outputs"):
        bench.state_file.write_text(json.dumps(damaged))
        try:
            getattr(bench.engine(), verb)()
        except LocalCloudError as error:
            assert "is damaged" in error.message  # noqa: PT017  no other error may come
        else:
            assert world == "another", "what another world had is not read, as long as it can be counted"


def test_a_truncated_file_is_damaged_at_every_length(bench: Workbench) -> None:
    bench.up('Thing("a")')
    whole = bench.state_file.read_bytes()

    for length in range(0, len(whole) - 2, max(1, len(whole) // 40)):
        bench.state_file.write_bytes(whole[:length])
        with pytest.raises(LocalCloudError, match="is damaged"):
            bench.engine().resources()


def test_a_state_of_a_newer_version_is_not_touched(bench: Workbench) -> None:
    bench.state_file.parent.mkdir(parents=True)
    bench.state_file.write_text('{"schema": 99, "world": "world-1"}')

    with pytest.raises(LocalCloudError, match="has schema 99, this version reads 1"):
        bench.up("")
    assert "99" in bench.state_file.read_text()


def test_a_state_of_another_world_is_dropped_with_one_clear_line(bench: Workbench) -> None:
    source = 'Thing("a", name="a")'
    bench.up(source)
    for object_id in bench.cloud.objects():
        bench.cloud.remove(object_id)
    bench.world = "world-2"

    outcome = bench.up(source)

    assert outcome.changes == {Op.CREATE: 2}
    lines = [event.message for event in bench.events if isinstance(event, Diagnostic)]
    assert lines == ["the local cloud was restarted empty; the 3 resources of its last run no longer exist"]
    assert bench.up(source).changes == {Op.SAME: 2}


def test_an_unwritable_folder_is_one_message(bench: Workbench) -> None:
    (bench.root / ".home").write_text("a file where the folder should be")

    with pytest.raises(LocalCloudError, match=r"cannot write to .*stacks: Not a directory"):
        bench.up("")
