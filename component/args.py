"""Arguments of the components, made from the settings models by `python -m component.generate`.

A value that another resource puts out may be given wherever the type is `pulumi.Input`.
"""
# ruff: noqa: E501  the descriptions are the models' own

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi


class RepositorySettingsArgs(TypedDict):
    """The ECR repository of a built image: tags never move, every push is scanned."""

    existing: NotRequired[pulumi.Input[str]]
    """A repository of this account and region that exists, by name or as another stack's output; null makes one. Allowed: text such as shop/web."""

    keep_images: NotRequired[int]
    """Releases whose images stay for a rollback; `python -m automation up` deletes older ones, and never what runs. Allowed: a whole number from 2 to 1000. Default: 50."""

    untagged_days: NotRequired[int]
    """Days that images without a tag stay. Allowed: a whole number from 1 to 365. Default: 14."""

    kms_key_arn: NotRequired[str]
    """Customer-managed key that encrypts the images; null for ECR's own AES-256. Allowed: text such as arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789."""

    pull_accounts: NotRequired[Sequence[str]]
    """Other AWS accounts that may pull, for example the one that the next environment is in. Allowed: a list of text such as 123456789012."""


class BuildSettingsArgs(TypedDict):
    """An image built from source and pushed to a repository of the stack."""

    context: NotRequired[str]
    """Folder that the Dockerfile copies from, relative to the project. Allowed: text that is not empty. Default: "app"."""

    dockerfile: NotRequired[str]
    """The Dockerfile, relative to the context. Allowed: text that is not empty. Default: "Dockerfile"."""

    args: NotRequired[Mapping[str, str]]
    """Build arguments. They stay readable in the image: no secrets. Allowed: a map of name → text."""

    secrets: NotRequired[Mapping[str, str]]
    """Build secrets, id → encrypted configuration value; `RUN --mount=type=secret,id=…` reads them. Allowed: a map of name → text such as dbPassword."""

    target: NotRequired[str]
    """Stage of the Dockerfile to build; null for the last."""

    platforms: NotRequired[Sequence[str]]
    """Architectures to build for, among them the service's own; empty for that one alone. Allowed: a list of x86_64 or arm64."""

    cache: NotRequired[str]
    """Where build layers are kept for the next machine: nowhere, in the image, or next to it in the repository. Allowed: none, inline or registry. Default: "none"."""

    repository: NotRequired[RepositorySettingsArgs]
    """Where the image is pushed."""

    digest: NotRequired[str]
    """An image in that repository that was built before, to run again without a build; null builds. Allowed: text such as sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef."""


class TargetTrackingSettingsArgs(TypedDict):
    """Keep the average utilization of the tasks near a percentage."""

    target: NotRequired[int]
    """Percent to keep; the rest is room for what comes while new tasks start. Allowed: a whole number from 1 to 100. Default: 60."""


class RequestTrackingSettingsArgs(TypedDict):
    """Keep the load balancer's requests per task near a number."""

    target: float
    """Requests per task and minute. Allowed: a number above 0."""


class StepScalingSettingsArgs(TypedDict):
    """Add and remove tasks when a CloudWatch alarm says so."""

    high: NotRequired[int]
    """Percent above which a task is added, and two from 15 points further up. Allowed: a whole number from 1 to 100. Default: 75."""

    low: NotRequired[int]
    """Percent below which a task is removed. Allowed: a whole number from 1 to 99. Default: 25."""

    minutes: NotRequired[int]
    """Minutes in a row beyond a threshold before anything happens; removing waits five times as long. Allowed: a whole number from 1 to 60. Default: 3."""


class ScheduleSettingsArgs(TypedDict):
    """Limits that apply from a time on."""

    cron: str
    """When, as AWS writes it: `cron(0 8 ? * MON-FRI *)`, `at(2030-01-01T00:00:00)`. Allowed: text such as cron(0 8 ? * MON-FRI *)."""

    timezone: NotRequired[str]
    """Time zone of the expression, for example `Europe/Berlin`. Allowed: text such as Europe/Berlin. Default: "UTC"."""

    min: int
    """Fewest tasks from then on. Allowed: a whole number from 0 to 5000."""

    max: int
    """Most tasks from then on. Allowed: a whole number from 0 to 5000."""


class PredictiveSettingsArgs(TypedDict):
    """Add tasks ahead of a daily or weekly rhythm; it never removes any."""

    mode: NotRequired[str]
    """Whether to act on the forecast or only to show it. Allowed: ForecastOnly or ForecastAndScale. Default: "ForecastOnly"."""

    target: NotRequired[int]
    """CPU percentage that the forecast aims at. Allowed: a whole number from 1 to 100. Default: 60."""


class ScalingSettingsArgs(TypedDict):
    """Automatic scaling. With it, the number of tasks belongs to the autoscaler and a deployment leaves it alone."""

    min: NotRequired[int]
    """Fewest tasks. Allowed: a whole number from 0 to 5000. Default: 2."""

    max: NotRequired[int]
    """Most tasks. Allowed: a whole number from 1 to 5000. Default: 10."""

    cpu: NotRequired[TargetTrackingSettingsArgs]
    """Track the CPU; null for not."""

    memory: NotRequired[TargetTrackingSettingsArgs]
    """Track the memory; null for not."""

    requests_per_target: NotRequired[RequestTrackingSettingsArgs]
    """Track the requests per task, both target groups of a gradual deployment together; null for not."""

    step_cpu: NotRequired[StepScalingSettingsArgs]
    """Steps on CPU alarms; null for none."""

    step_memory: NotRequired[StepScalingSettingsArgs]
    """Steps on memory alarms; null for none."""

    schedules: NotRequired[Mapping[str, ScheduleSettingsArgs]]
    """Limits by the clock, name → schedule. Allowed: a map of name → an object with the keys cron, timezone, min, max."""

    predictive: NotRequired[PredictiveSettingsArgs]
    """Forecast the load; null for not."""

    scale_out_cooldown: NotRequired[int]
    """Seconds after adding tasks before more are added for the same load; a larger load adds more at once. Less than a task takes to start, and a minute that it is measured, adds tasks that nobody needs. Allowed: a whole number from 0 to 3600. Default: 180."""

    scale_in_cooldown: NotRequired[int]
    """Seconds after removing tasks before more are removed. Allowed: a whole number from 0 to 3600. Default: 300."""


class CanarySettingsArgs(TypedDict):
    """A small part of the traffic first, then all of it."""

    percent: NotRequired[int]
    """Percent of the traffic that tries the new version. Allowed: a whole number from 1 to 99. Default: 10."""

    bake_minutes: NotRequired[int]
    """Minutes that it has to prove itself. Allowed: a whole number from 0 to 1440. Default: 10."""


class LinearSettingsArgs(TypedDict):
    """The traffic in equal steps."""

    percent: NotRequired[int]
    """Percent of the traffic per step. Allowed: a whole number from 3 to 99. Default: 20."""

    bake_minutes: NotRequired[int]
    """Minutes between two steps. Allowed: a whole number from 0 to 1440. Default: 3."""


class CodeDeploySettingsArgs(TypedDict):
    """Deployments by AWS CodeDeploy instead of ECS, for teams whose pipelines need it."""

    configuration: NotRequired[str]
    """How the traffic moves: an AWS configuration or one of your own. Allowed: text that is not empty. Default: "CodeDeployDefault.ECSCanary10Percent5Minutes"."""

    termination_wait_minutes: NotRequired[int]
    """Minutes that the old tasks stay for a quick way back. Allowed: a whole number from 0 to 2880. Default: 5."""


