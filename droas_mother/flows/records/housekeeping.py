"""What must be done from time to time: coins whose time is over come back, old decisions are dropped."""

import asyncio
import time
from functools import partial

from droas_common.errors import DroasError
from droas_common.logs import log
from droas_mother.core.bookkeeping.books import Batch
from droas_mother.flows.tools.tool_gateway import ToolGateway
from droas_mother.ports import RecordReader

HOLDS_EVERY_S = 30.0
_SWEEPS_A_DAY = round(86_400 / HOLDS_EVERY_S)
MOST_HOLDS = 500
MOST_ROWS = 2_000
"""Decisions dropped by one commit; keeps it under a few ten milliseconds."""

_DAY_US = 86_400_000_000


class Housekeeping:
    """Sweeps.

    Args:
        reader: finds what is due.
        gateway: does it, between the calls.
        retention_days: how long decisions are kept; None for ever.
    """

    def __init__(self, reader: RecordReader, gateway: ToolGateway, retention_days: int | None) -> None:
        self._reader = reader
        self._gateway = gateway
        self.retention_days = retention_days

    async def run(self) -> None:
        """Sweep holds every half a minute and the audit every day, the first time at once."""
        sweeps = 0
        while True:
            try:
                await self.sweep_holds(_now_us())
                if sweeps % _SWEEPS_A_DAY == 0:
                    await self.sweep_audit(_now_us())
            except DroasError as error:
                log.warning("sweep_failed", why=str(error))
            sweeps += 1
            await asyncio.sleep(HOLDS_EVERY_S)

    async def sweep_holds(self, now_us: int) -> int:
        """Give coins back whose time is over; gives how many reservations those were."""
        swept = 0
        while due := await asyncio.to_thread(self._reader.expired_holds, now_us, MOST_HOLDS):
            await self._gateway.write(expired=tuple(due))
            swept += len(due)
        return swept

    async def sweep_audit(self, now_us: int) -> None:
        """Drop the decisions that are older than they are kept, some at a time."""
        if self.retention_days is None:
            return
        before_us = now_us - self.retention_days * _DAY_US
        while (end := await asyncio.to_thread(self._reader.prunable, before_us, MOST_ROWS)) is not None:
            await self._gateway.do(partial(_prune, end))


def _prune(end: int, batch: Batch, _now_us: int) -> None:
    batch.changes.audit_from = max(batch.changes.audit_from, end)


def _now_us() -> int:
    return time.time_ns() // 1000
