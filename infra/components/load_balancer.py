"""LoadBalancer: one Application Load Balancer for all services of a stack; one of its own, or one that others share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.access_log_bucket import AccessLogBucket, AccessLogBucketArgs
from infra.components.certificate import Certificate, CertificateArgs
from infra.components.firewall import Firewall, FirewallArgs
from infra.components.looking_up import looked_up
from infra.components.network import Network
from infra.components.stack_context import StackContext
from infra.pure.live import Purpose
from infra.pure.routing import first_address, redirect_position
from infra.settings.load_balancer import ExistingLoadBalancer

HTTP_PORT = 80
HTTPS_PORT = 443


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """What a `LoadBalancer` is made from.

    Args:
        stack: Account and settings of the stack. In production the load balancer is protected from deletion unless
            the settings say otherwise, and its access logs stay when it goes.
        network: Where it stands.
    """

    stack: StackContext
    network: Network


class LoadBalancer(pulumi.ComponentResource):
    """An Application Load Balancer with a listener that answers 404 until services add their rules.

    Outputs:
        url: Address for a browser.
        arn: Its ARN; another stack's `loadBalancer.existing.name` takes it.
        arn_suffix: `app/<name>/<id>`, its name in CloudWatch.
        listener_arn: Listener that the services' rules belong to: HTTPS where there is a certificate.
        test_listener_arn: Listener for test traffic; None without one.
        listeners: All listeners that the stack makes; services depend on them.
        security_group_id: Group of the load balancer, one of several; services let it in.
    """

    url: pulumi.Output[str]
    arn: pulumi.Output[str]
    arn_suffix: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    test_listener_arn: pulumi.Output[str] | None
    listeners: Sequence[aws.lb.Listener]
    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:LoadBalancer", name, None, opts)
        self._name = name
        self._args = args
        self._settings = args.stack.settings.load_balancer
        self._child = pulumi.ResourceOptions(parent=self)
        self._http: aws.lb.Listener | None = None
        if self._settings.existing:
            self._use(self._settings.existing)
        else:
            self._create(name)
        self.register_outputs({"url": self.url, "arn": self.arn, "listenerArn": self.listener_arn})

    def redirect_to_https(self, after: Sequence[pulumi.Resource]) -> None:
        """Lead from port 80 to HTTPS, where there is a certificate, with a rule behind all others.

        The listener's default action does so too, but it changes before services' rules move from one listener to the
        other, and this rule goes after that: without it, port 80 would answer 404 in between.

        Args:
            after: Rules on the HTTPS listener. They go after this one, so that whoever was sent there is answered.
        """
        if not self._http or not self._settings.serves_https:
            return
        position = redirect_position(self._args.stack.live.rules)
        everything = aws.lb.ListenerRuleConditionPathPatternArgs(values=["/*"])
        aws.lb.ListenerRule(
            f"{self._name}-to-https",
            listener_arn=self._http.arn,
            priority=position,
            conditions=[aws.lb.ListenerRuleConditionArgs(path_pattern=everything)],
            actions=[
                aws.lb.ListenerRuleActionArgs(
                    type="redirect",
                    redirect=aws.lb.ListenerRuleActionRedirectArgs(
                        port=str(HTTPS_PORT), protocol="HTTPS", status_code="HTTP_301"
                    ),
                )
            ],
            tags={"Rule": Purpose.REDIRECT.value, "Priority": str(position)},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*self.listeners, *after]),
        )

    def _use(self, existing: ExistingLoadBalancer) -> None:
        """Take a load balancer as it is."""
        key, invoke = "loadBalancer.existing", pulumi.InvokeOutputOptions(parent=self)
        asked = self._args.stack.references.text(existing.name)
        balancer = looked_up(
            aws.lb.get_load_balancer_output(
                arn=asked.apply(lambda text: text if text.startswith("arn:") else None),
                name=asked.apply(lambda text: None if text.startswith("arn:") else text),
                opts=invoke,
            ),
            f"{key}.name",
            existing.name,
            "aws elbv2 describe-load-balancers",
        )
        balancer = pulumi.Output.all(balancer, self._args.network.vpc_id).apply(
            lambda known: _in_vpc(known[0], known[1])
        )
        self.arn = balancer.apply(lambda found: found.arn)
        self.arn_suffix = balancer.apply(lambda found: found.arn_suffix)
        # Whatever has several groups is let in by each of them, and may leave by each.
        self.security_group_id = balancer.apply(lambda found: min(found.security_groups))
        self.listeners = []
        listener = self._found_listener("listener", existing.listener)
        self.listener_arn = listener.apply(lambda found: found.arn)
        self.test_listener_arn = None
        if existing.test_listener:
            test = self._found_listener("testListener", existing.test_listener)
            self.test_listener_arn = test.apply(lambda found: found.arn)
        routes = [one.route.key for one in self._args.stack.settings.services.values() if one.route.enabled]
        self.url = pulumi.Output.all(balancer, listener).apply(
            lambda known: first_address(routes, known[0].dns_name, known[1].protocol, known[1].port)
        )

    def _found_listener(self, key: str, text: str) -> pulumi.Output[aws.lb.GetListenerResult]:
        asked = self._args.stack.references.text(text)
        by_arn = asked.apply(lambda known: known.startswith("arn:"))
        found = aws.lb.get_listener_output(
            arn=pulumi.Output.all(asked, by_arn).apply(lambda known: known[0] if known[1] else None),
            load_balancer_arn=pulumi.Output.all(self.arn, by_arn).apply(
                lambda known: None if known[1] else known[0]
            ),
            port=asked.apply(lambda known: int(known) if known.isdecimal() else None),
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        command = pulumi.Output.concat("aws elbv2 describe-listeners --load-balancer-arn ", self.arn)
        return looked_up(found, f"loadBalancer.existing.{key}", text, command)

    def _create(self, name: str) -> None:
        args, domain = self._args, self._settings.domain
        certificate = self._certificate()
        self.security_group_id = self._security_group()
        balancer = self._balancer()
        chosen = self._settings.certificate_arn
        existing = args.stack.references.text(chosen) if chosen else None
        self._add_listeners(balancer, certificate.arn if certificate else existing)
        if domain and domain.zone:
            self._add_records(balancer, [domain.name, *domain.alternative_names], domain.zone)
        if self._settings.firewall:
            firewall = FirewallArgs(
                load_balancer_arn=balancer.arn,
                log_group_name=args.stack.names.firewall_log_group,
                log_key_arn=args.stack.key_arn,
                settings=self._settings.firewall,
            )
            Firewall(name, firewall, self._child)
        scheme = "https" if self._settings.serves_https else "http"
        host = pulumi.Output.from_input(domain.name) if domain else balancer.dns_name
        self.url = pulumi.Output.concat(scheme, "://", host)
        self.arn = balancer.arn
        self.arn_suffix = balancer.arn_suffix

    def _certificate(self) -> Certificate | None:
        domain = self._settings.domain
        if not domain or not domain.zone or self._settings.certificate_arn:
            return None
        args = CertificateArgs(
            names=[domain.name, *domain.alternative_names], zone_id=self._zone_id(domain.zone)
        )
        return Certificate(self._name, args, self._child)

    def _zone_id(self, zone: str) -> pulumi.Output[str]:
        domain = self._settings.domain
        if domain and domain.zone_id:
            return self._args.stack.references.text(domain.zone_id)
        return aws.route53.get_zone_output(name=zone, opts=pulumi.InvokeOutputOptions(parent=self)).zone_id

    def _security_group(self) -> pulumi.Output[str]:
        """A group open on the listeners' ports only; the services add the ways out."""
        settings = self._settings
        group = aws.ec2.SecurityGroup(
            self._name,
            description="Load balancer: its listener ports from the allowed ranges, its services behind it",
            vpc_id=self._args.network.vpc_id,
            opts=self._child,
        )
        doors = [("http", HTTP_PORT, settings.allowed_cidrs)]
        if settings.serves_https:
            doors.append(("https", HTTPS_PORT, settings.allowed_cidrs))
        if settings.test_listener:
            doors.append(("test", settings.test_listener.port, settings.test_listener.allowed_cidrs))
        for what, port, cidrs in doors:
            for cidr in cidrs:
                aws.vpc.SecurityGroupIngressRule(
                    # Named after the range: taking one out of the list leaves the other rules alone.
                    f"{self._name}-{what}-{cidr}",
                    security_group_id=group.id,
                    description=f"{what} from {cidr}",
                    cidr_ipv4=cidr,
                    ip_protocol="tcp",
                    from_port=port,
                    to_port=port,
                    opts=self._child,
                )
        return group.id

    def _balancer(self) -> aws.lb.LoadBalancer:
        settings, network = self._settings, self._args.network
        protected = self._args.stack.settings.production
        if settings.deletion_protection is not None:
            protected = settings.deletion_protection
        logs = self._access_logs()
        return aws.lb.LoadBalancer(
            self._name,
            load_balancer_type="application",
            internal=settings.internal,
            subnets=network.task_subnet_ids if settings.internal else network.public_subnet_ids,
            security_groups=[self.security_group_id],
            idle_timeout=settings.idle_timeout,
            drop_invalid_header_fields=True,
            enable_deletion_protection=protected,
            access_logs=aws.lb.LoadBalancerAccessLogsArgs(bucket=logs.bucket_name, enabled=True)
            if logs
            else None,
            # AWS refuses to delete it only half-way through a destroy; Pulumi does before anything is gone.
            opts=pulumi.ResourceOptions(parent=self, protect=protected, depends_on=[logs] if logs else None),
        )

    def _access_logs(self) -> AccessLogBucket | None:
        settings = self._settings.access_logs
        if not settings:
            return None
        args = AccessLogBucketArgs(
            account=self._args.stack.account,
            retention_days=settings.retention_days,
            force_destroy=not self._args.stack.settings.production,
        )
        return AccessLogBucket(f"{self._name}-logs", args, self._child)

    def _add_listeners(
        self, balancer: aws.lb.LoadBalancer, certificate_arn: pulumi.Input[str] | None
    ) -> None:
        settings = self._settings
        http = self._listener(
            "http", balancer, HTTP_PORT, action=to_https() if certificate_arn else not_found()
        )
        self._http, main, self.listeners = http, http, [http]
        if certificate_arn:
            main = self._listener("https", balancer, HTTPS_PORT, certificate_arn=certificate_arn)
            self.listeners = [http, main]
        self.listener_arn = main.arn
        self.test_listener_arn = None
        if settings.test_listener:
            port = settings.test_listener.port
            test = self._listener("test", balancer, port, certificate_arn=certificate_arn)
            self.test_listener_arn = test.arn
            self.listeners = [*self.listeners, test]

    def _listener(
        self,
        what: str,
        balancer: aws.lb.LoadBalancer,
        port: int,
        *,
        action: aws.lb.ListenerDefaultActionArgs | None = None,
        certificate_arn: pulumi.Input[str] | None = None,
    ) -> aws.lb.Listener:
        return aws.lb.Listener(
            f"{self._name}-{what}",
            load_balancer_arn=balancer.arn,
            port=port,
            protocol="HTTPS" if certificate_arn else "HTTP",
            certificate_arn=certificate_arn,
            ssl_policy=self._settings.ssl_policy if certificate_arn else None,
            default_actions=[action or not_found()],
            opts=self._child,
        )

    def _add_records(self, balancer: aws.lb.LoadBalancer, names: Sequence[str], zone: str) -> None:
        zone_id = self._zone_id(zone)
        for host in names:
            aws.route53.Record(
                f"{self._name}-{host}",
                zone_id=zone_id,
                name=host,
                type="A",
                aliases=[
                    aws.route53.RecordAliasArgs(
                        name=balancer.dns_name, zone_id=balancer.zone_id, evaluate_target_health=True
                    )
                ],
                opts=self._child,
            )