class PauseSettingsArgs(TypedDict):
    """A stop until somebody says `aws ecs continue-service-deployment`."""

    timeout_minutes: NotRequired[int]
    """Minutes that somebody has to say so. Allowed: a whole number from 1 to 20160. Default: 60."""

    on_timeout: NotRequired[str]
    """What happens when nobody does. Allowed: ROLLBACK or CONTINUE. Default: "ROLLBACK"."""


class HookSettingsArgs(TypedDict):
    """What may stop a deployment at a stage: exactly one of lambdaArn and pause."""

    lambda_arn: NotRequired[str]
    """A function that is asked; it answers SUCCEEDED, FAILED or IN_PROGRESS. Allowed: text such as arn:aws:lambda:us-east-1:123456789012:function:smoke-test."""

    pause: NotRequired[PauseSettingsArgs]
    """A person who is waited for; `{}` for an hour at most."""

    stages: Sequence[str]
    """Stages at which they are asked; pauses are not possible while traffic shifts. Allowed: a list (at least 1) of RECONCILE_SERVICE, PRE_SCALE_UP, POST_SCALE_UP, TEST_TRAFFIC_SHIFT, POST_TEST_TRAFFIC_SHIFT, PRODUCTION_TRAFFIC_SHIFT or POST_PRODUCTION_TRAFFIC_SHIFT."""

    timeout_minutes: NotRequired[int]
    """Minutes per stage that a function may go on answering IN_PROGRESS before the run that waits gives up; ECS itself asks for 24 hours. Allowed: a whole number from 1 to 1440. Default: 30."""


class DeploymentSettingsArgs(TypedDict):
    """How a new version takes over, and what stops it."""

    strategy: NotRequired[str]
    """rolling replaces tasks; blueGreen, canary and linear move traffic between two sets of tasks (ECS); codeDeploy leaves it to AWS CodeDeploy, and begins from rolling. Allowed: rolling, blueGreen, canary, linear or codeDeploy. Default: "rolling"."""

    minimum_healthy_percent: NotRequired[int]
    """Percent of desiredCount that keeps running during a rolling deployment. Allowed: a whole number from 0 to 100. Default: 100."""

    maximum_percent: NotRequired[int]
    """Percent of desiredCount that may run during a rolling deployment. Allowed: a whole number from 100 to 200. Default: 200."""

    bake_minutes: NotRequired[int]
    """Minutes that old tasks stay after all traffic has moved (not with rolling). Allowed: a whole number from 0 to 1440. Default: 5."""

    canary: NotRequired[CanarySettingsArgs]
    """Step of the canary strategy."""

    linear: NotRequired[LinearSettingsArgs]
    """Steps of the linear strategy."""

    code_deploy: NotRequired[CodeDeploySettingsArgs]
    """Settings of the codeDeploy strategy."""

    test_traffic: NotRequired[bool]
    """Show the new version on the load balancer's test listener first (not with rolling). Default: false."""

    hooks: NotRequired[Sequence[HookSettingsArgs]]
    """Functions and people that are asked at stages of a gradual deployment. Allowed: a list of objects with the keys lambdaArn, pause, stages, timeoutMinutes."""

    rollback_on_alarm: NotRequired[bool]
    """Roll back when one of the service's alarms goes off during a deployment. Default: true."""


class SecretSourceSettingsArgs(TypedDict):
    """Where a secret comes from: exactly one of ssm, secretsManager and config."""

    ssm: NotRequired[pulumi.Input[str]]
    """Name or ARN of an SSM parameter. Allowed: text such as /shop/prod/token."""

    secrets_manager: NotRequired[pulumi.Input[str]]
    """Name or ARN of a secret in Secrets Manager. Allowed: text such as shop/prod/db."""

    config: NotRequired[str]
    """Encrypted configuration value of this stack; it is stored in Secrets Manager. Allowed: text such as dbPassword."""

    json_key: NotRequired[str]
    """Take this key of a secret in Secrets Manager that is a JSON object; null for the whole secret. Allowed: text such as password."""

    kms_key_arn: NotRequired[str]
    """Customer-managed key that encrypts the secret; null for AWS's own key of the service. Allowed: text such as arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789."""


class StatementSettingsArgs(TypedDict):
    """What the app may do, as in an IAM policy: `Allow` these actions on these resources."""

    actions: Sequence[str]
    """Actions, such as `s3:GetObject`. Allowed: a list (at least 1) of text such as s3:GetObject."""

    resources: pulumi.Input[Sequence[pulumi.Input[str]]]
    """ARNs; `${partition}`, `${region}` and `${account}` are filled in. Allowed: a list (at least 1) of text such as arn:${partition}:s3:::shop-uploads/*."""

    conditions: NotRequired[Mapping[str, Mapping[str, Any]]]
    """IAM conditions, operator → key → value. Allowed: a map of name → a map of name → text or a list of text."""


class PermissionsSettingsArgs(TypedDict):
    """What the app may do in AWS; nothing unless it is said here."""

    statements: NotRequired[Sequence[StatementSettingsArgs]]
    """Statements of the task role's own policy. Allowed: a list of objects with the keys actions, resources, conditions."""

    managed_policies: NotRequired[Sequence[str]]
    """Managed policies attached to the task role. Allowed: a list (at most 10) of text such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess."""


class ConnectionSettingsArgs(TypedDict):
    """One thing that the service reaches.

    Exactly one of securityGroup, service, bucket, queue and table, or a secret alone. What the app is told begins with
    the connection's name in capitals: `orders-db` gives `ORDERS_DB_HOST`.
    """

    security_group: NotRequired[pulumi.Input[str]]
    """Group of a database or cache: its port is opened there for the service's tasks. By id, name, or the output of another stack. Allowed: text such as sg-0a1b2c3d4e5f67890."""

    port: NotRequired[int]
    """Its port; the app finds it in `<NAME>_PORT`. Allowed: a whole number from 1 to 65535."""

    host: NotRequired[str]
    """Its host name, or the output of another stack, `${stack:acme/db/prod#host}`; `<NAME>_HOST`. Allowed: text such as db.internal."""

    service: NotRequired[str]
    """Another service of the stack, both with `discovery`; its address is in `<NAME>_URL`. Allowed: text such as api."""

    bucket: NotRequired[pulumi.Input[str]]
    """ARN of an S3 bucket; its name is in `<NAME>_BUCKET`. Allowed: text such as arn:aws:s3:::shop-uploads."""

    queue: NotRequired[pulumi.Input[str]]
    """ARN of an SQS queue; its URL is in `<NAME>_QUEUE_URL`. Allowed: text such as arn:aws:sqs:us-east-1:123456789012:orders."""

    table: NotRequired[pulumi.Input[str]]
    """ARN of a DynamoDB table; its name is in `<NAME>_TABLE`. Allowed: text such as arn:aws:dynamodb:us-east-1:123456789012:table/orders."""

    access: NotRequired[Sequence[str]]
    """What the app does with it: read and write (bucket, table), send and consume (queue). Allowed: a list of read, write, send or consume."""

    secret: NotRequired[str]
    """Name or ARN of a secret in Secrets Manager, such as a database's, or the output of another stack; `<NAME>_SECRET`. Allowed: text such as shop/prod/db."""

    secret_keys: NotRequired[Sequence[str]]
    """Keys of the secret, where it is a JSON object, as a variable each: `password` gives `<NAME>_PASSWORD`; empty for the whole secret. Allowed: a list of text such as password."""

    kms_key_arn: NotRequired[str]
    """Customer-managed key that encrypts it; null for AWS's own keys. Allowed: text such as arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789."""


