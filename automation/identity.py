"""As whom a stack's operations talk to AWS: the same profile, roles and accounts that the stack's provider uses.

The keys are those of pulumi-aws under `aws:` in the stack file (https://www.pulumi.com/registry/packages/aws/
installation-configuration/). What the program's provider deploys with, boto3 has to look with: another account than
that shows nothing, or something else.
"""

import functools
import json
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from infra.deployments.session import SESSION_NAME, Role, make_client, open_session
from infra.deployments.session import Identity as _Identity
from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    import boto3

__all__ = ["Identity", "Role", "make_client", "session_of"]


class Identity(_Identity):
    """Whose credentials a stack's operations use, as its stack file says."""

    @classmethod
    def of(cls, config: Mapping[str, Any], file: str) -> "Identity":
        """What a stack file's `config` says.

        Args:
            config: The content of `config:`.
            file: Name of the file, for messages.

        Raises:
            LocalCloudError: A value is not of the form that pulumi-aws takes.
        """
        on = f"--stack {shlex.quote(file.removeprefix('Pulumi.').removesuffix('.yaml'))}"

        def value(name: str) -> Any:
            found = config.get(f"aws:{name}", config.get(f"aws:config:{name}"))
            if isinstance(found, dict) and "secure" in found:
                raise LocalCloudError(
                    f"aws:{name} in {file} is encrypted, and operations have to read it; allowed: a plain value",
                    # Without a value the CLI asks for it.
                    fix=f"pulumi config set --plaintext {on} {shlex.quote(f'aws:{name}')}",
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
                fix=f"pulumi config rm {on} aws:assumeRoles && pulumi config set {on} --path "
                "'aws:assumeRoles[0].roleArn' arn:aws:iam::123456789012:role/deploy",
            )
        retries = value("maxRetries")
        return cls(
            profile=str(value("profile") or ""),
            roles=tuple(
                Role(
                    arn=str(one["roleArn"]),
                    session=str(one.get("sessionName") or SESSION_NAME),
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
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415  half a second, and not every verb asks AWS
    from botocore.session import Session  # noqa: PLC0415  see above

    try:
        session = open_session(identity, region)
    except ProfileNotFound as error:
        known = ", ".join(Session().available_profiles) or "none"
        raise LocalCloudError(
            f"aws:profile is {identity.profile!r}, and this machine has no such profile ({error}); there are: {known}",
            fix=f"aws configure sso --profile {shlex.quote(identity.profile)}",
        ) from None
    if identity.accounts:
        account = session.client("sts").get_caller_identity()["Account"]
        if account not in identity.accounts:
            raise LocalCloudError(
                f"the credentials are of AWS account {account}; aws:allowedAccountIds allows: "
                + ", ".join(identity.accounts),
                fix="set AWS_PROFILE, or aws:profile or aws:assumeRoles of the stack, to that account's",
            )
    return session
