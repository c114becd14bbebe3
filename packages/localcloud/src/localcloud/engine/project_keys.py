"""Configuration keys and their namespaces, as Pulumi's stack files spell them."""

import re
from collections.abc import Iterable


def full_key(namespace: str, key: str) -> str:
    """Return `namespace:name` of a configuration key that may come without its namespace."""
    return key.replace(":config:", ":", 1) if ":" in key else f"{namespace}:{key}"


def split_key(namespace: str, key: str) -> tuple[str, str]:
    """Namespace and path of a key such as `services.web.cpu` or `aws:region`.

    A path may hold colons further in: `services.web.environment["a:b"]` (Pulumi: `parseConfigKey`).
    """
    first = re.split(r"[.\[]", key, maxsplit=1)[0]
    full = full_key(namespace, first) + key[len(first) :]
    found, _, path = full.partition(":")
    return found, path


def spelt_twice(config: Iterable[object], namespace: str) -> list[str]:
    """Keys of a stack file that are there both with and without their namespace, in alphabetical order.

    Pulumi's CLI goes through them in the random order of Go's maps (`stackConfigNamespacedWithProject` in
    `sdk/go/common/workspace/loaders.go`), and the last one wins.
    """
    keys = {str(key) for key in config}
    return sorted(key for key in keys if ":" not in key and full_key(namespace, key) in keys)
