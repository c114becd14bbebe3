"""Encryption of secrets: with a key file in the engine's state, with a passphrase in Pulumi's stack files."""

import base64
import json
import os
import secrets as random_source
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from localcloud.engine.values import SECRET, SIGNATURE, Wire, is_secret, secret
from localcloud.errors import LocalCloudError
from localcloud.hints import command

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_ITERATIONS: Final = 1_000_000
_CHECK: Final = b"pulumi"


class StateCipher:
    """Encrypts the secrets of state files with the key in one file, made on first use with mode 0600.

    Args:
        key_file: Where the key is.

    Raises:
        LocalCloudError: The key file cannot be read or holds no key.
    """

    def __init__(self, key_file: Path) -> None:
        self._file = key_file
        self._aead: AESGCM | None = None

    def encrypt(self, value: Wire) -> Wire:
        """Return the value with every secret in it replaced by its ciphertext."""
        if is_secret(value):
            nonce = random_source.token_bytes(_NONCE_BYTES)
            text = json.dumps(value["value"], separators=(",", ":")).encode()
            sealed = base64.b64encode(nonce + self._key().encrypt(nonce, text, None)).decode()
            return {SIGNATURE: SECRET, "ciphertext": sealed}
        if isinstance(value, dict):
            return {key: self.encrypt(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.encrypt(item) for item in value]
        return value

    def decrypt(self, value: Wire) -> Wire:
        """Return the value with every ciphertext in it replaced by its secret.

        Raises:
            LocalCloudError: It was encrypted with another key.
        """
        if is_secret(value):
            if "ciphertext" not in value:
                return value
            sealed = base64.b64decode(value["ciphertext"])
            try:
                text = self._key().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
            except InvalidTag:
                raise LocalCloudError(
                    f"the state's secrets were encrypted with another key than {self._file}",
                    fix=f"put that key file back, or start over: {command('down')} && {command('up')}",
                ) from None
            return secret(json.loads(text))
        if isinstance(value, dict):
            return {key: self.decrypt(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.decrypt(item) for item in value]
        return value

    def _key(self) -> AESGCM:
        if self._aead is None:
            self._aead = AESGCM(self._read_or_make())
        return self._aead

    def _read_or_make(self) -> bytes:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return self._read()
        with os.fdopen(descriptor, "wb") as file:
            key = random_source.token_bytes(_KEY_BYTES)
            file.write(base64.b64encode(key))
            file.flush()
            os.fsync(file.fileno())
        return key

    def _read(self) -> bytes:
        try:
            self._file.chmod(0o600)
            key = base64.b64decode(self._file.read_bytes(), validate=True)
        except (OSError, ValueError) as error:
            raise LocalCloudError(f"cannot read the secrets key {self._file}: {error}") from None
        if len(key) != _KEY_BYTES:
            raise LocalCloudError(
                f"{self._file} holds no secrets key: {len(key)} bytes, not {_KEY_BYTES}",
                fix=f"delete {self._file}, then: {command('down')} && {command('up')}",
            )
        return key


class PassphraseDecrypter:
    """Reads `secure:` values of a stack file as Pulumi's passphrase secrets provider writes them.

    The key is PBKDF2-SHA256 of the passphrase with 1,000,000 iterations, the cipher AES-256-GCM (Pulumi:
    `sdk/go/common/resource/config/crypt.go`).

    Args:
        salt: The stack file's `encryptionsalt`: `v1:<salt>:v1:<nonce>:<ciphertext of "pulumi">`.
        stack_file: Named in errors.
        environment: Where PULUMI_CONFIG_PASSPHRASE and PULUMI_CONFIG_PASSPHRASE_FILE are looked up.

    Raises:
        LocalCloudError: No passphrase, a wrong passphrase, or a malformed salt.
    """

    def __init__(self, salt: str, stack_file: Path, environment: Mapping[str, str]) -> None:
        self._stack_file = stack_file
        try:
            version, encoded, check = salt.split(":", 2)
            salt_bytes = base64.b64decode(encoded, validate=True)
        except ValueError:
            version, salt_bytes, check = "", b"", ""
        if version != "v1":
            raise LocalCloudError(
                f"{stack_file}: encryptionsalt is {salt!r}; allowed: what `pulumi stack init` writes (`v1:…`)"
            )
        kdf = PBKDF2HMAC(algorithm=SHA256(), length=_KEY_BYTES, salt=salt_bytes, iterations=_ITERATIONS)
        self._aead = AESGCM(kdf.derive(_passphrase(stack_file, environment).encode()))
        if self.decrypt("encryptionsalt", check).encode() != _CHECK:
            raise self._wrong()

    def decrypt(self, key: str, text: str) -> str:
        """Decrypt one `v1:<nonce>:<ciphertext>`.

        Raises:
            LocalCloudError: The text is malformed or was encrypted with another passphrase.
        """
        try:
            version, nonce, sealed = text.split(":")
            parts = base64.b64decode(nonce, validate=True), base64.b64decode(sealed, validate=True)
        except ValueError:
            version, parts = "", (b"", b"")
        if version != "v1":
            raise LocalCloudError(
                f"{self._stack_file}: the secure value of {key} is malformed",
                fix=f"set it again: pulumi config set --secret {shlex.quote(key)}",
            )
        try:
            return self._aead.decrypt(parts[0], parts[1], None).decode()
        except (InvalidTag, ValueError):
            raise self._wrong() from None

    def _wrong(self) -> LocalCloudError:
        return LocalCloudError(
            f"the passphrase does not fit the secrets of {self._stack_file}",
            fix="set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to this stack's passphrase",
        )


def _passphrase(stack_file: Path, environment: Mapping[str, str]) -> str:
    if "PULUMI_CONFIG_PASSPHRASE" in environment:
        return environment["PULUMI_CONFIG_PASSPHRASE"]
    if path := environment.get("PULUMI_CONFIG_PASSPHRASE_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise LocalCloudError(
                f"PULUMI_CONFIG_PASSPHRASE_FILE is {path!r}, which cannot be read: {error.strerror}"
            ) from None
    raise LocalCloudError(
        f"{stack_file} has secure values, and no passphrase is set to read them",
        fix="set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it",
    )
