"""Adopting what exists: which AWS objects of a running service are which resources of the program.

An id has the form that the documentation of its resource in the AWS provider names under "Import".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from automation.target import Target
from localcloud.engine import Import
from localcloud.errors import LocalCloudError

_STACK: Final = "pulumi:pulumi:Stack"
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A resource that the program would create.

    Args:
        urn: Unique name.
        type: Type token.
        parent: URN of its parent; empty for the stack.
    """

    urn: str
    type: str
    parent: str

    @property
    def name(self) -> str:
        """Logical name."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def key(self) -> str:
        """Type and name, as `--id` takes them."""
        return f"{self.type}::{self.name}"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be adopted, by the names that it has in AWS.

    Args:
        cluster: ECS cluster.
        services: Service in the stack file → ECS service.
        repositories: Service in the stack file → ECR repository; left out, the one of its image.
        ids: `type::name` → id, for what is found more than once.
    """

    cluster: str
    services: Mapping[str, str]
    repositories: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """Which resources exist already.

    Args:
        found: What exists, with its id in the form that the provider imports.
        missing: What does not, and would be created.
        components: The parents of what exists, the outermost first.
    """

    found: Mapping[Planned, str]
    missing: Sequence[Planned]
    components: Sequence[Planned]

    @property
    def imports(self) -> tuple[Import, ...]:
        """What an engine is to take into the state, parents first."""
        return tuple(
            Import(urn=item.urn, type=item.type, parent=item.parent, id=self.found.get(item, ""))
            for item in (*self.components, *self.found)
        )


def adopt(target: Target, planned: Iterable[Planned], wanted: Wanted) -> Adoption:
    """Find the objects of running services among what the program would create; nothing is changed.

    Args:
        target: The cloud.
        planned: What the program would create.
        wanted: What is to be adopted.

    Raises:
        LocalCloudError: A service or cluster does not exist, the program has no such service, or an object could be
            one of several.
    """
    resources = [item for item in planned if item.type != _STACK]
    named = {item.name for item in resources if item.type == "aws:ecs/service:Service"}
    for name in wanted.services.keys() - named:
        raise LocalCloudError(
            f"the program would create no service {name!r}",
            fix=f"one of: {', '.join(sorted(named))}" if named else "it has them all already: preview",
        )
    ids: dict[str, list[str]] = {}
    for name, service in wanted.services.items():
        _Search(target, ids, wanted, name, service).run()
    known = {item.key for item in resources}
    for key in wanted.ids.keys() - known:
        raise LocalCloudError(f"the program would create no {key}", fix="look at: preview")
    found: dict[Planned, str] = {}
    choices: list[str] = []
    for item in resources:
        candidates = sorted({wanted.ids[item.key]} if item.key in wanted.ids else set(ids.get(item.key, ())))
        if len(candidates) > 1:
            choices += [
                f"  {item.key}: {', '.join(candidates)}",
                f"    fix: --id '{item.key}={candidates[0]}'",
            ]
        elif candidates:
            found[item] = candidates[0]
    if choices:
        raise LocalCloudError("more than one object could be this resource\n" + "\n".join(choices))
    by_urn = {item.urn: item for item in resources}
    components: dict[str, Planned] = {}
    for item in found:
        components |= {one.urn: one for one in reversed(list(_parents(item, by_urn)))}
    missing = [item for item in resources if item not in found and item.type.startswith("aws:")]
    return Adoption(found=found, missing=missing, components=tuple(components.values()))


def _parents(item: Planned, by_urn: Mapping[str, Planned]) -> Iterable[Planned]:
    while item.parent in by_urn:
        item = by_urn[item.parent]
        yield item