class RouteSettingsArgs(TypedDict):
    """Requests of the load balancer that come here; without a condition, all that no other service takes."""

    paths: NotRequired[Sequence[str]]
    """Path patterns, `*` and `?` as wildcards. Allowed: a list of text such as /api/*."""

    hosts: NotRequired[Sequence[str]]
    """Host names, `*` and `?` as wildcards. Allowed: a list of text such as api.example.com or *.example.com."""

    priority: NotRequired[int]
    """Position of the listener rule; null for one computed from how specific the route is. Allowed: a whole number from 1 to 49998."""

    enabled: NotRequired[bool]
    """Whether the load balancer reaches the service at all; false for workers. Default: true."""


class HealthCheckSettingsArgs(TypedDict):
    """How the load balancer decides whether a task can take requests."""

    path: NotRequired[str]
    """Path that answers when the app can serve; null for the one that the Dockerfile's HEALTHCHECK asks, or else /. Allowed: text such as /api/*."""

    matcher: NotRequired[str]
    """HTTP codes that count as healthy. Allowed: text such as 200-299. Default: "200"."""

    interval: NotRequired[int]
    """Seconds between two checks of a task. Allowed: a whole number from 5 to 300. Default: 15."""

    timeout: NotRequired[int]
    """Seconds until a check without an answer has failed; less than the interval. Allowed: a whole number from 2 to 120. Default: 5."""

    healthy_threshold: NotRequired[int]
    """Checks in a row that make a task healthy. Allowed: a whole number from 2 to 10. Default: 2."""

    unhealthy_threshold: NotRequired[int]
    """Checks in a row that make a task unhealthy. Allowed: a whole number from 2 to 10. Default: 3."""

    grace_period: NotRequired[int]
    """Seconds after a task's start in which failed checks do not count. Allowed: a whole number from 0 to 7200. Default: 60."""


class UlimitSettingsArgs(TypedDict):
    """A limit on a resource of the container's processes."""

    soft: int
    """Limit that a process may raise. Allowed: a whole number of at least 0."""

    hard: int
    """Limit up to which it may. Allowed: a whole number of at least 0."""


class ContainerHealthCheckSettingsArgs(TypedDict):
    """A command in the container that tells whether it works."""

    command: Sequence[str]
    """The command and its arguments, without a shell; a single text goes through the shell. Docker's first words CMD and CMD-SHELL are understood; NONE as the first is for no check, whatever the image says. Allowed: a list (at least 1) of text."""

    interval: NotRequired[int]
    """Seconds between two runs. Allowed: a whole number from 5 to 300. Default: 30."""

    timeout: NotRequired[int]
    """Seconds until a run has failed; less than the interval. Allowed: a whole number from 2 to 60. Default: 5."""

    retries: NotRequired[int]
    """Failures in a row that make the container unhealthy. Allowed: a whole number from 1 to 10. Default: 3."""

    start_period: NotRequired[int]
    """Seconds after the start in which failures do not count. Allowed: a whole number from 0 to 300. Default: 0."""


class ContainerSettingsArgs(TypedDict):
    """How the container is confined."""

    user: NotRequired[str]
    """User and group, `10001` or `10001:10001`; null for the image's own. Allowed: text such as 10001 or 10001:10001."""

    read_only_root_filesystem: NotRequired[bool]
    """Whether the container cannot change its own files, `/tmp` apart; false where the image needs to. Default: true."""

    writable_paths: NotRequired[Sequence[str]]
    """Further folders that any user of the container can write to. They are in memory, and empty at each start. Allowed: a list of text such as /var/cache/app."""

    writable_mib: NotRequired[int]
    """MiB that `/tmp`, and each of writablePaths, holds at most; what is in them is part of the task's memory. Allowed: a whole number from 1 to 61440. Default: 64."""

    init_process: NotRequired[bool]
    """Run an init process that reaps children and passes signals on. Default: true."""

    ulimits: NotRequired[Mapping[str, UlimitSettingsArgs]]
    """Resource limits, name → limit. Allowed: a map of name → an object with the keys soft, hard."""

    entry_point: NotRequired[Sequence[str]]
    """Replaces the image's entry point; empty for the image's own. Allowed: a list of text."""

    command: NotRequired[Sequence[str]]
    """Replaces the image's command; empty for the image's own. Allowed: a list of text."""

    health_check: NotRequired[ContainerHealthCheckSettingsArgs]
    """Command that ECS runs in the container; null for the Dockerfile's HEALTHCHECK, which ECS itself does not see."""


class SidecarSettingsArgs(TypedDict):
    """A further container of each task."""

    image: str
    """Its image. Allowed: text such as ghcr.io/shop/web:1.4.2."""

    essential: NotRequired[bool]
    """Whether the task stops when the container does. Default: false."""

    memory: NotRequired[int]
    """MiB reserved for it; null for no share of its own. Allowed: a whole number of at least 6."""

    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Environment variables. Allowed: a map of name → text."""

    command: NotRequired[Sequence[str]]
    """Replaces the image's command; empty for the image's own. Allowed: a list of text."""

    user: NotRequired[str]
    """User and group; null for the image's own. Allowed: text such as 10001 or 10001:10001."""

    read_only_root_filesystem: NotRequired[bool]
    """Whether the container can change its own files; false where the image needs to. Default: true."""


class DiscoverySettingsArgs(TypedDict):
    """How other services of the stack find this one, by its name."""

    mode: NotRequired[str]
    """serviceConnect balances, retries and measures calls through a proxy; dns is a record per task. Allowed: serviceConnect or dns. Default: "serviceConnect"."""

    listen: NotRequired[bool]
    """Whether others may call this service; false for one that only calls. Default: true."""


class AlarmsSettingsArgs(TypedDict):
    """Thresholds of a service's alarms. They notify, and they roll a deployment back."""

    error_percent: NotRequired[float]
    """Percent of requests answered with 5xx by the tasks. Allowed: a number from 0 to 100. Default: 5."""

    latency_seconds: NotRequired[float]
    """99th percentile of the response time. Allowed: a number above 0. Default: 2."""

    minimum_requests: NotRequired[int]
    """Requests per minute below which neither errors nor latency are judged: one failure in three is not an outage. Allowed: a whole number of at least 1. Default: 20."""

    cpu_percent: NotRequired[int]
    """Average CPU of the tasks. Allowed: a whole number from 1 to 100. Default: 90."""

    memory_percent: NotRequired[int]
    """Average memory of the tasks. Allowed: a whole number from 1 to 100. Default: 90."""

    minutes: NotRequired[int]
    """Minutes in a row beyond a threshold. Allowed: a whole number from 1 to 60. Default: 3."""


