"""A small cloud for the engine's tests: every object is a file, so it outlives the process that makes it.

The provider behaves like a real one: it names what has no name, refuses what it does not know, finds what an
interrupted create left behind, and can be told to be slow, to fail, or to leave something not ready.
"""

import contextlib
import json
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    ConfigureRequest,
    ConfigureResponse,
    ConstructRequest,
    ConstructResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    InvokeRequest,
    InvokeResponse,
    Provider,
    ReadRequest,
    ReadResponse,
    UpdateRequest,
    UpdateResponse,
)

from localcloud.errors import ResourceInitFailed
from localcloud.providers.absent import absent

Properties = dict[str, PropertyValue]

KNOWN = {"name", "value", "size", "tags", "items", "kind", "text", "fail", "ready", "needs", "slow"}
REPLACING = {"name", "kind"}


def plain(value: PropertyValue) -> Any:
    inner = value.value
    if isinstance(inner, Computed):
        return ...
    if isinstance(inner, str | bool | float) or inner is None:
        return inner
    if hasattr(inner, "items"):
        return {key: plain(item) for key, item in inner.items()}
    assert isinstance(inner, tuple)
    return [plain(item) for item in inner]


def plain_map(properties: Properties) -> dict[str, Any]:
    return {key: plain(value) for key, value in properties.items()}


