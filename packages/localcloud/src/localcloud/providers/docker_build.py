"""The `docker-build` package on the local cloud: built by Docker here, pushed to the emulated ECR."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Any

from docker import DockerClient
from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue

from localcloud import console, setup
from localcloud.errors import LocalCloudError
from localcloud.images import builder, dockerfile, inputs, registry
from localcloud.images.inputs import ImageInputs
from localcloud.providers.absent import absent
from localcloud.providers.values import UNKNOWN, has_unknown, to_plain_map, to_property, type_token
from localcloud.settings import CloudSettings

Properties = Mapping[str, PropertyValue]
IMAGE = "docker-build:index:Image"
# What an image is made of, as a label on the image: an image that is already pushed is recognised by it.
CONTENT_LABEL = "localcloud.content"
# Credentials change with every run, and when to build says nothing about what is built.
NOT_COMPARED = frozenset({"registries", "buildOnPreview"})


class DockerBuildProvider(protocol.Provider):
    """`docker-build:index:Image`, with the contract of the official provider.

    `notes` holds, by URN, what an image's inputs ask for and the local cloud does differently.

    Args:
        settings: The local cloud.
        machine: What the set-up found; None runs the set-up when the first build needs it.
        tell: Called with progress lines.
    """

    def __init__(
        self,
        settings: CloudSettings,
        machine: setup.Machine | None = None,
        tell: Callable[[str], None] = console.info,
    ) -> None:
        self.settings = settings
        self.notes: dict[str, str] = {}
        self._machine = machine
        self._tell = tell
        self._registry = registry.EmulatedRegistry(settings)
        self._warned: set[str] = set()

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Refuse unknown properties, missing files and Dockerfile mistakes that show without a build."""
        if type_token(request.type) != IMAGE:
            reason = f"the local cloud builds {IMAGE} only, not {request.type}"
            return protocol.CheckResponse(request.new_inputs, [protocol.CheckFailure("", reason)])
        values = to_plain_map(request.new_inputs)
        parsed, failures = inputs.parse(values)
        if parsed:
            failures = list(inputs.problems(parsed, values))
        return protocol.CheckResponse(
            inputs=_secretly(request.new_inputs),
            failures=[protocol.CheckFailure(name, f"{name}: {reason}") for name, reason in failures],
        )

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """Compare inputs and the hash of the build context, and look for the image; nothing here starts Docker."""
        old, new = to_plain_map(request.old_state), to_plain_map(request.new_inputs)
        if not await asyncio.to_thread(self._is_there, old):
            return absent()
        names = (set(inputs.property_names()) & {*old, *new}) - NOT_COMPARED
        changed = {name for name in names if _differs(name, old, new)}
        hashed = await asyncio.to_thread(_context_hash, new)
        if hashed is None or hashed != old.get("contextHash"):
            changed.add("contextHash")
        changed -= {name.split(".")[0].split("[")[0] for name in request.ignore_changes}
        return protocol.DiffResponse(
            changes=bool(changed),
            diffs=sorted(changed),
            detailed_diff={
                name: protocol.PropertyDiff(
                    protocol.PropertyDiffKind.UPDATE, input_diff=name != "contextHash"
                )
                for name in changed
            },
        )

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:
        """Build and push; an image of the same content that these tags already name is taken as it is."""
        if request.preview:
            return protocol.CreateResponse(properties=await self._preview(request.urn, request.properties))
        outputs = await self._make(request.urn, request.properties)
        return protocol.CreateResponse(resource_id=request.name, properties=outputs)

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:
        """Build and push again."""
        if request.preview:
            return protocol.UpdateResponse(await self._preview(request.urn, request.news))
        return protocol.UpdateResponse(await self._make(request.urn, request.news))

    async def find(self, request: protocol.CreateRequest) -> protocol.CreateResponse | None:
        """The image an interrupted create of these inputs has pushed, or None."""
        wanted = _known(request.properties)
        hashed = await asyncio.to_thread(wanted.context_hash)
        digest = await asyncio.to_thread(self._pushed, wanted, _content(wanted, hashed))
        if digest is None:
            return None
        return protocol.CreateResponse(request.name, _outputs(request.properties, hashed, wanted, digest))

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:
        """Say that the image is gone when the emulated registry does not have it any more."""
        if not await asyncio.to_thread(self._is_there, to_plain_map(request.properties)):
            return protocol.ReadResponse()
        return protocol.ReadResponse(request.resource_id, dict(request.properties), dict(request.inputs))

    async def delete(self, request: protocol.DeleteRequest) -> None:
        """Leave the pushed image in its repository, as the official provider does."""

    async def _preview(self, urn: str, properties: Properties) -> dict[str, PropertyValue]:
        values = to_plain_map(properties)
        hashed = await asyncio.to_thread(_context_hash, values)
        wanted = _known(properties)
        if wanted.build_on_preview and hashed is not None:
            unknown = sorted(name for name, value in values.items() if has_unknown(value))
            if set(unknown) <= {"tags", "registries"}:
                await self._build(urn, wanted, _content(wanted, hashed))
            else:
                self._tell(f"    {_name(urn)}: not built in this preview, {', '.join(unknown)} not known yet")
        outputs = _outputs(properties, hashed or "", wanted, "")
        unknowns = {"digest": UNKNOWN, "ref": UNKNOWN, **({} if hashed else {"contextHash": UNKNOWN})}
        return outputs | {name: to_property(value) for name, value in unknowns.items()}

    async def _make(self, urn: str, properties: Properties) -> dict[str, PropertyValue]:
        wanted = _known(properties)
        hashed = await asyncio.to_thread(wanted.context_hash)
        content = _content(wanted, hashed)
        digest = await asyncio.to_thread(self._pushed, wanted, content)
        if digest is None:
            digest = await self._build(urn, wanted, content)
            if wanted.push:
                digest = await asyncio.to_thread(self._push, wanted)
        else:
            self._tell(f"    {_name(urn)}: already in the registry, nothing to build")
        return _outputs(properties, hashed, wanted, digest)

    async def _build(self, urn: str, wanted: ImageInputs, content: str) -> str:
        machine = await asyncio.to_thread(self._prepared)
        try:
            text = await asyncio.to_thread(self._with_stand_ins, wanted, machine)
        except LocalCloudError as error:
            raise LocalCloudError(
                f"building image {_name(urn)} failed: {error.message}", fix=error.fix
            ) from None
        self._note(urn, _done_differently(wanted))
        self._note(urn, await asyncio.to_thread(_other_platforms, wanted, machine))
        plan = builder.Plan(
            inputs=wanted, machine=machine, label=f"{CONTENT_LABEL}={content}", dockerfile=text
        )
        return await builder.build(_name(urn), plan, tell=self._tell)

    def _prepared(self) -> setup.Machine:
        if self._machine is None:
            self._machine = setup.prepare(self.settings)
        return self._machine

    def _with_stand_ins(self, wanted: ImageInputs, machine: setup.Machine) -> str | None:
        """The Dockerfile with stand-ins for the images that cannot be had here; None where all can."""
        own = text = wanted.dockerfile_text()
        syntax = dockerfile.syntax_image(text)
        host = machine.engine.host
        if syntax and not setup.can_be_had(host, syntax):
            self._warn_once(
                syntax, f"{syntax} cannot be pulled here: BuildKit's own syntax reads the Dockerfile"
            )
            text = dockerfile.without_syntax(text)
        replacements = {}
        for image in dockerfile.external_images(text, wanted.build_args, wanted.target):
            found = setup.ensure_base_image(self.settings, host, image)
            if found != image:
                replacements[image] = found
                self._warn_once(
                    image, f"{image} cannot be pulled here: images are built on the stand-in {found}"
                )
        text = dockerfile.with_images(text, wanted.build_args, replacements) if replacements else text
        return None if text == own else text

    def _warn_once(self, image: str, message: str) -> None:
        if image not in self._warned:
            self._warned.add(image)
            console.warn(message)

    def _push(self, wanted: ImageInputs) -> str:
        digests = {}
        with closing(
            DockerClient(base_url=self._prepared().engine.host, version="auto", timeout=600)
        ) as client:
            for tag in wanted.tags:
                digests[tag] = registry.push(client, tag, _credentials(wanted, tag))
        return digests[wanted.tags[0]]

    def _pushed(self, wanted: ImageInputs, content: str) -> str | None:
        """Digest of the image of this content that all the tags name already."""
        if not wanted.push or not wanted.tags:
            return None
        references = [registry.Reference.parse(tag) for tag in wanted.tags]
        if not all(map(self._registry.serves, references)):
            return None
        found = {self._registry.digest(reference) for reference in references}
        digest = found.pop()
        if found or digest is None or self._registry.labels(references[0]).get(CONTENT_LABEL) != content:
            return None
        return digest

    def _is_there(self, state: dict[str, Any]) -> bool:
        """Whether the emulated registry still has an image that was pushed there."""
        if not state.get("push") or not state.get("ref"):
            return True
        reference = registry.Reference.parse(str(state["ref"]))
        return not self._registry.serves(reference) or self._registry.digest(reference) is not None

    def _note(self, urn: str, reasons: Iterable[str]) -> None:
        known = [self.notes[urn]] if urn in self.notes else []
        added = [*known, *(reason for reason in reasons if reason not in "; ".join(known))]
        if added:
            self.notes[urn] = "; ".join(added)


