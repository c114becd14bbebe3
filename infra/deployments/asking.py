"""Ask AWS while something goes on there: again when it does not answer, and a plain word when it can be asked no more.

botocore tries a call again for a minute and a half (as whoever makes the clients asks it to). What lasts longer than
that, while a deployment is followed, is waited for here: the deployment goes on without us.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

T = TypeVar("T")
PATIENCE_SECONDS = 600.0
_LONGEST_WAIT = 30.0
# Of botocore's own lists for throttling and transient errors (botocore/retries/standard.py), and what services add.
_TRANSIENT = {
    *(
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "RequestThrottled",
    ),
    *("TooManyRequestsException", "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException"),
    *("PriorRequestNotComplete", "SlowDown", "RequestTimeout", "RequestTimeoutException", "ServerException"),
    *("InternalError", "InternalFailure", "ServiceUnavailable", "ServiceUnavailableException"),
}
# Amazon ECS API reference and AWS STS, "Common errors".
_EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
}


class LostContact(Exception):  # noqa: N818  not an error of the program
    """AWS can be asked no more; the text says why and what helps."""


def patiently(
    ask: Callable[[], T],
    *,
    report: Callable[[str], object],
    patience: float = PATIENCE_SECONDS,
    sleep: Callable[[float], object] = time.sleep,
) -> T:
    """Ask until there is an answer.

    Args:
        ask: Makes the calls.
        report: Called with a line before each wait.
        patience: Seconds to wait altogether.
        sleep: Waits.

    Raises:
        LostContact: There was none in that time, or the credentials are of no use any more.
        ClientError: AWS refused the question itself.
    """
    waited, wait = 0.0, 2.0
    while True:
        try:
            return ask()
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and not _is_of_contact(error):
                raise
            if not _is_transient(error):
                raise LostContact(
                    f"{_short(error)}; renew the credentials (aws sso login, or AWS_PROFILE)"
                ) from error
            if waited >= patience:
                raise LostContact(f"no answer for {waited:.0f} s: {_short(error)}") from error
            report(f"AWS does not answer ({_short(error)}); asking again in {wait:.0f} s")
            sleep(wait)
            waited += wait
            wait = min(wait * 2, _LONGEST_WAIT)


def _is_of_contact(error: ClientError) -> bool:
    return _is_transient(error) or error.response["Error"]["Code"] in _EXPIRED


def _is_transient(error: BotoCoreError | ClientError) -> bool:
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response["Error"]["Code"] in _TRANSIENT or status >= 500
    if isinstance(error, NoCredentialsError | SSOError | TokenRetrievalError):
        return False
    return isinstance(error, HTTPClientError | BotoConnectionError)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
