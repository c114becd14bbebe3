"""The functions (`aws.….get_…`) of the local `aws` provider."""

from collections.abc import Mapping

from localcloud.providers.aws.functions import (
    account,
    cloud_control,
    ec2,
    ecr,
    iam,
    load_balancing,
    running,
    services,
)
from localcloud.providers.aws.functions.lookup import Function
from localcloud.providers.aws.inputs import Failure, InputChecker
from localcloud.providers.aws.sdk import function_schema
from localcloud.providers.values import Values

FUNCTIONS: Mapping[str, Function] = {
    **account.FUNCTIONS,
    **cloud_control.FUNCTIONS,
    **ec2.FUNCTIONS,
    **ecr.FUNCTIONS,
    **iam.FUNCTIONS,
    **load_balancing.FUNCTIONS,
    **running.FUNCTIONS,
    **services.FUNCTIONS,
}

# Results that the real provider's schema marks as secret.
SECRET_RESULTS: Mapping[str, frozenset[str]] = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": frozenset({"authorizationToken", "password"}),
    "aws:ecr/getCredentials:getCredentials": frozenset({"authorizationToken", "password"}),
    "aws:secretsmanager/getSecretVersion:getSecretVersion": frozenset({"secretString", "secretBinary"}),
    "aws:ssm/getParameter:getParameter": frozenset({"value"}),
}


def check_arguments(token: str, arguments: Values) -> list[Failure]:
    """Everything in a function's arguments that the SDK does not know."""
    checker = InputChecker()
    converted = checker.object(arguments, function_schema(token).arguments, ())
    arguments.update(converted)
    return checker.failures
