"""The audit for those who ask, and for those who follow it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from droas_common.errors import OutsideError
from droas_common.logs import redactor
from droas_mother.core.bookkeeping.audit_query import AuditQuery
from droas_mother.core.supervision.events import LogEnded
from droas_mother.flows.log_feed import KEEP_ALIVE_S
from droas_mother.flows.mailbox import STOPPING
from droas_mother.ports import AuditReader

AT_ONCE = 500
"""Decisions of one batch; a follower who is slow finds the rest in the database."""


class AuditFeed:
    """Follows the audit: the writer rings, and whoever follows reads on where he was.

    Args:
        reader: reads the audit.
    """

    def __init__(self, reader: AuditReader) -> None:
        self._reader = reader
        self._loop: asyncio.AbstractEventLoop | None = None
        self._bells: set[asyncio.Event] = set()
        self._ended = False

    def ring(self) -> None:
        """Tell that decisions were written down; any thread may."""
        if self._bells and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and with it all who follow
                self._loop.call_soon_threadsafe(self._wake)

    async def find(self, query: AuditQuery) -> list[dict[str, Any]]:
        """Give decisions, oldest first, secrets masked; raises OutsideError."""
        return await asyncio.to_thread(self._find, query)

    def _find(self, query: AuditQuery) -> list[dict[str, Any]]:
        # What is kept is what a retry is answered with, and what an answer would not be without its secrets.
        rows = self._reader.find_audit(query)
        return [{**row, "result": _masked(row["result"])} for row in rows]

    async def follow(self, query: AuditQuery) -> AsyncGenerator[list[Any]]:
        """Give decisions, then those that are written, in batches; an empty batch is a sign of life."""
        self._loop = asyncio.get_running_loop()
        bell = asyncio.Event()
        self._bells.add(bell)
        after = query.after
        try:
            # What is skipped or given now may not come again: the end of the audit is where it goes on.
            end = await self.find(AuditQuery(count=1))
            after = after if after is not None else (end[-1]["seq"] if end else 0)
            past = await self.find(query) if query.count else []
            yield past
            after = max(after, past[-1]["seq"]) if past else after
            while not self._ended:
                bell.clear()
                rows = await self.find(replace(query, count=AT_ONCE, after=after))
                if rows:
                    after = rows[-1]["seq"]
                    yield rows
                elif not await _rung(bell):
                    yield []
            yield [LogEnded(why=STOPPING)]
        except OutsideError as error:
            onward = f"; go on with --after {after}" if after is not None else ""
            yield [LogEnded(why=f"the audit cannot be followed any longer: {error}{onward}")]
        finally:
            self._bells.discard(bell)

    def close(self) -> None:
        """Tell those who follow that the mother stops."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        for bell in self._bells:
            bell.set()


def _masked(result: str) -> str:
    try:
        return redactor.json_text(result)
    except ValueError:  # it is not whole, and is shown all the same
        return redactor.text(result)


async def _rung(bell: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(KEEP_ALIVE_S):
            await bell.wait()
    except TimeoutError:
        return False
    return True
