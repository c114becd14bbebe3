"""ServiceSecrets: where ECS reads a service's secrets, and which version they have now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.references import References
from infra.pure.references import has_reference
from infra.settings.secrets import SecretSource

CURRENT = "AWSCURRENT"
RECOVERY_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class ServiceSecretsArgs:
    """What `ServiceSecrets` are made from.

    Args:
        sources: Variable → where its secret comes from.
        values: Encrypted configuration values, by name.
        references: Where outputs of other stacks are looked up.
        production: Whether a deleted secret can be recovered for a while; elsewhere its name is free at once.
    """

    sources: Mapping[str, SecretSource]
    values: Mapping[str, pulumi.Output[str]]
    references: References
    production: bool


class ServiceSecrets(pulumi.ComponentResource):
    """A service's secrets: looked up by name or ARN, or created from the stack's encrypted configuration.

    A value is never read here, only its version: the tasks roll when it changes.

    Outputs:
        value_from: Variable → what the container definition says (`valueFrom`).
        versions: Variable → version that is current now.
        parameter_arns: SSM parameters to read.
        secret_arns: Secrets to read.
        key_arns: Keys to decrypt with; empty text where AWS's own key does.
    """

    value_from: dict[str, pulumi.Output[str]]
    versions: dict[str, pulumi.Output[str]]
    parameter_arns: Sequence[pulumi.Output[str]]
    secret_arns: Sequence[pulumi.Output[str]]
    key_arns: Sequence[pulumi.Output[str]]

    def __init__(
        self, name: str, args: ServiceSecretsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ecs-microservice:index:ServiceSecrets", name, None, opts)
        self._name = name
        self._args = args
        self._invoke = pulumi.InvokeOutputOptions(parent=self)
        self.value_from, self.versions = {}, {}
        self.parameter_arns, self.secret_arns, self.key_arns = [], [], []
        for variable, source in sorted(args.sources.items()):
            if source.ssm:
                self._parameter(variable, source.ssm)
            elif source.secrets_manager:
                self._secret(variable, source, source.secrets_manager)
            elif source.config:
                self._created(variable, source, source.config)
            if source.kms_key_arn:
                self.key_arns = [*self.key_arns, pulumi.Output.from_input(source.kms_key_arn)]
        self.register_outputs({})

    def _parameter(self, variable: str, text: str) -> None:
        name = self._args.references.text(text) if has_reference(text) else text
        found = aws.ssm.get_parameter_output(name=name, with_decryption=False, opts=self._invoke)
        self.value_from[variable] = found.arn
        self.versions[variable] = found.version.apply(str)
        self.parameter_arns = [*self.parameter_arns, found.arn]

    def _secret(self, variable: str, source: SecretSource, text: str) -> None:
        if has_reference(text):
            name = self._args.references.text(text)
            arn = name.apply(lambda known: known if known.startswith("arn:") else None)
            plain = name.apply(lambda known: None if known.startswith("arn:") else known)
            found = aws.secretsmanager.get_secret_output(arn=arn, name=plain, opts=self._invoke)
        else:
            by_arn = text.startswith("arn:")
            found = aws.secretsmanager.get_secret_output(
                arn=text if by_arn else None, name=None if by_arn else text, opts=self._invoke
            )
        listed = aws.secretsmanager.get_secret_versions_output(secret_id=found.arn, opts=self._invoke)
        self.value_from[variable] = _value_from(found.arn, source.json_key)
        self.versions[variable] = listed.versions.apply(_current)
        self.secret_arns = [*self.secret_arns, found.arn]
        if not source.kms_key_arn:
            self.key_arns = [*self.key_arns, pulumi.Output.from_input(found.kms_key_id.apply(self._key_arn))]

    def _key_arn(self, key: str | None) -> pulumi.Input[str]:
        """The key behind an ARN, an id or an alias, as Secrets Manager keeps what it was given; IAM knows only ARNs."""
        if not key or key.removeprefix("arn:").rpartition(":")[2].startswith("alias/aws/"):
            return ""  # AWS's own key lets in whoever may read the secret
        return aws.kms.get_key_output(key_id=key, opts=self._invoke).arn

    def _created(self, variable: str, source: SecretSource, key: str) -> None:
        child = pulumi.ResourceOptions(parent=self)
        logical_name = f"{self._name}-{variable}"
        secret = aws.secretsmanager.Secret(
            logical_name,
            description=f"{variable} of the ECS service {self._name}",
            kms_key_id=source.kms_key_arn,
            recovery_window_in_days=RECOVERY_DAYS if self._args.production else 0,
            tags={"Service": self._name},
            opts=child,
        )
        version = aws.secretsmanager.SecretVersion(
            logical_name, secret_id=secret.id, secret_string=self._args.values[key], opts=child
        )
        # The secret's ARN, but known only when there is a value to read.
        self.value_from[variable] = _value_from(version.secret_arn, source.json_key)
        self.versions[variable] = version.version_id
        self.secret_arns = [*self.secret_arns, version.secret_arn]


def _value_from(arn: pulumi.Output[str], json_key: str | None) -> pulumi.Output[str]:
    """`valueFrom` of a secret: its ARN, and the key of its JSON where only that is wanted."""
    return pulumi.Output.concat(arn, f":{json_key}::") if json_key else arn


def _current(versions: Sequence[aws.secretsmanager.outputs.GetSecretVersionsVersionResult]) -> str:
    return next((version.version_id for version in versions if CURRENT in version.version_stages), "")