def _known(properties: Properties) -> ImageInputs:
    parsed, failures = inputs.parse(to_plain_map(properties))
    if parsed is None:
        raise LocalCloudError("; ".join(f"{name}: {reason}" for name, reason in failures))
    return parsed


def _context_hash(values: dict[str, Any]) -> str | None:
    """The context's hash; None while the place of context or Dockerfile is unknown."""
    if has_unknown(values.get("context")) or has_unknown(values.get("dockerfile")):
        return None
    parsed, _ = inputs.parse(values)
    return parsed.context_hash() if parsed else None


def _content(wanted: ImageInputs, context_hash: str) -> str:
    """Hash of everything but secrets that decides what an image contains."""
    shape = wanted.model_dump(include={"build_args", "labels", "target", "platforms", "add_hosts", "network"})
    return hashlib.sha256(json.dumps([context_hash, shape], sort_keys=True).encode()).hexdigest()


def _outputs(
    properties: Properties, context_hash: str, wanted: ImageInputs, digest: str
) -> dict[str, PropertyValue]:
    ref = f"{wanted.tags[0]}@{digest}" if wanted.tags else digest
    made = {"contextHash": context_hash, "digest": digest, "ref": ref}
    return _secretly(properties) | {name: to_property(value) for name, value in made.items()}


