"""Audit, ledger and people, for those at the machine."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec

from droas_common.errors import ExitCode, OutsideError
from droas_common.ids import Snowflake
from droas_mother.core.answers.admin_answers import Refusal
from droas_mother.core.answers.tool_answers import UserExport, Verdict
from droas_mother.core.bookkeeping.audit_query import AuditQuery
from droas_mother.core.bookkeeping.books import Batch
from droas_mother.core.bookkeeping.records import Erasure, Unnaming
from droas_mother.flows.records.audit_feed import AuditFeed
from droas_mother.flows.tools.services.erasure import command_record, digest_of, erase, portions
from droas_mother.ports import RecordReader, Verification, Writer

Answer = tuple[int, Any]


class RecordsDesk:
    """Shows, verifies, exports and erases what is stored.

    Args:
        feed: the audit.
        reader: reads what is kept of people.
        verification: verifies the chains.
        writer: writes.
    """

    def __init__(
        self, feed: AuditFeed, reader: RecordReader, verification: Verification, writer: Writer
    ) -> None:
        self._feed = feed
        self._reader = reader
        self._verification = verification
        self._writer = writer
        self._one_at_a_time = asyncio.Lock()

    async def audit(self, query: AuditQuery, *, follow: bool) -> Answer:
        """Give decisions, oldest first, and with `follow` those that come."""
        if follow:
            return HTTPStatus.OK, self._feed.follow(query)
        try:
            return HTTPStatus.OK, {"records": await self._feed.find(query)}
        except OutsideError as error:
            return _unavailable(error)

    async def verify_audit(self) -> Answer:
        """Verify the audit's chain."""
        return await self._verify(self._verification.audit)

    async def verify_ledger(self) -> Answer:
        """Verify the ledger's chain and its sums."""
        return await self._verify(self._verification.ledger)

    async def export(self, user_id: str, guild_id: str | None, *, uid: int) -> Answer:
        """Give everything that is kept of a person."""
        who = _who(user_id, guild_id)
        record = command_record("export user", digest_of(who.user_id), who.guild_id, f"uid:{uid}", _now_us())
        try:
            await self._writer.write(record)
            found = await asyncio.to_thread(self._reader.about, who)
        except OutsideError as error:
            return _unavailable(error)
        told = {"user_id": user_id, "guild_id": guild_id, **found}
        return HTTPStatus.OK, msgspec.convert(told, UserExport)

    async def erase(self, user_id: str, guild_id: str | None, *, uid: int) -> Answer:
        """Forget a person: most of it between the calls, and the rest, with his coins, in one commit at the end."""
        who = _who(user_id, guild_id)
        digest, caller = digest_of(who.user_id), f"uid:{uid}"
        try:
            await self._writer.write(
                command_record("begin to erase user", digest, who.guild_id, caller, _now_us())
            )
            traces = await asyncio.to_thread(self._reader.traces, who)
            for portion in portions(traces):
                await self._writer.do(partial(_unname, portion))
            who = replace(who, traces=traces)
            done = await self._writer.do(
                lambda batch, now_us: erase(who, caller, batch, now_us=now_us), last=True
            )
        except OutsideError as error:
            return _unavailable(error)
        return HTTPStatus.OK, done

    def close_streams(self) -> None:
        """Tell those who follow that the mother stops."""
        self._feed.close()

    async def _verify(self, look: Callable[[], Verdict]) -> Answer:
        async with self._one_at_a_time:  # it reads everything; two at once would read it twice
            try:
                return HTTPStatus.OK, await asyncio.to_thread(look)
            except OutsideError as error:
                return _unavailable(error)


def _who(user_id: str, guild_id: str | None) -> Erasure:
    return Erasure(user_id=Snowflake(user_id), guild_id=Snowflake(guild_id) if guild_id is not None else None)


def _unname(portion: Unnaming, batch: Batch, _now_us: int) -> None:
    batch.changes.unnamings.append(portion)


def _unavailable(error: OutsideError) -> Answer:
    damaged = error.exit_code is ExitCode.DATA  # which does not pass
    status = HTTPStatus.INTERNAL_SERVER_ERROR if damaged else HTTPStatus.SERVICE_UNAVAILABLE
    return status, Refusal(error=str(error))


def _now_us() -> int:
    return time.time_ns() // 1000
