"""Lifecycle policies of repositories: which documents ECR takes, and which images it expires.

Source: Amazon ECR User Guide, "Automate the cleanup of images by using lifecycle policies" (How lifecycle policies
work, Lifecycle policy evaluation rules) and "Lifecycle policy properties in Amazon ECR".
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_STATUSES = ("tagged", "untagged", "any")
_AGES = ("sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
_DAY_SECONDS = 86400
_RULES = 50  # Amazon ECR service quotas: rules per lifecycle policy
_WILDCARDS = 4  # in one pattern ("Tag pattern list")


class InvalidPolicy(ValueError):  # noqa: N818  an answer of the API, not a defect
    """ECR refuses the document; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """What the evaluation looks at.

    Args:
        digest: Digest of the manifest.
        tags: Its tags.
        pushed: When it was pushed, in seconds since 1970.
        refers_to: Manifests that it lists, when it is an image index.
    """

    digest: str
    tags: frozenset[str] = frozenset()
    pushed: float = 0.0
    refers_to: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a policy.

    Args:
        priority: Rules are applied from the lowest to the highest.
        status: `tagged`, `untagged` or `any`.
        patterns: Patterns of which an image needs a tag each, with `*`; prefixes end with one.
        count_type: `imageCountMoreThan` or one of the ages.
        number: How many images stay, or how many days.
        expires: Whether images go; an action that archives them is not carried out here.
    """

    priority: int
    status: str
    patterns: tuple[str, ...]
    count_type: str
    number: int
    expires: bool

    def selects(self, image: Image) -> bool:
        """Whether an image has the tags that the rule is about: all that it names, not one of them."""
        if self.status == "untagged":
            return not image.tags
        if self.status == "any":
            return True
        return all(any(_matches(pattern, tag) for tag in image.tags) for pattern in self.patterns)


def parse(text: str) -> list[Rule]:
    """The rules of a document, the first to be applied first.

    Raises:
        InvalidPolicy: ECR refuses it.
    """
    try:
        document = json.loads(text)
    except ValueError:
        raise InvalidPolicy("the policy is not a JSON document") from None
    listed = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= _RULES:
        raise InvalidPolicy(f"rules: between 1 and {_RULES} are required")
    rules = sorted((_rule(item) for item in listed), key=lambda rule: rule.priority)
    if len({rule.priority for rule in rules}) < len(rules):
        raise InvalidPolicy("rulePriority must be unique")
    for status in ("untagged", "any"):
        if sum(rule.status == status and rule.expires for rule in rules) > 1:
            raise InvalidPolicy(f"only one rule may select {status} images")
    if any(rule.status == "any" for rule in rules[:-1]):
        raise InvalidPolicy("a rule with tagStatus any must have the highest rulePriority")
    return rules


def _rule(item: Any) -> Rule:
    found = [item.get(name) if isinstance(item, dict) else None for name in ("selection", "action")]
    selection, action = found
    if not isinstance(selection, Mapping) or not isinstance(action, Mapping):
        raise InvalidPolicy("a rule has rulePriority, selection and action")
    if not _positive(item.get("rulePriority")):
        raise InvalidPolicy("rulePriority must be a positive integer")
    if action.get("type") not in ("expire", "transition"):
        raise InvalidPolicy("the action's type must be expire or transition")
    count_type, number = _count(selection)
    return Rule(
        priority=item["rulePriority"],
        status=str(selection.get("tagStatus")),
        patterns=_patterns(selection),
        count_type=count_type,
        number=number,
        expires=action["type"] == "expire",
    )


def _patterns(selection: Mapping[str, Any]) -> tuple[str, ...]:
    status = selection.get("tagStatus")
    prefixes, patterns = selection.get("tagPrefixList") or [], selection.get("tagPatternList") or []
    if status not in _STATUSES:
        raise InvalidPolicy(f"tagStatus must be one of {', '.join(_STATUSES)}")
    if status == "tagged" and bool(prefixes) == bool(patterns):
        raise InvalidPolicy("tagStatus tagged needs tagPrefixList or tagPatternList, and not both")
    if status != "tagged" and (prefixes or patterns):
        raise InvalidPolicy(f"tagStatus {status} takes neither tagPrefixList nor tagPatternList")
    if any(str(pattern).count("*") > _WILDCARDS for pattern in patterns):
        raise InvalidPolicy(f"a pattern of tagPatternList has at most {_WILDCARDS} wildcards")
    return (*(f"{prefix}*" for prefix in prefixes), *patterns)


def _count(selection: Mapping[str, Any]) -> tuple[str, int]:
    count_type, number = selection.get("countType"), selection.get("countNumber")
    if count_type not in ("imageCountMoreThan", *_AGES):
        raise InvalidPolicy("countType must be imageCountMoreThan or an age")
    if (selection.get("countUnit") == "days") != (count_type in _AGES):
        raise InvalidPolicy("countUnit days belongs to ages, and to nothing else")
    if not isinstance(number, int) or not _positive(number):
        raise InvalidPolicy("countNumber must be a positive integer")
    return str(count_type), number


def expired(rules: Sequence[Rule], images: Iterable[Image], now: float) -> set[str]:
    """The digests of the images that a policy expires now.

    Args:
        rules: The rules as `parse` gives them.
        images: All images of the repository, in the order they were pushed.
        now: Seconds since 1970.
    """
    in_order = sorted(enumerate(images), key=lambda item: (item[1].pushed, item[0]))
    newest_first = [image for _, image in reversed(in_order)]
    marked: set[str] = set()
    for position, rule in enumerate(rules):
        # Counted are all images that the rule selects, also those that a rule before it has marked …
        selected = [image for image in newest_first if rule.selects(image)]
        # … but what has the tags of a rule with a lower number is that rule's to expire, and nobody else's.
        earlier = rules[:position]
        marked |= {
            image.digest
            for image in _beyond(rule, selected, now)
            if rule.expires and not any(other.selects(image) for other in earlier)
        }
    # What a manifest list refers to stays as long as the list, which another list may keep.
    while kept := marked & {
        digest for image in newest_first if image.digest not in marked for digest in image.refers_to
    }:
        marked -= kept
    return marked


def _beyond(rule: Rule, newest_first: Sequence[Image], now: float) -> Iterator[Image]:
    if rule.count_type == "imageCountMoreThan":
        yield from newest_first[rule.number :]
    elif rule.count_type == "sinceImagePushed":
        yield from (image for image in newest_first if now - image.pushed > rule.number * _DAY_SECONDS)


def _matches(pattern: str, tag: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), tag) is not None


def _positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
