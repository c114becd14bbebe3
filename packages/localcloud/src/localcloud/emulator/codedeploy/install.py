"""Make CodeDeploy one of MiniStack's services."""

from collections.abc import Callable

from localcloud.emulator import upstream
from localcloud.emulator.codedeploy.api import CodeDeployApi
from localcloud.emulator.json_api import Api

SERVICE = "codedeploy"


def install(wake: Callable[[], None]) -> None:
    """Route CodeDeploy's requests here.

    Args:
        wake: Called when the service scheduler has something to look at.
    """
    upstream.app.SERVICE_HANDLERS[SERVICE] = Api(
        SERVICE, CodeDeployApi(wake).operations(), invalid="ValidationException"
    ).handle
    upstream.module("core.router").SERVICE_PATTERNS[SERVICE] = {
        "target_prefixes": ["CodeDeploy_20141006"],
        "host_patterns": [r"codedeploy\."],
        "credential_scope": SERVICE,
    }
