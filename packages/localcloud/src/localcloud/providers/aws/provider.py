"""The local `aws` provider: pulumi_aws resource types and functions against the local cloud's endpoint."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue

from localcloud.errors import LocalCloudError, ResourceInitFailed
from localcloud.providers.absent import absent
from localcloud.providers.aws import sdk
from localcloud.providers.aws.checking import check_inputs
from localcloud.providers.aws.clients import Aws
from localcloud.providers.aws.compare import same
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.functions import FUNCTIONS, SECRET_RESULTS, check_arguments
from localcloud.providers.aws.importing import import_inputs
from localcloud.providers.aws.inputs import InputChecker
from localcloud.providers.aws.lifecycle import RECORDED, Lifecycle
from localcloud.providers.aws.replacement import collides, property_diff
from localcloud.providers.aws.requests import changed_inputs
from localcloud.providers.aws.resource_type import ResourceType
from localcloud.providers.aws.table import RESOURCE_TYPES
from localcloud.providers.aws.tagging import merged
from localcloud.providers.values import (
    UNKNOWN,
    Values,
    has_unknown,
    secret_names,
    to_plain,
    to_plain_map,
    to_property_map,
    type_token,
    without_unknown,
)
from localcloud.settings import CloudSettings

Properties = Mapping[str, PropertyValue]
DEFAULT_TIMEOUT = 1200.0


class AwsProvider(protocol.Provider):
    """The `aws` package on the local cloud.

    `unemulated` holds, by URN, why a resource is declared for AWS but not run by the local cloud, and `notes` what it
    does differently.

    Args:
        settings: The local cloud.
    """

    def __init__(self, settings: CloudSettings) -> None:
        self.settings = settings
        self.unemulated: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self.aws = Aws(settings, settings.region)

    async def check_config(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Refuse configuration keys that the real provider does not have."""
        members = sdk.provider_inputs()
        values = {
            name: _parsed(to_plain(item)) for name, item in request.new_inputs.items() if name != "version"
        }
        checker = InputChecker()
        checker.object(
            {name: item for name, item in values.items() if not name.startswith("__")}, members, ()
        )
        failures = [protocol.CheckFailure(item.path, item.reason) for item in checker.failures]
        return protocol.CheckResponse(inputs=request.new_inputs, failures=failures)

    async def diff_config(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """A new region replaces the provider, as everything it made lives in the old one; the rest is an update."""
        old, new = to_plain_map(request.old_state), to_plain_map(request.new_inputs)
        changed = sorted(name for name in {*old, *new} - {"version"} if old.get(name) != new.get(name))
        replaces = [name for name in changed if name == "region"]
        return protocol.DiffResponse(changes=bool(changed), diffs=changed, replaces=replaces)

    async def configure(self, request: protocol.ConfigureRequest) -> protocol.ConfigureResponse:
        """Take region and default tags; everything else the real provider needs to reach AWS means nothing here."""
        values: Values = {name.rsplit(":", 1)[-1]: _parsed(item) for name, item in request.variables.items()}
        values.update({name: _parsed(to_plain(item)) for name, item in request.args.items()})
        tags = values.get("defaultTags") or {}
        self.aws = Aws(
            self.settings,
            str(values.get("region") or self.settings.region),
            {str(key): str(item) for key, item in (tags.get("tags") or {}).items()},
        )
        return protocol.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_outputs=True, accept_resources=False
        )

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Check inputs, complete them with defaults and a physical name."""
        kind = resource_type(request.type)
        values, failures = check_inputs(
            kind,
            request.name,
            to_plain_map(request.new_inputs),
            to_plain_map(request.old_inputs),
            request.random_seed or b"",
            secrets=secret_names(request.new_inputs),
            default_tags=self.aws.default_tags,
        )
        return protocol.CheckResponse(
            inputs=to_property_map(values, request.new_inputs),
            failures=[
                protocol.CheckFailure(
                    item.path, f"{kind.kind} {request.name!r}: {item.path or 'inputs'}: {item.reason}"
                )
                for item in failures
            ],
        )

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """Compare by meaning; changed properties that AWS cannot change in place replace the resource.

        So does an object that is gone: the engine would otherwise leave a record of nothing alone. Both engines ask for
        a difference of every resource, in previews too; the real provider notices with a refresh.
        """
        kind = resource_type(request.type)
        old, new = to_plain_map(request.old_state), to_plain_map(request.new_inputs)
        self._note(request.urn, kind, old)
        lifecycle = self._lifecycle(kind, request.urn, old, 0)
        if request.resource_id and not self._exists(lifecycle, {**old, "id": request.resource_id}):
            return absent()
        schema = sdk.resource_schema(kind.type)
        ignored = {name.split(".")[0].split("[")[0] for name in request.ignore_changes}
        changed = changed_inputs(kind, schema, old, new) - ignored
        if kind.tags is not None and not changed & {"tags"} and "tags" not in ignored:
            wanted = merged(self.aws.default_tags, new.get("tags"))
            if not same(kind, old.get("tagsAll"), wanted, "tags"):
                changed.add("tagsAll")
        replaces = sorted(name for name in changed if name in kind.replace or name == "region")
        detailed = {name: property_diff(name, old, new, replace=name in replaces) for name in changed}
        return protocol.DiffResponse(
            changes=bool(changed),
            diffs=sorted(changed),
            replaces=replaces,
            stables=[name for name in ("arn", "id") if name in schema.outputs and not replaces],
            delete_before_replace=bool(replaces) and collides(kind, request.name, old, new),
            detailed_diff=detailed,
        )

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:
        """Create the object, or say what it will look like in a preview."""
        kind = resource_type(request.type)
        inputs = to_plain_map(request.properties)
        if request.preview:
            self._note(request.urn, kind, inputs)
            return protocol.CreateResponse(
                properties=self._outputs(request.properties, self._preview(kind, inputs, {}), kind)
            )
        lifecycle = self._lifecycle(kind, request.urn, inputs, request.timeout)
        state = self._run(lifecycle, lambda: lifecycle.create(inputs))
        return protocol.CreateResponse(
            resource_id=state["id"], properties=self._outputs(request.properties, state, kind)
        )

    async def find(self, request: protocol.CreateRequest) -> protocol.CreateResponse | None:
        """The object an interrupted create of exactly these inputs left behind, or None."""
        kind = resource_type(request.type)
        inputs = to_plain_map(request.properties)
        lifecycle = self._lifecycle(kind, request.urn, inputs, request.timeout)
        state = self._run(lifecycle, lambda: lifecycle.find(inputs) or {})
        if not state:
            return None
        return protocol.CreateResponse(
            resource_id=state["id"], properties=self._outputs(request.properties, state, kind)
        )

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:
        """Change the object in place, or say what will change in a preview."""
        kind = resource_type(request.type)
        inputs = to_plain_map(request.news)
        old = {**to_plain_map(request.olds), "id": request.resource_id}
        if request.preview:
            return protocol.UpdateResponse(
                self._outputs(request.news, self._preview(kind, inputs, old), kind)
            )
        lifecycle = self._lifecycle(kind, request.urn, inputs, request.timeout)
        state = self._run(lifecycle, lambda: lifecycle.update(inputs, old, request.ignore_changes))
        return protocol.UpdateResponse(self._outputs(request.news, state, kind))

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:
        """The present state; an empty id when the object is gone.

        Without properties it is an import, or the SDK's `get`: more than the id is not known.
        """
        kind = resource_type(request.type)
        if not request.properties:
            return self._import(kind, request)
        state = {**to_plain_map(request.properties), "id": request.resource_id}
        known = sdk.resource_schema(kind.type).inputs
        inputs = to_plain_map(request.inputs) or {name: item for name, item in state.items() if name in known}
        lifecycle = self._lifecycle(kind, request.urn, state, 0)
        found = self._run(lifecycle, lambda: lifecycle.read(state, inputs) or {})
        if not found:
            return protocol.ReadResponse(resource_id="")
        now = {name: found.get(name) for name in inputs if name in found}
        originals = {**request.inputs, **request.properties}
        return protocol.ReadResponse(
            resource_id=found["id"],
            properties=self._outputs(originals, found, kind),
            inputs=to_property_map(now, {**request.properties, **request.inputs}),
        )

    def _import(self, kind: ResourceType, request: protocol.ReadRequest) -> protocol.ReadResponse:
        try:
            known = kind.from_import(request.resource_id)
        except ValueError:
            raise LocalCloudError(
                f"{request.resource_id!r} is no id by which a {kind.kind} is imported",
                fix="its form is in the resource's documentation, under Import",
            ) from None
        lifecycle = self._lifecycle(kind, request.urn, known, 0)
        try:
            state = {"id": request.resource_id, **known}
            found = self._run(lifecycle, lambda: lifecycle.imported(state) or {})
        except KeyError as missing:
            raise LocalCloudError(
                f"the local cloud cannot import a {kind.kind}: its id does not say its {missing.args[0]}"
            ) from None
        if not found:
            return protocol.ReadResponse(resource_id="")
        given = import_inputs(kind, sdk.resource_schema(kind.type), found)
        return protocol.ReadResponse(
            resource_id=found["id"],
            properties=self._outputs({}, found, kind),
            inputs=to_property_map(given),
        )

    async def delete(self, request: protocol.DeleteRequest) -> None:
        """Delete the object."""
        kind = resource_type(request.type)
        state = {**to_plain_map(request.properties), "id": request.resource_id}
        lifecycle = self._lifecycle(kind, request.urn, state, request.timeout)
        self._run(lifecycle, lambda: lifecycle.delete(state))

    async def invoke(self, request: protocol.InvokeRequest) -> protocol.InvokeResponse:
        """Run one of the SDK's functions."""
        function = FUNCTIONS.get(request.tok)
        if function is None:
            raise LocalCloudError(
                f"the local cloud does not know the function {request.tok!r}",
                fix=f"use one of {', '.join(sorted(FUNCTIONS))}",
            )
        arguments = to_plain_map(request.args)
        failures = check_arguments(request.tok, arguments)
        if failures:
            return protocol.InvokeResponse(
                failures=[
                    protocol.CheckFailure(item.path, f"{request.tok}: {item.reason}") for item in failures
                ]
            )
        if has_unknown(arguments):
            results = dict.fromkeys(sdk.function_schema(request.tok).results, UNKNOWN)
            return protocol.InvokeResponse(to_property_map(results))
        try:
            result = function(self.aws, arguments)
        except LocalCloudError as error:
            raise LocalCloudError(f"{request.tok}: {error.message}", fix=error.fix) from None
        values = to_property_map(result)
        for name in SECRET_RESULTS.get(request.tok, frozenset()) & values.keys():
            values[name] = values[name].with_secret(True)
        return protocol.InvokeResponse(values)

    @staticmethod
    def _exists(lifecycle: Lifecycle, state: Values) -> bool:
        title = lifecycle.context.title
        try:
            return lifecycle.exists(state)
        except LocalCloudError as error:
            raise LocalCloudError(f"{title}: {error.message}", fix=error.fix) from None

    def _lifecycle(self, kind: ResourceType, urn: str, values: Values, timeout: float) -> Lifecycle:
        region = str(values.get("region") or self.aws.region)
        return Lifecycle(Context(self.aws, kind, urn, region, timeout or DEFAULT_TIMEOUT))

    def _run(self, lifecycle: Lifecycle, operation: Callable[[], Values]) -> Values:
        """Run one operation: failures name the resource, recorded resources are noted."""
        title = lifecycle.context.title
        try:
            state = operation()
        except ResourceInitFailed as failure:
            properties = {name: item for name, item in failure.properties.items() if name != "id"}
            raise ResourceInitFailed(
                failure.resource_id, properties, [f"{title}: {reason}" for reason in failure.reasons]
            ) from None
        except LocalCloudError as error:
            message = error.message if error.message.startswith(title) else f"{title}: {error.message}"
            raise LocalCloudError(message, fix=error.fix) from None
        self._note(lifecycle.context.urn, lifecycle.kind, state)
        return state

    def _note(self, urn: str, kind: ResourceType, state: Values) -> None:
        reason = state.get(RECORDED) or kind.inert
        if reason:
            self.unemulated[urn] = str(reason)
        known = without_unknown(state)
        different = kind.differs(known) if kind.differs else ""
        if different:
            self.notes[urn] = different

    def _outputs(self, originals: Properties, state: Values, kind: ResourceType) -> dict[str, PropertyValue]:
        result = to_property_map({name: item for name, item in state.items() if name != "id"}, originals)
        for name in kind.secrets & result.keys():
            result[name] = result[name].with_secret(True)
        return result

    def _preview(self, kind: ResourceType, inputs: Values, old: Values) -> Values:
        """Outputs as far as they are known before the update: computed ones keep their value while nothing changes."""
        schema = sdk.resource_schema(kind.type)
        state = dict(inputs)
        for name in schema.computed | kind.computed:
            if name not in state:
                state[name] = old.get(name, UNKNOWN)
        for name in kind.volatile & state.keys():
            state[name] = UNKNOWN
        if kind.tags is not None and "tagsAll" in schema.computed:
            state["tagsAll"] = merged(self.aws.default_tags, inputs.get("tags"))
        if "region" in schema.inputs:
            state.setdefault("region", self.aws.region)
        return state


def resource_type(qualified: str) -> ResourceType:
    """The table's row of a type as requests name it.

    Raises:
        LocalCloudError: the local cloud does not know the type.
    """
    token = type_token(qualified)
    kind = RESOURCE_TYPES.get(token)
    if kind is None:
        raise LocalCloudError(
            f"the local cloud does not know the resource type {token!r}",
            fix="add a row to localcloud/providers/aws/table, or leave the resource out of the local stack",
        )
    return kind


def _parsed(value: Any) -> Any:
    """Provider configuration arrives as text; objects and lists as JSON in it."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
