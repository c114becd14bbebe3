"""A stack that runs already, as the data sources describe it to the program."""

import hashlib
from collections.abc import Mapping
from typing import Any

ACCOUNT = "123456789012"
BALANCER = "app/load-balancer-1234567/50dc6c495c0c9188"
ELB = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}"
ON_DEMAND = {"capacityProvider": "FARGATE", "base": 0, "weight": 1}
STRATEGIES = {"rolling": "ROLLING", "blueGreen": "BLUE_GREEN", "canary": "CANARY", "linear": "LINEAR"}
Answers = dict[str, Any]


def group(name: str) -> str:
    """ARN of a target group with this logical name."""
    return f"{ELB}:targetgroup/{name}-1234567/73e2d6bc24d8a067"


def rule(name: str, *, port: int = 80) -> str:
    """ARN of a listener rule on the listener with this port."""
    return f"{ELB}:listener-rule/{BALANCER}/{port:016d}/{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def balancers(name: str, colour: str = "", *, shifted: bool = False, port: int = 5000) -> list[Answers]:
    """Where the load balancer sends a service's requests."""
    other = "" if colour else "spare"
    advanced = {
        "alternateTargetGroupArn": group(f"{name}-{other}" if other else name),
        "productionListenerRule": rule(name),
        "testListenerRule": "",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}-shift",
    }
    return [
        {
            "containerName": name,
            "containerPort": port,
            "elbName": "",
            "targetGroupArn": group(f"{name}-{colour}" if colour else name),
            "advancedConfigurations": [advanced] if shifted else [],
        }
    ]


def shifting(strategy: str, colour: str = "", *, name: str = "web") -> Answers:
    """A service of this strategy of ECS."""
    return {
        "loadBalancers": balancers(name, colour, shifted=strategy != "rolling"),
        "deploymentConfigurations": [configuration(STRATEGIES[strategy])],
    }


def left_to_code_deploy(colour: str = "", *, name: str = "web") -> Answers:
    """A service that CodeDeploy deploys."""
    return {
        "loadBalancers": balancers(name, colour),
        "deploymentControllers": [{"type": "CODE_DEPLOY"}],
        "capacityProviderStrategies": [],
    }


def configuration(strategy: str) -> Answers:
    """A deployment configuration."""
    return {
        "strategy": strategy,
        "minimumHealthyPercent": 100,
        "maximumPercent": 200,
        "bakeTimeInMinutes": "5",
    }


def what_is_live(
    *, tags: Mapping[str, Mapping[str, str]] | None = None, port: int = 80, **services: Answers
) -> Answers:
    """Overrides for `deploy`: these services run, each with a rule on the listener with this port.

    Args:
        tags: More tags of the services' rules, such as `{"web": {"Priority": "20"}}`.
        port: Port of the listener of all of them.
        services: What AWS says of each service, where it is not a rolling one on Fargate.
    """
    listed: list[Answers] = []
    answers: Answers = {}
    for name, said in services.items():
        own = {"Project": "ecs-microservice", "Stack": "test", "Service": name}
        listed.append(
            {
                "resourceArn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:service/ecs-microservice-test/{name}",
                "tags": own,
            }
        )
        listed.append(
            {
                "resourceArn": rule(name, port=port),
                "tags": {**own, "Rule": "production", **(tags or {}).get(name, {})},
            }
        )
        answers[f"aws:ecs/getService:getService#{name}"] = {**_service(name), **said}
        conditions = {"conditions": [{"pathPatterns": [{"values": ["/*"]}]}], "arn": rule(name, port=port)}
        answers[f"aws:lb/getListenerRule:getListenerRule#{rule(name, port=port)}"] = conditions
    return {
        "aws:resourcegroupstaggingapi/getResources:getResources": {"resourceTagMappingLists": listed},
        "aws:lb/getListener:getListener": {"port": port},
        **answers,
    }


def _service(name: str) -> Answers:
    return {
        "status": "ACTIVE",
        "loadBalancers": balancers(name),
        "deploymentControllers": [{"type": "ECS"}],
        "deploymentConfigurations": [configuration("ROLLING")],
        "deployments": [{"status": "PRIMARY", "runningCount": 2, "pendingCount": 0}],
        "capacityProviderStrategies": [ON_DEMAND],
        "desiredCount": 2,
        "healthCheckGracePeriodSeconds": 60,
        "enableExecuteCommand": False,
        "availabilityZoneRebalancing": "ENABLED",
    }
