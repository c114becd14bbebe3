"""Keeps Cloud Map and the containers' hosts files at what the services and their tasks are.

Level-triggered, like the service scheduler: each pass looks at all records and mends what differs. A pass runs when a
task is about to start, runs, changes its health or is about to stop, and once a second for what the APIs change.
"""

import asyncio
import logging
import zlib
from collections.abc import Callable, Iterable, Mapping

from localcloud.emulator import upstream
from localcloud.emulator.ecs import state
from localcloud.emulator.ecs.answers import Request, Response
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.naming import cloud_map, instances, service_connect, task_hosts
from localcloud.emulator.naming.hosts_file import Entry, usable
from localcloud.emulator.naming.instances import Instance
from localcloud.emulator.naming.task_hosts import TaskHosts

logger = logging.getLogger(__name__)
TICK_SECONDS = 1.0
Names = Mapping[str, Iterable[str]]
Scope = tuple[str, str]
"""Account and region."""
Offers = dict[tuple[str, str], tuple[str, ...]]
"""Aliases by namespace and Cloud Map service."""


class Discovery:
    """Makes names resolve.

    Args:
        on_loop: Runs something on the event loop's thread and waits for it; everything here runs there.
    """

    def __init__(self, on_loop: Callable[[Callable[[], None]], None]) -> None:
        self._on_loop = on_loop
        self._registered: dict[tuple[str, str, str, str], Instance] = {}
        self._made: set[tuple[Scope, str]] = set()

    def sync(self) -> None:
        """Bring everything up to date; callable from every thread that does not hold the records' lock."""
        self._on_loop(self._pass)

    def start(self) -> None:
        """Begin to look at the records from time to time; called on the event loop's thread."""
        self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._pass()

    def around(self, action: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """An API operation after which everything is up to date."""

        def answer(request: Request) -> Response:
            response = action(request)
            self.sync()
            return response

        return answer

    def _pass(self) -> None:
        try:
            with state.LOCK:
                offered = self._offer()
                self._register()
                shown = self._names(offered)
            for hosts, names in shown:
                hosts.show(names)
        except Exception:
            logger.exception("names of services")

    # -- Cloud Map --------------------------------------------------------------------------------------------

    def _offer(self) -> dict[Scope, Offers]:
        """Have a Cloud Map service for everything that is offered through Service Connect."""
        offered: dict[Scope, Offers] = {}
        for key, service in state.services():
            configuration = service.get("serviceConnectConfiguration")
            if not configuration or service["status"] != "ACTIVE":
                continue
            scope = (key.account, key.region)
            with key.scope():
                for offer in service_connect.offers(configuration, str(service["clusterArn"])):
                    entry = cloud_map.service_named(offer.name, offer.namespace)
                    if entry is None and (entry := cloud_map.create_service(offer.name, offer.namespace)):
                        self._made.add((scope, entry.id))
                    if entry:
                        aliases = tuple(name for name, _ in offer.aliases)
                        offered.setdefault(scope, {})[offer.namespace, entry.id] = aliases
        for scope, service_id in list(self._made):
            if service_id not in {known for _, known in offered.get(scope, {})}:
                with upstream.responses.request_scope(*scope):
                    cloud_map.delete_service(service_id)
                self._made.discard((scope, service_id))
        return offered

    def _register(self) -> None:
        """Register the tasks that run, and take out the others."""
        found: dict[tuple[str, str, str, str], Instance] = {}
        for key, service in state.services():
            with key.scope():
                found |= {
                    (entry.account, entry.region, entry.service, entry.id): entry
                    for entry in instances.wanted(key, service)
                }
        for place, instance in self._registered.items():
            if place not in found:
                with upstream.responses.request_scope(instance.account, instance.region):
                    cloud_map.deregister(instance.service, instance.id)
        for place, instance in found.items():
            before = self._registered.get(place)
            if instance == before:
                continue
            with upstream.responses.request_scope(instance.account, instance.region):
                if before and before.attributes == instance.attributes:
                    cloud_map.set_health(instance.service, instance.id, healthy=instance.healthy)
                else:
                    attributes = dict(instance.attributes)
                    cloud_map.register(instance.service, instance.id, attributes, healthy=instance.healthy)
        self._registered = found

    # -- hosts files ------------------------------------------------------------------------------------------

    def _names(self, offered: Mapping[Scope, Offers]) -> list[tuple[TaskHosts, list[Entry]]]:
        """What tasks are to find, where that changed: their region's records and their namespace's aliases."""
        found: dict[tuple[Scope, str | None], dict[str, list[str]]] = {}
        shown: list[tuple[TaskHosts, list[Entry]]] = []
        for hosts in task_hosts.open_files():
            _, _, _, region, account, _ = str(hosts.task["taskArn"]).split(":", 5)
            scope = (account, region)
            with upstream.responses.request_scope(account, region):
                namespace = _namespace_of(hosts.task)
                if (scope, namespace) not in found:
                    aliases = _aliases(offered.get(scope, {}), namespace)
                    found[scope, namespace] = cloud_map.private_records() | aliases
            names = found[scope, namespace]
            if names != hosts.known:
                hosts.known = names
                shown.append((hosts, entries(names, state.task_id(hosts.task))))
        return shown


def _namespace_of(task: Record) -> str | None:
    """The namespace that a task's service is connected to."""
    key = state.service_of_task(task)
    service = key.record() if key else None
    if not service:
        return None
    configuration = instances.revision_of(service, task).get("serviceConnectConfiguration")
    namespace = service_connect.namespace_of(configuration, str(service["clusterArn"]))
    return namespace.id if namespace else None


def _aliases(offered: Offers, namespace: str | None) -> dict[str, list[str]]:
    return {
        alias: cloud_map.addresses(service_id)
        for (offering, service_id), aliases in offered.items()
        if offering == namespace
        for alias in aliases
    }


def entries(names: Names, caller: str) -> list[Entry]:
    """Lines of a hosts file: each caller has another order of the addresses, so that not all call the same task."""
    return [
        entry
        for name, addresses in sorted(names.items())
        for address in sorted(set(addresses), key=lambda address: zlib.crc32(f"{caller} {address}".encode()))
        if usable(entry := (address, name))
    ]
