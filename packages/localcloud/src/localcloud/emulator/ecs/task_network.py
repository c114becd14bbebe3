"""A task's network: one interface for all its containers in awsvpc mode, the machine's own ports in bridge mode."""

from collections.abc import Mapping
from typing import Any

from docker.models.containers import Container

from localcloud.emulator import upstream
from localcloud.emulator.alb import addresses
from localcloud.emulator.ecs import engine, state
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.naming.task_hosts import TaskHosts


class TaskNetwork:
    """How the containers of one task reach each other and are reached.

    Args:
        task: The task's record, which keeps the addresses under `_addresses`, by container.
        definition: Its task definition.
        mode: awsvpc, bridge, host or none.
    """

    def __init__(self, task: Record, definition: Mapping[str, Any], mode: str) -> None:
        self._task = task
        self._definition = definition
        self._mode = mode
        self._lent: str | None = None
        self.hosts = TaskHosts(task, definition, mode)
        self.owner = ""

    def options(self, definition: Mapping[str, Any]) -> dict[str, Any]:
        """Docker's options of one container; in awsvpc mode the ones after the owner join its network."""
        if self._mode in {"host", "none"}:
            return {"network_mode": self._mode}
        if self._lent is not None:
            return {"network_mode": f"container:{self._lent}"}
        hosts = {entry["hostname"]: entry["ipAddress"] for entry in definition.get("extraHosts") or []}
        options: dict[str, Any] = {"extra_hosts": {"host.docker.internal": "host-gateway", **hosts}}
        if self._mode == "awsvpc" and not engine.routes_to_containers():
            options["ports"] = {f"{port}/tcp": ("127.0.0.1", None) for port in self._ports()}
        if self._mode == "bridge":
            mappings = definition.get("portMappings") or []
            options["ports"] = {
                f"{mapping['containerPort']}/{mapping.get('protocol') or 'tcp'}": mapping.get("hostPort")
                or None
                for mapping in mappings
            }
        return options

    def _ports(self) -> set[int]:
        containers = self._definition["containerDefinitions"]
        mappings = [mapping for entry in containers for mapping in entry.get("portMappings") or []]
        return {int(mapping["containerPort"]) for mapping in mappings if mapping.get("protocol") != "udp"}

    def joined(self, name: str, container: Container) -> None:
        """Note the address of a container that has started; the owner's is the whole task's in awsvpc mode."""
        address = engine.address_of(container)
        if address and not engine.routes_to_containers():
            for port, local_port in engine.published_ports(container).items():
                addresses.publish(address, port, local_port)
        if address:
            self.hosts.joined(name, container, address)
            with state.LOCK:
                self._task.setdefault("_addresses", {})[name] = address
                self._show(name, address)
        if self._mode == "awsvpc" and name == self.owner:
            self._lent = container.id
            if address:
                self._attach(address)

    def _attach(self, address: str) -> None:
        with state.LOCK:
            names = [record["name"] for record in self._task["containers"]]
            self._task["_addresses"] = dict.fromkeys(names, address)
            details = [{"name": "privateIPv4Address", "value": address}]
            if self._task.get("_subnet"):
                details.insert(0, {"name": "subnetId", "value": self._task["_subnet"]})
            interface = {"id": upstream.responses.new_uuid(), "type": "ElasticNetworkInterface"}
            self._task["attachments"] = [{**interface, "status": "ATTACHED", "details": details}]
            for name in names:
                self._show(name, address)

    def _show(self, name: str, address: str) -> None:
        record = next(entry for entry in self._task["containers"] if entry["name"] == name)
        record["networkInterfaces"] = [{"privateIpv4Address": address}]

    def leave(self) -> None:
        """The containers are about to stop, and their addresses to become another task's."""
        for address in set((self._task.get("_addresses") or {}).values()):
            addresses.withdraw(address)
        with state.LOCK:
            for attachment in self._task.get("attachments") or []:
                attachment["status"] = "DELETED"
