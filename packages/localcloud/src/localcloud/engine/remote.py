"""Remote components (such as `awsx:ec2:Vpc`): the provider builds them with resources of this program."""

import asyncio
from typing import Any

import pulumi
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import ConstructRequest, ConstructResponse
from pulumi.runtime.proto import resource_pb2

from localcloud.engine.events import Op
from localcloud.engine.goals import describe, read_goal
from localcloud.engine.resources import make_urn
from localcloud.engine.run import Run, StepFailed, describe_error
from localcloud.engine.steps import Registrar
from localcloud.engine.values import from_provider, from_struct, to_property, to_struct


def construct(
    run: Run,
    registrar: Registrar,
    request: resource_pb2.RegisterResourceRequest,
    loop: asyncio.AbstractEventLoop,
) -> resource_pb2.RegisterResourceResponse:
    """Let a provider construct a component, on the program's event loop.

    The component registers itself and its children through the same monitor, as it would from a provider
    process (Pulumi: `ResourceProvider.Construct`).
    """
    goal = read_goal(request)
    urn = make_urn(run.stack, run.project, goal.parent, goal.type, goal.name)
    wanted = goal.resource(urn, goal.inputs, "")
    try:
        reference = goal.provider or registrar.default_provider(goal.type)
        provider = run.registry.instance(reference).provider
        inputs = _with_dependencies(request)

        async def build() -> ConstructResponse:
            # References to resources are futures of the loop they are made on, so the options are made there too.
            return await provider.construct(ConstructRequest(goal.type, goal.name, inputs, _options(request)))

        response = asyncio.run_coroutine_threadsafe(build(), loop).result()
    except StepFailed:
        return _failed(registrar, urn)
    except Exception as error:  # noqa: BLE001  one component's failure must not stop the others
        run.error(f"{describe(goal)}: {describe_error(error)}", urn)
        run.skip(Op.CREATE, wanted, "its provider could not construct it")
        return _failed(registrar, urn)
    dependencies = {
        key: resource_pb2.RegisterResourceResponse.PropertyDependencies(
            urns=sorted(value.all_dependencies() | (response.state_dependencies or {}).get(key, set()))
        )
        for key, value in response.state.items()
    }
    return resource_pb2.RegisterResourceResponse(
        urn=response.urn,
        object=to_struct(from_provider(response.state)),
        propertyDependencies=dependencies,
        result=resource_pb2.SUCCESS,
    )


def _failed(registrar: Registrar, urn: str) -> resource_pb2.RegisterResourceResponse:
    registrar.mark_failed(urn)
    return resource_pb2.RegisterResourceResponse(urn=urn, result=resource_pb2.FAIL)


def _with_dependencies(request: resource_pb2.RegisterResourceRequest) -> dict[str, PropertyValue]:
    inputs = {key: to_property(value) for key, value in from_struct(request.object).items()}
    for key, item in request.propertyDependencies.items():
        if key in inputs and item.urns:
            inputs[key] = inputs[key].with_dependencies(inputs[key].dependencies.union(item.urns))
    return inputs


def _options(request: resource_pb2.RegisterResourceRequest) -> pulumi.ResourceOptions:
    from pulumi.resource import DependencyProviderResource, DependencyResource  # noqa: PLC0415  not part of the public names

    options: dict[str, Any] = {}
    if request.parent:
        options["parent"] = DependencyResource(request.parent)
    if request.dependencies:
        options["depends_on"] = [DependencyResource(urn) for urn in request.dependencies]
    references = [*request.providers.values(), *([request.provider] if request.provider else [])]
    if references:
        providers = {reference: DependencyProviderResource(reference) for reference in references}
        options["providers"] = list(providers.values())
    # Always set: the SDK would ask the reference to the parent for it, which does not know.
    options["protect"] = request.protect
    aliases: list[pulumi.Alias | str] = []
    for alias in request.aliases:
        if alias.WhichOneof("alias") == "urn":
            aliases.append(alias.urn)
        else:
            aliases.append(_alias(alias.spec))
    if aliases:
        options["aliases"] = aliases
    return pulumi.ResourceOptions(**options)


def _alias(spec: Any) -> pulumi.Alias:
    given = {"name": spec.name, "type_": spec.type, "stack": spec.stack, "project": spec.project}
    fields: dict[str, Any] = {key: value for key, value in given.items() if value}
    if spec.noParent:
        fields["parent"] = None
    elif spec.parentUrn:
        fields["parent"] = spec.parentUrn
    return pulumi.Alias(**fields)
