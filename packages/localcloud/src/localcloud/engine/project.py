"""A Pulumi project and the configuration of one of its stacks, read as the Pulumi CLI reads them."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from localcloud.engine.config_schema import ConfigDeclaration, read_declarations
from localcloud.engine.overrides import set_at, split_override
from localcloud.engine.project_keys import full_key, spelt_twice
from localcloud.engine.secrets import PassphraseDecrypter
from localcloud.engine.yaml_files import read_yaml
from localcloud.errors import LocalCloudError

PROJECT_FILE: Final = "Pulumi.yaml"
_SECURE: Final = "secure"


@dataclass(frozen=True)
class ConfigValue:
    """One configuration value as the program sees it: text, JSON text when it is structured.

    Args:
        text: The value.
        secret: Whether it is, or contains, a secret.
    """

    text: str
    secret: bool = False

    def __repr__(self) -> str:
        return "ConfigValue([secret])" if self.secret else f"ConfigValue({self.text!r})"


@dataclass(frozen=True, kw_only=True)
class Project:
    """A Pulumi project with the configuration of one stack.

    Args:
        name: Project name, the namespace of keys without one.
        stack: Stack name.
        root: Folder of Pulumi.yaml.
        main: The program: a folder with a `__main__.py`, or a Python file.
        config: Full configuration keys (`namespace:name`) with their values.
        stack_file: The stack's configuration file, which need not exist for every command.
    """

    name: str
    stack: str
    root: Path
    main: Path
    config: Mapping[str, ConfigValue]
    stack_file: Path

    @classmethod
    def load(
        cls,
        root: Path,
        stack: str,
        *,
        overrides: Mapping[str, str] | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> Self:
        """Read Pulumi.yaml and Pulumi.<stack>.yaml.

        Args:
            root: Folder of Pulumi.yaml.
            stack: Stack name.
            overrides: Configuration that wins over the files: `key` or `namespace:key`, optionally with a
                path as in
                `pulumi config set --path` (`services.web.desiredCount`).
            environment: Where the passphrase is looked up.

        Raises:
            LocalCloudError: A file is missing or malformed, a value does not fit the project's schema, or a
                secret
                cannot be decrypted; every error of the configuration at once.
        """
        root = root.resolve()
        project_file = root / PROJECT_FILE
        settings = read_yaml(
            project_file,
            missing=LocalCloudError(
                f"no {PROJECT_FILE} in {root}", fix="run the command in the project's folder"
            ),
        )
        name, main = _name(project_file, settings), _main(project_file, settings)
        declarations = read_declarations(project_file, name, settings)
        stack_file = root / str(settings.get("stackConfigDir") or "") / f"Pulumi.{stack}.yaml"
        values = _stack_values(stack_file, name, environment)
        for key, text in (overrides or {}).items():
            _override(values, name, key, text)
        _apply(declarations, values, stack_file, stack)
        return cls(
            name=name, stack=stack, root=root, main=root / main, config=_texts(values), stack_file=stack_file
        )


def _name(project_file: Path, settings: Mapping[str, Any]) -> str:
    name = settings.get("name")
    if not isinstance(name, str) or not name:
        raise LocalCloudError(f"{project_file}: `name` is {name!r}; it must be the project's name")
    return name


def _main(project_file: Path, settings: Mapping[str, Any]) -> str:
    runtime = settings.get("runtime")
    language = runtime.get("name") if isinstance(runtime, dict) else runtime
    if language != "python":
        raise LocalCloudError(
            f"{project_file}: `runtime` is {language!r}; the built-in engine runs python",
            fix="use the pulumi CLI for programs in other languages",
        )
    return str(settings.get("main") or ".")


@dataclass
class _Value:
    """A value while the configuration is put together: structured, with secrets decrypted."""

    content: Any
    secret: bool = False


def _stack_values(stack_file: Path, project: str, environment: Mapping[str, str]) -> dict[str, _Value]:
    stacks = sorted(
        path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        for path in stack_file.parent.glob("Pulumi.*.yaml")
    )
    settings = read_yaml(
        stack_file,
        missing=LocalCloudError(
            f"no stack file {stack_file}",
            fix=f"use one of the stacks {', '.join(stacks)}" if stacks else f"create {stack_file.name}",
        ),
    )
    if settings.get("environment"):
        raise LocalCloudError(
            f"{stack_file}: `environment` (Pulumi ESC) needs Pulumi Cloud",
            fix="put the values into `config`, or use the pulumi CLI for this stack",
        )
    config = settings.get("config") or {}
    if not isinstance(config, dict):
        raise LocalCloudError(f"{stack_file}: `config` must be a mapping of keys to values, is {config!r}")
    if twice := spelt_twice(config, project):
        raise LocalCloudError(
            "\n".join(
                f"{stack_file}: {key} is there twice, also as {project}:{key}: the pulumi CLI would take either"
                for key in twice
            ),
            fix="delete one of the two",
        )
    reader = _SecureReader(stack_file, settings, environment)
    return {full_key(project, str(key)): reader.read(str(key), value) for key, value in config.items()}


class _SecureReader:
    """Decrypts what is secure in a stack file; the passphrase is needed only when something is."""

    def __init__(self, stack_file: Path, settings: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._stack_file = stack_file
        self._settings = settings
        self._environment = environment
        self._decrypter: PassphraseDecrypter | None = None

    def read(self, key: str, value: Any) -> _Value:
        found = _Value(None)
        found.content = self._read(key, value, found)
        return found

    def _read(self, key: str, value: Any, found: _Value) -> Any:
        if isinstance(value, dict):
            if list(value) == [_SECURE] and isinstance(value[_SECURE], str):
                found.secret = True
                return self._open().decrypt(key, value[_SECURE])
            return {str(name): self._read(key, item, found) for name, item in value.items()}
        if isinstance(value, list):
            return [self._read(key, item, found) for item in value]
        return value

    def _open(self) -> PassphraseDecrypter:
        if self._decrypter is None:
            provider = self._settings.get("secretsprovider") or "passphrase"
            if provider != "passphrase":
                raise LocalCloudError(
                    f"{self._stack_file}: secretsprovider is {provider!r}; the built-in engine reads "
                    "secrets of the passphrase provider only",
                    fix="use the pulumi CLI, or change it: pulumi stack change-secrets-provider passphrase",
                )
            salt = self._settings.get("encryptionsalt")
            if not isinstance(salt, str):
                raise LocalCloudError(
                    f"{self._stack_file} has secure values but no encryptionsalt to decrypt them with",
                    fix="set the secrets again with `pulumi config set --secret`",
                )
            self._decrypter = PassphraseDecrypter(salt, self._stack_file, self._environment)
        return self._decrypter


def _override(values: dict[str, _Value], project: str, key: str, text: str) -> None:
    namespace, (first, *rest) = split_override(project, key)
    target = f"{namespace}:{first}"
    if not rest:
        values[target] = _Value(text)
        return
    held = {target: values[target].content} if target in values else {}
    set_at(held, [target, *rest], text, key)
    values.setdefault(target, _Value(None)).content = held[target]


def _apply(
    declarations: list[ConfigDeclaration], values: dict[str, _Value], stack_file: Path, stack: str
) -> None:
    errors = []
    for declaration in declarations:
        value = values.get(declaration.key)
        if value is None and declaration.preset is not None:
            values[declaration.key] = _Value(declaration.preset)
        elif value is None and declaration.required:
            errors.append(declaration.missing(stack_file, stack))
        elif value is not None:
            errors += declaration.check(value.content, stack_file, stack, secret=value.secret)
    if errors:
        raise LocalCloudError("\n".join(errors))


def _texts(values: Mapping[str, _Value]) -> dict[str, ConfigValue]:
    return {key: ConfigValue(_text(value.content), value.secret) for key, value in values.items()}


def _text(content: Any) -> str:
    """Return the text that the CLI hands to the program: scalars as they are, structures as JSON with sorted keys."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return json.dumps(_whole(content), separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def _whole(content: Any) -> Any:
    """Write 1.0 as 1, which the CLI's JSON does."""
    if isinstance(content, dict):
        return {key: _whole(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_whole(value) for value in content]
    return int(content) if isinstance(content, float) and content.is_integer() else content
