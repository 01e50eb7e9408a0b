"""Whether the language model can be reached, while no question tells it."""

import asyncio
from typing import Protocol

from droas_common.logs import log

_LOOK_S = 3.0


class Provider(Protocol):
    """The language model's service."""

    async def reachable(self) -> bool:
        """Say whether it answers and takes our key."""
        ...


class Desk(Protocol):
    """Where questions are answered."""

    model_ok: bool | None
    """Whether the last answer came from the model; None before the first."""


class ModelWatch:
    """Asks the service whether it is there, as long as the last answer, or the lack of one, leaves it open.

    Args:
        provider: the service.
        desk: where its answers are known.
    """

    def __init__(self, provider: Provider, desk: Desk) -> None:
        self._provider = provider
        self._desk = desk

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if not self._desk.model_ok:
                await self._look()

    async def _look(self) -> None:
        before = self._desk.model_ok
        reachable = await self._provider.reachable()
        if self._desk.model_ok is not before:
            return  # a question was answered meanwhile, and that says more
        if reachable is not before:
            log.bind(reachable=reachable).info("model_service")
        self._desk.model_ok = reachable
