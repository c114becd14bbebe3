"""What UpdateService may change, and what not, of a service whose deployments somebody else than ECS runs.

Rules: Amazon ECS API Reference, `UpdateService`: of a CODE_DEPLOY service "only the desired count, deployment
configuration, health check grace period, task placement constraints and strategies, enable ECS managed tags option, and
propagate tags". The controller itself can be changed since July 2025 (Developer Guide, document history; "Migrate
CodeDeploy blue/green deployments to Amazon ECS blue/green deployments"). Towards CODE_DEPLOY the request is held to
CODE_DEPLOY's own limits (aws-cdk#36012). AWS's words are quoted from terraform-provider-aws#12703,
hashicorp/terraform#20746 and from answers to `forceNewDeployment`.
"""

from typing import Any

from localcloud.emulator.ecs import service_deployments
from localcloud.emulator.ecs.answers import Refused, Request
from localcloud.emulator.ecs.state import Record

CODE_DEPLOY = "CODE_DEPLOY"
_LEFT_TO_CODE_DEPLOY = {
    "taskDefinition": "task definition",
    "loadBalancers": "load balancers",
    "networkConfiguration": "network parameters",
    "platformVersion": "platform version",
    "capacityProviderStrategy": "capacity provider strategy",
    "serviceRegistries": "service registries",
    "serviceConnectConfiguration": "service connect configuration",
    "volumeConfigurations": "volume configurations",
}


def check(service: Record, request: Request) -> None:
    """Refuse what AWS refuses because of the deployment controller.

    Raises:
        Refused: InvalidParameterException, with AWS's words.
    """
    now = controller(service)
    wanted = str((request.get("deploymentController") or {}).get("type") or now)
    if wanted != now:
        _check_change(service, now, wanted)
    if wanted != CODE_DEPLOY:
        return
    for name, words in _LEFT_TO_CODE_DEPLOY.items():
        if name in request and not _same(request[name], service.get(name)):
            raise _left(f"Unable to update {words}")
    if request.get("forceNewDeployment"):
        raise _left("Cannot force a new deployment")


def controller(service: Record) -> str:
    """Who runs a service's deployments."""
    return str(service["deploymentController"].get("type") or "ECS")


def _check_change(service: Record, now: str, wanted: str) -> None:
    if "EXTERNAL" in {now, wanted}:
        raise Refused(
            "InvalidParameterException",
            f"The local cloud does not change a deployment controller from {now} to {wanted}.",
        )
    current = service["_service_deployments"][0]
    # The guide asks to verify first that no service deployment is ongoing.
    if current["status"] in service_deployments.RUNNING:
        raise Refused(
            "InvalidParameterException",
            "Unable to update the deployment controller while a service deployment is in progress.",
        )


def _same(wanted: Any, present: Any) -> bool:
    return bool(wanted == present or (not wanted and not present))


def _left(text: str) -> Refused:
    return Refused(
        "InvalidParameterException",
        f"{text} on services with a {CODE_DEPLOY} deployment controller. Use AWS CodeDeploy to trigger a new "
        "deployment.",
    )
