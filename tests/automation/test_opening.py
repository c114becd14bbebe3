"""Opening stacks by name: those with a file, ephemeral ones, and names that are neither."""

import time
from datetime import timedelta
from typing import Any

import pytest

from automation.ephemeral import Ephemerals, duration
from automation.log_lines import follow_logs
from automation.new_stack import new_stack
from localcloud.errors import LocalCloudError
from tests.automation.conftest import Workbench


def test_a_name_without_file_or_ephemeral_stack_is_refused_with_what_there_is(bench: Workbench) -> None:
    bench.settings("dev")
    with pytest.raises(
        LocalCloudError, match=r"there is no ephemeral stack of that name\n  fix: one of: dev; or"
    ):
        bench.stack("pr-1")


def test_a_folder_without_a_project_is_said_before_its_missing_stacks(bench: Workbench) -> None:
    (bench.folder / "Pulumi.yaml").unlink()
    with pytest.raises(LocalCloudError, match=r"no Pulumi\.yaml in"):
        bench.stack("dev")


def test_a_stack_file_with_dots_in_its_name_is_listed_whole(bench: Workbench) -> None:
    bench.settings("eu.dev")
    with pytest.raises(LocalCloudError, match=r"one of: eu\.dev;"):
        bench.stack("dev")


def test_the_cluster_is_looked_for_by_the_name_that_the_program_gives_it(bench: Workbench) -> None:
    bench.settings("eu.dev")
    assert bench.stack("eu.dev")._cluster == "shop-eu-dev"


def test_an_ephemeral_stack_stays_one_when_a_plain_verb_opens_it(bench: Workbench) -> None:
    bench.settings("live", "config:\n  aws:region: us-east-1\n  shop:production: true\n")
    bench.program('pulumi.export("production", pulumi.Config().get("production"))')
    opener: Any = lambda name, source, overrides: bench.stack(name, settings_of=source, overrides=overrides)  # noqa: E731  three words
    live = bench.stack("live")
    environments = Ephemerals(live.target, "shop", opener)
    deployed = environments.up("pr-3", settings_of="live", lives=timedelta(hours=1), folder=bench.folder)
    assert deployed.outcome.outputs["production"] == "false"

    again = bench.stack("pr-3").up()
    assert again.outcome.outputs["production"] == "false"
    (listed,) = environments.all()
    assert environments.remove(listed)
    with pytest.raises(LocalCloudError, match="no ephemeral stack"):
        bench.stack("pr-3")


def test_following_logs_begins_with_as_many_lines_as_asked_for(bench: Workbench) -> None:
    bench.settings("dev")
    logs = bench.client("logs")
    logs.create_log_group(logGroupName="/follow")
    logs.create_log_stream(logGroupName="/follow", logStreamName="web/web/1")
    now = 1000 * int(time.time())
    events = [{"timestamp": now + number, "message": str(number)} for number in range(5)]
    logs.put_log_events(logGroupName="/follow", logStreamName="web/web/1", logEvents=events)
    following = follow_logs(bench.stack("dev").target, ["/follow"], since=timedelta(minutes=5), limit=2)
    assert [next(following).message for _ in range(2)] == ["3", "4"]


@pytest.mark.parametrize("text", ["8x", "0h", "366d", "99999999999999999999d", "h", "-1h"])
def test_a_time_to_live_out_of_bounds_is_refused(text: str) -> None:
    with pytest.raises(LocalCloudError, match="at most 365d"):
        duration(text)


def test_a_time_to_live() -> None:
    assert [duration(text) for text in ("30m", "8h", "2d")] == [
        timedelta(minutes=30),
        timedelta(hours=8),
        timedelta(days=2),
    ]


def test_a_new_stack_keeps_comments_and_takes_a_region_that_is_one(bench: Workbench) -> None:
    bench.settings("dev", "# cheap\nconfig:\n  aws:region: us-east-1 # near\n")
    with pytest.raises(LocalCloudError, match="region 'mars'"):
        new_stack(bench.folder, "qa", settings_of="dev", region="mars")
    path = new_stack(bench.folder, "qa", settings_of="dev", region="eu-west-1")
    assert path.read_text() == "# cheap\nconfig:\n  aws:region: eu-west-1 # near\n"
    with pytest.raises(LocalCloudError, match="exists already"):
        new_stack(bench.folder, "qa", settings_of="dev")