def _secretly(properties: Properties) -> dict[str, PropertyValue]:
    """Mark passwords and build secrets as secret, whether the program did or not."""
    marked = dict(properties)
    for name in ("registries", "secrets"):
        if name in marked:
            marked[name] = marked[name].with_secret(is_secret=True)
    return marked


def _differs(name: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
    before, after = old.get(name), new.get(name)
    if name == "secrets" and isinstance(before, dict) and isinstance(after, dict):
        ignored = set(new.get("ignoreSecretsInDiffCalculation") or ()) & set(before) & set(after)
        before, after = (
            {key: item for key, item in side.items() if key not in ignored} for side in (before, after)
        )
    return has_unknown(after) or before != after


def _done_differently(wanted: ImageInputs) -> list[str]:
    caches = [*wanted.cache_from, *wanted.cache_to]
    reasons = {
        "caches are the Docker engine's own (cacheFrom, cacheTo)": any(not item.disabled for item in caches),
        "built by the Docker engine's own BuildKit (builder, exec)": bool(wanted.builder.name)
        or wanted.exec_,
    }
    return [reason for reason, applies in reasons.items() if applies]


def _other_platforms(wanted: ImageInputs, machine: setup.Machine) -> list[str]:
    if not wanted.platforms:
        return []
    with closing(DockerClient(base_url=machine.engine.host, version="auto")) as client:
        version = client.version()
    own = f"{version['Os']}/{version['Arch']}"
    others = [platform for platform in wanted.platforms if platform != own]
    if not others:
        return []
    return [f"built for {own}, the platform of this machine's Docker engine, and not for {', '.join(others)}"]


def _credentials(wanted: ImageInputs, tag: str) -> tuple[str, str] | None:
    host = registry.Reference.parse(tag).registry
    for item in wanted.registries:
        if (
            item.address.removeprefix("https://").partition("/")[0] == host
            and item.username
            and item.password
        ):
            return item.username, item.password
    return None


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]
