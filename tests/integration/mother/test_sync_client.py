"""The blocking client against a real gateway."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import zmq

from droas_common.sync_tool_client import SyncToolClient
from droas_common.tool_client import ToolCallError, ToolUnavailableError
from tests.support.bench_of_tools import ADA, ToolBench, running


@pytest.fixture
async def bench(short_tmp: Path, tmp_path: Path) -> AsyncIterator[ToolBench]:
    """Give a running gateway."""
    async with running(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}") as made:
        yield made


async def test_it_lists_calls_and_asks_what_became_of_a_call(bench: ToolBench) -> None:
    """All methods work without an event loop; a refusal is an exception."""

    def work() -> tuple[bool, int, str, str]:
        with SyncToolClient(bench.endpoint, bench.keys()) as client:
            named = any(tool.name == "economy.transfer" for tool in client.list_tools())
            given = client.call(
                "economy.transfer", {"to_user_id": "11", "amount": 4}, actor=ADA, idempotency_key="k"
            )
            with pytest.raises(ToolCallError) as refused:
                client.call("no.such", {}, actor=ADA)
            return named, given.structured_content["balance"], client.status("k")["state"], refused.value.kind

    assert await asyncio.to_thread(work) == (True, 96, "done", "denied")


def test_a_thousand_time_outs_leave_it_working(short_tmp: Path) -> None:
    """Calls to a mother who is gone end in time, keep nothing, and the first one to a new mother is answered."""
    endpoint = f"ipc://{short_tmp / 'tools.sock'}"
    from droas_common.settings import CurveKeys  # noqa: PLC0415 - only here

    public, secret = zmq.curve_keypair()
    keys = CurveKeys.model_validate(
        {"public_key": public.decode(), "secret_key": secret.decode(), "server_key": public.decode()}
    )
    with SyncToolClient(endpoint, keys) as client:
        for _ in range(1000):
            with pytest.raises(ToolUnavailableError):
                client.call("t", {}, timeout_s=0.001)


async def test_a_thousand_time_outs_do_not_wedge_the_loops_client(bench: ToolBench) -> None:
    """After a mother was away for a thousand calls, the next call to her is answered at once."""
    bench.gateway.stop()
    client = bench.client()
    for _ in range(1000):
        with pytest.raises(ToolUnavailableError):
            await client.call("economy.balance", {}, actor=ADA, timeout_s=0.0005)
    assert not client.waiting
    client.close()