class ServiceSettingsArgs(TypedDict):
    """One ECS service. Without any key: the folder `app`, built, on the port it exposes, answering every request."""

    build: NotRequired[BuildSettingsArgs]
    """How the image is built; not used with `image`."""

    image: NotRequired[str]
    """An image that was built elsewhere; null builds one. Allowed: text such as ghcr.io/shop/web:1.4.2."""

    port: NotRequired[int]
    """Port the container listens on, and its variable PORT; null for environment.PORT, or else for what the Dockerfile says (EXPOSE, a port in CMD, ENV PORT), or else for 5000. Allowed: a whole number from 1 to 65535."""

    cpu: NotRequired[int]
    """CPU units of a task; 1024 is one vCPU. Allowed: 256, 512, 1024, 2048, 4096, 8192 or 16384. Default: 256."""

    memory: NotRequired[int]
    """Memory of a task in MiB; which sizes exist on Fargate depends on cpu. Allowed: a whole number from 128 to 122880. Default: 512."""

    architecture: NotRequired[str]
    """Processor architecture: arm64 is about a fifth cheaper where the image can be built for it. Allowed: x86_64 or arm64. Default: "x86_64"."""

    launch: NotRequired[str]
    """Capacity: Fargate, or the cluster's EC2 instances, whose tasks reach the internet through NAT only. Allowed: fargate or ec2. Default: "fargate"."""

    desired_count: NotRequired[int]
    """Tasks that run; two survive the loss of a zone. With scaling, the number to begin with. Allowed: a whole number from 0 to 5000. Default: 2."""

    scaling: NotRequired[ScalingSettingsArgs]
    """Automatic scaling; null keeps desiredCount."""

    deployment: NotRequired[DeploymentSettingsArgs]
    """How a new version takes over."""

    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Environment variables. They are readable in the task definition: no secrets. Allowed: a map of name → text."""

    secrets: NotRequired[Mapping[str, SecretSourceSettingsArgs]]
    """Secrets as environment variables; a new version of one rolls the tasks. Allowed: a map of name → an object with the keys ssm, secretsManager, config, jsonKey, kmsKeyArn."""

    permissions: NotRequired[PermissionsSettingsArgs]
    """What the app may do in AWS."""

    connections: NotRequired[Mapping[str, ConnectionSettingsArgs]]
    """What it reaches, name → connection: the door is opened there, the app is granted exactly what it needs, and finds address and secret in its environment. Allowed: a map of name → an object with the keys securityGroup, port, host, service, bucket, queue, table, access, secret, secretKeys, kmsKeyArn."""

    security_groups: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """More security groups of its tasks, beside the service's own. Allowed: a list (at most 3) of text such as sg-0a1b2c3d4e5f67890."""

    route: NotRequired[RouteSettingsArgs]
    """Requests that the load balancer sends here."""

    health_check: NotRequired[HealthCheckSettingsArgs]
    """The load balancer's health check."""

    container: NotRequired[ContainerSettingsArgs]
    """How the container is confined."""

    sidecars: NotRequired[Mapping[str, SidecarSettingsArgs]]
    """Further containers of each task, name → sidecar; ten containers is ECS's quota for a task definition. Allowed: a map of name → an object with the keys image, essential, memory, environment, command, user, readOnlyRootFilesystem."""

    discovery: NotRequired[DiscoverySettingsArgs]
    """Finding and being found inside the cluster's namespace; null for neither."""

    alarms: NotRequired[AlarmsSettingsArgs]
    """Thresholds of the alarms."""

    deregistration_delay: NotRequired[int]
    """Seconds in which the load balancer lets open requests finish before a task stops. Allowed: a whole number from 0 to 3600. Default: 30."""

    slow_start: NotRequired[int]
    """Seconds in which a new task's share of the requests grows, from 30 on; 0 for at once. Allowed: a whole number from 0 to 900. Default: 0."""

    stop_timeout: NotRequired[int]
    """Seconds between SIGTERM and SIGKILL; at most the deregistration delay. Allowed: a whole number from 1 to 120. Default: 30."""

    ephemeral_storage_gib: NotRequired[int]
    """Disk of a Fargate task; null for the 20 GiB that are included. Allowed: a whole number from 21 to 200."""

    availability_zone_rebalancing: NotRequired[bool]
    """Whether ECS moves tasks back into a zone that has recovered. Default: true."""

    execute_command: NotRequired[bool]
    """Whether people may open a shell in its containers; needs the cluster's executeCommand. Default: false."""

    log_group: NotRequired[pulumi.Input[str]]
    """A log group that exists, by name or as another stack's output; its retention is its owner's. null makes one. Allowed: text such as /shop/web."""

    log_retention_days: NotRequired[int]
    """Days that log events are kept. Allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653. Default: 30."""


class CreatedNetworkSettingsArgs(TypedDict):
    """A VPC of the stack's own, made with `awsx.ec2.Vpc`."""

    cidr: NotRequired[str]
    """Address range. Each task takes an address of its own; /16 leaves 8,000 per zone to the tasks. Allowed: text such as 10.0.0.0/16 or 203.0.113.7/32. Default: "10.0.0.0/16"."""

    zones: NotRequired[int]
    """Availability zones, at most maxZones; the load balancer needs two. Allowed: a whole number from 2 to 8. Default: 3."""

    max_zones: NotRequired[int]
    """Zones that the range is divided for: up to here zones can be added, and no subnet moves. It stays as it is. Allowed: a whole number from 2 to 8. Default: 4."""

    nat: NotRequired[str]
    """NAT gateways: one per zone survives the loss of any zone, a single one costs a third. Allowed: perZone, single or none. Default: "perZone"."""


class ExistingNetworkSettingsArgs(TypedDict):
    """A VPC that something else owns, by ids or by tags: `{ Name: shop }` finds what has that name."""

    vpc_id: NotRequired[pulumi.Input[str]]
    """The VPC: its id, or the output of another stack, `${stack:acme/network/prod#vpcId}`; null with vpcTags. Allowed: text such as vpc-0a1b2c3d4e5f67890."""

    vpc_tags: NotRequired[Mapping[str, str]]
    """Tags of the VPC, in the place of its id. Allowed: a map of name → text such as shop."""

    public_subnet_ids: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Subnets of an internet-facing load balancer: at least two, in different availability zones. Each an id, or the output of another stack, `${stack:acme/network/prod#publicSubnetIds}`, which may be a list. Allowed: a list of text such as subnet-0a1b2c3d4e5f67890."""

    public_subnet_tags: NotRequired[Mapping[str, str]]
    """Tags of these subnets, in the place of their ids. A VPC without public subnets needs neither, with an internal load balancer, somebody else's, or none. Allowed: a map of name → text such as shop."""

    private_subnet_ids: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Subnets of the tasks; without them tasks run in the public subnets, with an address of their own. Allowed: a list of text such as subnet-0a1b2c3d4e5f67890."""

    private_subnet_tags: NotRequired[Mapping[str, str]]
    """Tags of these subnets, in the place of their ids. Allowed: a map of name → text such as shop."""

    route_table_ids: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Route tables that the S3 endpoint joins, those of the tasks' subnets; needed with the endpoint `s3`, as the VPC's others are not this stack's business. Allowed: a list of text such as rtb-0a1b2c3d4e5f67890."""

    egress: NotRequired[bool]
    """Whether the private subnets reach the internet; if not, endpoints must take its place. Default: true."""


