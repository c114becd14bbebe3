"""Create, read, update and delete one resource of any type, as its row of the table says."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import jmespath

from localcloud.errors import LocalCloudError, ResourceInitFailed
from localcloud.providers.aws import tagging
from localcloud.providers.aws.clients import AwsCallError
from localcloud.providers.aws.compare import covers
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.requests import (
    changed_inputs,
    create_request,
    sent_properties,
    step_applies_at_create,
    update_request,
)
from localcloud.providers.aws.resource_type import Operation, Read, ResourceType, Step
from localcloud.providers.aws.sdk import ResourceSchema, resource_schema
from localcloud.providers.aws.wire import Decoder
from localcloud.providers.values import Values

# Marks a resource that is recorded because the emulator cannot run it; Pulumi hides properties with two underscores.
RECORDED = "__unemulated"

HELD = frozenset({"DependencyViolation"})
"""What EC2 says while something that is going still holds an object; Terraform's provider tries again for minutes."""

RELEASE_SECONDS = 60.0
RELEASE_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Lifecycle:
    """The operations on one resource.

    Args:
        context: Its access to AWS.
    """

    context: Context

    @property
    def kind(self) -> ResourceType:
        """The row of the table."""
        return self.context.kind

    @property
    def schema(self) -> ResourceSchema:
        """What the SDK says about the type."""
        return resource_schema(self.kind.type)

    def create(self, inputs: Values) -> Values:
        """Create the object and return its state, with its `id`.

        Raises:
            ResourceInitFailed: it exists but did not become ready.
            LocalCloudError: it could not be created.
        """
        request = create_request(self.kind, inputs, self._tags(inputs), mark=self.context.fingerprint)
        if self.kind.before_create is not None:
            request.update(self.kind.before_create(self.context, inputs))
        remembered = self.kind.remembered(self.context, inputs) if self.kind.remembered is not None else {}
        operation = self.kind.create_operation(inputs)
        try:
            response = self.context.call(operation.name, request, operation.service)
        except AwsCallError as error:
            if error.not_emulated:
                return self.recorded(inputs, f"the emulator has no {self.kind.service} {error.operation}")
            raise
        known = {name: jmespath.search(path, response) for name, path in self.kind.from_create.items()}
        known.update(remembered)
        resolve = self.kind.resolve_id
        resource_id = resolve(self.context, inputs, response) if resolve else self._id(inputs, response)
        return self.complete(inputs, resource_id, known)

    def complete(self, inputs: Values, resource_id: str, known: Mapping[str, Any] | None = None) -> Values:
        """Put an object that exists into its wanted state and wait until it is ready.

        Raises:
            ResourceInitFailed: it exists but one of the further calls failed.
        """
        state: Values = {**inputs, **(known or {}), "id": resource_id}
        try:
            state = self._described(state, inputs) or state
            wanted = {**_outputs_only(self.schema, state), **inputs}
            for step in self.kind.update:
                if step_applies_at_create(step, inputs):
                    self._apply(step, wanted, {}, frozenset(self._handled(step) & inputs.keys()))
            described = self._described(wanted, inputs)
            if described is None:
                raise LocalCloudError("AWS does not list it right after creating it")  # noqa: TRY301  told with its id
            return described  # noqa: TRY300  the except clauses below are about every call above
        except ResourceInitFailed as failure:
            raise ResourceInitFailed(resource_id, {**state, **failure.properties}, failure.reasons) from None
        except LocalCloudError as error:
            raise ResourceInitFailed(resource_id, state, [str(error)]) from None

    def find(self, inputs: Values) -> Values | None:
        """The object an interrupted create of exactly these inputs left behind, made complete.

        Raises:
            ResourceInitFailed: it exists but did not become ready.
            LocalCloudError: AWS refused a call.
        """
        try:
            found = self._left_behind(inputs)
        except AwsCallError as error:
            if error.not_emulated:
                return None
            raise
        if found is None:
            return None
        changed = changed_inputs(self.kind, self.schema, found, inputs)
        invisible = self.kind.unread & sent_properties(self.kind, self.kind.create_operation(inputs))
        return self._change(inputs, found, frozenset(changed - invisible))

    def _left_behind(self, inputs: Values) -> Values | None:
        if self.kind.find is not None:
            resource_id = self.kind.find(self.context, inputs)
        else:
            resource_id = self.kind.id(inputs) if callable(self.kind.id) else None
        if not resource_id:
            return None
        return self._described({**inputs, "id": resource_id}, self.schema.inputs, drift=True, whole=True)

    def update(self, inputs: Values, old: Values, ignore: Collection[str] = ()) -> Values:
        """Bring the object from its old state to the wanted inputs and return the new state.

        Without any difference everything is put into effect again: that is how the engine asks for another try after
        a resource failed to become ready.

        Args:
            inputs: Wanted inputs.
            old: State of the last run.
            ignore: Properties that belong to somebody else and are never sent.

        Raises:
            ResourceInitFailed: it did not become ready.
            LocalCloudError: AWS refused a call.
        """
        if RECORDED in old:
            return self.recorded(inputs, str(old[RECORDED]))
        changed = changed_inputs(self.kind, self.schema, old, inputs)
        retry = not changed and self._tags(inputs) == old.get("tagsAll", {})
        names = frozenset(self.schema.inputs if retry else changed) - {name.split(".")[0] for name in ignore}
        return self._change(inputs, old, names)

    def _change(self, inputs: Values, old: Values, names: frozenset[str]) -> Values:
        """Put the named properties into effect on an object that is in the old state."""
        state = {**_outputs_only(self.schema, old), **inputs, "id": old["id"]}
        try:
            if self.kind.tags is not None:
                tagging.update(
                    self.context, self.kind.tags, state, old.get("tagsAll") or {}, self._tags(inputs)
                )
            for step in self.kind.update:
                handled = self._handled(step) & names
                if handled or (isinstance(step, Step) and step.always):
                    self._apply(step, state, old, handled)
        except ResourceInitFailed as failure:
            described = self._described(state, inputs) or state
            raise ResourceInitFailed(
                old["id"], {**described, **failure.properties}, failure.reasons
            ) from None
        return self._described(state, inputs) or state

    def read(self, state: Values, inputs: Values) -> Values | None:
        """The present state; inputs that AWS describes differently show what AWS has. None when it is gone.

        Raises:
            LocalCloudError: AWS refused the call.
        """
        if RECORDED in state:
            return state
        return self._described(state, inputs, drift=True, whole=not inputs)

    def imported(self, known: Values) -> Values | None:
        """The whole state of an object of which only the id is known, and what that says. None when there is none.

        Raises:
            LocalCloudError: AWS refused the call.
        """
        described = self._described(known, {}, drift=True, whole=True)
        if described is None:
            return None
        own = described.get(self.kind.id) if isinstance(self.kind.id, str) else None
        return {**known, **described, **({"id": own} if own else {})}

    def exists(self, state: Values) -> bool:
        """Whether AWS still has the object.

        Raises:
            LocalCloudError: AWS refused the call.
        """
        return RECORDED in state or self._describe(state) is not None

    def delete(self, state: Values) -> Values:
        """Delete the object and return what is left, nothing; one that is gone already is no failure.

        Raises:
            LocalCloudError: AWS refused the call.
        """
        if RECORDED in state:
            return {}
        deadline = time.monotonic() + RELEASE_SECONDS
        while True:
            try:
                self._delete(state)
            except AwsCallError as error:
                if error.not_found:
                    return {}
                if error.code not in HELD or time.monotonic() > deadline:
                    raise
                time.sleep(RELEASE_POLL_SECONDS)
            else:
                return {}

    def _delete(self, state: Values) -> None:
        if self.kind.before_delete is not None:
            self.kind.before_delete(self.context, state)
        for operation in self.kind.delete:
            self.context.call(operation.name, operation.keys(state), operation.service)
        if self.kind.after_delete is not None:
            self.kind.after_delete(self.context, state)

    def recorded(self, inputs: Values, reason: str) -> Values:
        """The state of a resource that is declared for AWS but not run by the emulator."""
        name = str(inputs.get(self.kind.name.property) if self.kind.name else self.context.name)
        aws = self.context.aws
        noun = self.kind.type.split(":")[2]
        arn = f"arn:aws:{self.kind.service}:{self.context.region}:{aws.account_id}:{noun}/{name}"
        resource_id = self.kind.id(inputs) if callable(self.kind.id) else name
        state = {**inputs, "id": resource_id, RECORDED: reason}
        if "arn" in self.schema.computed:
            state["arn"] = arn
        if "tagsAll" in self.schema.computed:
            state["tagsAll"] = self._tags(inputs)
        return state

    def _tags(self, inputs: Values) -> dict[str, str]:
        if self.kind.tags is None:
            return {}
        tags: dict[str, str] = tagging.merged(self.context.aws.default_tags, inputs.get("tags"))
        return tags

    def _id(self, inputs: Values, response: Values) -> str:
        if callable(self.kind.id):
            return self.kind.id(inputs)
        found = jmespath.search(self.kind.id, response)
        if not isinstance(found, str):
            raise LocalCloudError(f"{self.context.title}: the create call returned no {self.kind.id}")
        return found

    def _handled(self, step: Operation | Step) -> frozenset[str]:
        if isinstance(step, Step):
            return step.properties
        return sent_properties(self.kind, step)

    def _apply(self, step: Operation | Step, state: Values, old: Values, names: frozenset[str]) -> None:
        if isinstance(step, Step):
            step.run(self.context, state, old)
            return
        request = update_request(self.kind, step, state, names)
        self.context.call(step.name, request, step.service)

    def _described(
        self, state: Values, inputs: Mapping[str, Any], *, drift: bool = False, whole: bool = False
    ) -> Values | None:
        """The state as AWS describes it, None when the object is gone.

        Args:
            state: What is known of it: its id, and outputs that AWS does not describe.
            inputs: Inputs, which the state repeats as the program wrote them.
            drift: Show inputs as AWS has them where that means something else.
            whole: Show every input AWS describes (adoption, import).
        """
        described = self._describe(state)
        if described is None:
            return None
        decoded = Decoder(self.kind).properties(described, {**self.schema.inputs, **self.schema.outputs})
        result: Values = {"id": state["id"]}
        for name in self.schema.inputs:
            value = None if whole else inputs.get(name)
            if value is None and (whole or name in self.kind.computed):
                value = decoded.get(name)
            elif drift and name in decoded and self._drifted(name, decoded[name], value):
                value = decoded[name]
            result[name] = value
        for name in self.schema.computed:
            result[name] = decoded.get(name, state.get(name))
        result["region"] = self.context.region if "region" in self.schema.inputs else None
        self._add_outputs(result, state, described)
        self._add_tags(result, described, drift=drift)
        return {name: value for name, value in result.items() if value is not None}

    def _drifted(self, name: str, described: Any, wanted: Any) -> bool:
        if name in self.kind.local or name in self.kind.unread or wanted is None:
            return False
        return not covers(self.kind, described, wanted, name)

    def _describe(self, state: Values) -> Values | None:
        read = self.kind.read
        if not isinstance(read, Read):
            return read(self.context, state)
        response = self.context.find_call(read.name, read.keys(state), read.service)
        found = jmespath.search(read.result, response) if response else None
        return None if not found or read.gone(found) else found

    def _add_outputs(self, result: Values, state: Values, described: Values) -> None:
        for name, rule in self.kind.outputs.items():
            if name in self.schema.computed or result.get(name) is None:
                known = {**state, **{key: item for key, item in result.items() if item is not None}}
                value = (
                    rule(self.context, known, described)
                    if callable(rule)
                    else jmespath.search(rule, described)
                )
                result[name] = value if value is not None else result.get(name)

    def _add_tags(self, result: Values, described: Values, *, drift: bool) -> None:
        if self.kind.tags is None:
            return
        wanted = self._tags(result)
        result["tagsAll"] = wanted
        if drift:
            state = {name: item for name, item in result.items() if item is not None}
            found = tagging.read(self.context, self.kind.tags, state, described)
            if found != wanted:
                defaults = self.context.aws.default_tags
                result["tagsAll"] = found
                result["tags"] = {key: item for key, item in found.items() if defaults.get(key) != item}


def _outputs_only(schema: ResourceSchema, state: Values) -> Values:
    return {name: item for name, item in state.items() if name not in schema.inputs}
