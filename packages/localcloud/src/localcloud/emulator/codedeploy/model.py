"""Applications, deployment groups, configurations and deployments, per account and region."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.json_api import Refused


@dataclass
class Region:
    """What one account has in one region."""

    applications: dict[str, Record] = field(default_factory=dict)
    groups: dict[tuple[str, str], Record] = field(default_factory=dict)
    configurations: dict[str, Record] = field(default_factory=dict)
    deployments: dict[str, Record] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)

    def application(self, name: object) -> Record:
        """An application.

        Raises:
            Refused: There is none of that name.
        """
        found = self.applications.get(str(name))
        if found is None:
            raise Refused("ApplicationDoesNotExistException", f"No application found for name: {name}")
        return found

    def group(self, application: object, name: object) -> Record:
        """A deployment group.

        Raises:
            Refused: The application has none of that name.
        """
        self.application(application)
        found = self.groups.get((str(application), str(name)))
        if found is None:
            raise Refused(
                "DeploymentGroupDoesNotExistException", f"No Deployment Group found for name: {name}"
            )
        return found

    def configuration(self, name: object) -> Record:
        """A deployment configuration: one of AWS's for ECS, or one that was created.

        Raises:
            Refused: There is none of that name.
        """
        found = AWS_CONFIGURATIONS.get(str(name)) or self.configurations.get(str(name))
        if found is None:
            raise Refused(
                "DeploymentConfigDoesNotExistException", f"No Deployment Configuration found for name: {name}"
            )
        return found

    def deployment(self, identifier: object) -> Record:
        """A deployment.

        Raises:
            Refused: There is none of that id.
        """
        found = self.deployments.get(str(identifier))
        if found is None:
            raise Refused(
                "DeploymentDoesNotExistException", f"The deployment {identifier} could not be found"
            )
        return found


@dataclass
class Store:
    """Everything CodeDeploy knows."""

    regions: defaultdict[tuple[str, str], Region] = field(default_factory=lambda: defaultdict(Region))

    def here(self) -> Region:
        """The account and region of the request that is being answered."""
        return self.regions[upstream.responses.get_account_id(), upstream.responses.get_region()]


def _routing(kind: str, **numbers: int) -> dict[str, Any]:
    member = {"TimeBasedCanary": "timeBasedCanary", "TimeBasedLinear": "timeBasedLinear"}.get(kind)
    return {"type": kind} | ({member: dict(numbers)} if member else {})


def _aws(platform: str, name: str, **settings: Any) -> tuple[str, Record]:
    full = f"CodeDeployDefault.{name}"
    return full, {
        "deploymentConfigId": full,
        "deploymentConfigName": full,
        "computePlatform": platform,
        **settings,
    }


def _shifted(platform: str, name: str, kind: str, percent: int, minutes: int) -> tuple[str, Record]:
    word = {"TimeBasedCanary": "canary", "TimeBasedLinear": "linear"}[kind]
    routing = _routing(kind, **{f"{word}Percentage": percent, f"{word}Interval": minutes})
    return _aws(platform, name, trafficRoutingConfig=routing)


def _hosts(name: str, kind: str, value: int) -> tuple[str, Record]:
    return _aws("Server", name, minimumHealthyHosts={"type": kind, "value": value})


# CodeDeploy User Guide, "Predefined deployment configurations" for ECS, AWS Lambda, and EC2/on-premises.
AWS_CONFIGURATIONS: dict[str, Record] = dict(
    (
        _aws("ECS", "ECSAllAtOnce", trafficRoutingConfig=_routing("AllAtOnce")),
        *(
            _shifted("ECS", f"ECSCanary10Percent{minutes}Minutes", "TimeBasedCanary", 10, minutes)
            for minutes in (5, 15)
        ),
        *(
            _shifted("ECS", f"ECSLinear10PercentEvery{minutes}Minutes", "TimeBasedLinear", 10, minutes)
            for minutes in (1, 3)
        ),
        _aws("Lambda", "LambdaAllAtOnce", trafficRoutingConfig=_routing("AllAtOnce")),
        *(
            _shifted("Lambda", f"LambdaCanary10Percent{minutes}Minutes", "TimeBasedCanary", 10, minutes)
            for minutes in (5, 10, 15, 30)
        ),
        *(
            _shifted("Lambda", f"LambdaLinear10PercentEvery{word}", "TimeBasedLinear", 10, minutes)
            for word, minutes in (("1Minute", 1), ("2Minutes", 2), ("3Minutes", 3), ("10Minutes", 10))
        ),
        _hosts("AllAtOnce", "HOST_COUNT", 0),
        _hosts("HalfAtATime", "FLEET_PERCENT", 50),
        _hosts("OneAtATime", "HOST_COUNT", 1),
    )
)
