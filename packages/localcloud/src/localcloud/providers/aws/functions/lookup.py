"""Functions that look one existing AWS object up, described by a few declarative lines each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import jmespath

from localcloud.errors import LocalCloudError
from localcloud.providers.aws import sdk, tagging
from localcloud.providers.aws.clients import Aws, AwsCallError
from localcloud.providers.aws.resource_type import Codec, Operation, Read, ResourceType, TagApi
from localcloud.providers.aws.wire import Decoder
from localcloud.providers.values import Values

Function = Callable[[Aws, Values], Values]
OutputRule = str | Callable[[Aws, Values, Values], object]


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """One `get…` function.

    Args:
        function: Pulumi function token.
        service: botocore service.
        operation: botocore operation that describes or lists.
        result: JMESPath of the list of objects in its response.
        noun: What messages call the object.
        id: JMESPath of the id in one object.
        request: Request members from the arguments.
        filters: Argument → EC2 filter name.
        matches: Whether a listed object is the wanted one, where AWS cannot filter by it.
        members: Result property path → member path, where the default rule does not find it.
        codecs: Conversions, as in the table of resource types.
        outputs: Result property → JMESPath in the object, or a function of access, arguments and object.
        tags: How the object carries tags.
        choose: Picks one of several; None means that several are an error.
    """

    function: str
    service: str
    operation: str
    result: str
    noun: str
    id: str
    request: Callable[[Values], Values] = lambda arguments: {}  # noqa: ARG005  the signature of every request rule
    filters: Mapping[str, str] = field(default_factory=dict)
    matches: Callable[[Values, Values], bool] = lambda arguments, wire: True  # noqa: ARG005  as above
    members: Mapping[str, str] = field(default_factory=dict)
    codecs: Mapping[str, Codec] = field(default_factory=dict)
    outputs: Mapping[str, OutputRule] = field(default_factory=dict)
    tags: TagApi | None = None
    choose: Callable[[Values, list[Values]], Values] | None = None

    def __call__(self, aws: Aws, arguments: Values) -> Values:
        """Look the object up.

        Raises:
            LocalCloudError: there is none, there are several, or AWS refused the call.
        """
        wire = self._one(arguments, self._list(aws, arguments))
        kind = ResourceType(
            type=self.function,
            service=self.service,
            create=Operation(name=self.operation),
            read=Read(name=self.operation, result=self.result),
            members=self.members,
            codecs=self.codecs,
        )
        result = {**arguments, **Decoder(kind).properties(wire, sdk.function_schema(self.function).results)}
        result["id"] = jmespath.search(self.id, wire)
        for name, rule in self.outputs.items():
            result[name] = rule(aws, {**result}, wire) if callable(rule) else jmespath.search(rule, wire)
        if self.tags is not None:
            result["tags"] = tagging.from_wire(self.tags, jmespath.search(self.tags.read_result, wire))
        result.setdefault("region", aws.region)
        return result

    def _list(self, aws: Aws, arguments: Values) -> list[Values]:
        request = self.request(arguments)
        filters = ec2_filters(arguments, self.filters)
        if filters:
            request["Filters"] = filters
        try:
            found: list[Values] = aws.pages(self.service, self.operation, request, self.result)
        except AwsCallError as error:
            if error.not_found:
                return []
            raise
        return [wire for wire in found if self.matches(arguments, wire)]

    def _one(self, arguments: Values, found: list[Values]) -> Values:
        if not found:
            raise LocalCloudError(f"no {self.noun} matches {_shown(arguments)}")
        if len(found) > 1:
            if self.choose is None:
                raise LocalCloudError(
                    f"{len(found)} {self.noun}s match {_shown(arguments)}; say more exactly which one"
                )
            return self.choose(arguments, found)
        return found[0]


def ec2_filters(arguments: Values, names: Mapping[str, str]) -> list[Values]:
    """EC2 filters for the arguments `filters`, `tags`, and those with a filter of their own."""
    filters = [
        {"Name": item["name"], "Values": list(item["values"])} for item in arguments.get("filters") or []
    ]
    filters += [
        {"Name": f"tag:{key}", "Values": [value]} for key, value in (arguments.get("tags") or {}).items()
    ]
    for name, filter_name in names.items():
        value = arguments.get(name)
        if value is not None and value is not False:
            filters.append({"Name": filter_name, "Values": ["true" if value is True else str(value)]})
    return filters


def _shown(arguments: Values) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in sorted(arguments.items())) or "the default"
