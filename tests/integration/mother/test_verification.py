"""Whoever changes, removes or reorders what was written is found out, on every database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from droas_mother.adapters.storage.verification import Verifier
from droas_mother.core.bookkeeping.records import AuditRecord, Outcome
from tests.support.bench_of_tools import ADA, GRACE, ToolBench, running


@pytest.fixture
async def bench(short_tmp: Path, database_url: str) -> AsyncIterator[ToolBench]:
    """Give a running gateway after a few transfers and a denied call."""
    async with running(short_tmp, database_url) as made:
        client = made.client()
        for number in range(5):
            await client.call(
                "economy.transfer", {"to_user_id": "11", "amount": 3}, actor=ADA, idempotency_key=f"k{number}"
            )
        await client.call("economy.reserve", {"amount": 7}, actor=GRACE, idempotency_key="hold")
        client.close()
        yield made


async def test_what_was_written_verifies(bench: ToolBench) -> None:
    """Every row of both chains is sound, and so are the sums."""
    verifier = Verifier(bench.engine)
    audit, ledger = verifier.audit(), verifier.ledger()
    assert (audit.rows, audit.faults) == (6, [])
    assert (ledger.rows, ledger.faults) == (5 * 2 + 2 * 2 + 2, [])


@pytest.mark.parametrize(
    ("crime", "said"),
    [
        ("UPDATE audit SET outcome = 'denied' WHERE seq = 3", "audit row 3: its content was changed"),
        ("DELETE FROM audit WHERE seq = 4", "audit row 5: it does not follow from the row before"),
        ("UPDATE audit SET salt = NULL, content_hash = 'x' WHERE seq = 2", "audit row 2: it does not follow"),
    ],
)
async def test_a_changed_audit_is_found_out(bench: ToolBench, crime: str, said: str) -> None:
    """The first row that does not hold is named."""
    with bench.engine.begin() as connection:
        connection.execute(text(crime))
    (fault,) = Verifier(bench.engine).audit().faults
    assert fault.startswith(said)


@pytest.mark.parametrize(
    ("crime", "said"),
    [
        ("UPDATE entries SET amount = amount + 1 WHERE seq = 2", "entries row 2: its content was changed"),
        (
            "UPDATE accounts SET balance = 1000000 WHERE owner = '10'",
            "account 10 in 1: its balance is 1000000",
        ),
        ("UPDATE holds SET amount = 9", "escrow of 1: 7 coins wait there, 9 are set aside"),
        ("DELETE FROM entries WHERE seq = 16", "account "),
        ("UPDATE accounts SET balance = -5 WHERE owner = '11'", "account 11 in 1: it owes 5 coins"),
        (
            "UPDATE entries SET before = NULL WHERE seq = 7",
            "entries row 7: the one before it of its account is 5",
        ),
        (
            "UPDATE accounts SET newest = 2 WHERE owner = '10'",
            "account 10 in 1: its newest entry is 13, not 2",
        ),
    ],
)
async def test_a_changed_ledger_is_found_out(bench: ToolBench, crime: str, said: str) -> None:
    """Entries, balances and what is set aside are held against one another."""
    with bench.engine.begin() as connection:
        connection.execute(text(crime))
    assert any(fault.startswith(said) for fault in Verifier(bench.engine).ledger().faults)


async def test_a_link_that_is_longer_than_a_sweep_is_dropped_as_a_whole(bench: ToolBench) -> None:
    """Retention never stops at it, and never takes the newest link."""
    one = AuditRecord(at_us=1, kind="command", caller="uid:1", action="play", outcome=Outcome.OK)
    await bench.gateway.write(*[one] * 5)
    await bench.gateway.write(one)
    future_us = 2**60
    for first_left in (2, 3, 4, 5, 6, 7, 12):
        end = bench.reader.prunable(future_us, 1)
        assert end == first_left
        await bench.gateway.do(lambda batch, _now_us, end=end: setattr(batch.changes, "audit_from", end))
    assert bench.reader.prunable(future_us, 1) is None
    assert (Verifier(bench.engine).audit().rows, Verifier(bench.engine).audit().faults) == (1, [])


async def test_rows_of_one_commit_are_one_link(bench: ToolBench) -> None:
    """One that goes missing among them is found out, and old ones are dropped link by link."""
    for number in range(3):
        one = AuditRecord(at_us=number, kind="command", caller="uid:1", action="play", outcome=Outcome.OK)
        await bench.gateway.write(one, one, one)
    verifier = Verifier(bench.engine)
    assert (verifier.audit().rows, verifier.audit().faults) == (15, [])
    await bench.gateway.do(lambda batch, _now_us: setattr(batch.changes, "audit_from", 12))
    assert [row["seq"] for row in bench.reader.newest_audit(50)] == [10, 11, 12, 13, 14, 15]
    assert (verifier.audit().rows, verifier.audit().faults) == (6, [])
    with bench.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq = 14"))
    (fault,) = verifier.audit().faults
    assert (
        fault
        == "audit row 15: of the 2 rows that end with it, one was removed, added, or put in another place"
    )
    with bench.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq = 15"))
    assert verifier.audit().faults == ["audit row 13: the row that was written behind it is missing"]


async def test_the_chain_goes_on_over_restarts(short_tmp: Path, database_url: str) -> None:
    """A new mother joins her rows to those of the one before."""
    for number in range(2):
        async with running(short_tmp, database_url) as bench:
            client = bench.client()
            await client.call("economy.daily", {}, actor=(ADA, GRACE)[number], idempotency_key=f"d{number}")
            client.close()
            verdict = Verifier(bench.engine).audit()
    assert (verdict.rows, verdict.faults) == (2, [])
