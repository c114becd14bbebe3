"""Checks of a request against botocore's model of the API, with the messages AWS gives."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.emulator import model_rules
from localcloud.emulator.scaling.errors import invalid

SERVICE = "application-autoscaling"
# Names that cannot be part of an ARN. The other patterns of the model allow everything that is printable, in a
# notation of Java's.
_NAMES = {
    "PolicyName": (r"\p{Print}+", re.compile(r"[ -~]+")),
    "ScheduledActionName": (
        r"(?!((^[ ]+.*)|(.*([\u0000-\u001f]|[\u007f-\u009f]|[:/|])+.*)|(.*[ ]+$))).+",
        re.compile(r"(?! )[^\x00-\x1f\x7f-\x9f:/|]+(?<! )"),
    ),
}


def operations() -> frozenset[str]:
    """The operations the API has."""
    return frozenset(model_rules.service_model(SERVICE).operation_names)


def check(operation: str, request: Mapping[str, Any]) -> None:
    """Refuse what AWS would refuse before it looks at any resource.

    Raises:
        Refused: ValidationException that lists every violation.
    """
    found = [*model_rules.violations(SERVICE, operation, request), *_name_violations(request)]
    if found:
        raise invalid(model_rules.summary(found))


def _name_violations(request: Mapping[str, Any]) -> Iterator[str]:
    for name, value in request.items():
        pattern, accepted = _NAMES.get(name, ("", None))
        if accepted is not None and isinstance(value, str) and value and not accepted.fullmatch(value):
            constraint = f"Member must satisfy regular expression pattern: {pattern}"
            yield model_rules.failed(value, model_rules.path("", name), constraint)
