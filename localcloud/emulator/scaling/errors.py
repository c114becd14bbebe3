"""Answers of the API that are errors."""


class Refused(Exception):  # noqa: N818  an answer of the API, not a defect
    """The request is answered with an AWS error.

    Args:
        code: Error code, for example `ValidationException`.
        message: What AWS says.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid(message: str) -> Refused:
    """A ValidationException."""
    return Refused("ValidationException", message)


def unknown(message: str) -> Refused:
    """An ObjectNotFoundException."""
    return Refused("ObjectNotFoundException", message)
