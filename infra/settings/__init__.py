"""Typed settings of a stack: what its file may say, and every mistake in it at once."""

from infra.settings.aws import AwsSettings
from infra.settings.loader import load
from infra.settings.root import Settings

__all__ = ["AwsSettings", "Settings", "load"]