class EgressSettingsArgs(TypedDict):
    """Where tasks may open connections to. Inside the VPC, and to S3 through its endpoint, they always may."""

    cidrs: NotRequired[Sequence[str]]
    """IPv4 ranges outside the VPC; empty for none, which needs endpoints for what tasks start with. Allowed: a list of text such as 10.0.0.0/16 or 203.0.113.7/32."""

    ports: NotRequired[Sequence[int]]
    """TCP ports there; empty for every port and protocol. Allowed: a list of a whole number from 1 to 65535."""


class FlowLogsSettingsArgs(TypedDict):
    """A record of the VPC's connections in CloudWatch Logs."""

    traffic: NotRequired[str]
    """Connections that are recorded. Allowed: ALL, REJECT or ACCEPT. Default: "ALL"."""

    retention_days: NotRequired[int]
    """Days that the record is kept. Allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653. Default: 30."""


class NetworkSettingsArgs(TypedDict):
    """The network of the stack; without any key, the account's default VPC."""

    create: NotRequired[CreatedNetworkSettingsArgs]
    """Create a VPC; `{}` for one with all defaults, null for none."""

    existing: NotRequired[ExistingNetworkSettingsArgs]
    """Use a VPC that exists; null for none."""

    public_tasks: NotRequired[bool]
    """Run tasks in the public subnets with an address of their own: saves the NAT gateway. The default VPC has no other subnets. Default: false."""

    endpoints: NotRequired[Sequence[str]]
    """AWS services reached inside the VPC. `s3` is free and keeps image layers out of the NAT gateway's bill. Allowed: a list of s3, ecr, logs, secretsmanager, ssm, ssmmessages, kms or ecs."""

    endpoint_access: NotRequired[str]
    """Whose credentials get through the endpoints: this account's, so that nobody carries data out with others, or anybody's, where tasks fetch from other accounts' buckets by signed or public URLs. Allowed: account or anybody. Default: "account"."""

    egress: NotRequired[EgressSettingsArgs]
    """What tasks may open connections to, the VPC itself apart."""

    flow_logs: NotRequired[FlowLogsSettingsArgs]
    """Record connections; null for no record."""


class FargateSettingsArgs(TypedDict):
    """How Fargate tasks are spread over on-demand and Spot capacity."""

    on_demand_base: NotRequired[int]
    """Tasks of each service that run on demand before the weights apply. Allowed: a whole number from 0 to 100000. Default: 0."""

    on_demand_weight: NotRequired[int]
    """Share of on-demand tasks. Allowed: a whole number from 0 to 1000. Default: 1."""

    spot_weight: NotRequired[int]
    """Share of Spot tasks: about a third of the price, stopped with two minutes' notice. Allowed: a whole number from 0 to 1000. Default: 0."""


class Ec2CapacitySettingsArgs(TypedDict):
    """Container instances in an auto scaling group that ECS scales to the tasks."""

    instance_type: NotRequired[str]
    """Instance type; its architecture must be the one below. Allowed: text matching ^[a-z0-9-]+\\.[a-z0-9-]+$. Default: "t3.medium"."""

    architecture: NotRequired[str]
    """Architecture of the ECS-optimized Amazon Linux 2023 image. Allowed: x86_64 or arm64. Default: "x86_64"."""

    min_size: NotRequired[int]
    """Instances that run even without tasks. Allowed: a whole number from 0 to 1000. Default: 0."""

    max_size: NotRequired[int]
    """Instances at most. Allowed: a whole number from 1 to 1000. Default: 6."""

    target_capacity: NotRequired[int]
    """Percent of the instances that tasks should fill; below 100 keeps room for a quick start. Allowed: a whole number from 1 to 100. Default: 100."""

    root_volume_gib: NotRequired[int]
    """Size of the encrypted root volume; the image needs 30 GiB. Allowed: a whole number from 30 to 16384. Default: 30."""


class ExecuteCommandSettingsArgs(TypedDict):
    """Shell sessions in running containers, encrypted and logged."""

    log_retention_days: NotRequired[int]
    """Days that the record of the sessions is kept. Allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653. Default: 90."""


class ClusterSettingsArgs(TypedDict):
    """The ECS cluster that all services of the stack run on."""

    existing: NotRequired[pulumi.Input[str]]
    """A cluster that something else owns: its name, its ARN, or the output of another stack, `${stack:acme/platform/prod#cluster}`. Nothing of it is changed; it must have the capacity providers that `fargate` gives a weight. null makes one. Allowed: text such as shared."""

    container_insights: NotRequired[str]
    """Metrics of tasks and containers in CloudWatch. Allowed: enhanced, enabled or disabled. Default: "enhanced"."""

    fargate: NotRequired[FargateSettingsArgs]
    """Capacity of services with `launch: fargate`."""

    ec2: NotRequired[Ec2CapacitySettingsArgs]
    """Capacity of services with `launch: ec2`; null for none."""

    execute_command: NotRequired[ExecuteCommandSettingsArgs]
    """Encryption and log of `aws ecs execute-command` sessions; null forbids them."""

    namespace: NotRequired[str]
    """Private DNS domain in which the services find each other; null for no discovery. Allowed: text such as shop.internal."""


class PrioritiesSettingsArgs(TypedDict):
    """The numbers that the stack's listener rules may have."""

    first: int
    """The lowest one. Allowed: a whole number from 1 to 50000."""

    last: int
    """The highest one; 500 numbers are the least, so that routes find room by how specific they are. Allowed: a whole number from 1 to 50000."""


class ExistingLoadBalancerSettingsArgs(TypedDict):
    """A load balancer that something else owns: the stack adds target groups and rules of its listener and groups."""

    name: pulumi.Input[str]
    """Its name, its ARN, or the output of another stack, `${stack:acme/platform/prod#loadBalancer}`. Allowed: text such as shared."""

    listener: NotRequired[pulumi.Input[str]]
    """Its listener that serves people: the port, the ARN, or the output of another stack. Allowed: text such as 443. Default: "443"."""

    test_listener: NotRequired[pulumi.Input[str]]
    """Its listener for test traffic of gradual deployments; null for none. Allowed: text such as 443."""

    priorities: NotRequired[PrioritiesSettingsArgs]
    """Numbers that the stack's rules keep to, where others, whose rules do not say their number in a tag, use the rest; null for any number that no stack of this program has."""


class DomainSettingsArgs(TypedDict):
    """The host name people use."""

    name: str
    """Host name of the service, in the certificate and in DNS. Allowed: text such as shop.example.com."""

    zone: NotRequired[str]
    """Route 53 hosted zone that gets the records; null when DNS is kept elsewhere, which needs certificateArn. Allowed: text such as shop.example.com."""

    zone_id: NotRequired[pulumi.Input[str]]
    """Id of that zone, where several have its name, or another stack puts it out; beside zone. Allowed: text such as Z0123456789ABCDEFGHIJ."""

    alternative_names: NotRequired[Sequence[str]]
    """More host names of the certificate, with records of their own. Allowed: a list (at most 9) of text such as shop.example.com."""


class AccessLogsSettingsArgs(TypedDict):
    """A log line per request in an encrypted bucket."""

    retention_days: NotRequired[int]
    """Days that the lines are kept. Allowed: a whole number from 1 to 3650. Default: 90."""


class FirewallLogsSettingsArgs(TypedDict):
    """A log line per request in CloudWatch Logs, without the headers that carry credentials."""

    requests: NotRequired[str]
    """Which ones: those that a rule matched, or every one, at the price of an access log in CloudWatch. Allowed: suspicious or all. Default: "suspicious"."""

    retention_days: NotRequired[int]
    """Days that they are kept. Allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653. Default: 30."""


