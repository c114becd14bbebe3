"""Names that people give to secrets."""

import re

SECRET = re.compile(
    r"(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL|_DSN$|ACCESS_?KEY)", re.IGNORECASE
)
"""Matches the name of a variable whose value is most likely a secret."""
