"""Names that Application Auto Scaling refuses, in the words it has for what its model refuses."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.emulator import model_rules

# Names that cannot be part of an ARN. The other patterns of the model allow everything that is printable, in a
# notation of Java's.
_NAMES = {
    "PolicyName": (r"\p{Print}+", re.compile(r"[ -~]+")),
    "ScheduledActionName": (
        r"(?!((^[ ]+.*)|(.*([\u0000-\u001f]|[\u007f-\u009f]|[:/|])+.*)|(.*[ ]+$))).+",
        re.compile(r"(?! )[^\x00-\x1f\x7f-\x9f:/|]+(?<! )"),
    ),
}


def names(_operation: str, request: Mapping[str, Any]) -> list[str]:
    """What is wrong with the names in a request."""
    return list(_name_violations(request))


def _name_violations(request: Mapping[str, Any]) -> Iterator[str]:
    for name, value in request.items():
        pattern, accepted = _NAMES.get(name, ("", None))
        if accepted is not None and isinstance(value, str) and value and not accepted.fullmatch(value):
            constraint = f"Member must satisfy regular expression pattern: {pattern}"
            yield model_rules.failed(value, model_rules.path("", name), constraint)
