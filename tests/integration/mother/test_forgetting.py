"""A person with a long past is forgotten between the calls of others, and an erasure that is cut off can be repeated."""

import asyncio
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.forgetting import ERASED
from droas_mother.core.bookkeeping.records import Erasure
from droas_mother.core.tools.tool_settings import RateSettings, ToolSettings
from droas_mother.flows.records import records_desk
from droas_mother.flows.tools.services.erasure import portions
from tests.support.bench_of_tools import ADA, GRACE
from tests.support.office import PlayedOffice, office

OFTEN = RateSettings(per_s=100_000, burst=100_000)
WHO = Erasure(user_id=Snowflake("10"), guild_id=None)


@pytest.fixture
async def place(short_tmp: Path, database_url: str) -> AsyncIterator[PlayedOffice]:
    """Give an admin interface before a gateway: Ada has given, awarded, noted; Grace has given to her."""
    settings = ToolSettings(actor_rate=OFTEN, caller_rate=OFTEN)
    async with office(short_tmp, database_url, tool_settings=settings) as made:
        client = made.bench.client()
        for number in range(3):
            key = {"idempotency_key": f"message-{number}"}
            await client.call("economy.award", {"to_user_id": "11", "amount": 5}, actor=ADA, **key)
            key = {"idempotency_key": f"given-{number}"}
            await client.call("economy.transfer", {"to_user_id": "11", "amount": 3}, actor=ADA, **key)
            key = {"idempotency_key": f"back-{number}"}
            await client.call("economy.transfer", {"to_user_id": "<@10>", "amount": 1}, actor=GRACE, **key)
        client.close()
        yield made


def leftovers(place: PlayedOffice) -> list[str]:
    """Give every row in which something still leads to Ada."""
    with place.bench.engine.connect() as connection:
        rows = [row for table in schema.metadata.sorted_tables for row in connection.execute(select(table))]
    signs = ("'10'", '"10"', "<@10>", "message-", "given-")
    return [str(row) for row in rows if any(sign in str(row) for sign in signs)]


async def verified(place: PlayedOffice) -> bool:
    """Say whether both chains, all sums and all trails hold."""
    return [(await place.ctl(what, "verify"))[0] for what in ("audit", "ledger")] == [0, 0]


async def test_others_are_served_meanwhile(place: PlayedOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is long is done in many commits, between which calls are answered; at the end nothing leads to her."""
    commits = 0
    do = place.bench.gateway.do

    async def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal commits
        commits += 1
        return await do(*arguments, **named)

    monkeypatch.setattr(place.bench.gateway, "do", counted)
    monkeypatch.setattr(records_desk, "portions", partial(portions, most=1))
    client = place.bench.client()
    erasing = asyncio.create_task(place.ctl("user", "erase", "10", "--yes"))
    served = 0
    while not erasing.done():
        await client.call("economy.balance", {}, actor=GRACE)
        served += 1
    code, done, _ = await erasing
    client.close()
    assert (code, done["accounts"]) == (0, 1)
    assert (commits, served > 1) == (9 + 6 + 3 + 1, True)
    assert leftovers(place) == []
    assert await verified(place)
    with place.bench.engine.connect() as connection:
        query = select(schema.entries.c.before).where(schema.entries.c.owner == ERASED)
        assert set(connection.execute(query).scalars()) == {None}, "her entries lead to one another"


async def test_whoever_asks_is_written_down_before_anything_is_gone(
    place: PlayedOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it is cut off, the audit says who has begun it."""

    def broken(*_: object) -> None:
        raise OutsideError("the disk is full")

    monkeypatch.setattr(records_desk, "erase", broken)
    await place.ctl("user", "erase", "10", "--yes")
    (row,) = [row for row in place.bench.reader.newest_audit(50) if "erase user" in row["action"]]
    assert (row["action"], row["caller"]) == ("begin to erase user", f"uid:{os.getuid()}")


@pytest.mark.parametrize("portion", range(5))
async def test_what_was_cut_off_is_finished_by_the_next(place: PlayedOffice, portion: int) -> None:
    """Wherever it ends, everything holds, and to erase again leaves nothing."""
    cut_at = (0, 1, 9, 12, 17)[portion]
    parts = list(portions(place.bench.reader.traces(WHO), most=1))
    for part in parts[:cut_at]:
        await place.bench.gateway.do(partial(records_desk._unname, part))
    assert await verified(place)
    client = place.bench.client()
    await client.call(
        "economy.award", {"to_user_id": "11", "amount": 5}, actor=ADA, idempotency_key="message-9"
    )
    client.close()
    assert (await place.ctl("user", "erase", "10", "--yes"))[0] == 0
    assert leftovers(place) == []
    assert await verified(place)


async def test_what_was_written_after_the_search_is_found_at_the_end(place: PlayedOffice) -> None:
    """Calls between the search and the last commit are forgotten, too."""
    traces = place.bench.reader.traces(WHO)
    client = place.bench.client()
    for number in range(2):
        key = {"idempotency_key": f"message-late-{number}"}
        await client.call("economy.award", {"to_user_id": "11", "amount": 5}, actor=ADA, **key)
        await client.call("economy.balance", {"user_id": "10"}, actor=GRACE)
    client.close()
    later = place.bench.reader
    assert (traces.audit_end, later.traces(WHO).audit_end) == (9, 13)
    code, done, _ = await erase_with(place, traces)
    assert (code, done["accounts"]) == (0, 1)
    assert leftovers(place) == []
    assert await verified(place)


async def test_a_retry_after_an_erasure_does_nothing_twice(place: PlayedOffice) -> None:
    """Who gave coins to somebody who was forgotten is told that it was done, though not what was said then."""
    client = place.bench.client()
    given = {"to_user_id": "10", "amount": 7}
    await client.call("economy.transfer", given, actor=GRACE, idempotency_key="paid")
    before = (await client.call("economy.balance", {}, actor=GRACE)).structured_content["balance"]
    await place.ctl("user", "erase", "10", "--yes")
    again = await client.call("economy.transfer", given, actor=GRACE, idempotency_key="paid")
    assert (again.replayed, again.is_error, again.structured_content) == (True, False, {})
    assert (await client.call("economy.balance", {}, actor=GRACE)).structured_content["balance"] == before
    client.close()


async def erase_with(place: PlayedOffice, traces: Any) -> tuple[int, Any, str]:
    """Erase with what was found before."""
    patched = pytest.MonkeyPatch()
    patched.setattr(place.bench.reader, "traces", lambda _who: traces)
    try:
        return await place.ctl("user", "erase", "10", "--yes")
    finally:
        patched.undo()
