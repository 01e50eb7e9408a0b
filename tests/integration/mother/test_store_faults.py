"""SQLite that is full or overwritten: callers are told, nothing is half done, what can recover does so by itself."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from droas_common.tool_client import ToolUnavailableError
from droas_common.wire.calls import Actor
from droas_mother.adapters.storage.findings import look_at_file
from droas_mother.flows.records import store_watch
from droas_mother.flows.records.store_watch import StoreWatch
from tests.support.bench_of_tools import ADA, running


async def test_a_full_disk_is_told_and_recovers(
    short_tmp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls are refused with a time to come back, nothing is left of them, and the audit says how long it was so."""
    monkeypatch.setattr(store_watch, "LOOK_EVERY_S", 0.02)
    pages = 1
    async with running(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}") as bench:

        @event.listens_for(bench.engine, "checkout")
        def _bound(connection: Any, *_more: object) -> None:
            connection.execute(f"PRAGMA max_page_count={pages}")

        watching = asyncio.create_task(StoreWatch(bench.gateway).run())
        client = bench.client()
        refused = None
        for number in range(1, 200):  # what is free in the pages that are there is taken first
            try:
                await client.call(
                    "users.remember",
                    {"text": "hay" * 60},
                    actor=Actor(user_id=str(number), guild_id="1"),
                    idempotency_key=f"k{number}",
                )
            except ToolUnavailableError as error:
                refused = error
                break
        assert refused is not None
        assert (refused.retry_after_s, "is full; make room" in str(refused)) == (1.0, True)
        assert "is full" in bench.gateway.figures.fault
        pages = 1_000_000
        async with asyncio.timeout(10):
            while bench.gateway.figures.fault:
                await asyncio.sleep(0.01)
        again = await client.call("economy.daily", {}, actor=ADA, idempotency_key="again")
        watching.cancel()
        client.close()
        told = [row for row in bench.reader.newest_audit(5) if row["action"] == "store recovered"]
    assert again.structured_content["balance"] == 120
    assert "is full" in told[0]["arguments"]
    assert look_at_file(tmp_path / "droas.db").faults == ()


async def test_a_read_that_fails_within_a_commit_is_no_defect(short_tmp: Path, database_url: str) -> None:
    """Whatever the database is asked last before it fails, callers are to come back, and the outage is noted."""
    async with running(short_tmp, database_url) as bench:
        client = bench.client()
        rename(bench.engine, "entries", "gone")
        with pytest.raises(ToolUnavailableError, match="the database refuses"):
            await client.call("economy.daily", {}, actor=ADA, idempotency_key="k")
        assert bench.gateway.figures.outage is not None
        rename(bench.engine, "gone", "entries")
        again = await client.call("economy.daily", {}, actor=ADA, idempotency_key="k")
        client.close()
    assert (again.structured_content["balance"], again.replayed) == (120, False)


def rename(engine: Engine, name: str, to: str) -> None:
    """Give a table another name."""
    with engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {name} RENAME TO {to}"))


async def test_an_overwritten_file_is_told(short_tmp: Path, tmp_path: Path) -> None:
    """A file that is rubbish under a running gateway ends in refusals that say what to do, not in wrong answers."""
    path = tmp_path / "droas.db"
    async with running(short_tmp, f"sqlite:///{path}") as bench:
        client = bench.client()
        await client.call("economy.daily", {}, actor=ADA, idempotency_key="k")
        with bench.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (path.stat().st_size - 4096))
        stranger = Actor(user_id="100", guild_id="1")
        with pytest.raises(ToolUnavailableError, match=r"malformed; stop the mother and restore a backup"):
            await client.call("economy.daily", {}, actor=stranger, idempotency_key="d")
        assert bench.gateway.alive
        assert "malformed" in bench.gateway.figures.fault
        client.close()
    assert look_at_file(path).faults
