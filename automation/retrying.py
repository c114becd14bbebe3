"""Before an update: make sure that it tries again what failed the last time.

The state says what the last update asked for. Where ECS went back to the version before, nothing differs from the
state, and an update of the same program would have nothing to do.
"""

import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from automation.engines import StackEngine
from automation.images import AskedService, asked_services
from automation.target import Target
from infra.deployments.observing import Observer
from infra.deployments.verdict import State, short


def prepare(target: Target, engine: StackEngine, report: Callable[[str], object]) -> None:
    """Look at the services, and have the next update deploy those again that do not run what was asked.

    A state that is read anew differs from the program where ECS rolled back, in all that it went back to: task
    definition, network, target groups. A first deployment that failed has nothing to go back to; it is what ECS has
    been asked for and does not try again by itself, so that it is started once more.

    Args:
        target: The cloud to ask.
        engine: The engine of the update that follows.
        report: Called with a line for each service.
    """
    read_anew = False
    for service in asked_services(engine.resources()):
        observer = Observer(target, service.cluster, service.name, service.task_definition, since=time.time())
        try:
            verdict = observer.look()
            if verdict is None or verdict.state not in {State.ROLLED_BACK, State.FAILED}:
                continue
            if observer.sight and observer.sight.goes_on:
                continue  # it will not come to a good end, and it has not come to an end
            report(f"{service.name}: the last deployment of {short(verdict.asked)} failed; it is tried again")
            if verdict.state is State.FAILED:
                _start_again(target, service)
            else:
                read_anew = True
        except (BotoCoreError, ClientError):
            continue  # the update itself will say what cannot be reached
    if read_anew:
        engine.refresh()


def _start_again(target: Target, service: AskedService) -> None:
    target.ecs.update_service(cluster=service.cluster, service=service.name, forceNewDeployment=True)
