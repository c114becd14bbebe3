"""boto3 sessions with the credentials of a stack's AWS provider: its profile, and its roles one after the other."""

from __future__ import annotations

import functools
import ipaddress
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import boto3

SESSION_NAME = "ecs-microservice"  # what CloudTrail shows where the stack file names none
_MAKING = threading.Lock()  # botocore's sessions are not safe to make clients from in several threads


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role to assume.

    Args:
        arn: Its ARN.
        session: Name of the session in CloudTrail.
        external_id: External id that the role asks for; empty for none.
    """

    arn: str
    session: str = SESSION_NAME
    external_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whose credentials are used.

    Args:
        profile: Profile of the AWS tools' configuration; empty for the environment's credentials.
        roles: Roles to assume, one after the other.
        accounts: Accounts that the stack may touch; empty for any.
        retries: Attempts after a failed call; None for the default.
    """

    profile: str = ""
    roles: tuple[Role, ...] = ()
    accounts: tuple[str, ...] = ()
    retries: int | None = None


def open_session(identity: Identity, region: str) -> boto3.Session:
    """Make a session.

    Args:
        identity: Whose credentials.
        region: Region of the stack; roles are assumed at its STS endpoint.

    Raises:
        ProfileNotFound: This machine has no such profile.
    """
    import boto3  # noqa: PLC0415  half a second, for those who do not ask AWS

    session = boto3.Session(profile_name=identity.profile or None, region_name=region)
    for role in identity.roles:
        session = _assumed(session, role, region)
    return session


def emulator_session(region: str) -> boto3.Session | None:
    """The session of an emulator on this machine, where the environment names one; None otherwise.

    Its credentials are the environment's. A profile or a role of the stack is not for it: the person's own credentials
    stay at home, and the profile may not exist on this machine.
    """
    host = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname or ""
    return session_without_profiles(region) if _is_loopback(host) else None


def session_without_profiles(region: str) -> boto3.Session:
    """A session that reads no profile and none of the person's files, which may be wrong and must not matter.

    Args:
        region: Its region.
    """
    import boto3  # noqa: PLC0415  see open_session
    from botocore.session import Session  # noqa: PLC0415  see open_session

    without: Any = Session(session_vars={"profile": (None, None, None, None)})
    without.set_config_variable("config_file", os.devnull)
    without.set_config_variable("credentials_file", os.devnull)
    return boto3.Session(botocore_session=without, region_name=region)


def make_client(session: boto3.Session, service: str, options: Mapping[str, Any]) -> Any:
    """A client of a session that threads share."""
    make: Any = session.client  # the stubs want literal names and typed keywords
    with _MAKING:
        return make(service, **options)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _assumed(session: boto3.Session, role: Role, region: str) -> boto3.Session:
    """A session with a role's credentials, which renew themselves before they expire."""
    import boto3  # noqa: PLC0415  see open_session
    from botocore.credentials import (  # noqa: PLC0415  see open_session
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        CredentialResolver,
        DeferredRefreshableCredentials,
    )
    from botocore.session import Session  # noqa: PLC0415  see open_session

    plain: Any = session  # its botocore session has no public name
    base: Any = plain._session
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=functools.partial(base.create_client, region_name=region),
        source_credentials=base.get_credentials(),
        role_arn=role.arn,
        extra_args={"RoleSessionName": role.session}
        | ({"ExternalId": role.external_id} if role.external_id else {}),
    )

    class Provider(CredentialProvider):
        """Answers with the role's credentials, whatever the environment says."""

        METHOD = "assume-role"

        def load(self) -> Any:
            """The credentials, fetched when they are first used."""
            return DeferredRefreshableCredentials(method=self.METHOD, refresh_using=fetcher.fetch_credentials)

    inner = Session()
    inner.register_component("credential_provider", CredentialResolver(providers=[Provider()]))
    return boto3.Session(botocore_session=inner, region_name=region)
