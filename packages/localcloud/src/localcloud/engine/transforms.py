"""Transforms of the program: functions that change resources before they are registered."""

import asyncio
import threading
from collections.abc import Callable
from typing import Final, TypeVar, cast

from google.protobuf.message import Message
from pulumi.runtime.proto import callback_pb2, resource_pb2

from localcloud.engine.callbacks import call_back
from localcloud.engine.resources import STACK_TYPE

M = TypeVar("M", bound=Message)

# Options that the two messages share, by the name each gives it.
_SHARED: Final = {
    "depends_on": "dependencies",
    "protect": "protect",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "version": "version",
    "aliases": "aliases",
    "provider": "provider",
    "providers": "providers",
    "custom_timeouts": "customTimeouts",
    "plugin_download_url": "pluginDownloadURL",
    "retain_on_delete": "retainOnDelete",
    "deleted_with": "deletedWith",
    "additional_secret_outputs": "additionalSecretOutputs",
    "import": "importId",
    "replace_with": "replace_with",
    "replacement_trigger": "replacement_trigger",
    "hooks": "hooks",
}


class Transforms:
    """The transforms of one run's program.

    Args:
        loop: The program's event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._stack: list[callback_pb2.Callback] = []
        self._invokes: list[callback_pb2.Callback] = []
        self._of_parents: dict[str, list[callback_pb2.Callback]] = {}
        self._lock = threading.Lock()

    def add_for_stack(self, callback: callback_pb2.Callback) -> None:
        """Add a transform for every resource."""
        with self._lock:
            self._stack.append(callback)

    def add_for_invokes(self, callback: callback_pb2.Callback) -> None:
        """Add a transform for every function call."""
        with self._lock:
            self._invokes.append(callback)

    def inherit(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> None:
        """Remember a component's transforms, and those of its parents, for its children."""
        own = [*request.transforms, *self._of_parents.get(request.parent, ())]
        if own and not request.custom:
            with self._lock:
                self._of_parents[urn] = own

    def apply(self, request: resource_pb2.RegisterResourceRequest) -> None:
        """Change a registration in place: its own transforms first, then its parents', then the stack's."""
        if request.type == STACK_TYPE:
            return
        with self._lock:
            callbacks = [*request.transforms, *self._of_parents.get(request.parent, ()), *self._stack]
        for callback in callbacks:
            options = _options(request)
            question = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=request.object,
                options=options,
            )
            answer = self._call(callback, question, resource_pb2.TransformResponse)
            if answer.HasField("properties"):
                request.object.CopyFrom(answer.properties)
            if answer.HasField("options"):
                _set_options(request, answer.options)

    def apply_to_invoke(self, request: resource_pb2.ResourceInvokeRequest) -> None:
        """Change a function call in place."""
        with self._lock:
            callbacks = list(self._invokes)
        for callback in callbacks:
            options = resource_pb2.TransformInvokeOptions(
                provider=request.provider,
                version=request.version,
                plugin_download_url=request.pluginDownloadURL,
            )
            question = resource_pb2.TransformInvokeRequest(
                token=request.tok, args=request.args, options=options
            )
            answer = self._call(callback, question, resource_pb2.TransformInvokeResponse)
            if answer.HasField("args"):
                request.args.CopyFrom(answer.args)
            if answer.HasField("options"):
                request.provider = answer.options.provider

    def _call(self, callback: callback_pb2.Callback, question: Message, answer: type[M]) -> M:
        return call_back(self._loop, callback, question, answer)


def _options(request: resource_pb2.RegisterResourceRequest) -> resource_pb2.TransformResourceOptions:
    options = resource_pb2.TransformResourceOptions()
    for name, source in _SHARED.items():
        _copy(request, source, options, name)
    if request.deleteBeforeReplaceDefined:
        options.delete_before_replace = request.deleteBeforeReplace
    return options


def _set_options(
    request: resource_pb2.RegisterResourceRequest, options: resource_pb2.TransformResourceOptions
) -> None:
    clear = cast("Callable[[str], None]", request.ClearField)  # the stubs list every name
    for name, target in _SHARED.items():
        clear(target)
        _copy(options, name, request, target)
    request.deleteBeforeReplaceDefined = options.HasField("delete_before_replace")
    request.deleteBeforeReplace = options.delete_before_replace


def _copy(source: Message, source_name: str, target: Message, target_name: str) -> None:
    """Copy one field between messages of different types, when it is set."""
    for field, value in source.ListFields():
        if field.name != source_name:
            continue
        if isinstance(value, str | bool):
            setattr(target, target_name, value)
        elif isinstance(value, Message):
            getattr(target, target_name).CopyFrom(value)
        else:
            getattr(target, target_name).MergeFrom(value)
