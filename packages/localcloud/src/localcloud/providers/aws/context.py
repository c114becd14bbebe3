"""What the functions of the table get to work with: one resource's access to AWS."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.clients import Aws, AwsCallError
from localcloud.providers.aws.resource_type import ResourceType
from localcloud.providers.values import Values


@dataclass(frozen=True)
class Context:
    """One operation on one resource.

    Args:
        aws: Access to the endpoint.
        kind: The resource's type.
        urn: The resource's URN.
        region: Region the resource lives in.
        timeout: Seconds the whole operation may take.
        began: Unix time at which it began.
    """

    aws: Aws
    kind: ResourceType
    urn: str
    region: str
    timeout: float = 1200
    began: float = field(default_factory=time.time)

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.rpartition("::")[2]

    @property
    def fingerprint(self) -> str:
        """What identifies an object that has no name of its own."""
        return hashlib.sha256(self.urn.encode()).hexdigest()[:32]

    @property
    def title(self) -> str:
        """How messages name the resource, such as `ecs.Service web`."""
        return f"{self.kind.kind} {self.name!r}"

    def call(self, operation: str, request: Mapping[str, Any], service: str = "") -> Values:
        """Make one AWS call.

        Raises:
            AwsCallError: AWS refused it.
            LocalCloudError: the local cloud does not answer.
        """
        return self.aws.call(service or self.kind.service, operation, request, self.region)

    def find_call(self, operation: str, request: Mapping[str, Any], service: str = "") -> Values:
        """Make one AWS call and return an empty response where AWS says the object does not exist.

        Raises:
            LocalCloudError: any other failure.
        """
        try:
            return self.call(operation, request, service)
        except AwsCallError as error:
            if error.not_found:
                return {}
            raise

    def wait_until(
        self, done: Callable[[], bool], what: str, *, timeout: float = 0, interval: float = 0.25
    ) -> None:
        """Poll until `done`.

        Args:
            done: Asked again every `interval` seconds.
            what: What is waited for, as the error names it.
            timeout: Seconds; 0 means the operation's own timeout.
            interval: Seconds between two questions.

        Raises:
            LocalCloudError: it did not happen in time.
        """
        limit = timeout or self.timeout
        end = time.monotonic() + limit
        while not done():
            if time.monotonic() > end:
                raise LocalCloudError(f"{self.title}: {what} did not happen within {limit:.0f} s")
            time.sleep(interval)
