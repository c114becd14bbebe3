"""Access to the local cloud's AWS endpoint: cached clients, and errors people can read."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath
from botocore import xform_name
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ParamValidationError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.session import Session

from localcloud.errors import LocalCloudError
from localcloud.hints import command
from localcloud.providers.values import Values
from localcloud.sdk_session import session_without_profiles
from localcloud.settings import CloudSettings

# Everything runs on this machine: a call that takes longer hangs, and a retry would only hide why.
CLIENT = Config(
    connect_timeout=3,
    read_timeout=60,
    retries={"total_max_attempts": 2, "mode": "standard"},
    max_pool_connections=32,
    parameter_validation=True,
    s3={"addressing_style": "path"},
)
NOT_EMULATED = frozenset(
    {
        "UnknownOperationException",
        "InvalidAction",
        "UnknownOperation",
        "NotImplemented",
        "UnsupportedOperation",
        "UnknownService",
    }
)


class AwsCallError(LocalCloudError):
    """AWS refused a call.

    Args:
        operation: botocore operation.
        code: AWS error code, such as `InvalidParameterException`.
        text: AWS's own message.
    """

    def __init__(self, operation: str, code: str, text: str, status: int = 400) -> None:
        super().__init__(f"{operation}: {code}: {text}")
        self.operation = operation
        self.code = code
        self.text = text
        self.status = status

    @property
    def not_found(self) -> bool:
        """Whether the error says that the object does not exist."""
        code = self.code.removesuffix("Exception").removesuffix("Fault")
        return (
            code.endswith(
                (
                    "NotFound",
                    "NoSuchEntity",
                    "NoSuchBucket",
                    "NotFoundFor",
                    "DoesNotExist",
                    "NoSuchHostedZone",
                )
            )
            or code.startswith("NoSuch")
            or "NotFound" in code
            or "Nonexistent" in code
            or "unable to describe task definition" in self.text.lower()
            or self.text.rstrip(".").endswith(("not found", "does not exist"))
        )

    @property
    def not_emulated(self) -> bool:
        """Whether the error says that the emulator has no such service or operation."""
        return self.code in NOT_EMULATED or self.status == 501


@dataclass
class Aws:
    """One configured provider's access to AWS.

    Args:
        settings: The local cloud.
        region: Region of every call that names no other.
        default_tags: Tags the provider adds to every resource.
        unemulated: Reason by URN for every resource that is declared but not run; shared with the provider.
    """

    settings: CloudSettings
    region: str
    default_tags: Mapping[str, str] = field(default_factory=dict)
    _clients: dict[tuple[str, str], BaseClient] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _session: Session | None = field(default=None, repr=False)

    @property
    def account_id(self) -> str:
        """The emulated account."""
        return self.settings.account_id

    def client(self, service: str, region: str | None = None) -> BaseClient:
        """The botocore client of a service; made once, clients are safe to share between threads."""
        key = (service, region or self.region)
        client = self._clients.get(key)
        if client is None:
            with self._lock:  # botocore sessions are not safe to create clients from in parallel
                client = self._clients.get(key) or self._make_client(*key)
                self._clients[key] = client
        return client

    def _make_client(self, service: str, region: str) -> BaseClient:
        if self._session is None:
            self._session = session_without_profiles()
        client: BaseClient = self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self.settings.endpoint,
            # The account id as access key is how the emulator tells accounts apart.
            aws_access_key_id=self.account_id,
            aws_secret_access_key="local",  # noqa: S106  the emulator takes any
            config=CLIENT,
        )
        return client

    def call(
        self, service: str, operation: str, request: Mapping[str, Any], region: str | None = None
    ) -> Values:
        """Make one call.

        Raises:
            AwsCallError: AWS refused it.
            LocalCloudError: the request does not fit AWS's model, or the local cloud does not answer.
        """
        client = self.client(service, region)
        method = getattr(client, xform_name(operation))
        try:
            response: Values = method(**request)
        except ClientError as error:
            details = error.response.get("Error", {})
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
            code, text = str(details.get("Code", "Unknown")), str(details.get("Message", error))
            if code == str(status) and not text:
                code, text = "UnknownService", f"the emulator has no service {service}"
            raise AwsCallError(operation, code, text, status) from None
        except (BotoConnectionError, HTTPClientError) as error:
            raise unreachable(self.settings, error) from None
        except ParamValidationError as error:
            raise LocalCloudError(f"{operation}: {str(error).replace(chr(10), ' ')}") from None
        except BotoCoreError as error:
            raise LocalCloudError(f"{operation}: {error}") from None
        response.pop("ResponseMetadata", None)
        return response

    def pages(self, service: str, operation: str, request: Mapping[str, Any], result: str) -> list[Any]:
        """All items of a listing, over all its pages.

        Args:
            service: botocore service.
            operation: botocore operation.
            request: Its parameters.
            result: JMESPath of the items in one response.

        Raises:
            LocalCloudError: as `call`.
        """
        items: list[Any] = []
        parameters = dict(request)
        while True:
            response = self.call(service, operation, parameters)
            items += jmespath.search(result, response) or []
            following = {name: response[name] for name in ("NextToken", "nextToken") if response.get(name)}
            if not following:
                return items
            parameters.update(following)


def unreachable(settings: CloudSettings, error: Exception) -> LocalCloudError:
    """The error for an endpoint that does not answer."""
    return LocalCloudError(
        f"the local cloud does not answer at {settings.endpoint} ({type(error).__name__})",
        fix=f"start it: {command('start')}",
    )
