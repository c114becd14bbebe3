"""Answers of the API that are errors."""

from localcloud.emulator.json_api import Refused


def invalid(message: str) -> Refused:
    """A ValidationException."""
    return Refused("ValidationException", message)


def unknown(message: str) -> Refused:
    """An ObjectNotFoundException."""
    return Refused("ObjectNotFoundException", message)
