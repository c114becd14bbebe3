"""The AWS SDK's session for calls to the local cloud."""

import os

from botocore.session import Session


def session_without_profiles() -> Session:
    """A session that reads no profile and none of the person's files, which may be wrong and must not matter here."""
    session = Session({"profile": (None, None, None, None)})
    session.set_config_variable("config_file", os.devnull)
    session.set_config_variable("credentials_file", os.devnull)
    return session
