"""A defect in one tool is that call's alone: told as internal, audited, and nobody else's matter."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq

from droas_common.errors import DefectError
from droas_common.ids import Snowflake
from droas_common.wire.calls import Json, read_response
from droas_mother.core.bookkeeping.books import Batch, Draft
from droas_mother.core.bookkeeping.ledger import Account, Standing
from droas_mother.core.bookkeeping.records import Memory
from droas_mother.core.tools.tool_settings import RateSettings, ToolSettings
from droas_mother.flows.tools.services.registry import Call, Tool
from tests.support.bench_of_tools import ADA, GRACE, ToolBench, running


class Nothing(msgspec.Struct, frozen=True):
    """No arguments."""


def raises(_arguments: Nothing, _call: Call, draft: Draft) -> Json:
    """Change something, then fail."""
    draft.keep(Memory(guild_id=ADA.guild_id, user_id=ADA.user_id, notes='["half"]'))  # type: ignore[arg-type]  # plain ids serve
    raise ValueError(draft)


def gives_rubbish(_arguments: Nothing, _call: Call, _draft: Draft) -> Json:
    """Give what is no JSON."""
    return {"rubbish": object()}


def poisons(_arguments: Nothing, _call: Call, draft: Draft) -> Json:
    """Keep a number that no database takes; it fails with the whole commit."""
    draft.changes.accounts[Account(ADA.guild_id, "10", "coins")] = Standing(2**80)  # type: ignore[arg-type]  # plain ids serve
    return {}


OFTEN = ToolSettings(actor_rate=RateSettings(per_s=100_000, burst=100_000))
BROKEN = tuple(
    Tool(name=f"broken.{work.__name__}", description="", arguments=Nothing, handle=work, changes=True)
    for work in (raises, gives_rubbish, poisons)
)


@pytest.fixture
async def bench(short_tmp: Path, database_url: str) -> AsyncIterator[ToolBench]:
    """Give a running gateway with broken tools."""
    async with running(short_tmp, database_url, tool_settings=OFTEN, more_tools=BROKEN) as made:
        yield made


def _frame(number: int, name: str, arguments: Json) -> bytes:
    meta = {"actor": {"userId": GRACE.user_id, "guildId": "1"}, "idempotencyKey": f"k{number}"}
    params = {"name": name, "arguments": arguments, "_meta": meta}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})


@pytest.mark.parametrize("name", [tool.name for tool in BROKEN])
async def test_a_broken_tool_fails_alone(bench: ToolBench, name: str) -> None:
    """Its caller is told of an internal error, the calls of the same group are done, the gateway goes on."""
    socket = bench.raw(zmq.DEALER)
    for number in range(20):
        broken = number in (3, 11)
        arguments = {} if broken else {"to_user_id": "12", "amount": 1}
        socket.send(_frame(number, name if broken else "economy.transfer", arguments))
    answers = [read_response(await asyncio.to_thread(socket.recv)) for _ in range(20)]
    socket.close()
    faults = {one.id: one.error for one in answers if one.error is not None}
    assert {number: fault.code for number, fault in faults.items()} == {3: -32603, 11: -32603}
    assert all(fault.data is not None and fault.data.kind == "internal" for fault in faults.values())
    rows = bench.reader.newest_audit(30)
    assert sorted(row["outcome"] for row in rows) == ["failed"] * 2 + ["ok"] * 18
    assert all(row["key"] is None for row in rows if row["outcome"] == "failed")
    client = bench.client()
    balance = await client.call("economy.balance", {}, actor=GRACE)
    assert balance.structured_content["balance"] == 100 - 18
    assert (await client.call("users.notes", {}, actor=ADA)).structured_content["notes"] == []
    client.close()
    assert bench.reader.ledger_sum() == 0
    assert bench.gateway.alive


async def test_a_broken_job_fails_alone(bench: ToolBench) -> None:
    """What the event loop has done beside it is done, and whoever asked for the broken one is told."""

    def fails(_batch: Batch, _now_us: int) -> None:
        raise KeyError("a defect")

    works: list[Callable[[Batch, int], Any]] = [lambda _batch, _now_us: 1, fails, lambda _batch, _now_us: 3]
    results = await asyncio.gather(*(bench.gateway.do(work) for work in works), return_exceptions=True)
    assert (results[0], results[2]) == (1, 3)
    assert isinstance(results[1], DefectError)
    assert bench.gateway.alive


async def test_a_job_that_fails_after_a_read_holds_nothing(bench: ToolBench) -> None:
    """A defect of the mother's own work leaves no transaction open in which others would have to wait."""

    def work(batch: Batch, _now_us: int) -> None:
        batch.balance(Account(Snowflake("1"), "10"))
        raise ValueError(batch)

    with pytest.raises(DefectError):
        await bench.gateway.do(work)
    with bench.engine.connect() as other:
        if bench.engine.dialect.name == "sqlite":
            other.exec_driver_sql("PRAGMA busy_timeout=0")
            other.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            other.exec_driver_sql("LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE NOWAIT")
