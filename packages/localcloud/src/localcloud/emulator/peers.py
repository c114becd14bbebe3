"""Who speaks at the Docker bridge: this local cloud's own containers, and nobody else.

The bridge belongs to every container of the machine, and a browser of this machine reaches it as well. So the address
of the other end is looked up among the containers that carry this local cloud's label.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import requests
from docker.errors import DockerException

logger = logging.getLogger(__name__)


class Peers:
    """Finds out which addresses are the containers' own.

    Args:
        read: Asks the engine for them; it may raise the engine's errors.
    """

    def __init__(self, read: Callable[[], frozenset[str]]) -> None:
        self._read = read
        self._known: frozenset[str] = frozenset()
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def knows(self, address: str) -> bool:
        """Whether an address is one of this local cloud's containers at this moment.

        Nothing is remembered: as soon as a container has ended, its address may be anybody's. Those that wait at the
        same time share one look.
        """
        arrived = time.monotonic()
        async with self._reading:
            if self._read_at < arrived:
                began = time.monotonic()
                self._known = await asyncio.to_thread(self._ask)
                self._read_at = began
        return address in self._known

    def _ask(self) -> frozenset[str]:
        try:
            return self._read()
        except (DockerException, requests.exceptions.RequestException) as error:
            logger.warning("the Docker engine does not say whose an address is: %s", error)
            return frozenset()
