"""The built-in engine and Pulumi's own do the same with the same program and the same providers.

The real engine is the judge: each sequence of programs runs on both, each with a cloud of its own, and after every step
the counts of steps, the objects and the outputs must agree.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud.engine import Op, Outcome
from localcloud.providers.serve import serve
from packages.localcloud.tests.engine.conftest import PRELUDE, Workbench
from packages.localcloud.tests.engine.fake_cloud import FakeCloud, factory
from packages.localcloud.tests.engine.test_hooks import TOLD, thing

pytestmark = [
    pytest.mark.pulumi,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the pulumi CLI is not on PATH"),
]

# How the real engine's summary counts what ours calls by these names: "+ 2 created", "3 unchanged", "+-1 to replace".
WORDS = {
    "creat": Op.CREATE,
    "updat": Op.UPDATE,
    "replac": Op.REPLACE,
    "delet": Op.DELETE,
    "unchang": Op.SAME,
    "import": Op.IMPORT,
}
COUNT = re.compile(
    r"^ {4}(?:[-+~=<>]+ ?|\d+ changes?\. )?(\d+) (?:to )?(creat|updat|replac|delet|unchang|import)\w*$",
    re.MULTILINE,
)


@dataclass
class RealEngine:
    """The pulumi CLI over a cloud and a state of its own."""

    root: Path
    cloud: FakeCloud
    environment: dict[str, str]
    said: str = ""

    def run(self, *arguments: str) -> tuple[bool, list[dict[Op, int]]]:
        done = subprocess.run(
            ["pulumi", *arguments, "--stack", "test", "--non-interactive"],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.said = done.stdout + done.stderr
        summaries = done.stdout.split("Resources:")[1:]
        counts = [{WORDS[word]: int(count) for count, word in COUNT.findall(text)} for text in summaries]
        return done.returncode == 0, counts

    def outputs(self) -> dict[str, Any]:
        shown = subprocess.run(
            ["pulumi", "stack", "output", "--stack", "test", "--json"],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs: dict[str, Any] = json.loads(shown.stdout)
        return outputs


class Served:
    """The fake provider on a port, for the real engine to attach to."""

    def __init__(self, cloud: FakeCloud) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        serving = asyncio.run_coroutine_threadsafe(serve({"fake": factory(cloud)}), self._loop)
        self._servers, self.address = serving.result()

    def close(self) -> None:
        for server in self._servers:
            asyncio.run_coroutine_threadsafe(server.stop(0), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)


@pytest.fixture
def real(tmp_path: Path) -> Iterator[RealEngine]:
    root, backend = tmp_path / "real", tmp_path / "backend"
    root.mkdir()
    backend.mkdir()
    cloud = FakeCloud(tmp_path / "real-cloud")
    served = Served(cloud)
    virtualenv = Path(sys.prefix)
    (root / "Pulumi.yaml").write_text(
        f"name: shop\nruntime: {{name: python, options: {{toolchain: pip, virtualenv: {virtualenv}}}}}\n"
    )
    (root / "Pulumi.test.yaml").write_text("config:\n  fake:region: north\n")
    environment = os.environ | {
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_CONFIG_PASSPHRASE": "made up",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DEBUG_PROVIDERS": served.address,
    }
    engine = RealEngine(root, cloud, environment)
    subprocess.run(
        ["pulumi", "stack", "init", "test"],
        cwd=root,
        env=environment,
        check=True,
        capture_output=True,
    )
    yield engine
    served.close()


def contents(cloud: FakeCloud) -> list[str]:
    """The objects without what differs by chance: generated names and ids."""
    return sorted(
        re.sub(r"-[0-9a-f]{7}\b", "-#", re.sub(r"id-[0-9a-f]{12}", "id-#", json.dumps(item, sort_keys=True)))
        for item in cloud.objects().values()
    )


# These can share a stack: each has names of its own, and none of them fails.
TOGETHER = {
    "update": ['Thing("a", value="1")\nThing("b")', 'Thing("a", value="2")\nThing("b")'],
    "unchanged": ['g = Group("g")\nThing("a", tags={"x": [1, {"y": 2.5}]}, opts=Options(parent=g))'] * 2,
    "replace": [
        f'a = Thing("a", kind="{kind}")\nb = Thing("b", value=a.arn)\nThing("c", kind=b.name)'
        for kind in "xy"
    ],
    "delete before replace with dependents": [
        f'a = Thing("a", kind="exclusive-{n}", name="a{n}")\nb = Thing("b", name="b", kind=a.arn)\n'
        'c = Thing("c", name="c", value=a.arn)\nd = Thing("d", name="d", kind=b.arn)\n'
        'e = Thing("e", opts=Options(depends_on=[a]))'
        for n in range(2)
    ],
    "delete_before_replace option": [
        f'Thing("a", kind="{n}", name="a", opts=Options(delete_before_replace=True))' for n in range(2)
    ],
    "removal": ['a = Thing("a")\nb = Thing("b", value=a.arn)\nThing("c", value=b.arn)', 'Thing("c")', ""],
    "ignore_changes": [
        f'Thing("a", value="{n}", tags={{"x": "{n}", "y": "{n}"}}, items=[{{"v": {n}, "w": {n}}}], size={n}, '
        'opts=Options(ignore_changes=["value", "tags.x", "items[*].v"]))'
        for n in range(3)
    ],
    "ignored property that comes and goes": [
        'Thing("a", tags={"x": "1"}, opts=Options(ignore_changes=["value", "tags.y"]))',
        'Thing("a", value="2", tags={"x": "2", "y": "2"}, opts=Options(ignore_changes=["value", "tags.y"]))',
        'Thing("a", tags={"x": "3"}, opts=Options(ignore_changes=["value", "tags.y"]))',
    ],
    "replace_on_changes": [
        f'Thing("a", value="{n}", opts=Options(replace_on_changes=["value"]))' for n in range(2)
    ],
    "replacement_trigger": [f'Thing("a", opts=Options(replacement_trigger="{n}"))' for n in (1, 1, 2)],
    "replace_with": [
        f'a = Thing("a", kind="{n}")\nThing("b", opts=Options(replace_with=[a], depends_on=[a]))'
        for n in range(2)
    ],
    "protect taken off while replacing": [
        'Thing("a", kind="1", opts=Options(protect=True))',
        'Thing("a", kind="2")',
    ],
    "retain_on_delete": ['Thing("a", name="a", opts=Options(retain_on_delete=True))', ""],
    "retain_on_delete and replace": [
        f'Thing("a", kind="{n}", opts=Options(retain_on_delete=True))' for n in range(2)
    ],
    "deleted_with": ['a = Thing("a", name="a")\nThing("b", name="b", opts=Options(deleted_with=a))', ""],
    "alias by name": [
        'a = Thing("a", name="a")\nThing("b", value=a.arn)',
        'a = Thing("z", name="a", opts=Options(aliases=[pulumi.Alias(name="a")]))\nThing("b", value=a.arn)',
    ],
    "alias of a parent": [
        'g = Group("old")\nThing("old-a", name="a", opts=Options(parent=g))',
        'g = Group("new", Options(aliases=[pulumi.Alias(name="old")]))\n'
        'Thing("new-a", name="a", opts=Options(parent=g))',
    ],
    "alias to another parent": [
        'Thing("a", name="a")',
        'g = Group("g")\nroot = pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)\n'
        'Thing("a", name="a", opts=Options(parent=g, aliases=[root]))',
    ],
    "explicit provider": [
        f'p = Fake("p", region="{region}")\nThing("a", name="a", value="{n}", opts=Options(provider=p))'
        for region, n in (("south", 1), ("west", 1), ("west", 2))
    ]
    + [""],
    "from default to explicit provider": [
        'Thing("a", name="a")',
        'p = Fake("p", region="south")\nThing("a", name="a", opts=Options(provider=p))',
    ],
    "secrets": [
        f's = pulumi.Output.secret("hidden-{n}")\na = Thing("a", value=s)\nb = Thing("b", value="x")\n'
        'pulumi.export("plain", b.value)'
        for n in (1, 1, 2)
    ],
    "functions": [
        'from pulumi.runtime import invoke\np = Fake("p", region="south")\n'
        'pulumi.export("d", invoke("fake:index:ask", {"question": "q"}).value["answer"])\n'
        'answer = invoke("fake:index:ask", {"question": "q"}, pulumi.InvokeOptions(provider=p))\n'
        'pulumi.export("e", answer.value["answer"])'
    ],
}
# These fail on the way, or change everything, so each has a stack to itself.
ALONE = {
    "protect": [
        'Thing("a", kind="1", opts=Options(protect=True))',
        'Thing("a", kind="2", opts=Options(protect=True))',
        "",
    ],
    "failed create is retried": ['a = Thing("a", fail="create")\nThing("b")', 'a = Thing("a")\nThing("b")'],
    "failed update": [
        'Thing("a", value="1")',
        'Thing("a", value="2", fail="update")',
        'Thing("a", value="2")',
    ],
    "not ready is updated again": [
        'Thing("a", ready=False)',
        'Thing("a", ready=False)',
        'Thing("a", ready=True)',
    ],
    "invalid input": ['Thing("b")', 'Thing("a", colour="red")', 'Thing("a")'],
    "failing program": ['Thing("a")', 'raise ValueError("no")', 'Thing("a")'],
    "transform": [
        'change = lambda a: pulumi.ResourceTransformResult({**a.props, "value": "t"}, a.opts)\n'
        "pulumi.runtime.register_resource_transform(lambda a: change(a)"
        ' if a.type_.startswith("fake") else None)\nThing("a")'
    ],
}


HOOKS = [
    thing("1"),
    thing("2"),
    thing("2"),
    thing("3", 'all_hooks(after_update="rolled back")'),
    thing("3"),
    thing("4", 'all_hooks(before_update="not now")'),
    thing("4", more='kind="other",').replace('name="a",', ""),
    TOLD + "all_hooks()",
    thing("1", 'all_hooks(after_create="no")') + 'Thing("b", value="1", opts=Options(depends_on=[]))',
    TOLD + "all_hooks()",
    TOLD + 'on = ResourceHookBinding(on_error=[ErrorHook("e", lambda args: len(args.errors) < 3)])\n'
    'Thing("c", name="c", fail="create", opts=Options(hooks=on))',
]


def own_names(source: str, prefix: str) -> str:
    """Give every resource, alias, object and export of a program a name of its own."""
    for before in ("Thing(", "Group(", "Fake(", "export(", "Alias(name=", " name="):
        source = re.sub(rf'{re.escape(before)}(f?)"', rf'{before}\1"{prefix}-', source)
    return source


def together() -> list[str]:
    steps = max(len(sources) for sources in TOGETHER.values())
    return [
        "\n".join(
            own_names(sources[min(step, len(sources) - 1)], f"s{number}")
            for number, sources in enumerate(TOGETHER.values())
        )
        for step in range(steps)
    ]


def test_both_engines_agree(bench: Workbench, real: RealEngine) -> None:
    follow(bench, real, together())
    agree([bench.engine().refresh()], real, "refresh", "refresh", "--yes", "--skip-preview")
    agree([bench.engine().destroy()], real, "destroy", "destroy", "--yes", "--skip-preview")
    assert contents(bench.cloud) == contents(real.cloud)


@pytest.mark.parametrize("name", ALONE)
def test_both_engines_agree_on_what_fails(bench: Workbench, real: RealEngine, name: str) -> None:
    follow(bench, real, ALONE[name])


def test_both_engines_run_the_same_hooks(bench: Workbench, real: RealEngine) -> None:
    for number, source in enumerate(HOOKS, 1):
        bench.program(source)
        (real.root / "__main__.py").write_text(PRELUDE + source)
        outcome = bench.engine().up()
        agree([outcome], real, f"step {number}", "up", "--yes", "--skip-preview")
        for error in outcome.errors:
            assert error.partition("): ")[2] in real.said, (number, error, real.said)
        told = [root / "told" for root in (bench.root, real.root)]
        ours, theirs = (path.read_text() if path.exists() else "" for path in told)
        assert ours == theirs, (number, ours, theirs)
    assert "retrying create due to on-error hook request (2/100)" in real.said


def test_both_engines_make_anew_what_somebody_deleted(bench: Workbench, real: RealEngine) -> None:
    source = 'a = Thing("a", name="a")\nThing("b", name="b", value=a.arn)'
    follow(bench, real, [source])
    for cloud in (bench.cloud, real.cloud):
        (lost,) = [key for key, item in cloud.objects().items() if item["name"] == "a"]
        cloud.remove(lost)

    follow(bench, real, [source, source])


def follow(bench: Workbench, real: RealEngine, sources: list[str]) -> None:
    """Run a sequence of programs on both engines, and compare after every step."""
    for number, source in enumerate(sources, 1):
        where = f"step {number}"
        bench.program(source)
        (real.root / "__main__.py").write_text(PRELUDE + source)

        # The CLI previews before it updates: a preview changes nothing, and says what the update then does.
        outcomes = [bench.engine().preview(), bench.engine().up()]
        agree(outcomes, real, where, "up", "--yes")
        assert contents(bench.cloud) == contents(real.cloud), where
        if outcomes[-1].ok:
            assert generic(bench.engine().outputs()) == generic(real.outputs()), where


def generic(outputs: dict[str, Any]) -> str:
    return re.sub(r"id-[0-9a-f]{12}", "id-#", json.dumps(outputs, sort_keys=True))


def agree(ours: list[Outcome], real: RealEngine, where: str, *arguments: str) -> None:
    ok, changes = real.run(*arguments)
    assert all(outcome.ok for outcome in ours) == ok, (where, [outcome.errors for outcome in ours], real.said)
    if ok:
        counted = [
            {op: count for op, count in outcome.changes.items() if op is not Op.READ} for outcome in ours
        ]
        assert counted == changes, (where, real.said)
