"""The resource monitor: what the Pulumi SDK calls while the program runs, answered in this process."""
# ruff: noqa: N802  the methods have the names of the protocol

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
from google.protobuf import empty_pb2
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import callback_pb2, engine_pb2, provider_pb2, resource_pb2

from localcloud.engine.events import Diagnostic, Severity
from localcloud.engine.goals import Goal, read_goal
from localcloud.engine.remote import construct
from localcloud.engine.resources import STACK_TYPE, Resource, make_urn
from localcloud.engine.run import Run, describe_error
from localcloud.engine.steps import Registrar
from localcloud.engine.transforms import Transforms
from localcloud.engine.values import Properties, contains_unknown, from_struct, plain, to_struct
from localcloud.errors import LocalCloudError

_REFUSED: Final = "needs the pulumi CLI: the built-in engine does not do it"
_SEVERITIES: Final = {
    engine_pb2.INFO: Severity.INFO,
    engine_pb2.WARNING: Severity.WARNING,
    engine_pb2.ERROR: Severity.ERROR,
}


class _NoMocks(Mocks):
    """The engine answers every call itself, so nothing is left to mock."""

    def call(self, args: Any) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise NotImplementedError(args.token)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        raise NotImplementedError(args.typ)


class CallFailed(grpc.RpcError):  # type: ignore[misc]
    """A function call failed; the SDK raises it where the program can catch it, as with the real engine."""

    def code(self) -> grpc.StatusCode:
        """Return the status of an error in the call itself."""
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        """Return the message."""
        return str(self)


