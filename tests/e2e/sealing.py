"""Secrets in a stack file as Pulumi's passphrase provider writes them, for stages without the CLI."""

import base64
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC


class Sealer:
    """Encrypts with one passphrase and one salt.

    Args:
        passphrase: What PULUMI_CONFIG_PASSPHRASE says.
    """

    def __init__(self, passphrase: str) -> None:
        self._salt = os.urandom(8)
        kdf = PBKDF2HMAC(algorithm=SHA256(), length=32, salt=self._salt, iterations=1_000_000)
        self._cipher = AESGCM(kdf.derive(passphrase.encode()))

    @property
    def salt(self) -> str:
        """The stack file's `encryptionsalt`."""
        return f"v1:{base64.b64encode(self._salt).decode()}:{self.sealed('pulumi')}"

    def sealed(self, text: str) -> str:
        """What stands in `secure:` for a text."""
        nonce = os.urandom(12)
        parts = (
            base64.b64encode(part).decode()
            for part in (nonce, self._cipher.encrypt(nonce, text.encode(), None))
        )
        return "v1:" + ":".join(parts)