class FirewallSettingsArgs(TypedDict):
    """AWS WAF in front of the load balancer: AWS's common, known-bad-input and reputation rules, and a rate limit."""

    rate_limit: NotRequired[int]
    """Requests per client address in five minutes; beyond them the client is blocked until it slows down. Allowed: a whole number from 10 to 2000000000. Default: 2000."""

    forwarded_header: NotRequired[str]
    """Header with the client's address, where a proxy or CDN stands in front; null takes the connection's address. Anybody who reaches the load balancer directly can write it. Allowed: text such as X-Forwarded-For."""

    overrides: NotRequired[Mapping[str, Mapping[str, str]]]
    """What single rules of AWS's groups do instead, group → rule → action. `SizeRestrictions_BODY`, which answers 403 to every body over 8 KB, counts unless it is said otherwise here. Allowed: a map of name → a map of name → count, block, allow, captcha or challenge."""

    logs: NotRequired[FirewallLogsSettingsArgs]
    """Log requests; null for no log."""


class ListenerForTestsSettingsArgs(TypedDict):
    """A second listener that shows a new version to testers before anybody else sees it."""

    port: NotRequired[int]
    """Its port. Allowed: a whole number from 1 to 65535. Default: 9000."""

    allowed_cidrs: Sequence[str]
    """IPv4 ranges of the testers. Allowed: a list (at least 1) of text such as 10.0.0.0/16 or 203.0.113.7/32."""


class LoadBalancerSettingsArgs(TypedDict):
    """The Application Load Balancer; one per stack, routing by host name and path."""

    existing: NotRequired[ExistingLoadBalancerSettingsArgs]
    """Use a load balancer that exists, which several stacks may share; null makes one. The other keys here belong to its owner."""

    internal: NotRequired[bool]
    """Reachable only from inside the VPC. Default: false."""

    allowed_cidrs: NotRequired[Sequence[str]]
    """IPv4 ranges that may open connections to the listeners. Allowed: a list (at least 1) of text such as 10.0.0.0/16 or 203.0.113.7/32."""

    domain: NotRequired[DomainSettingsArgs]
    """Host name, with a certificate from ACM when a zone is given; null serves the load balancer's own name."""

    certificate_arn: NotRequired[pulumi.Input[str]]
    """Existing ACM certificate. With it, or with a domain, the stack serves HTTPS and redirects HTTP. Allowed: text such as arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789."""

    ssl_policy: NotRequired[str]
    """TLS versions and ciphers; the default takes 1.3 and 1.2 with forward secrecy. Allowed: ELBSecurityPolicy-TLS13-1-2-2021-06, ELBSecurityPolicy-TLS13-1-2-Res-2021-06, ELBSecurityPolicy-TLS13-1-3-2021-06, ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04 or ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09. Default: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"."""

    idle_timeout: NotRequired[int]
    """Seconds after which an idle connection is closed; the app's keep-alive must last longer. Allowed: a whole number from 1 to 4000. Default: 60."""

    deletion_protection: NotRequired[bool]
    """Refuse to delete the load balancer; null for: exactly in production."""

    access_logs: NotRequired[AccessLogsSettingsArgs]
    """Log requests to a bucket; null for no log."""

    firewall: NotRequired[FirewallSettingsArgs]
    """Filter requests with AWS WAF; null for no filter."""

    test_listener: NotRequired[ListenerForTestsSettingsArgs]
    """Listener for test traffic of gradual deployments; null for none."""


class ObservabilitySettingsArgs(TypedDict):
    """Alarms, their subscribers, and the dashboard."""

    alarms: NotRequired[bool]
    """Whether every service has its alarms; null for: exactly in production."""

    dashboard: NotRequired[bool]
    """Whether the stack has a dashboard; null for: exactly in production."""

    emails: NotRequired[Sequence[str]]
    """Addresses that get alarms and failed deployments; each has to confirm once. Allowed: a list of text such as on-call@example.com."""

    webhooks: NotRequired[Sequence[str]]
    """HTTPS endpoints that get the same. Allowed: a list of text such as https://events.example.com/sns."""

    kms_key_arn: NotRequired[str]
    """Key that encrypts the notifications; its policy must let CloudWatch and EventBridge use it. Allowed: text such as arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789."""


class EncryptionSettingsArgs(TypedDict):
    """Encrypt log groups and notifications with a key that the account controls; AWS encrypts logs without it too."""

    kms_key_arn: NotRequired[str]
    """Existing key, whose policy lets CloudWatch Logs, CloudWatch and EventBridge use it; null makes one. Allowed: text such as arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789."""


class NetworkArgs(TypedDict):
    """The network of the stack; without any key, the account's default VPC."""

    create: NotRequired[CreatedNetworkSettingsArgs]
    """Create a VPC; `{}` for one with all defaults, null for none."""

    existing: NotRequired[ExistingNetworkSettingsArgs]
    """Use a VPC that exists; null for none."""

    public_tasks: NotRequired[bool]
    """Run tasks in the public subnets with an address of their own: saves the NAT gateway. The default VPC has no other subnets. Default: false."""

    endpoints: NotRequired[Sequence[str]]
    """AWS services reached inside the VPC. `s3` is free and keeps image layers out of the NAT gateway's bill. Allowed: a list of s3, ecr, logs, secretsmanager, ssm, ssmmessages, kms or ecs."""

    endpoint_access: NotRequired[str]
    """Whose credentials get through the endpoints: this account's, so that nobody carries data out with others, or anybody's, where tasks fetch from other accounts' buckets by signed or public URLs. Allowed: account or anybody. Default: "account"."""

    egress: NotRequired[EgressSettingsArgs]
    """What tasks may open connections to, the VPC itself apart."""

    flow_logs: NotRequired[FlowLogsSettingsArgs]
    """Record connections; null for no record."""

    permissions_boundary: NotRequired[str]
    """Managed policy that bounds every role the stack makes, where the account asks for one; null for none. Allowed: text such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess."""

    tags: NotRequired[Mapping[str, str]]
    """Tags of every resource, in addition to Project, Stack and ManagedBy. Allowed: a map of name → text such as shop."""

    production: NotRequired[bool]
    """Whether people depend on the stack: keeps its load balancer and images when someone destroys it. Default: true."""


class ClusterArgs(TypedDict):
    """The ECS cluster that all services of the stack run on."""

    existing: NotRequired[pulumi.Input[str]]
    """A cluster that something else owns: its name, its ARN, or the output of another stack, `${stack:acme/platform/prod#cluster}`. Nothing of it is changed; it must have the capacity providers that `fargate` gives a weight. null makes one. Allowed: text such as shared."""

    container_insights: NotRequired[str]
    """Metrics of tasks and containers in CloudWatch. Allowed: enhanced, enabled or disabled. Default: "enhanced"."""

    fargate: NotRequired[FargateSettingsArgs]
    """Capacity of services with `launch: fargate`."""

    ec2: NotRequired[Ec2CapacitySettingsArgs]
    """Capacity of services with `launch: ec2`; null for none."""

    execute_command: NotRequired[ExecuteCommandSettingsArgs]
    """Encryption and log of `aws ecs execute-command` sessions; null forbids them."""

    namespace: NotRequired[str]
    """Private DNS domain in which the services find each other; null for no discovery. Allowed: text such as shop.internal."""

    network: NotRequired[NetworkSettingsArgs]
    """Where they run."""

    permissions_boundary: NotRequired[str]
    """Managed policy that bounds every role the stack makes, where the account asks for one; null for none. Allowed: text such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess."""

    tags: NotRequired[Mapping[str, str]]
    """Tags of every resource, in addition to Project, Stack and ManagedBy. Allowed: a map of name → text such as shop."""

    production: NotRequired[bool]
    """Whether people depend on the stack: keeps its load balancer and images when someone destroys it. Default: true."""


