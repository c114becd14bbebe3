"""As whom a stack's operations talk to AWS: the same profile, roles and accounts that the stack's provider uses.

The keys are those of pulumi-aws under `aws:` in the stack file (https://www.pulumi.com/registry/packages/aws/
installation-configuration/). What the program's provider deploys with, boto3 has to look with: another account than
that shows nothing, or something else.
"""

import functools
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    import boto3

_SESSION_NAME = "ecs-microservice"  # what CloudTrail shows where the stack file names none
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
    session: str = _SESSION_NAME
    external_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whose credentials a stack's operations use.

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

    @classmethod
    def of(cls, config: Mapping[str, Any], file: str) -> "Identity":
        """What a stack file's `config` says.

        Args:
            config: The content of `config:`.
            file: Name of the file, for messages.

        Raises:
            LocalCloudError: A value is not of the form that pulumi-aws takes.
        """

        def value(name: str) -> Any:
            found = config.get(f"aws:{name}", config.get(f"aws:config:{name}"))
            if isinstance(found, dict) and "secure" in found:
                raise LocalCloudError(
                    f"aws:{name} in {file} is encrypted, and operations have to read it; allowed: a plain value",
                    fix=f"pulumi config set --plaintext --path 'aws:{name}' …",
                )
            try:  # `pulumi config set` without --path keeps lists as JSON
                return json.loads(found) if isinstance(found, str) and found[:1] in "[{" else found
            except ValueError:
                return found

        roles = value("assumeRoles") or []
        if not isinstance(roles, list) or not all(
            isinstance(one, dict) and one.get("roleArn") for one in roles
        ):
            raise LocalCloudError(
                f"aws:assumeRoles in {file} is {json.dumps(roles)}; allowed: a list of roles with their roleArn",
                fix="pulumi config set --path 'aws:assumeRoles[0].roleArn' arn:aws:iam::123456789012:role/deploy",
            )
        retries = value("maxRetries")
        return cls(
            profile=str(value("profile") or ""),
            roles=tuple(
                Role(
                    arn=str(one["roleArn"]),
                    session=str(one.get("sessionName") or _SESSION_NAME),
                    external_id=str(one.get("externalId") or ""),
                )
                for one in roles
            ),
            accounts=tuple(str(one) for one in value("allowedAccountIds") or ()),
            retries=int(retries) if str(retries or "").isdecimal() else None,
        )


@functools.cache
def session_of(identity: Identity, region: str) -> "boto3.Session":
    """The one session of an identity: roles are assumed once, and again only when their credentials expire.

    Args:
        identity: Whose credentials.
        region: Region of the stack; roles are assumed at its STS endpoint.

    Raises:
        LocalCloudError: There is no such profile, or the credentials are of an account that the stack may not touch.
    """
    import boto3  # noqa: PLC0415  half a second of a verb's start, and not every verb asks AWS
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415  see above
    from botocore.session import Session  # noqa: PLC0415  see above

    try:
        session = boto3.Session(profile_name=identity.profile or None, region_name=region)
    except ProfileNotFound as error:
        known = ", ".join(Session().available_profiles) or "none"
        raise LocalCloudError(
            f"aws:profile is {identity.profile!r}, and this machine has no such profile ({error}); there are: {known}",
            fix=f"aws configure sso --profile {identity.profile}",
        ) from None
    for role in identity.roles:
        session = _assumed(session, role, region)
    if identity.accounts:
        account = session.client("sts").get_caller_identity()["Account"]
        if account not in identity.accounts:
            raise LocalCloudError(
                f"the credentials are of AWS account {account}; aws:allowedAccountIds allows: "
                + ", ".join(identity.accounts),
                fix="set AWS_PROFILE, or aws:profile or aws:assumeRoles of the stack, to that account's",
            )
    return session


def make_client(session: "boto3.Session", service: str, options: Mapping[str, Any]) -> Any:
    """A client of a session that threads share."""
    make: Any = session.client  # the stubs want literal names and typed keywords
    with _MAKING:
        return make(service, **options)


def _assumed(session: "boto3.Session", role: Role, region: str) -> "boto3.Session":
    """A session with a role's credentials, which renew themselves before they expire."""
    import boto3  # noqa: PLC0415  see session_of
    from botocore.credentials import (  # noqa: PLC0415  see session_of
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        CredentialResolver,
        DeferredRefreshableCredentials,
    )
    from botocore.session import Session  # noqa: PLC0415  see session_of

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
