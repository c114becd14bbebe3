"""The Application Load Balancer that all services of a stack share."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from infra.pure.references import has_reference, or_reference
from infra.settings.base import Cidr, Model, Port, RetentionDays, Text

DomainName = Annotated[
    str,
    Field(
        max_length=253,
        pattern=r"^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        examples=["shop.example.com"],
    ),
]

CertificateArn = Annotated[
    str,
    Field(
        pattern=or_reference(
            r"^arn:[a-z-]+:(acm:[a-z0-9-]+:\d{12}:certificate|iam::\d{12}:server-certificate)/.+$"
        ),
        examples=["arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789"],
    ),
]


class Domain(Model):
    """The host name people use."""

    name: DomainName
    """Host name of the service, in the certificate and in DNS."""

    zone: DomainName | None = None
    """Route 53 hosted zone that gets the records; null when DNS is kept elsewhere, which needs certificateArn."""

    zone_id: (
        Annotated[str, Field(pattern=or_reference(r"^Z[A-Z0-9]{3,31}$"), examples=["Z0123456789ABCDEFGHIJ"])]
        | None
    ) = None
    """Id of that zone, where several have its name, or another stack puts it out; beside zone."""

    alternative_names: tuple[DomainName, ...] = Field(default=(), max_length=9)
    """More host names of the certificate, with records of their own."""


class AccessLogs(Model):
    """A log line per request in an encrypted bucket."""

    retention_days: int = Field(default=90, ge=1, le=3650)
    """Days that the lines are kept."""


RuleGroup = Literal[
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
]
"""Groups of rules that AWS keeps up to date ("AWS Managed Rules rule groups list")."""

RuleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$", examples=["SizeRestrictions_BODY"])]

RuleAction = Literal["count", "block", "allow", "captcha", "challenge"]


class FirewallLogs(Model):
    """A log line per request in CloudWatch Logs, without the headers that carry credentials."""

    requests: Literal["suspicious", "all"] = "suspicious"
    """Which ones: those that a rule matched, or every one, at the price of an access log in CloudWatch."""

    retention_days: RetentionDays = 30
    """Days that they are kept."""


class Firewall(Model):
    """AWS WAF in front of the load balancer: AWS's common, known-bad-input and reputation rules, and a rate limit."""

    rate_limit: int = Field(default=2000, ge=10, le=2_000_000_000)
    """Requests per client address in five minutes; beyond them the client is blocked until it slows down."""

    forwarded_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,255}$")] | None = Field(
        default=None, examples=["X-Forwarded-For"]
    )
    """Header with the client's address, where a proxy or CDN stands in front; null takes the connection's address.
    Anybody who reaches the load balancer directly can write it.
    """

    overrides: Mapping[RuleGroup, Mapping[RuleName, RuleAction]] = Field(default={})
    """What single rules of AWS's groups do instead, group → rule → action. `SizeRestrictions_BODY`, which answers 403
    to every body over 8 KB, counts unless it is said otherwise here.
    """

    logs: FirewallLogs | None = FirewallLogs()
    """Log requests; null for no log."""


class ListenerForTests(Model):
    """A second listener that shows a new version to testers before anybody else sees it."""

    port: Port = 9000
    """Its port."""

    allowed_cidrs: tuple[Cidr, ...] = Field(min_length=1)
    """IPv4 ranges of the testers."""


ListenerReference = Annotated[
    Text,
    Field(
        pattern=or_reference(
            r"^(\d{1,5}|arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:listener/app/[A-Za-z0-9/-]+)$"
        ),
        examples=["443"],
    ),
]
"""A listener of a load balancer by its port or its ARN, or an output of another stack."""


class Priorities(Model):
    """The numbers that the stack's listener rules may have."""

    first: int = Field(ge=1, le=50_000)
    """The lowest one."""

    last: int = Field(ge=1, le=50_000)
    """The highest one; 500 numbers are the least, so that routes find room by how specific they are."""


class ExistingLoadBalancer(Model):
    """A load balancer that something else owns: the stack adds target groups and rules of its listener and groups."""

    name: Annotated[
        str,
        Field(
            pattern=or_reference(
                r"^([A-Za-z0-9-]{1,32}|arn:[a-z-]+:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer/app/[A-Za-z0-9/-]+)$"
            ),
            examples=["shared"],
        ),
    ]
    """Its name, its ARN, or the output of another stack, `${stack:acme/platform/prod#loadBalancer}`."""

    listener: ListenerReference = "443"
    """Its listener that serves people: the port, the ARN, or the output of another stack."""

    test_listener: ListenerReference | None = None
    """Its listener for test traffic of gradual deployments; null for none."""

    priorities: Priorities | None = None
    """Numbers that the stack's rules keep to, where others, whose rules do not say their number in a tag, use the rest;
    null for any number that no stack of this program has.
    """

    @property
    def main_port(self) -> int | None:
        """Port of the listener that serves people; None where it is named by something else."""
        return int(self.listener) if self.listener.isdecimal() else None

    @property
    def known_name(self) -> str | None:
        """Its name, where the settings say it without asking AWS or another stack."""
        if has_reference(self.name):
            return None
        return self.name.split("/")[-2] if self.name.startswith("arn:") else self.name


class LoadBalancer(Model):
    """The Application Load Balancer; one per stack, routing by host name and path."""

    existing: ExistingLoadBalancer | None = None
    """Use a load balancer that exists, which several stacks may share; null makes one. The other keys here belong to
    its owner.
    """

    internal: bool = False
    """Reachable only from inside the VPC."""

    allowed_cidrs: tuple[Cidr, ...] = Field(default=("0.0.0.0/0",), min_length=1)
    """IPv4 ranges that may open connections to the listeners."""

    domain: Domain | None = None
    """Host name, with a certificate from ACM when a zone is given; null serves the load balancer's own name."""

    certificate_arn: CertificateArn | None = None
    """Existing ACM certificate. With it, or with a domain, the stack serves HTTPS and redirects HTTP."""

    ssl_policy: Literal[
        "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        "ELBSecurityPolicy-TLS13-1-3-2021-06",
        "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
        "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    ] = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
    """TLS versions and ciphers; the default takes 1.3 and 1.2 with forward secrecy."""

    idle_timeout: int = Field(default=60, ge=1, le=4000)
    """Seconds after which an idle connection is closed; the app's keep-alive must last longer."""

    deletion_protection: bool | None = None
    """Refuse to delete the load balancer; null for: exactly in production."""

    access_logs: AccessLogs | None = None
    """Log requests to a bucket; null for no log."""

    firewall: Firewall | None = None
    """Filter requests with AWS WAF; null for no filter."""

    test_listener: ListenerForTests | None = None
    """Listener for test traffic of gradual deployments; null for none."""

    @property
    def serves_https(self) -> bool:
        """Whether there is a certificate, and so an HTTPS listener."""
        return bool(self.certificate_arn or self.domain)

    @property
    def has_test_listener(self) -> bool:
        """Whether test traffic has a listener."""
        return bool(self.existing.test_listener if self.existing else self.test_listener)
