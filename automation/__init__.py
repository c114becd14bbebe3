"""Operate any stack of this program from scripts: deploy it, look at it, roll it back, promote it.

    from automation import open_stack

    stack = open_stack("local")
    print(stack.up().url)  # raises DeploymentFailed when a service does not run what was asked

`python -m automation` is a thin command line over this library. `examples/` has complete scripts. Errors that people
can act on are `LocalCloudError`: one message, and what to do.
"""

import localcloud.early  # noqa: F401  what it sets must be set before the rest is imported

# isort: split

from automation.drift import Drifted, DriftReport
from automation.engines import CloudResource, EngineName
from automation.ephemeral import Ephemeral, Ephemerals
from automation.events import Deployment, DeploymentFailed, Foreseen, Progress, Verified
from automation.fleet import ServiceView, read_fleet
from automation.impact import Cost, Impact
from automation.ledger import Ledger, Release
from automation.observation import Observed, declared_alarms, observe
from automation.opening import open_stack
from automation.preflight import preflight
from automation.promotion import promote, roll_back
from automation.scaling import scale_service
from automation.stacks import Stack
from automation.target import Target
from automation.verification import verify_service
from infra.deployments.verdict import State, Verdict
from localcloud.errors import LocalCloudError

__all__ = [
    "CloudResource",
    "Cost",
    "Deployment",
    "DeploymentFailed",
    "DriftReport",
    "Drifted",
    "EngineName",
    "Ephemeral",
    "Ephemerals",
    "Foreseen",
    "Impact",
    "Ledger",
    "LocalCloudError",
    "Observed",
    "Progress",
    "Release",
    "ServiceView",
    "Stack",
    "State",
    "Target",
    "Verdict",
    "Verified",
    "declared_alarms",
    "observe",
    "open_stack",
    "preflight",
    "promote",
    "read_fleet",
    "roll_back",
    "scale_service",
    "verify_service",
]
