"""Sees when the store can be written again: nobody else may ask for it."""

import asyncio
import time
from contextlib import suppress

from droas_common.errors import DroasError
from droas_common.logs import log
from droas_common.wire.frames import encode
from droas_mother.core.bookkeeping.records import AuditRecord, Outcome
from droas_mother.flows.tools.tool_gateway import ToolGateway

LOOK_EVERY_S = 1.0


class StoreWatch:
    """Tries to write while nothing can be written; what it writes in the end is how long that was so.

    Args:
        gateway: knows whether the last commit failed, and writes.
    """

    def __init__(self, gateway: ToolGateway) -> None:
        self._gateway = gateway

    async def run(self) -> None:
        """Look until cancelled."""
        figures = self._gateway.figures
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if figures.outage is None:
                continue
            why, began = figures.outage
            with suppress(DroasError):  # not yet
                await self._gateway.write(_record(began, why))
                figures.outage = None
                log.info("store_recovered", after_s=round(time.time() - began, 1), why=why)


def _record(began: float, why: str) -> AuditRecord:
    return AuditRecord(
        at_us=time.time_ns() // 1000,
        kind="command",
        caller="mother",
        action="store recovered",
        outcome=Outcome.OK,
        arguments=encode({"why": why, "since_unix_s": round(began, 1)}).decode(),
    )
