"""Runs the user's program in this process, each time as if it were the first.

Pulumi's own host for this is `pulumi-language-python-exec`.
"""

import asyncio
import contextvars
import importlib
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

import pulumi
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import settings as pulumi_settings
from pulumi.runtime.stack import run_in_stack

from localcloud.engine.monitor import EngineLog, EngineMonitor
from localcloud.engine.project import Project
from localcloud.engine.run import Run
from localcloud.engine.steps import Registrar
from localcloud.engine.values import Properties
from localcloud.errors import LocalCloudError

# Each registration holds a thread while its object is made; asyncio's default of cpu+4 would serialise them.
_PARALLEL: Final = 64
_OWN_PACKAGE: Final = __name__.partition(".")[0]
# Not the user's files, although they lie in the project when the project is this repository.
_OWN_FOLDER: Final = Path(__file__).resolve().parents[1]


def run_program(
    project: Project,
    run: Run,
    registrar: Registrar,
    finish: Callable[[], None],
    environment: Mapping[str, str],
) -> Properties | None:
    """Evaluate the program; every resource it registers is handled before this returns.

    Args:
        project: The project.
        run: The run.
        registrar: Handles what it registers.
        finish: Called once when a program that did not fail has registered everything, before it ends.
        environment: Variables that the program sees besides this process's own.

    Returns:
        The stack's outputs; None when the program did not get that far. Errors are reported to the run.
    """
    with _variables(environment):
        return contextvars.copy_context().run(_run, project, run, registrar, finish)


@contextmanager
def _variables(environment: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process, as a process of the program's own would have them; put them back afterwards."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _run(project: Project, run: Run, registrar: Registrar, finish: Callable[[], None]) -> Properties | None:
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # a failed run leaves futures nobody will ask again
    threads = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="register")
    loop.set_default_executor(threads)
    monitor = EngineMonitor(run, registrar, loop, finish)
    _configure(project, run, monitor)
    try:
        main = _main_file(project)
        with _as_if_fresh(project):
            loop.run_until_complete(run_in_stack(lambda: _execute(main)))
    except (LocalCloudError, pulumi.RunError) as error:
        _failed(run, str(error))
    except SystemExit as leaving:
        if leaving.code not in {None, 0}:
            _failed(run, f"the program called sys.exit({leaving.code!r})")
    except Exception as error:  # noqa: BLE001  whatever the user's program raises is shown to the user
        _failed(run, f"the program failed:\n{user_traceback(error, project.root)}")
    finally:
        threads.shutdown(wait=True)
        _close(loop)
    return monitor.outputs


def _failed(run: Run, message: str) -> None:
    """Report how the program failed, unless the run was stopped: then it lacks what was left out, and says so."""
    if not run.cancelled.is_set():
        run.error(message)


def _configure(project: Project, run: Run, monitor: EngineMonitor) -> None:
    pulumi_settings.ROOT.set(None)
    pulumi_settings.configure(
        pulumi_settings.Settings(
            project=project.name,
            stack=project.stack,
            monitor=monitor,
            engine=EngineLog(run),
            parallel=_PARALLEL,
            dry_run=run.preview,
            organization="organization",
            root_directory=str(project.root),
        )
    )
    values = {key: value.text for key, value in project.config.items()}
    pulumi_config.set_all_config(values, [key for key, value in project.config.items() if value.secret])


def _main_file(project: Project) -> Path:
    main = project.main / "__main__.py" if project.main.is_dir() else project.main
    if not main.is_file():
        raise LocalCloudError(f"there is no program {main}", fix="see `main` in Pulumi.yaml")
    return main


def _execute(main: Path) -> None:
    runpy.run_path(str(main), run_name="__main__")


def _close(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


@contextmanager
def _as_if_fresh(project: Project) -> Iterator[None]:
    """Give the program its folder, import path and unused modules; put everything back afterwards."""
    folder = project.main if project.main.is_dir() else project.main.parent
    path, directory, arguments = list(sys.path), Path.cwd(), sys.argv
    hidden = _project_modules(project.root) | _shadowing(folder)
    for name in hidden:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    sys.argv = [str(project.main)]
    os.chdir(project.root)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for name in _project_modules(project.root):
            del sys.modules[name]
        sys.modules.update(hidden)
        sys.path[:] = path
        sys.argv = arguments
        os.chdir(directory)


def _project_modules(root: Path) -> dict[str, ModuleType]:
    return {
        name: module
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] not in {_OWN_PACKAGE, "__main__"}
        and (file := getattr(module, "__file__", None))
        and is_users_file(file, root)
    }


def _shadowing(folder: Path) -> dict[str, ModuleType]:
    """Loaded modules that the program has its own of under the same name, such as another checkout's `infra`.

    Installed ones are not among them: the engine itself works with those.
    """
    own = {item.stem if item.suffix == ".py" else item.name for item in folder.iterdir()} - {_OWN_PACKAGE}
    return {
        name: module
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in own - {"__main__"}
        and (file := getattr(module, "__file__", None))
        and not _is_installed(Path(file))
    }


def _is_installed(file: Path) -> bool:
    return "site-packages" in file.parts or file.is_relative_to(Path(os.__file__).parent)


def is_users_file(file: str, root: Path) -> bool:
    """Whether a file belongs to the program: not to its virtual environment, nor to the local cloud beside it."""
    path = Path(file)
    if not path.is_relative_to(root) or path.is_relative_to(_OWN_FOLDER):
        return False
    parts = path.relative_to(root).parts
    return "site-packages" not in parts and not any(part in {".venv", "venv"} for part in parts)


def user_traceback(error: BaseException, root: Path) -> str:
    """Return a traceback that shows only the project's own files."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if is_users_file(frame.filename, root)
    ]
    if not frames and type(error) is Exception:  # the SDK's way to pass on what a provider said
        return str(error)
    lines = traceback.format_list(frames) + traceback.format_exception_only(error)
    return "".join(lines).rstrip()
