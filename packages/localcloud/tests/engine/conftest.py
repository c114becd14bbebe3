"""A workbench for the engine's tests: a project folder, a fake cloud, and runs of the engine over them."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from localcloud.engine import Engine, Event, Op, Outcome, Project, ResourceEvent, Status
from packages.localcloud.tests.engine.fake_cloud import FakeCloud, FakeProvider, factory

PRELUDE = """
import pulumi


class Thing(pulumi.CustomResource):
    arn: pulumi.Output[str]
    value: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(self, resource_name, opts=None, **props):
        names = dict.fromkeys(["arn", "value", "name", "text", "tags", "length"])
        super().__init__("fake:index:Thing", resource_name, {**names, **props}, opts)


class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:index:Group", name, None, opts)


class Fake(pulumi.ProviderResource):
    def __init__(self, name, opts=None, **props):
        super().__init__("fake", name, props, opts)


Options = pulumi.ResourceOptions
"""


@dataclass
class Workbench:
    """One project, one cloud, and what the last run said."""

    root: Path
    cloud: FakeCloud
    world: str = "world-1"
    delay: float = 0.0
    overrides: Mapping[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    providers: list[FakeProvider] = field(default_factory=list)

    @property
    def state_file(self) -> Path:
        return self.root / ".home" / "stacks" / "test.json"

    def program(self, source: str) -> None:
        (self.root / "__main__.py").write_text(PRELUDE + textwrap.dedent(source))

    def stack(self, text: str) -> None:
        (self.root / "Pulumi.test.yaml").write_text(textwrap.dedent(text))

    def project(self, text: str) -> None:
        (self.root / "Pulumi.yaml").write_text(textwrap.dedent(text))

    def engine(self) -> Engine:
        self.events, self.providers = [], []
        return Engine(
            Project.load(self.root, "test", overrides=self.overrides),
            state_file=self.state_file,
            secrets_key=self.root / ".home" / "key",
            world=self.world,
            providers={"fake": factory(self.cloud, self.delay, self.providers)},
            on_event=self.events.append,
            state_files=lambda project, stack: self.root / ".home" / "stacks" / project / f"{stack}.json",
        )

    def up(self, source: str | None = None) -> Outcome:
        if source is not None:
            self.program(source)
        return self.engine().up()

    def preview(self, source: str | None = None) -> Outcome:
        if source is not None:
            self.program(source)
        return self.engine().preview()

    def steps(self, status: Status = Status.FINISHED) -> list[tuple[Op, str]]:
        """What the last run did, without the stack and what stayed the same."""
        return [
            (event.op, event.name)
            for event in self.events
            if isinstance(event, ResourceEvent)
            and event.status is status
            and event.op is not Op.SAME
            and event.type != "pulumi:pulumi:Stack"
        ]

    def event(self, name: str) -> ResourceEvent:
        """The last event of one resource."""
        return [e for e in self.events if isinstance(e, ResourceEvent) and e.name == name][-1]


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    root = tmp_path / "project"
    root.mkdir()
    bench = Workbench(root=root, cloud=FakeCloud(tmp_path / "cloud"))
    bench.project("name: shop\nruntime: python\n")
    bench.stack("config:\n  fake:region: north\n")
    return bench
