"""Overload over real sockets: a bound that is said, turns for everybody, calls that are taken back."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from droas_common.tool_client import ToolClient
from droas_mother.core.tools.tool_settings import RateSettings, ToolSettings
from tests.support.bench_of_tools import ADA, ToolBench, running

_OFTEN = ToolSettings(
    caller_rate=RateSettings(per_s=100_000, burst=100_000),
    actor_rate=RateSettings(per_s=100_000, burst=100_000),
)
_FLOOD = 400
"""Calls that the flooding caller keeps in flight."""


@pytest.fixture
async def bench(short_tmp: Path, tmp_path: Path) -> AsyncIterator[ToolBench]:
    """Give a running gateway whose limits are no matter here."""
    async with running(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}", tool_settings=_OFTEN) as made:
        yield made


def _frame(number: int, method: str, params: dict[str, Any]) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()


def _transfer(number: int) -> bytes:
    meta = {"actor": {"userId": "10", "guildId": "1"}, "idempotencyKey": f"flood-{number:08}"}
    arguments = {"to_user_id": "11", "amount": 1}
    return _frame(number, "tools/call", {"name": "economy.transfer", "arguments": arguments, "_meta": meta})


def _flood(socket: "zmq.Socket[bytes]", until: asyncio.Event) -> int:
    """Keep hundreds of calls in flight; gives how many were answered."""
    sent = answered = 0
    while not until.is_set():
        while sent - answered < _FLOOD:
            socket.send(_transfer(sent))
            sent += 1
        if socket.poll(100):
            socket.recv()
            answered += 1
    return answered


async def _p90_s(client: ToolClient, calls: int) -> float:
    took = []
    for _ in range(calls):
        began = time.perf_counter()
        await client.call("economy.balance", {}, actor=ADA, timeout_s=20)
        took.append(time.perf_counter() - began)
    return statistics.quantiles(took, n=10)[-1]


async def test_a_flood_of_one_does_not_hold_up_another(bench: ToolBench) -> None:
    """A quiet caller waits for a group or two, never behind all that another has sent."""
    client = bench.client(bench.keys("quiet"))
    await _p90_s(client, 10)
    socket, ended = bench.raw(zmq.DEALER, bench.keys("noisy")), asyncio.Event()
    began = time.perf_counter()
    flood = asyncio.create_task(asyncio.to_thread(_flood, socket, ended))
    await asyncio.sleep(0.2)
    flooded_s = await _p90_s(client, 60)
    ended.set()
    answered = await flood
    each_s = (time.perf_counter() - began) / answered
    # Behind all others he would wait for the whole flood each time; the margin is for a busy machine.
    assert flooded_s < 3 * _FLOOD * each_s, (flooded_s, each_s)
    socket.close(linger=0)
    client.close()


async def test_too_much_is_said_at_once(short_tmp: Path, tmp_path: Path) -> None:
    """Beyond the bound a call is answered as overloaded with a time to wait, and nothing of it is done."""
    url = f"sqlite:///{tmp_path / 'droas.db'}"
    async with running(short_tmp, url, tool_settings=_OFTEN, max_waiting=32) as bench:
        socket = bench.raw(zmq.DEALER)
        for number in range(2_000):
            socket.send(_transfer(number))
        answers = [await asyncio.to_thread(_hear, socket) for _ in range(2_000)]
        socket.close(linger=0)
    refused = [answer["error"] for answer in answers if "error" in answer]
    assert refused
    assert all((one["code"], one["data"]["kind"]) == (-32003, "overloaded") for one in refused)
    assert all(one["data"]["retryAfterMs"] > 0 for one in refused)
    assert any("result" in answer for answer in answers)


def _hear(socket: "zmq.Socket[bytes]") -> dict[str, Any]:
    assert socket.poll(10_000)
    answer: dict[str, Any] = json.loads(socket.recv())
    return answer


async def test_only_ones_own_calls_can_be_taken_back(bench: ToolBench) -> None:
    """Another caller's request of the same id is out of reach."""
    mine, other = bench.raw(zmq.DEALER, bench.keys("mine")), bench.raw(zmq.DEALER, bench.keys("other"))
    for number in range(400):
        mine.send(_transfer(number))
    other.send(_frame(1, "calls/cancel", {"requestId": 399}))
    assert (await asyncio.to_thread(_hear, other))["result"]["cancelled"] is False
    answers = [await asyncio.to_thread(_hear, mine) for _ in range(400)]
    assert all("result" in answer for answer in answers)
    mine.close(linger=0)
    other.close(linger=0)
