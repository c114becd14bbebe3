"""Follows one ECS service through AWS: what stands around it, and which resource of the program each would be.

An id has the form that the documentation of its resource in the AWS provider names under "Import".
"""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from automation.target import Target
from infra.pure import names
from localcloud.errors import LocalCloudError

_PORTS: Final = {"http": 80, "https": 443}
_GROUP: Final = "ec2/securityGroup:SecurityGroup"
_INTO: Final = "vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_OUT: Final = "vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_POLICY: Final = "appautoscaling/policy:Policy"
_ALARM: Final = "cloudwatch/metricAlarm:MetricAlarm"
_TRACKED: Final = {
    "ECSServiceAverageCPUUtilization": "cpu",
    "ECSServiceAverageMemoryUtilization": "memory",
    "ALBRequestCountPerTarget": "requests",
}
# ECS and Application Auto Scaling make these by themselves, and take them away (User Guide, "Target tracking").
_TRACKING_ALARMS: Final = "TargetTracking-"


@dataclass(kw_only=True)
class Search:
    """One service's relations.

    Args:
        target: The cloud.
        cluster: Name of its ECS cluster.
        name: Its name in the stack file.
        service: Its name in ECS.
        repository: ECR repository; None for the one of its image.
        load_balancer: Name or ARN of its load balancer; empty where it is behind one only.
        chosen: `type::name` → id, for what is found more than once.
        planned: `type::name` of what the program would create.

    Attributes:
        ids: `type::name` → ids that were found for it.
        outside: What belongs to the service and is no resource of the program, a line each that ends with its id.
    """

    target: Target
    cluster: str
    name: str
    service: str
    repository: str | None
    load_balancer: str
    chosen: Mapping[str, str]
    planned: frozenset[str]
    ids: dict[str, list[str]] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Look at everything.

        Raises:
            LocalCloudError: The cluster, the service, the load balancer or the repository does not exist, or the
                service is behind several load balancers.
        """
        cluster, service = self._service()
        self._note("ecs/cluster:Cluster", "cluster", cluster["clusterName"])
        if cluster.get("capacityProviders"):
            self._note(
                "ecs/clusterCapacityProviders:ClusterCapacityProviders", "cluster", cluster["clusterName"]
            )
        path = f"{cluster['clusterName']}/{service['serviceName']}"
        # The provider's own form, not the ARN (terraform-provider-aws, resource aws_ecs_service, "Import").
        self._note("ecs/service:Service", self.name, path)
        self._task(service["taskDefinition"])
        network: Any = service.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        groups = network.get("securityGroups", [])
        for group in groups:
            self._note(_GROUP, self.name, group)
        fronts, balancers, targets = self._front(self._target_groups(service))
        self._rules(self._one_of(self.name, groups), self._one_of("load-balancer", fronts))
        self._scaling(f"service/{path}")
        self._alarms(
            {
                "ServiceName": [service["serviceName"]],
                "TargetGroup": [arn.split(":", 5)[5] for arn in targets],
                "LoadBalancer": [arn.partition("loadbalancer/")[2] for arn in balancers],
            }
        )

    def _note(self, type_: str, name: str, id_: str) -> None:
        found = self.ids.setdefault(f"aws:{type_}::{name}", [])
        if id_ not in found:
            found.append(id_)

    def _plans(self, type_: str, name: str) -> bool:
        return f"aws:{type_}::{name}" in self.planned

    def _one_of(self, name: str, groups: Sequence[str]) -> list[str]:
        chosen = self.chosen.get(f"aws:{_GROUP}::{name}")
        return [chosen] if chosen else list(groups)

    def _service(self) -> tuple[Any, Any]:
        ecs = self.target.ecs
        described = ecs.describe_clusters(clusters=[self.cluster])["clusters"]
        cluster = next((item for item in described if item["status"] == "ACTIVE"), None)
        if cluster is None:
            raise LocalCloudError(
                f"there is no ECS cluster {self.cluster!r}", fix="look at: aws ecs list-clusters"
            )
        services = ecs.describe_services(cluster=self.cluster, services=[self.service])["services"]
        service = next((item for item in services if item["status"] == "ACTIVE"), None)
        if service is None:
            raise LocalCloudError(
                f"cluster {self.cluster!r} has no service {self.service!r}",
                fix=f"look at: aws ecs list-services --cluster {shlex.quote(self.cluster)}",
            )
        return cluster, service

    def _task(self, arn: str) -> None:
        task: Any = self.target.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        self._note("ecs/taskDefinition:TaskDefinition", self.name, task["taskDefinitionArn"])
        for purpose, key in (("execution", "executionRoleArn"), ("task", "taskRoleArn")):
            if role := task.get(key):
                self._role(purpose, role.rsplit("/", 1)[-1])
        essential, *_ = task["containerDefinitions"]
        for container in task["containerDefinitions"]:
            options = (container.get("logConfiguration") or {}).get("options") or {}
            if group := options.get("awslogs-group"):
                self._note("cloudwatch/logGroup:LogGroup", self.name, group)
        image = essential["image"].split("@")[0]
        host, _, path = image.partition("/")
        path = path.split(":")[0]
        repository = self.repository
        if repository is None and f"{host}/{path}" in self._repository_addresses(path):
            repository = path
        if repository:
            self._repository(repository)

    def _repository_addresses(self, name: str) -> list[str]:
        """The address of the repository of that name, if there is one: an image from elsewhere may have its path."""
        ecr = self.target.ecr
        try:
            found = ecr.describe_repositories(repositoryNames=[name])["repositories"]
        except (ecr.exceptions.RepositoryNotFoundException, ecr.exceptions.InvalidParameterException):
            return []
        return [item["repositoryUri"] for item in found]

    def _repository(self, name: str) -> None:
        ecr = self.target.ecr
        try:
            ecr.describe_repositories(repositoryNames=[name])
        except ecr.exceptions.RepositoryNotFoundException:
            raise LocalCloudError(
                f"there is no ECR repository {name!r}",
                fix="give --repository one of: aws ecr describe-repositories",
            ) from None
        self._note("ecr/repository:Repository", self.name, name)
        try:
            ecr.get_lifecycle_policy(repositoryName=name)
        except ecr.exceptions.LifecyclePolicyNotFoundException:
            return
        self._note("ecr/lifecyclePolicy:LifecyclePolicy", self.name, name)

    def _role(self, purpose: str, role: str) -> None:
        iam = self.target.client("iam")
        logical = names.shorten(f"{self.name}-{purpose}", names.ROLE_LIMIT - names.AUTO_NAME_SUFFIX)
        self._note("iam/role:Role", logical, role)
        for policy in pages(iam, "list_role_policies", "PolicyNames", RoleName=role):
            self._note("iam/rolePolicy:RolePolicy", f"{self.name}-{purpose}", f"{role}:{policy}")
        for policy in pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role):
            arn = policy["PolicyArn"]
            attachment = f"{self.name}-{purpose}-{'/'.join(arn.split(':')[4:])}"
            if self._plans("iam/rolePolicyAttachment:RolePolicyAttachment", attachment):
                self._note("iam/rolePolicyAttachment:RolePolicyAttachment", attachment, f"{role}/{arn}")
            else:
                self.outside.append(f"managed policy of the {purpose} role {role}: {arn}")

    def _target_groups(self, service: Mapping[str, Any]) -> dict[str, str]:
        """ARN → colour: the group that has the traffic, and that of the next version."""
        found: dict[str, str] = {}
        for attached in service.get("loadBalancers", []):
            other = (attached.get("advancedConfiguration") or {}).get("alternateTargetGroupArn")
            found |= {
                arn: colour for colour, arn in (("", attached.get("targetGroupArn")), ("spare", other)) if arn
            }
        return found

    def _front(self, targets: Mapping[str, str]) -> tuple[list[str], list[str], list[str]]:
        """The load balancer before the target groups: its security groups, its ARN, and the groups behind it."""
        elb = self.target.elbv2
        if not targets:
            return [], [], []
        described = elb.describe_target_groups(TargetGroupArns=list(targets))["TargetGroups"]
        before = {group["TargetGroupArn"]: group["LoadBalancerArns"] for group in described}
        arns = sorted({arn for named in before.values() for arn in named})
        balancers: list[Any] = (
            elb.describe_load_balancers(LoadBalancerArns=arns)["LoadBalancers"] if arns else []
        )
        balancer = self._balancer(balancers)
        arn = balancer["LoadBalancerArn"] if balancer else ""
        behind = [group for group, named in before.items() if arn in named or not named]
        for group in behind:
            self._note("lb/targetGroup:TargetGroup", names.target_group(self.name, targets[group]), group)
        if not balancer:
            return [], [], behind
        groups = balancer.get("SecurityGroups", [])
        self._note("lb/loadBalancer:LoadBalancer", "load-balancer", arn)
        for group in groups:
            self._note(_GROUP, "load-balancer", group)
        for listener in pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=arn):
            self._listener(listener, behind)
        return list(groups), [arn], behind

    def _balancer(self, found: Sequence[Any]) -> Any:
        wanted = self.load_balancer
        if wanted:
            chosen = [item for item in found if wanted in (item["LoadBalancerName"], item["LoadBalancerArn"])]
            if not chosen:
                raise LocalCloudError(
                    f"service {self.service!r} is not behind the load balancer {wanted!r}",
                    fix=f"one of: {', '.join(item['LoadBalancerName'] for item in found) or 'none'}",
                )
            others = [item for item in found if item not in chosen]
            self.outside += [
                f"another load balancer of the service: {item['LoadBalancerArn']}" for item in others
            ]
            return chosen[0]
        if len(found) > 1:
            lines = [f"  fix: add --load-balancer {item['LoadBalancerName']}" for item in found]
            raise LocalCloudError(
                "\n".join([f"service {self.service!r} is behind {len(found)} load balancers", *lines])
            )
        return next(iter(found), None)

    def _listener(self, listener: Mapping[str, Any], targets: Sequence[str]) -> None:
        elb, arn = self.target.elbv2, listener["ListenerArn"]
        rules = [
            rule
            for rule in pages(elb, "describe_rules", "Rules", ListenerArn=arn)
            # The default rule is the listener's own default action.
            if not rule["IsDefault"] and leads_to(rule, targets)
        ]
        what = next((name for name, port in _PORTS.items() if port == listener["Port"]), "test")
        if self._plans("lb/listener:Listener", f"load-balancer-{what}"):
            self._note("lb/listener:Listener", f"load-balancer-{what}", arn)
        else:
            self.outside.append(f"listener on port {listener['Port']}: {arn}")
        suffix = "-test" if what == "test" else ""
        for rule in rules:
            self._note("lb/listenerRule:ListenerRule", f"{self.name}{suffix}", rule["RuleArn"])

    def _rules(self, tasks: list[str], fronts: list[str]) -> None:
        """The security group rules, by what they let through; each is imported by its own id, `sgr-…`."""
        groups = [*tasks, *fronts]
        if not groups:
            return
        asked = [{"Name": "group-id", "Values": sorted(set(groups))}]
        for rule in pages(
            self.target.client("ec2"), "describe_security_group_rules", "SecurityGroupRules", Filters=asked
        ):
            resource = self._rule_resource(rule, tasks, fronts)
            if resource and self._plans(*resource):
                self._note(*resource, rule["SecurityGroupRuleId"])
            else:
                self.outside.append(
                    f"rule of the security group {rule['GroupId']}: {rule['SecurityGroupRuleId']}"
                )

    def _rule_resource(
        self, rule: Mapping[str, Any], tasks: Sequence[str], fronts: Sequence[str]
    ) -> tuple[str, str] | None:
        owner, other = rule["GroupId"], (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
        cidr = rule.get("CidrIpv4")
        if rule["IsEgress"]:
            if owner in tasks and cidr == "0.0.0.0/0":
                return _OUT, f"{self.name}-out"
            return (
                (_OUT, f"{self.name}-to-tasks-{rule['FromPort']}")
                if owner in fronts and other in tasks
                else None
            )
        if owner in tasks and other in fronts:
            return _INTO, f"{self.name}-from-load-balancer-{rule['FromPort']}"
        if owner in fronts and cidr and rule.get("FromPort") == rule.get("ToPort"):
            what = next((name for name, port in _PORTS.items() if port == rule["FromPort"]), "test")
            return _INTO, f"load-balancer-{what}-{cidr}"
        return None

    def _scaling(self, resource: str) -> None:
        client = self.target.client("application-autoscaling")
        found = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])
        for item in found["ScalableTargets"]:
            dimension = item["ScalableDimension"]
            self._note("appautoscaling/target:Target", self.name, f"ecs/{resource}/{dimension}")
        asked = {"ServiceNamespace": "ecs", "ResourceId": resource}
        for policy in pages(client, "describe_scaling_policies", "ScalingPolicies", **asked):
            name, dimension = policy["PolicyName"], policy["ScalableDimension"]
            logical = f"{self.name}-{self._purpose(policy)}"
            if self._plans(_POLICY, logical):
                self._note(_POLICY, logical, f"ecs/{resource}/{dimension}/{name}")
            else:
                self.outside.append(f"scaling policy, which goes on scaling the service: {name}")
        for action in pages(client, "describe_scheduled_actions", "ScheduledActions", **asked):
            # terraform-provider-aws imports none (resource aws_appautoscaling_scheduled_action has no "Import").
            self.outside.append(
                f"scheduled action, which the provider cannot import: {action['ScheduledActionName']}"
            )

    def _purpose(self, policy: Mapping[str, Any]) -> str:
        """What the program would call a policy: cpu, memory, requests, forecast, cpu-out, cpu-in."""
        if policy["PolicyType"] == "PredictiveScaling":
            return "forecast"
        tracking = policy.get("TargetTrackingScalingPolicyConfiguration") or {}
        if tracking:
            metric = (tracking.get("PredefinedMetricSpecification") or {}).get("PredefinedMetricType", "")
            return _TRACKED.get(metric, "requests")
        steps = (policy.get("StepScalingPolicyConfiguration") or {}).get("StepAdjustments", ())
        direction = "out" if sum(step["ScalingAdjustment"] for step in steps) > 0 else "in"
        alarms = [one["AlarmName"] for one in policy.get("Alarms", ())]
        metric = self._metric_of(alarms)
        for alarm in alarms:
            self._note(_ALARM, f"{self.name}-{metric}-{'high' if direction == 'out' else 'low'}", alarm)
        return f"{metric}-{direction}"

    def _metric_of(self, alarms: Sequence[str]) -> str:
        described = (
            self.target.cloudwatch.describe_alarms(AlarmNames=list(alarms))["MetricAlarms"] if alarms else []
        )
        return (
            str(described[0].get("MetricName", "")).removesuffix("Utilization").lower() if described else ""
        )

    def _alarms(self, dimensions: Mapping[str, Iterable[str]]) -> None:
        """Alarms on the service: taken where they are called as the program's, and otherwise left where they are."""
        wanted = {(name, value) for name, values in dimensions.items() for value in values}
        known = {id_ for key, ids in self.ids.items() if key.startswith(f"aws:{_ALARM}::") for id_ in ids}
        logical = [key.rpartition("::")[2] for key in self.planned if key.startswith(f"aws:{_ALARM}::")]
        for alarm in pages(self.target.cloudwatch, "describe_alarms", "MetricAlarms"):
            called = alarm["AlarmName"]
            if called in known or called.startswith(_TRACKING_ALARMS) or not wanted & _dimensions(alarm):
                continue
            # Pulumi's auto-naming: logical name, hyphen, seven digits.
            same = [name for name in logical if called == name or called[: -names.AUTO_NAME_SUFFIX] == name]
            if same:
                self._note(_ALARM, same[0], called)
            else:
                self.outside.append(f"alarm: {called}")


def _dimensions(alarm: Mapping[str, Any]) -> set[tuple[str, str]]:
    metrics = [alarm, *((one.get("MetricStat") or {}).get("Metric", {}) for one in alarm.get("Metrics", ()))]
    return {(one["Name"], one["Value"]) for metric in metrics for one in metric.get("Dimensions", ())}


def leads_to(rule: Mapping[str, Any], groups: Iterable[str]) -> bool:
    """Whether a listener rule forwards to one of the target groups."""
    for action in rule["Actions"]:
        forward = action.get("ForwardConfig") or {}
        named = {one["TargetGroupArn"] for one in forward.get("TargetGroups", ())}
        if {*groups} & {action.get("TargetGroupArn"), *named}:
            return True
    return False


def pages(client: Any, operation: str, result: str, **request: Any) -> list[Any]:
    """Every item of a paged answer."""
    found: Callable[..., Any] = client.get_paginator(operation).paginate
    return [item for page in found(**request) for item in page.get(result, ())]