class FakeCloud:
    """The objects in one folder, and a log of the calls that changed them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def objects(self) -> dict[str, dict[str, Any]]:
        found = {}
        for path in self.folder.glob("*.json"):
            with contextlib.suppress(FileNotFoundError):  # another thread removes it at this moment
                found[path.stem] = json.loads(path.read_text())
        return found

    def names(self) -> list[str]:
        return sorted(item["name"] for item in self.objects().values())

    def put(self, object_id: str, content: dict[str, Any]) -> None:
        temporary = self.folder / f"{object_id}.{uuid.uuid4().hex}"
        temporary.write_text(json.dumps(content))
        temporary.replace(self.folder / f"{object_id}.json")

    def remove(self, object_id: str) -> None:
        (self.folder / f"{object_id}.json").unlink(missing_ok=True)

    def log(self, call: str, name: str) -> None:
        line = f"{time.monotonic():.6f} {call} {name}\n".encode()
        descriptor = os.open(self.folder / "calls.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line)
        os.close(descriptor)

    def calls(self, since: int = 0) -> list[str]:
        path = self.folder / "calls.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split(" ", 1)[1] for line in lines[since:]]


class FakeProvider(Provider):
    """Serves `fake:index:Thing` from a FakeCloud."""

    def __init__(self, cloud: FakeCloud, delay: float = 0.0) -> None:
        self.cloud = cloud
        self.delay = delay
        self.config: dict[str, Any] = {}
        self.active = 0
        self.most_active = 0

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        self.config = plain_map(request.args)
        return await super().configure(request)

    def _work(self, call: str, name: str, slow: Any = None) -> None:
        self.cloud.log(f"{call}-start", name)
        self.active += 1
        self.most_active = max(self.active, self.most_active)
        time.sleep(slow if isinstance(slow, float) else self.delay)
        self.active -= 1

    async def check(self, request: CheckRequest) -> CheckResponse:
        inputs = dict(request.new_inputs)
        failures = [
            CheckFailure(key, "is not a property of fake:index:Thing")
            for key in sorted(inputs.keys() - KNOWN)
        ]
        if "size" in inputs and isinstance(inputs["size"].value, str):
            failures.append(CheckFailure("size", f"is {inputs['size'].value!r}; must be a number"))
        if "name" not in inputs:
            old = request.old_inputs.get("name")
            inputs["name"] = old or PropertyValue(f"{request.name}-{request.random_seed.hex()[:7]}")
        return CheckResponse(inputs, failures)

    async def diff(self, request: DiffRequest) -> DiffResponse:
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        if request.resource_id not in self.cloud.objects():
            return absent()
        changed = sorted(key for key in KNOWN if old.get(key) != new.get(key))
        kind = new.get("kind")
        return DiffResponse(
            changes=bool(changed),
            replaces=sorted(REPLACING & {*changed}),
            diffs=changed,
            delete_before_replace=isinstance(kind, str) and kind.startswith("exclusive"),
        )

    def _outputs(self, object_id: str, inputs: Properties) -> Properties:
        return {
            **inputs,
            "arn": PropertyValue(f"arn:fake:{object_id}"),
            "length": PropertyValue(float(len(inputs))),
        }

    async def create(self, request: CreateRequest) -> CreateResponse:
        if request.preview:
            return CreateResponse(None, {**request.properties, "arn": PropertyValue.computed()})
        inputs = plain_map(request.properties)
        name = inputs["name"]
        self._work("create", name, inputs.get("slow"))
        if inputs.get("fail") == "create":
            raise ValueError(f"the cloud says no to {name}")
        object_id = f"id-{uuid.uuid4().hex[:12]}"
        self.cloud.put(object_id, {**inputs, "region": self.config.get("region")})
        self.cloud.log("create", name)
        outputs = self._outputs(object_id, request.properties)
        if inputs.get("ready") is False:
            raise ResourceInitFailed(object_id, plain_map(outputs), ["it is not ready", "last log line"])
        return CreateResponse(object_id, outputs)

    async def find(self, request: CreateRequest) -> CreateResponse | None:
        wanted = plain_map(request.properties)
        for object_id, content in self.cloud.objects().items():
            if content["name"] == wanted["name"]:
                return CreateResponse(object_id, self._outputs(object_id, request.properties))
        return None

    async def read(self, request: ReadRequest) -> ReadResponse:
        content = self.cloud.objects().get(request.resource_id)
        if content is None:
            return ReadResponse(None)
        inputs = {key: _property(value) for key, value in content.items() if key in KNOWN}
        return ReadResponse(request.resource_id, self._outputs(request.resource_id, inputs), inputs)

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        inputs = plain_map(request.news)
        if request.preview:
            return UpdateResponse({**request.olds, **request.news})
        self._work("update", inputs["name"], inputs.get("slow"))
        if inputs.get("fail") == "update":
            raise ValueError(f"the cloud will not change {inputs['name']}")
        self.cloud.put(request.resource_id, {**inputs, "region": self.config.get("region")})
        self.cloud.log("update", inputs["name"])
        outputs = self._outputs(request.resource_id, request.news)
        if inputs.get("ready") is False:
            raise ResourceInitFailed(request.resource_id, plain_map(outputs), ["it is still not ready"])
        return UpdateResponse(outputs)

    async def delete(self, request: DeleteRequest) -> None:
        name = plain_map(request.properties)["name"]
        self._work("delete", name)
        if plain_map(request.properties).get("fail") == "delete":
            raise ValueError(f"{name} is still in use")
        self.cloud.remove(request.resource_id)
        self.cloud.log("delete", name)

    async def construct(self, request: ConstructRequest) -> ConstructResponse:
        """Build `fake:index:Pair`, a remote component of two things, as the awsx provider builds its own."""
        if "fail" in request.inputs:
            raise ValueError("cannot be built")
        pair = Pair(request.name, request.inputs["value"], request.options)
        arn = await pair.second.arn.future()
        urn = await pair.urn.future()
        assert urn is not None
        state = {"arn": PropertyValue.computed() if arn is None else PropertyValue(arn)}
        return ConstructResponse(urn, state, {"arn": {str(await pair.second.urn.future())}})

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        args = plain_map(request.args)
        if request.tok == "fake:index:fail":
            raise ValueError("no such thing")
        if request.tok == "fake:index:check":
            return InvokeResponse({}, [CheckFailure("name", "is missing")])
        return InvokeResponse(
            {"answer": PropertyValue(f"{args.get('question')} in {self.config.get('region')}")}
        )


class Thing(pulumi.CustomResource):
    arn: pulumi.Output[str]

    def __init__(self, name: str, value: pulumi.Input[Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__("fake:index:Thing", name, {"value": value, "name": name, "arn": None}, opts)


class Pair(pulumi.ComponentResource):
    def __init__(self, name: str, value: PropertyValue, opts: pulumi.ResourceOptions | None) -> None:
        super().__init__("fake:index:Pair", name, None, opts)
        given = (
            pulumi.Output.secret(plain(value)) if value.is_secret else pulumi.Output.from_input(plain(value))
        )
        first = Thing(f"{name}-first", given, pulumi.ResourceOptions(parent=self))
        self.second = Thing(f"{name}-second", first.arn, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"arn": self.second.arn})


def _property(value: Any) -> PropertyValue:
    if isinstance(value, dict):
        return PropertyValue({key: _property(item) for key, item in value.items()})
    if isinstance(value, list):
        return PropertyValue([_property(item) for item in value])
    return PropertyValue(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)


def factory(
    cloud: FakeCloud, delay: float = 0.0, made: list[FakeProvider] | None = None
) -> Callable[[], Provider]:
    def make() -> Provider:
        provider = FakeProvider(cloud, delay)
        if made is not None:
            made.append(provider)
        return provider

    return make
