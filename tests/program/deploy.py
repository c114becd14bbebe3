"""Evaluate the program against mocks and record what it registers, options included.

`pulumi.runtime.set_mocks` alone leaves the root stack, exports and configuration of the previous test behind,
accepts two resources of the same name, and never shows options such as `parent` or `depends_on`. `deploy`
runs the unchanged `__main__.py` in a context of its own and fails on duplicates, unknown invokes and default
AWS providers.
"""

import asyncio
import contextvars
import functools
import json
import runpy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pulumi
import yaml
from google.protobuf import empty_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_in_stack

from infra.components.rollout import Rollout
from tests.program.answers import invoke_answer, outputs_of
from tests.program.recorded import Recorded, Resource

__all__ = ["Recorded", "Resource", "deploy", "deploy_services", "stack_config"]

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "ecs-microservice"
ACCOUNT = "123456789012"


class RecordingMonitor(mocks.MockMonitor):
    """A mock engine that keeps every request."""

    def __init__(self, recorded: Recorded, overrides: Mapping[str, Any]) -> None:
        super().__init__(_NoMocks(overrides))
        self.recorded = recorded
        self._overrides = overrides
        self._urns: set[str] = set()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  the protocol's name
        """Record the request and answer with outputs like the provider's."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        assert urn not in self._urns, f"two resources have the URN {urn}"
        self._urns.add(urn)
        if request.type.startswith("aws:") and request.custom:
            assert request.provider, f"{urn} uses the default AWS provider, which has no default tags"
        inputs = rpc.deserialize_properties(request.object, keep_unknowns=False)
        plain, secret = _plain(inputs)
        resource = _resource(urn, request, plain, secret)
        self.recorded.resources.append(resource)
        identity, outputs = outputs_of(resource.type, resource.name, plain)
        if not request.remote:  # a component of another language answers with its outputs alone
            outputs = {**plain, **outputs} if request.custom else {}
        outputs.update(self._overrides.get(resource.type, {}))
        self.resources[urn] = mocks.MockMonitor.ResourceRegistration(urn, identity, outputs)
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=identity if request.custom else "", object=_serialize(outputs)
        )

    def Invoke(self, request: Any) -> Any:  # noqa: N802  the protocol's name
        """Answer a data source; one that no test has thought of is an error."""
        args, _ = _plain(rpc.deserialize_properties(request.args))
        if request.tok.startswith("aws:"):
            assert request.provider, f"{request.tok} uses the default AWS provider"
        self.recorded.invokes.append((request.tok, args))
        named = self._overrides.get(f"{request.tok}#{args.get('serviceName') or args.get('arn')}")
        answer = named or self._overrides.get(request.tok) or invoke_answer(request.tok, args)
        if "tagFilters" in args:
            answer = {**answer, "resourceTagMappingLists": _tagged(answer["resourceTagMappingLists"], args)}
        return resource_pb2.ResourceInvokeResponse(**{"return": _serialize(answer)})

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802  the protocol's name
        """Keep the outputs of components and the exports of the stack."""
        outputs, _ = _plain(rpc.deserialize_properties(request.outputs))
        if "pulumi:pulumi:Stack::" in request.urn:
            self.recorded.exports.update(outputs)
        else:
            assert request.urn not in self.recorded.component_outputs, (
                f"outputs of {request.urn} registered twice"
            )
            self.recorded.component_outputs[request.urn] = outputs
        return empty_pb2.Empty()


class _NoMocks(mocks.Mocks):
    """Answers for outputs of other stacks (an override, stack → outputs), and for nothing else."""

    def __init__(self, overrides: Mapping[str, Any]) -> None:
        self._stacks = overrides.get("pulumi:pulumi:StackReference", {})

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(f"unexpected call of {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        assert args.typ == "pulumi:pulumi:StackReference", f"unexpected read of {args.typ}"
        assert args.resource_id in self._stacks, f"unexpected reference to the stack {args.resource_id}"
        return args.resource_id, {"name": args.resource_id, "outputs": self._stacks[args.resource_id]}


def _serialize(value: Mapping[str, Any]) -> Any:
    from google.protobuf import struct_pb2

    result = struct_pb2.Struct()
    result.update(value)
    return result


def _tagged(listed: Sequence[Mapping[str, Any]], args: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What carries all the tags that are asked for."""
    wanted = {item["key"]: item.get("values") for item in args["tagFilters"]}
    return [
        item
        for item in listed
        if all(
            key in item["tags"] and item["tags"][key] in (values or [item["tags"][key]])
            for key, values in wanted.items()
        )
    ]


