"""PostgreSQL that is cut off, restarted or hangs: nothing is done twice, nothing that was said is lost."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from droas_common.errors import OutsideError
from droas_common.tool_client import ToolClient
from droas_common.tool_retries import RetryingTools
from droas_common.wire.calls import Actor, ToolResult
from droas_mother.adapters.storage.findings import look_through
from droas_mother.core.bookkeeping.records import AuditRecord, Outcome
from droas_mother.flows.records import store_watch
from droas_mother.flows.records.store_watch import StoreWatch
from droas_mother.flows.tools import tool_gateway
from tests.support.bench_of_tools import ADA, ToolBench, running
from tests.support.postgres_server import Cut, Proxy, restart

pytestmark = pytest.mark.postgres
_RECORD = AuditRecord(at_us=1, kind="command", caller="uid:0", action="look", outcome=Outcome.OK)


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Proxy]:
    """Give a proxy before a fresh database."""
    if "host" not in make_url(postgres_url).query:
        pytest.skip("DROAS_TEST_POSTGRES_URL names a server that is not reached by a Unix socket")
    with Proxy(postgres_url) as made:
        yield made


async def give(client: ToolClient, key: str, *, actor: Actor = ADA) -> ToolResult:
    """Give a coin, as bots do: again with the same key until there is an answer."""
    return await RetryingTools(client).call(
        "economy.transfer", {"to_user_id": "99", "amount": 1}, actor=actor, timeout_s=20, idempotency_key=key
    )


def actions(bench: ToolBench) -> list[str]:
    """Give what stands in the audit."""
    return [row["action"] for row in bench.reader.newest_audit(100)]


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.AFTER])
async def test_a_connection_cut_at_commit_costs_nothing(short_tmp: Path, proxy: Proxy, cut: Cut) -> None:
    """Whether the lost COMMIT was carried out or not, the key finds it out: the coin moves once."""
    async with running(short_tmp, proxy.url) as bench:
        client = bench.client()
        await give(client, "before")
        proxy.cut = cut
        result = await give(client, "cut")
        assert proxy.cuts == 1
        assert (result.structured_content["balance"], result.replayed) == (98, cut is Cut.AFTER)
        assert (await give(client, "after")).structured_content["balance"] == 97
        client.close()
        findings = look_through(bench.engine)
    assert (findings.faults, findings.audit_rows) == ((), 3)


async def test_a_server_that_restarts_under_load_loses_nothing(
    short_tmp: Path, proxy: Proxy, request: pytest.FixtureRequest
) -> None:
    """Callers wait a moment, and every transfer that was asked for is there once; the proxy leads to the new server."""
    server = request.getfixturevalue("own_postgres")
    async with running(short_tmp, proxy.url) as bench:
        client = bench.client()
        stopped, given = asyncio.Event(), 0

        async def load(who: int) -> None:
            nonlocal given
            number = 0
            while not stopped.is_set():
                number += 1
                await give(
                    client, f"{who}-{number}", actor=Actor(user_id=str(who * 100 + number % 50), guild_id="1")
                )
                given += 1

        async with asyncio.TaskGroup() as callers:
            for who in range(1, 5):
                callers.create_task(load(who))
            while given < 40:
                await asyncio.sleep(0.005)
            await asyncio.to_thread(restart, server)
            known = given
            while given < known + 40:
                await asyncio.sleep(0.005)
            stopped.set()
        failed = bench.gateway.figures.failed_commits
        owner = await client.call("economy.balance", {}, actor=Actor(user_id="99", guild_id="1"))
        client.close()
        findings = look_through(bench.engine)
    assert failed
    assert owner.structured_content["balance"] == 100 + given
    assert findings.faults == ()
    assert findings.audit_rows == given + 1


def test_a_server_that_was_restarted_ends_with_the_tests(own_postgres: Any) -> None:
    """Whoever ends it at last knows the process that runs now; otherwise it would outlive every run of the tests."""
    before = own_postgres.get_pid()
    restart(own_postgres)
    running_pid = int((own_postgres.pgdata / "postmaster.pid").read_text().split()[0])
    assert own_postgres.get_pid() == running_pid != before
    assert own_postgres.get_postmaster_info().is_running()


async def test_a_server_that_hangs_holds_nobody(
    short_tmp: Path, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes beside the tools is told after a while, sooner once it is known; then all goes on by itself."""
    monkeypatch.setattr(tool_gateway, "_LONGEST_WAIT_S", 0.3)
    monkeypatch.setattr(tool_gateway, "_FAILING_WAIT_S", 0.1)
    monkeypatch.setattr(store_watch, "LOOK_EVERY_S", 0.05)
    async with running(short_tmp, proxy.url) as bench:
        watching = asyncio.create_task(StoreWatch(bench.gateway).run())
        await bench.gateway.write(_RECORD)
        proxy.pause()
        for _ in range(2):
            with pytest.raises(OutsideError, match="has not answered"):
                await bench.gateway.write(_RECORD)
        assert "has not answered" in bench.gateway.figures.fault
        proxy.resume()
        async with asyncio.timeout(10):
            while bench.gateway.figures.outage:
                await asyncio.sleep(0.01)
        watching.cancel()
        assert "store recovered" in actions(bench)
