"""How a new version takes over."""

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.base import Model

Strategy = Literal["rolling", "blueGreen", "canary", "linear", "codeDeploy"]
GRADUAL: frozenset[Strategy] = frozenset({"blueGreen", "canary", "linear"})
"""Strategies in which ECS itself moves the traffic between two target groups."""

Minutes = Annotated[int, Field(ge=0, le=1440)]

FunctionArn = Annotated[
    str,
    Field(
        pattern=r"^arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:.+$",
        examples=["arn:aws:lambda:us-east-1:123456789012:function:smoke-test"],
    ),
]

Stage = Literal[
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
]


class Canary(Model):
    """A small part of the traffic first, then all of it."""

    percent: int = Field(default=10, ge=1, le=99)
    """Percent of the traffic that tries the new version."""

    bake_minutes: Minutes = 10
    """Minutes that it has to prove itself."""


class Linear(Model):
    """The traffic in equal steps."""

    percent: int = Field(default=20, ge=3, le=99)
    """Percent of the traffic per step."""

    bake_minutes: Minutes = 3
    """Minutes between two steps."""


class Pause(Model):
    """A stop until somebody says `aws ecs continue-service-deployment`."""

    timeout_minutes: int = Field(default=60, ge=1, le=20_160)
    """Minutes that somebody has to say so."""

    on_timeout: Literal["ROLLBACK", "CONTINUE"] = "ROLLBACK"
    """What happens when nobody does."""


class Hook(Model):
    """What may stop a deployment at a stage: exactly one of lambdaArn and pause."""

    lambda_arn: FunctionArn | None = None
    """A function that is asked; it answers SUCCEEDED, FAILED or IN_PROGRESS."""

    pause: Pause | None = None
    """A person who is waited for; `{}` for an hour at most."""

    stages: tuple[Stage, ...] = Field(min_length=1)
    """Stages at which they are asked; pauses are not possible while traffic shifts."""

    timeout_minutes: int = Field(default=30, ge=1, le=1440)
    """Minutes per stage that a function may go on answering IN_PROGRESS before the run that waits gives up; ECS
    itself asks for 24 hours.
    """


class CodeDeploy(Model):
    """Deployments by AWS CodeDeploy instead of ECS, for teams whose pipelines need it."""

    configuration: str = Field(default="CodeDeployDefault.ECSCanary10Percent5Minutes", min_length=1)
    """How the traffic moves: an AWS configuration or one of your own."""

    termination_wait_minutes: int = Field(default=5, ge=0, le=2880)
    """Minutes that the old tasks stay for a quick way back."""


class Deployment(Model):
    """How a new version takes over, and what stops it."""

    strategy: Strategy = "rolling"
    """rolling replaces tasks; blueGreen, canary and linear move traffic between two sets of tasks (ECS);
    codeDeploy leaves it to AWS CodeDeploy, and begins from rolling.
    """

    minimum_healthy_percent: int = Field(default=100, ge=0, le=100)
    """Percent of desiredCount that keeps running during a rolling deployment."""

    maximum_percent: int = Field(default=200, ge=100, le=200)
    """Percent of desiredCount that may run during a rolling deployment."""

    bake_minutes: Minutes = 5
    """Minutes that old tasks stay after all traffic has moved (not with rolling)."""

    canary: Canary = Canary()
    """Step of the canary strategy."""

    linear: Linear = Linear()
    """Steps of the linear strategy."""

    code_deploy: CodeDeploy = CodeDeploy()
    """Settings of the codeDeploy strategy."""

    test_traffic: bool = False
    """Show the new version on the load balancer's test listener first (not with rolling)."""

    hooks: tuple[Hook, ...] = ()
    """Functions and people that are asked at stages of a gradual deployment."""

    rollback_on_alarm: bool = True
    """Roll back when one of the service's alarms goes off during a deployment."""

    @property
    def is_gradual(self) -> bool:
        """Whether ECS moves traffic between two target groups."""
        return self.strategy in GRADUAL

    @property
    def needs_two_target_groups(self) -> bool:
        """Whether anything green exists: never with rolling."""
        return self.strategy != "rolling"
