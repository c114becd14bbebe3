"""A repository's images as MiniStack keeps them, typed where we work with them."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.ecr.lifecycle import Image, Rule, expired, parse

Record = dict[str, Any]


@dataclass(frozen=True)
class Repository:
    """One repository of one account and region.

    Args:
        account: The registry's account.
        region: Its region.
        name: The repository's name.
    """

    account: str
    region: str
    name: str

    @classmethod
    def here(cls, name: str) -> "Repository":
        """The repository of the account and region that the request is about."""
        return cls(upstream.responses.get_account_id(), upstream.responses.get_region(), name)

    def _of(self, store: str, default: Any = None) -> Any:
        return getattr(upstream.ecr, store).get_scoped(self.account, self.region, self.name, default)

    @property
    def settings(self) -> Record | None:
        """The repository itself; None when there is none."""
        found: Record | None = self._of("_repositories")
        return found

    @property
    def policy(self) -> str:
        """Its resource policy; empty when it has none."""
        return self._of("_repo_policies") or ""

    @property
    def records(self) -> list[Record]:
        """Its images, in the order they were pushed."""
        found: list[Record] = self._of("_images", [])
        return found

    @property
    def blobs(self) -> Mapping[str, bytes]:
        """Its layers and configurations."""
        found: Mapping[str, bytes] = self._of("_layer_blobs", {})
        return found

    def find(self, wanted: Mapping[str, Any]) -> Record | None:
        """The image of an `imageId`: by digest, by tag, or by both where they agree."""
        digest, tag = wanted.get("imageDigest"), wanted.get("imageTag")
        return next(
            (
                record
                for record in self.records
                if (digest or tag)
                and (not digest or record["imageDigest"] == digest)
                and (not tag or tag in record["imageTags"])
            ),
            None,
        )

    def referring_to(self, digest: str) -> list[str]:
        """Digests of the image indexes that list a manifest."""
        return [record["imageDigest"] for record in self.records if digest in children(record)]

    def remove(self, record: Record) -> None:
        """Delete an image; layers stay, as other images may have them too."""
        self.records.remove(record)
        self._of("_manifest_blobs", {}).pop(record["imageDigest"], None)

    def forget_layers(self) -> None:
        """Drop what a deleted repository held: one made later under its name begins empty."""
        for store in ("_layer_blobs", "_manifest_blobs", "_uploads"):
            getattr(upstream.ecr, store).pop_scoped(self.account, self.region, self.name, None)

    def size(self, record: Record) -> int:
        """Bytes of an image's layers; for an index, those of its largest image (ECR API, ImageDetail)."""
        listed = [one for one in map(self._by_digest, children(record)) if one is not None]
        if listed:
            return max(self.size(one) for one in listed)
        return sum(len(self.blobs.get(digest, b"")) for digest in layers(record))

    def _by_digest(self, digest: str) -> Record | None:
        return self.find({"imageDigest": digest})

    def tag_is_fixed(self, tag: str) -> bool:
        """Whether a tag that exists may not move ("Preventing image tags from being overwritten in Amazon ECR")."""
        settings = self.settings or {}
        mutability = settings.get("imageTagMutability", "MUTABLE")
        filters = settings.get("imageTagMutabilityExclusionFilters") or []
        excluded = any(
            Rule(
                priority=1,
                status="tagged",
                patterns=(item["filter"],),
                count_type="",
                number=0,
                expires=False,
            ).selects(Image(digest="", tags=frozenset({tag})))
            for item in filters
        )
        return bool(mutability.startswith("IMMUTABLE")) != (excluded and "EXCLUSION" in mutability)

    def expire(self) -> list[str]:
        """Let go of what the lifecycle policy expires, at once; AWS takes up to a day. Returns the digests."""
        text = self._of("_lifecycle_policies")
        if not text:
            return []
        gone = expired(parse(text), [_image(record) for record in self.records], time.time())
        for record in [one for one in self.records if one["imageDigest"] in gone]:
            self.remove(record)
        return sorted(gone)


def _image(record: Record) -> Image:
    return Image(
        digest=record["imageDigest"],
        tags=frozenset(record["imageTags"]),
        pushed=record["imagePushedAt"],
        refers_to=frozenset(children(record)),
    )


def children(record: Record) -> list[str]:
    """The manifests that an image index lists; none for an image."""
    return [str(item["digest"]) for item in manifest_of(record).get("manifests") or ()]


def layers(record: Record) -> Iterator[str]:
    """The blobs that an image consists of, its configuration among them."""
    yield from blobs_in(manifest_of(record))


def blobs_in(manifest: Mapping[str, Any]) -> Iterator[str]:
    """The blobs that a manifest names and a registry must have: those without a URL of their own."""
    for item in (manifest.get("config"), *(manifest.get("layers") or ())):
        if item and not item.get("urls"):
            yield str(item["digest"])


def manifest_of(record: Record) -> Mapping[str, Any]:
    """The manifest of an image."""
    try:
        found = json.loads(record.get("imageManifest") or "{}")
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}
