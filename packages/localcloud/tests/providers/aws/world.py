"""What example resources are made of and depend on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from packages.localcloud.tests.providers.aws.harness import Driver, Handle

Inputs = dict[str, Any]


@dataclass
class World:
    """Makes the resources an example depends on, each once."""

    driver: Driver
    examples: "Mapping[str, Example]"
    made: dict[str, Handle] = field(default_factory=dict)

    def make(self, token: str, name: str = "needed") -> Handle:
        key = f"{token}/{name}"
        if key not in self.made:
            self.made[key] = self.driver.create(token, name, self.examples[token].inputs(self))
        return self.made[key]

    @property
    def vpc_id(self) -> str:
        return str(self.driver.invoke("aws:ec2/getVpc:getVpc", {"default": True})["id"])

    @property
    def subnet_ids(self) -> list[str]:
        filters = [{"name": "vpc-id", "values": [self.vpc_id]}]
        return list(self.driver.invoke("aws:ec2/getSubnets:getSubnets", {"filters": filters})["ids"])


@dataclass(frozen=True)
class Example:
    """Inputs of one resource, and a change AWS can make in place."""

    inputs_of: Inputs | Callable[[World], Inputs]
    change_of: Inputs | Callable[[World], Inputs] = field(default_factory=dict)

    def inputs(self, world: World) -> Inputs:
        return self.inputs_of(world) if callable(self.inputs_of) else self.inputs_of

    def change(self, world: World) -> Inputs:
        return self.change_of(world) if callable(self.change_of) else self.change_of