class EngineLog:
    """The SDK's engine interface: messages of the program, in its run's events."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def Log(self, request: engine_pb2.LogRequest) -> None:
        """Pass a message on; debug messages are dropped, and those for the moment, which only a live display shows."""
        severity = _SEVERITIES.get(request.severity)
        if severity is not None and not request.ephemeral:
            self._run.emit(Diagnostic(severity=severity, message=request.message, urn=request.urn))


class EngineMonitor(MockMonitor):
    """Answers resource registrations, reads and function calls with the built-in engine.

    Args:
        run: The run.
        registrar: Handles the registrations.
        loop: The program's event loop.
        finish: What is left to do when the program has registered everything, while its hooks can still be called.
    """

    def __init__(
        self,
        run: Run,
        registrar: Registrar,
        loop: asyncio.AbstractEventLoop,
        finish: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(_NoMocks())
        run.hooks.attach(loop)
        self._finish = finish
        self._run = run
        self._registrar = registrar
        self._loop = loop
        self._transforms = Transforms(loop)
        self.outputs: Properties | None = None

    def GetDeploymentInfo(self, request: Any) -> resource_pb2.DeploymentInfo:  # noqa: ARG002
        """Name the features of the protocol that the engine has, or refuses with a message of its own."""
        return resource_pb2.DeploymentInfo(
            supportedFeatures=[
                resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
                resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
                resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
                resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
                resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
                resource_pb2.RESOURCE_MONITOR_FEATURE_TRANSFORMS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_TRANSFORMS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_PARAMETERIZATION,
                resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_HOOKS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_ERROR_HOOKS,
            ]
        )

    def RegisterResource(
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Register one resource; what fails is reported in the answer, and the program goes on without it."""
        self._transforms.apply(request)
        if request.remote:
            return construct(self._run, self._registrar, request, self._loop)
        goal = read_goal(request)
        registered = self._registrar.register(goal)
        resource = registered.resource
        self._transforms.inherit(resource.urn, request)
        return resource_pb2.RegisterResourceResponse(
            urn=resource.urn,
            id=resource.id,
            object=to_struct(resource.outputs if resource.custom else resource.inputs),
            result=resource_pb2.SUCCESS if registered.ok else resource_pb2.FAIL,
        )

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:
        """Record what a component, or the stack, registered as outputs."""
        outputs = from_struct(request.outputs)
        state = self._run.state
        with state.locked():
            resource = state.resources.get(request.urn)
            if resource is None or resource.custom:
                return empty_pb2.Empty()
            if resource.type == STACK_TYPE:
                self.outputs = outputs
            if not self._run.preview:
                # What failed leaves its outputs unknown: those keep their last value.
                outputs = {
                    key: resource.outputs.get(key) if contains_unknown(value) else value
                    for key, value in outputs.items()
                }
                outputs = {key: value for key, value in outputs.items() if value is not None}
            self._registrar.set_outputs(resource, outputs)
        self._registrar.component_complete(request.urn)
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any) -> Any:  # noqa: ARG002
        """Do what is left when the program has ended well; it stays, because delete hooks are its functions."""
        self._finish()
        return empty_pb2.Empty()

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        """Read an existing object (`Resource.get`); it is recorded, but never changed or deleted."""
        properties = from_struct(request.properties)
        goal = Goal(
            type=request.type,
            name=request.name,
            custom=True,
            parent=request.parent,
            inputs=properties,
            provider=request.provider,
            dependencies=tuple(request.dependencies),
            additional_secret_outputs=tuple(request.additionalSecretOutputs),
        )
        if request.type == "pulumi:pulumi:StackReference":
            return self._stack_reference(request, goal)
        if not request.id or contains_unknown(request.id):
            urn = make_urn(self._run.stack, self._run.project, goal.parent, goal.type, goal.name)
            return resource_pb2.ReadResourceResponse(urn=urn, properties=request.properties)
        registered = self._registrar.read(goal, request.id)
        resource = registered.resource
        return resource_pb2.ReadResourceResponse(
            urn=resource.urn,
            id=resource.id,
            properties=to_struct(resource.outputs),
            result=resource_pb2.SUCCESS if registered.ok else resource_pb2.FAIL,
        )

    def _stack_reference(
        self, request: resource_pb2.ReadResourceRequest, goal: Goal
    ) -> resource_pb2.ReadResourceResponse:
        """Another stack's outputs; like Pulumi's, it is no object of this stack."""
        urn = make_urn(self._run.stack, self._run.project, goal.parent, goal.type, goal.name)
        found = self._run.others.read(str(plain(goal.inputs.get("name") or request.id)))
        self._run.learn_secrets(found["outputs"])
        return resource_pb2.ReadResourceResponse(urn=urn, id=request.id, properties=to_struct(found))

    def ExistsResource(
        self, request: resource_pb2.ExistsResourceRequest
    ) -> resource_pb2.ExistsResourceResponse:
        """Say whether an object exists."""
        reference = request.provider or self._registrar.default_provider(request.type)
        urn = make_urn(self._run.stack, self._run.project, request.parent, request.type, request.id)
        asked = Resource(urn=urn, type=request.type, custom=True, id=request.id)
        found = self._run.registry.instance(reference).read(asked)
        return resource_pb2.ExistsResourceResponse(exists=found is not None)

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:
        """Call a provider function."""
        self._transforms.apply_to_invoke(request)
        arguments = from_struct(request.args)
        if request.tok == "pulumi:pulumi:getResource":
            return _answer(self._resource(str(arguments["urn"])))
        try:
            reference = request.provider or self._registrar.default_provider(request.tok)
            instance = self._run.registry.instance(reference)
            if not instance.configured or contains_unknown(arguments):
                return resource_pb2.ResourceInvokeResponse(unknown=True)
            found, failures = instance.invoke(request.tok, arguments)
        except Exception as error:  # whatever a provider raises belongs to this call
            raise CallFailed(self._run.hide(describe_error(error))) from error
        response = _answer(found)
        response.failures.extend(
            provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in failures
        )
        return response

    def _resource(self, urn: str) -> Properties:
        with self._run.state.locked():
            resource = self._run.state.resources.get(urn)
        if resource is None:
            raise LocalCloudError(f"there is no resource {urn} to refer to")
        return {"urn": urn, "id": resource.id, "state": resource.outputs}

    def Call(self, request: resource_pb2.ResourceCallRequest) -> Any:
        """Refuse: resource methods need a provider that runs them."""
        raise LocalCloudError(f"the method {request.tok} {_REFUSED}")

    def RegisterStackTransform(self, request: callback_pb2.Callback) -> Any:
        """Add a transform for every resource of the stack."""
        self._transforms.add_for_stack(request)
        return empty_pb2.Empty()

    def RegisterStackInvokeTransform(self, request: callback_pb2.Callback) -> Any:
        """Add a transform for every function call."""
        self._transforms.add_for_invokes(request)
        return empty_pb2.Empty()

    def RegisterResourceHook(self, request: Any) -> Any:
        """Take a hook around the steps of resources."""
        self._run.hooks.register(request)
        return empty_pb2.Empty()

    def RegisterErrorHook(self, request: Any) -> Any:
        """Take a hook for failed steps."""
        self._run.hooks.register_error_hook(request)
        return empty_pb2.Empty()

    def RegisterPackage(self, request: Any) -> Any:
        """Refuse: parameterized packages are plugins."""
        raise LocalCloudError(f"the parameterized package {request.name!r} {_REFUSED}")


def _answer(values: Mapping[str, Any]) -> resource_pb2.ResourceInvokeResponse:
    fields: dict[str, Any] = {"return": to_struct(values)}
    return resource_pb2.ResourceInvokeResponse(**fields)