def _in_vpc(balancer: aws.lb.GetLoadBalancerResult, vpc_id: str) -> aws.lb.GetLoadBalancerResult:
    """A load balancer, whose target groups can only be in its own VPC (ELB API, `CreateTargetGroup` `VpcId`)."""
    if balancer.load_balancer_type != "application":
        raise pulumi.RunError(
            f"loadBalancer.existing.name: {balancer.name} is a load balancer of the type "
            f"{balancer.load_balancer_type}; allowed: one of the type application"
        )
    if balancer.vpc_id != vpc_id:
        raise pulumi.RunError(
            f"loadBalancer.existing.name: {balancer.name} stands in {balancer.vpc_id}, and the stack's tasks in "
            f"{vpc_id}; allowed: a load balancer in the VPC of the tasks\n  fix: "
            f"pulumi config set --path network.existing.vpcId {balancer.vpc_id}"
        )
    return balancer


def not_found() -> aws.lb.ListenerDefaultActionArgs:
    """What a request gets that no service's rule takes."""
    return aws.lb.ListenerDefaultActionArgs(
        type="fixed-response",
        fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(
            content_type="text/plain", message_body="Not found", status_code="404"
        ),
    )


def to_https() -> aws.lb.ListenerDefaultActionArgs:
    """Permanent redirect of plain HTTP."""
    return aws.lb.ListenerDefaultActionArgs(
        type="redirect",
        redirect=aws.lb.ListenerDefaultActionRedirectArgs(
            port=str(HTTPS_PORT), protocol="HTTPS", status_code="HTTP_301"
        ),
    )
