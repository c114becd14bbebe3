"""Running the program in process: every run is the first one, and nothing of it stays behind."""

import importlib
import os
import sys
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import settings

from packages.localcloud.tests.engine.conftest import Workbench


def test_project_modules_are_imported_afresh_and_leave_nothing_behind(bench: Workbench) -> None:
    (bench.root / "shapes").mkdir()
    (bench.root / "shapes" / "__init__.py").write_text("names = []\n")
    source = 'import shapes\nshapes.names.append("x")\npulumi.export("count", len(shapes.names))'
    path, folder = list(sys.path), os.getcwd()  # noqa: PTH109  compared as the program sees it

    assert bench.up(source).outputs == {"count": 1}
    assert bench.up(source).outputs == {"count": 1}
    (bench.root / "shapes" / "__init__.py").write_text("names = [1, 2]\n\n\n")
    assert bench.up(source).outputs == {"count": 3}

    assert "shapes" not in sys.modules
    assert sys.path == path
    assert os.getcwd() == folder  # noqa: PTH109


def test_a_module_of_the_same_name_that_was_there_before_comes_back(bench: Workbench) -> None:
    (bench.root / "shapes.py").write_text("here = True\n")
    sys.path.insert(0, str(bench.root))
    try:
        import shapes  # type: ignore[import-not-found]

        bench.up("import shapes\nshapes.here = False")
        assert sys.modules["shapes"] is shapes
        assert shapes.here
    finally:
        sys.path.remove(str(bench.root))
        del sys.modules["shapes"]


def test_a_module_of_the_same_name_from_elsewhere_is_not_taken_for_the_programs(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs another checkout's project has that checkout's `infra` loaded."""
    elsewhere = tmp_path / "elsewhere"
    for folder, where in ((elsewhere, "elsewhere"), (bench.root, "here")):
        (folder / "forms").mkdir(parents=True)
        (folder / "forms" / "__init__.py").write_text(f"where = {where!r}\n")
    monkeypatch.syspath_prepend(str(elsewhere))
    loaded = importlib.import_module("forms")
    outcome = bench.up('import forms\npulumi.export("where", forms.where)')
    assert outcome.outputs["where"] == "here"
    assert sys.modules.pop("forms") is loaded


def test_the_program_sees_its_stack_config_folder_and_arguments(bench: Workbench) -> None:
    bench.project("name: shop\nruntime: python\nconfig: {size: {type: integer, default: 3}}")
    bench.stack("config: {shop:title: hello, shop:deep: {a: [1]}, fake:region: north}")

    outcome = bench.up("""
        import os, sys
        config = pulumi.Config()
        pulumi.export("facts", [
            pulumi.get_stack(), pulumi.get_project(), pulumi.get_organization(),
            config.require_int("size"), config.require("title"), config.require_object("deep"),
            pulumi.Config("fake").require("region"),
            os.path.samefile(os.getcwd(), os.path.dirname(os.path.abspath(__file__))),
            __name__, pulumi.runtime.is_dry_run(),
        ])
    """)

    assert outcome.outputs["facts"] == [
        "test", "shop", "organization", 3, "hello", {"a": [1]}, "north", True, "__main__", False,
    ]  # fmt: skip


def test_runs_do_not_share_settings_config_or_the_root_stack(bench: Workbench) -> None:
    root, stack = settings.get_root_resource(), settings.get_stack()

    bench.stack("config: {shop:only: once}")
    bench.up('Thing("a")')

    assert settings.get_root_resource() is root
    assert settings.get_stack() == stack
    assert pulumi.Config("shop").get("only") is None


def test_a_program_in_a_folder_of_its_own_runs_with_that_folder_importable(bench: Workbench) -> None:
    (bench.root / "program").mkdir()
    (bench.root / "program" / "part.py").write_text("value = 5\n")
    (bench.root / "program" / "__main__.py").write_text(
        'import part, pulumi\npulumi.export("value", part.value)\n'
    )
    bench.project("name: shop\nruntime: python\nmain: program\n")

    assert bench.up().outputs == {"value": 5}


def test_an_exit_in_the_program_is_an_error_unless_it_says_success(bench: Workbench) -> None:
    assert "sys.exit(3)" in bench.up("import sys\nsys.exit(3)").errors[0]
    assert bench.up("import sys\nsys.exit(0)").ok


def test_outputs_of_a_failed_run_keep_their_last_value(bench: Workbench) -> None:
    source = 'a = Thing("a", name="a", value="{}", fail="{}")\npulumi.export("value", a.value)\npulumi.export("n", {})'
    bench.up(source.format(1, "", 1))

    outcome = bench.up(source.format(2, "update", 2))

    assert not outcome.ok
    assert bench.engine().outputs() == {"value": "1", "n": 2}