@dataclass(frozen=True)
class _Search:
    """Follows one service's relations through AWS, and notes what each object would be in the program."""

    target: Target
    ids: dict[str, list[str]]
    wanted: Wanted
    name: str
    service: str

    def _note(self, type_: str, name: str, id_: str) -> None:
        self.ids.setdefault(f"aws:{type_}::{name}", []).append(id_)

    def run(self) -> None:
        ecs, cluster = self.target.ecs, self.wanted.cluster
        clusters = [
            item
            for item in ecs.describe_clusters(clusters=[cluster])["clusters"]
            if item["status"] == "ACTIVE"
        ]
        if not clusters:
            raise LocalCloudError(
                f"there is no ECS cluster {cluster!r}", fix="look at: aws ecs list-clusters"
            )
        described = ecs.describe_services(cluster=cluster, services=[self.service])["services"]
        service: Any = next((item for item in described if item["status"] == "ACTIVE"), None)
        if service is None:
            raise LocalCloudError(
                f"cluster {cluster!r} has no service {self.service!r}",
                fix=f"look at: aws ecs list-services --cluster {cluster}",
            )
        name = clusters[0]["clusterName"]
        self._note("ecs/cluster:Cluster", "cluster", name)
        if clusters[0].get("capacityProviders"):
            self._note("ecs/clusterCapacityProviders:ClusterCapacityProviders", "cluster", name)
        # The provider's own form, not the ARN (terraform-provider-aws, resource aws_ecs_service, "Import").
        self._note("ecs/service:Service", self.name, f"{name}/{service['serviceName']}")
        self._task(service["taskDefinition"])
        network: Any = service.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
        groups = network.get("securityGroups", [])
        for group in groups:
            self._note("ec2/securityGroup:SecurityGroup", self.name, group)
        fronts: list[str] = []
        for attached in service.get("loadBalancers", []):
            if arn := attached.get("targetGroupArn"):
                self._note("lb/targetGroup:TargetGroup", self.name, arn)
                fronts += self._front(arn)
        self._rules(self._chosen(self.name, groups), self._chosen("load-balancer", fronts))
        self._scaling(f"service/{name}/{service['serviceName']}")

    def _chosen(self, name: str, groups: Sequence[str]) -> list[str]:
        chosen = self.wanted.ids.get(f"aws:ec2/securityGroup:SecurityGroup::{name}")
        return [chosen] if chosen else list(groups)

    def _task(self, arn: str) -> None:
        task: Any = self.target.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        self._note("ecs/taskDefinition:TaskDefinition", self.name, task["taskDefinitionArn"])
        for purpose, key in (("execution", "executionRoleArn"), ("task", "taskRoleArn")):
            if role := task.get(key):
                self._role(purpose, role.rsplit("/", 1)[-1])
        essential = task["containerDefinitions"][0]
        options = (essential.get("logConfiguration") or {}).get("options") or {}
        if group := options.get("awslogs-group"):
            self._note("cloudwatch/logGroup:LogGroup", self.name, group)
        image = essential["image"].split("@")[0]
        host, _, path = image.partition("/")
        repository = self.wanted.repositories.get(self.name)
        path = path.split(":")[0]
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
                f"there is no ECR repository {name!r}", fix=f"--repository {self.name}=NAME"
            ) from None
        self._note("ecr/repository:Repository", self.name, name)
        try:
            ecr.get_lifecycle_policy(repositoryName=name)
        except ecr.exceptions.LifecyclePolicyNotFoundException:
            return
        self._note("ecr/lifecyclePolicy:LifecyclePolicy", self.name, name)

    def _role(self, purpose: str, role: str) -> None:
        iam = self.target.client("iam")
        self._note("iam/role:Role", f"{self.name}-{purpose}", role)
        for policy in _pages(iam, "list_role_policies", "PolicyNames", RoleName=role):
            self._note("iam/rolePolicy:RolePolicy", f"{self.name}-{purpose}", f"{role}:{policy}")
        if purpose == "task":
            for policy in _pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role):
                arn = policy["PolicyArn"]
                logical = f"{self.name}-task-{'/'.join(arn.split(':')[4:])}"
                self._note("iam/rolePolicyAttachment:RolePolicyAttachment", logical, f"{role}/{arn}")

    def _front(self, group: str) -> list[str]:
        """The load balancers before a target group, their listeners, and the rules that lead to it: their groups."""
        elb, groups = self.target.elbv2, []
        described = elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
        for arn in described["LoadBalancerArns"]:
            self._note("lb/loadBalancer:LoadBalancer", "load-balancer", arn)
            balancer = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
            for owned in balancer.get("SecurityGroups", []):
                groups.append(owned)
                self._note("ec2/securityGroup:SecurityGroup", "load-balancer", owned)
            listeners: list[Any] = _pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=arn)
            for listener in listeners:
                for what, port in _PORTS.items():
                    if listener["Port"] == port:
                        self._note("lb/listener:Listener", f"load-balancer-{what}", listener["ListenerArn"])
                rules = _pages(elb, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
                for rule in rules:
                    # The default rule is the listener's own default action.
                    if not rule["IsDefault"] and _leads_to(rule, group):
                        self._note("lb/listenerRule:ListenerRule", self.name, rule["RuleArn"])
        return groups

    def _rules(self, tasks: list[str], fronts: list[str]) -> None:
        """The security group rules, by what they let through; each is imported by its own id, `sgr-…`."""
        groups = [*tasks, *fronts]
        if not groups:
            return
        asked = [{"Name": "group-id", "Values": sorted(set(groups))}]
        for rule in _pages(
            self.target.client("ec2"), "describe_security_group_rules", "SecurityGroupRules", Filters=asked
        ):
            owner, other = rule["GroupId"], (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
            cidr, id_ = rule.get("CidrIpv4"), rule["SecurityGroupRuleId"]
            into, out = (
                "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
                ("vpc/securityGroupEgressRule:SecurityGroupEgressRule"),
            )
            if rule["IsEgress"]:
                if owner in tasks and cidr == "0.0.0.0/0":
                    self._note(out, f"{self.name}-out", id_)
                if owner in fronts and other in tasks:
                    self._note(out, f"{self.name}-to-tasks-{rule['FromPort']}", id_)
            elif owner in tasks and other in fronts:
                self._note(into, f"{self.name}-from-load-balancer-{rule['FromPort']}", id_)
            elif owner in fronts and cidr:
                for what, port in _PORTS.items():
                    if (rule["FromPort"], rule["ToPort"]) == (port, port):
                        self._note(into, f"load-balancer-{what}-{cidr}", id_)

    def _scaling(self, resource: str) -> None:
        client = self.target.client("application-autoscaling")
        found = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])
        for item in found["ScalableTargets"]:
            self._note(
                "appautoscaling/target:Target", self.name, f"ecs/{resource}/{item['ScalableDimension']}"
            )


def _leads_to(rule: Mapping[str, Any], group: str) -> bool:
    for action in rule["Actions"]:
        forward = action.get("ForwardConfig") or {}
        if group in {
            action.get("TargetGroupArn"),
            *(one["TargetGroupArn"] for one in forward.get("TargetGroups", ())),
        }:
            return True
    return False


def _pages(client: Any, operation: str, result: str, **request: Any) -> list[Any]:
    found: Callable[..., Any] = client.get_paginator(operation).paginate
    return [item for page in found(**request) for item in page.get(result, ())]