class LoadBalancerArgs(TypedDict):
    """The Application Load Balancer; one per stack, routing by host name and path."""

    existing: NotRequired[ExistingLoadBalancerSettingsArgs]
    """Use a load balancer that exists, which several stacks may share; null makes one. The other keys here belong to its owner."""

    internal: NotRequired[bool]
    """Reachable only from inside the VPC. Default: false."""

    allowed_cidrs: NotRequired[Sequence[str]]
    """IPv4 ranges that may open connections to the listeners. Allowed: a list (at least 1) of text such as 10.0.0.0/16 or 203.0.113.7/32."""

    domain: NotRequired[DomainSettingsArgs]
    """Host name, with a certificate from ACM when a zone is given; null serves the load balancer's own name."""

    certificate_arn: NotRequired[pulumi.Input[str]]
    """Existing ACM certificate. With it, or with a domain, the stack serves HTTPS and redirects HTTP. Allowed: text such as arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789."""

    ssl_policy: NotRequired[str]
    """TLS versions and ciphers; the default takes 1.3 and 1.2 with forward secrecy. Allowed: ELBSecurityPolicy-TLS13-1-2-2021-06, ELBSecurityPolicy-TLS13-1-2-Res-2021-06, ELBSecurityPolicy-TLS13-1-3-2021-06, ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04 or ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09. Default: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"."""

    idle_timeout: NotRequired[int]
    """Seconds after which an idle connection is closed; the app's keep-alive must last longer. Allowed: a whole number from 1 to 4000. Default: 60."""

    deletion_protection: NotRequired[bool]
    """Refuse to delete the load balancer; null for: exactly in production."""

    access_logs: NotRequired[AccessLogsSettingsArgs]
    """Log requests to a bucket; null for no log."""

    firewall: NotRequired[FirewallSettingsArgs]
    """Filter requests with AWS WAF; null for no filter."""

    test_listener: NotRequired[ListenerForTestsSettingsArgs]
    """Listener for test traffic of gradual deployments; null for none."""

    network: NotRequired[NetworkSettingsArgs]
    """Where they run."""

    encryption: NotRequired[EncryptionSettingsArgs]
    """Encrypt logs and notifications with a key of the account's own; `{}` makes one, null leaves it to AWS's keys."""

    tags: NotRequired[Mapping[str, str]]
    """Tags of every resource, in addition to Project, Stack and ManagedBy. Allowed: a map of name → text such as shop."""

    production: NotRequired[bool]
    """Whether people depend on the stack: keeps its load balancer and images when someone destroys it. Default: true."""


