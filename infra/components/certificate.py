"""Certificate: an ACM certificate that proves its names through Route 53."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

VALIDATION_TTL = 60


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What a `Certificate` is made from.

    Args:
        names: Host names, the main one first.
        zone_id: Route 53 hosted zone that all of them are in.
    """

    names: Sequence[str]
    zone_id: pulumi.Input[str]


class Certificate(pulumi.ComponentResource):
    """A certificate that is issued, and renewed, as long as its validation records stand.

    Outputs:
        arn: ARN, known once the certificate is valid.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:Certificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        main, *others = args.names
        certificate = aws.acm.Certificate(
            name,
            domain_name=main,
            subject_alternative_names=others or None,
            validation_method="DNS",
            opts=child,
        )
        # A wildcard is proved by the record of the name below it.
        hosts = [h for h in args.names if not (h.startswith("*.") and h.removeprefix("*.") in args.names)]
        records = [self._record(name, host, certificate, args.zone_id) for host in hosts]
        validation = aws.acm.CertificateValidation(
            name,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn for record in records],
            opts=child,
        )
        self.arn = validation.certificate_arn
        self.register_outputs({"arn": self.arn})

    def _record(
        self, name: str, host: str, certificate: aws.acm.Certificate, zone_id: pulumi.Input[str]
    ) -> aws.route53.Record:
        # ACM lists the options in no particular order.
        option = certificate.domain_validation_options.apply(
            lambda options: next(option for option in options if option.domain_name == host)
        )
        return aws.route53.Record(
            f"{name}-proof-{host}",
            zone_id=zone_id,
            name=option.apply(lambda known: str(known.resource_record_name)),
            type=option.apply(lambda known: str(known.resource_record_type)),
            records=[option.apply(lambda known: str(known.resource_record_value))],
            ttl=VALIDATION_TTL,
            # Another stack may have proved the same name: ACM asks an account for the same record every time. So it is
            # written over, and it stays when this stack goes: the other one's certificate renews with it.
            allow_overwrite=True,
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