def _plain(value: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """`value` without secret wrappers, and the top-level keys that had one."""
    secret = {key for key, inner in value.items() if _holds_secret(inner)}
    return {key: _unwrap(inner) for key, inner in value.items()}, frozenset(secret)


def _holds_secret(value: Any) -> bool:
    if rpc.is_rpc_secret(value):
        return True
    if isinstance(value, Mapping):
        return any(_holds_secret(inner) for inner in value.values())
    return isinstance(value, list) and any(_holds_secret(inner) for inner in value)


def _unwrap(value: Any) -> Any:
    value = rpc.unwrap_rpc_secret(value) if rpc.is_rpc_secret(value) else value
    if isinstance(value, Mapping):
        return {key: _unwrap(inner) for key, inner in value.items()}
    return [_unwrap(inner) for inner in value] if isinstance(value, list) else value


def _resource(urn: str, request: Any, inputs: Mapping[str, Any], secret: frozenset[str]) -> Resource:
    by_input = {urn for deps in request.propertyDependencies.values() for urn in deps.urns}
    timeouts = request.customTimeouts
    return Resource(
        urn=urn,
        type=request.type,
        name=request.name,
        inputs=inputs,
        custom=request.custom,
        parent=request.parent,
        depends_on=frozenset(request.dependencies) | by_input,
        provider=request.provider,
        protect=request.protect,
        ignore_changes=list(request.ignoreChanges),
        delete_before_replace=request.deleteBeforeReplace,
        retain_on_delete=request.retainOnDelete,
        replace_on_changes=list(request.replaceOnChanges),
        timeouts={
            name: getattr(timeouts, name)
            for name in ("create", "update", "delete")
            if getattr(timeouts, name)
        },
        secret_inputs=secret,
        remote=request.remote,
        hooks={kind.name: list(names) for kind, names in request.hooks.ListFields()},
        providers=dict(request.providers),
    )


def stack_config(stack: str) -> dict[str, Any]:
    """The configuration of a committed stack file."""
    loaded = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8"))
    config: dict[str, Any] = loaded["config"]
    return config


def deploy(
    stack: str = "dev",
    config: Mapping[str, Any] | None = None,
    *,
    secrets: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    preview: bool = False,
    project: str = PROJECT,
    program: str = "",
) -> Recorded:
    """Run `__main__.py` and give what it registered.

    Args:
        stack: Name of the stack; its committed file is the configuration unless `config` is given.
        config: Configuration with the keys of a stack file (`services`, `aws:region`); `aws:region` is added where
            it is missing.
        secrets: Secret configuration values with such keys.
        overrides: Type token → outputs, or invoke token → answer, that replace the mocks' own; an answer about one
            thing has the invoke's argument `arn` or `serviceName` behind the token: `aws:ecs/…#web`.
        preview: Evaluate as `pulumi preview` does.
        project: Name of the project.
        program: Source of a program that uses the components; empty for `__main__.py`.

    Raises:
        pulumi.RunError: The settings have mistakes.
    """
    values = dict(stack_config(stack) if config is None else config)
    values.setdefault("aws:region", "us-east-1")
    question = {"config": values, "secrets": secrets or {}, "overrides": overrides or {}, "preview": preview}
    question |= {"project": project, "program": program}
    return _recorded(stack, json.dumps(question))


@functools.lru_cache(maxsize=64)
def _recorded(stack: str, question: str) -> Recorded:
    """Many tests ask about the same stack: it is evaluated once, and nobody changes what is recorded."""
    recorded = Recorded(stack)
    contextvars.copy_context().run(_run, recorded, **json.loads(question))
    return recorded


def deploy_services(
    services: Mapping[str, Any],
    *,
    stack: str = "test",
    secrets: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
    preview: bool = False,
    **concerns: Any,
) -> Recorded:
    """`deploy` of a stack with these services, and other concerns by keyword: `network={…}`."""
    config = {"services": services, **concerns}
    return deploy(stack, config, secrets=secrets, overrides=overrides, preview=preview)


def _run(
    recorded: Recorded,
    *,
    config: Mapping[str, Any],
    secrets: Mapping[str, str],
    overrides: Mapping[str, Any],
    preview: bool,
    project: str,
    program: str,
) -> None:
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    values = {_full_key(project, key): value for key, value in {**texts, **secrets}.items()}
    pulumi.runtime.set_all_config(values, [_full_key(project, key) for key in secrets])
    asyncio.run(_evaluate(recorded, overrides, preview, project, program))


def _full_key(project: str, key: str) -> str:
    """What both engines make of a stack file's key before the program sees it."""
    return key if ":" in key else f"{project}:{key}"


async def _evaluate(
    recorded: Recorded, overrides: Mapping[str, Any], preview: bool, project: str, source: str
) -> None:
    set_root_resource(_StandIn())  # type: ignore[arg-type]  # keeps set_mocks from making a root stack of its own
    SETTINGS.outputs.clear()  # what a failed test left behind would fail this one
    mocks.set_mocks(
        _NoMocks(overrides),
        project=project,
        stack=recorded.stack,
        preview=preview,
        monitor=RecordingMonitor(recorded, overrides),
    )
    set_root_resource(None)  # type: ignore[arg-type]  # typed as never empty, empty at every program's start

    def program() -> None:
        if source:
            exec(compile(source, "__main__.py", "exec"), {"__name__": "__main__"})  # noqa: S102  a test's own program
        else:
            runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    # The mock engine runs no hooks; it answers as if each service had been changed and followed.
    with mock.patch.object(Rollout, "followed", True):
        await run_in_stack(program)


class _StandIn:
    """Something that is not None."""