class ServiceArgs(TypedDict):
    """One ECS service. Without any key: the folder `app`, built, on the port it exposes, answering every request."""

    build: NotRequired[BuildSettingsArgs]
    """How the image is built; not used with `image`."""

    image: NotRequired[str]
    """An image that was built elsewhere; null builds one. Allowed: text such as ghcr.io/shop/web:1.4.2."""

    port: NotRequired[int]
    """Port the container listens on, and its variable PORT; null for environment.PORT, or else for what the Dockerfile says (EXPOSE, a port in CMD, ENV PORT), or else for 5000. Allowed: a whole number from 1 to 65535."""

    cpu: NotRequired[int]
    """CPU units of a task; 1024 is one vCPU. Allowed: 256, 512, 1024, 2048, 4096, 8192 or 16384. Default: 256."""

    memory: NotRequired[int]
    """Memory of a task in MiB; which sizes exist on Fargate depends on cpu. Allowed: a whole number from 128 to 122880. Default: 512."""

    architecture: NotRequired[str]
    """Processor architecture: arm64 is about a fifth cheaper where the image can be built for it. Allowed: x86_64 or arm64. Default: "x86_64"."""

    launch: NotRequired[str]
    """Capacity: Fargate, or the cluster's EC2 instances, whose tasks reach the internet through NAT only. Allowed: fargate or ec2. Default: "fargate"."""

    desired_count: NotRequired[int]
    """Tasks that run; two survive the loss of a zone. With scaling, the number to begin with. Allowed: a whole number from 0 to 5000. Default: 2."""

    scaling: NotRequired[ScalingSettingsArgs]
    """Automatic scaling; null keeps desiredCount."""

    deployment: NotRequired[DeploymentSettingsArgs]
    """How a new version takes over."""

    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Environment variables. They are readable in the task definition: no secrets. Allowed: a map of name → text."""

    secrets: NotRequired[Mapping[str, SecretSourceSettingsArgs]]
    """Secrets as environment variables; a new version of one rolls the tasks. Allowed: a map of name → an object with the keys ssm, secretsManager, config, jsonKey, kmsKeyArn."""

    permissions: NotRequired[PermissionsSettingsArgs]
    """What the app may do in AWS."""

    connections: NotRequired[Mapping[str, ConnectionSettingsArgs]]
    """What it reaches, name → connection: the door is opened there, the app is granted exactly what it needs, and finds address and secret in its environment. Allowed: a map of name → an object with the keys securityGroup, port, host, service, bucket, queue, table, access, secret, secretKeys, kmsKeyArn."""

    security_groups: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """More security groups of its tasks, beside the service's own. Allowed: a list (at most 3) of text such as sg-0a1b2c3d4e5f67890."""

    route: NotRequired[RouteSettingsArgs]
    """Requests that the load balancer sends here."""

    health_check: NotRequired[HealthCheckSettingsArgs]
    """The load balancer's health check."""

    container: NotRequired[ContainerSettingsArgs]
    """How the container is confined."""

    sidecars: NotRequired[Mapping[str, SidecarSettingsArgs]]
    """Further containers of each task, name → sidecar; ten containers is ECS's quota for a task definition. Allowed: a map of name → an object with the keys image, essential, memory, environment, command, user, readOnlyRootFilesystem."""

    discovery: NotRequired[DiscoverySettingsArgs]
    """Finding and being found inside the cluster's namespace; null for neither."""

    alarms: NotRequired[AlarmsSettingsArgs]
    """Thresholds of the alarms."""

    deregistration_delay: NotRequired[int]
    """Seconds in which the load balancer lets open requests finish before a task stops. Allowed: a whole number from 0 to 3600. Default: 30."""

    slow_start: NotRequired[int]
    """Seconds in which a new task's share of the requests grows, from 30 on; 0 for at once. Allowed: a whole number from 0 to 900. Default: 0."""

    stop_timeout: NotRequired[int]
    """Seconds between SIGTERM and SIGKILL; at most the deregistration delay. Allowed: a whole number from 1 to 120. Default: 30."""

    ephemeral_storage_gib: NotRequired[int]
    """Disk of a Fargate task; null for the 20 GiB that are included. Allowed: a whole number from 21 to 200."""

    availability_zone_rebalancing: NotRequired[bool]
    """Whether ECS moves tasks back into a zone that has recovered. Default: true."""

    execute_command: NotRequired[bool]
    """Whether people may open a shell in its containers; needs the cluster's executeCommand. Default: false."""

    log_group: NotRequired[pulumi.Input[str]]
    """A log group that exists, by name or as another stack's output; its retention is its owner's. null makes one. Allowed: text such as /shop/web."""

    log_retention_days: NotRequired[int]
    """Days that log events are kept. Allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653. Default: 30."""

    network: NotRequired[NetworkSettingsArgs]
    """Where they run."""

    cluster: NotRequired[ClusterSettingsArgs]
    """What they run on."""

    load_balancer: NotRequired[LoadBalancerSettingsArgs]
    """How they are reached."""

    observability: NotRequired[ObservabilitySettingsArgs]
    """Alarms, their subscribers and the dashboard."""

    encryption: NotRequired[EncryptionSettingsArgs]
    """Encrypt logs and notifications with a key of the account's own; `{}` makes one, null leaves it to AWS's keys."""

    permissions_boundary: NotRequired[str]
    """Managed policy that bounds every role the stack makes, where the account asks for one; null for none. Allowed: text such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess."""

    tags: NotRequired[Mapping[str, str]]
    """Tags of every resource, in addition to Project, Stack and ManagedBy. Allowed: a map of name → text such as shop."""

    production: NotRequired[bool]
    """Whether people depend on the stack: keeps its load balancer and images when someone destroys it. Default: true."""
    secret_values: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Values of the secrets that `secrets` and `build.secrets` name with `config`, name → value."""


class MicroserviceArgs(TypedDict):
    """One ECS service. Without any key: the folder `app`, built, on the port it exposes, answering every request."""

    build: NotRequired[BuildSettingsArgs]
    """How the image is built; not used with `image`."""

    image: NotRequired[str]
    """An image that was built elsewhere; null builds one. Allowed: text such as ghcr.io/shop/web:1.4.2."""

    port: NotRequired[int]
    """Port the container listens on, and its variable PORT; null for environment.PORT, or else for what the Dockerfile says (EXPOSE, a port in CMD, ENV PORT), or else for 5000. Allowed: a whole number from 1 to 65535."""

    cpu: NotRequired[int]
    """CPU units of a task; 1024 is one vCPU. Allowed: 256, 512, 1024, 2048, 4096, 8192 or 16384. Default: 256."""

    memory: NotRequired[int]
    """Memory of a task in MiB; which sizes exist on Fargate depends on cpu. Allowed: a whole number from 128 to 122880. Default: 512."""

    architecture: NotRequired[str]
    """Processor architecture: arm64 is about a fifth cheaper where the image can be built for it. Allowed: x86_64 or arm64. Default: "x86_64"."""

    launch: NotRequired[str]
    """Capacity: Fargate, or the cluster's EC2 instances, whose tasks reach the internet through NAT only. Allowed: fargate or ec2. Default: "fargate"."""

    desired_count: NotRequired[int]
    """Tasks that run; two survive the loss of a zone. With scaling, the number to begin with. Allowed: a whole number from 0 to 5000. Default: 2."""

    scaling: NotRequired[ScalingSettingsArgs]
    """Automatic scaling; null keeps desiredCount."""

    deployment: NotRequired[DeploymentSettingsArgs]
    """How a new version takes over."""

    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Environment variables. They are readable in the task definition: no secrets. Allowed: a map of name → text."""

    secrets: NotRequired[Mapping[str, SecretSourceSettingsArgs]]
    """Secrets as environment variables; a new version of one rolls the tasks. Allowed: a map of name → an object with the keys ssm, secretsManager, config, jsonKey, kmsKeyArn."""

    permissions: NotRequired[PermissionsSettingsArgs]
    """What the app may do in AWS."""

    connections: NotRequired[Mapping[str, ConnectionSettingsArgs]]
    """What it reaches, name → connection: the door is opened there, the app is granted exactly what it needs, and finds address and secret in its environment. Allowed: a map of name → an object with the keys securityGroup, port, host, service, bucket, queue, table, access, secret, secretKeys, kmsKeyArn."""

    security_groups: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """More security groups of its tasks, beside the service's own. Allowed: a list (at most 3) of text such as sg-0a1b2c3d4e5f67890."""

    route: NotRequired[RouteSettingsArgs]
    """Requests that the load balancer sends here."""

    health_check: NotRequired[HealthCheckSettingsArgs]
    """The load balancer's health check."""

    container: NotRequired[ContainerSettingsArgs]
    """How the container is confined."""

    sidecars: NotRequired[Mapping[str, SidecarSettingsArgs]]
    """Further containers of each task, name → sidecar; ten containers is ECS's quota for a task definition. Allowed: a map of name → an object with the keys image, essential, memory, environment, command, user, readOnlyRootFilesystem."""

    discovery: NotRequired[DiscoverySettingsArgs]
    """Finding and being found inside the cluster's namespace; null for neither."""

    alarms: NotRequired[AlarmsSettingsArgs]
    """Thresholds of the alarms."""

    deregistration_delay: NotRequired[int]
    """Seconds in which the load balancer lets open requests finish before a task stops. Allowed: a whole number from 0 to 3600. Default: 30."""

    slow_start: NotRequired[int]
    """Seconds in which a new task's share of the requests grows, from 30 on; 0 for at once. Allowed: a whole number from 0 to 900. Default: 0."""

    stop_timeout: NotRequired[int]
    """Seconds between SIGTERM and SIGKILL; at most the deregistration delay. Allowed: a whole number from 1 to 120. Default: 30."""

    ephemeral_storage_gib: NotRequired[int]
    """Disk of a Fargate task; null for the 20 GiB that are included. Allowed: a whole number from 21 to 200."""

    availability_zone_rebalancing: NotRequired[bool]
    """Whether ECS moves tasks back into a zone that has recovered. Default: true."""

    execute_command: NotRequired[bool]
    """Whether people may open a shell in its containers; needs the cluster's executeCommand. Default: false."""

    log_group: NotRequired[pulumi.Input[str]]
    """A log group that exists, by name or as another stack's output; its retention is its owner's. null makes one. Allowed: text such as /shop/web."""

    log_retention_days: NotRequired[int]
    """Days that log events are kept. Allowed: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653. Default: 30."""

    network: NotRequired[NetworkSettingsArgs]
    """Where they run."""

    cluster: NotRequired[ClusterSettingsArgs]
    """What they run on."""

    load_balancer: NotRequired[LoadBalancerSettingsArgs]
    """How they are reached."""

    observability: NotRequired[ObservabilitySettingsArgs]
    """Alarms, their subscribers and the dashboard."""

    encryption: NotRequired[EncryptionSettingsArgs]
    """Encrypt logs and notifications with a key of the account's own; `{}` makes one, null leaves it to AWS's keys."""

    permissions_boundary: NotRequired[str]
    """Managed policy that bounds every role the stack makes, where the account asks for one; null for none. Allowed: text such as arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess."""

    tags: NotRequired[Mapping[str, str]]
    """Tags of every resource, in addition to Project, Stack and ManagedBy. Allowed: a map of name → text such as shop."""

    production: NotRequired[bool]
    """Whether people depend on the stack: keeps its load balancer and images when someone destroys it. Default: true."""
    secret_values: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Values of the secrets that `secrets` and `build.secrets` name with `config`, name → value."""
