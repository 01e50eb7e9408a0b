"""The clients for programs outside, blocking and on a loop, against real gateways that come and go."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import zmq
from pydantic import SecretStr

from droas_common.circuit_breaker import BreakerRules
from droas_common.credentials import read_credential
from droas_common.errors import NoInputError, RequestError
from droas_common.following_tool_client import FollowingToolClient
from droas_common.settings import CurveKeys
from droas_common.sync_tool_client import SyncToolClient
from droas_common.tool_client import ToolCallError, ToolUnavailableError
from tests.support.bench_of_tools import ADA, ToolBench, running
from tests.support.history_mother import WholeMother

NEVER = BreakerRules(failures=10**9)
GIFT = {"to_user_id": "11", "amount": 4}
AT_ONCE_S = 1.0
SHORT = '{"public_key": "k", "secret_key": "k", "endpoint": "ipc:///t.sock", "beacon": "/mother.json"}'

Start = Callable[[], AbstractAsyncContextManager[ToolBench]]


@pytest.fixture
def start(short_tmp: Path, tmp_path: Path) -> Start:
    """Give what starts a gateway: always at the same place, on the same database, with new keys."""
    return lambda: running(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}")


@pytest.fixture
async def bench(start: Start) -> AsyncIterator[ToolBench]:
    """Give a running gateway."""
    async with start() as made:
        yield made


def gone(folder: Path) -> tuple[str, CurveKeys]:
    """Give where nobody is."""
    public, secret = (key.decode() for key in zmq.curve_keypair())
    keys = CurveKeys(public_key=public, secret_key=SecretStr(secret), server_key=public)
    return f"ipc://{folder / 'tools.sock'}", keys


async def test_it_lists_calls_and_asks_what_became_of_a_call(bench: ToolBench) -> None:
    """All methods work without an event loop; a refusal is an exception."""
    file = await bench.credential()

    def work() -> tuple[bool, int, str, str]:
        with SyncToolClient.from_credential(file) as client:
            named = any(tool.name == "economy.transfer" for tool in client.list_tools())
            given = client.call("economy.transfer", GIFT, actor=ADA, idempotency_key="k")
            with pytest.raises(ToolCallError) as refused:
                client.call("no.such", {}, actor=ADA)
            return named, given.structured_content["balance"], client.status("k")["state"], refused.value.kind

    assert await asyncio.to_thread(work) == (True, 96, "done", "denied")


async def test_the_loops_client_does_the_same(bench: ToolBench) -> None:
    """All methods work on a loop, many at a time; a refusal is an exception."""
    async with FollowingToolClient.from_credential(await bench.credential()) as client:
        assert any(tool.name == "economy.transfer" for tool in await client.list_tools())
        await client.call("economy.transfer", GIFT, actor=ADA, idempotency_key="k")
        told = await asyncio.gather(*(client.call("economy.balance", {}, actor=ADA) for _ in range(5)))
        assert {one.structured_content["balance"] for one in told} == {96}
        assert (await client.status("k"))["state"] == "done"
        with pytest.raises(ToolCallError) as refused:
            await client.call("no.such", {}, actor=ADA)
        assert (refused.value.kind, len(refused.value.idempotency_key or "")) == ("denied", 29)


async def test_a_call_that_is_too_large_is_refused_here(bench: ToolBench) -> None:
    """It would end the connection unread; both clients say so at once, and go on."""
    file, large = await bench.credential(), {"to_user_id": "1" * 70_000}
    with SyncToolClient.from_credential(file) as blocking:
        async with FollowingToolClient.from_credential(file) as client:
            for call in (
                client.call("economy.transfer", large),
                asyncio.to_thread(blocking.call, "economy.transfer", large),
            ):
                with pytest.raises(ToolCallError, match="more than 65536") as refused:
                    await call
                assert refused.value.kind == "too_large"
            assert await client.list_tools() == await asyncio.to_thread(blocking.list_tools)


async def test_a_thousand_time_outs_leave_it_working(start: Start) -> None:
    """Calls to a mother who is gone end in time, keep nothing, and the first one to a new mother is answered."""
    async with start() as first:
        credential = read_credential(await first.credential())
        old_key = credential.present_keys().server_key
        client = SyncToolClient(credential.endpoint, credential.present_keys, NEVER)
        await asyncio.to_thread(client.call, "economy.balance", {}, actor=ADA)

    def waste() -> None:
        for _ in range(1000):
            with pytest.raises(ToolUnavailableError):
                client.call("economy.balance", {}, actor=ADA, timeout_s=0.001)

    with client:
        await asyncio.to_thread(waste)
        async with start() as second:
            second.client_desk()
            assert credential.present_keys().server_key != old_key
            began = time.monotonic()
            told = await asyncio.to_thread(client.call, "economy.balance", {}, actor=ADA)
            assert time.monotonic() - began < AT_ONCE_S
    assert told.structured_content["balance"] == 100


async def test_a_thousand_time_outs_do_not_wedge_the_loops_client(start: Start) -> None:
    """After a mother was away for a thousand calls, the next call to a new one is answered at once."""
    async with start() as first:
        credential = read_credential(await first.credential())
        old_key = credential.present_keys().server_key
    async with FollowingToolClient(credential.endpoint, credential.present_keys, NEVER) as client:
        for _ in range(1000):
            with pytest.raises(ToolUnavailableError):
                await client.call("economy.balance", {}, actor=ADA, timeout_s=0.0005)
        async with start() as second:
            second.client_desk()
            assert credential.present_keys().server_key != old_key
            began = time.monotonic()
            told = await client.call("economy.balance", {}, actor=ADA)
            assert time.monotonic() - began < AT_ONCE_S
    assert told.structured_content["balance"] == 100


async def test_a_call_outlasts_the_change_of_the_mother(start: Start) -> None:
    """A call that is made while none is there is answered by the next, of the blocking client and of the loop's."""
    async with start() as first:
        file = await first.credential()
        blocking = SyncToolClient.from_credential(file)
        await asyncio.to_thread(blocking.call, "economy.balance", {}, actor=ADA)
    with blocking:
        async with FollowingToolClient.from_credential(file) as client, asyncio.TaskGroup() as group:
            waiting = [
                group.create_task(
                    asyncio.to_thread(blocking.call, "economy.transfer", GIFT, actor=ADA, timeout_s=20)
                ),
                group.create_task(client.call("economy.transfer", GIFT, actor=ADA, timeout_s=20)),
            ]
            await asyncio.sleep(0.2)
            async with start() as second:
                second.client_desk()
                balances = {(await one).structured_content["balance"] for one in waiting}
                assert second.reader.ledger_sum() == 0
    assert balances == {96, 92}


async def test_a_call_that_fails_tells_the_key_to_ask_again_with(start: Start) -> None:
    """The key that a client made itself is in the error; with it the call is done once, and its fate can be asked."""
    async with start() as first:
        file = await first.credential()
    with SyncToolClient.from_credential(file) as blocking:
        async with FollowingToolClient.from_credential(file) as client:
            with pytest.raises(ToolUnavailableError) as lost:
                await asyncio.to_thread(blocking.call, "economy.transfer", GIFT, actor=ADA, timeout_s=0.05)
            with pytest.raises(ToolUnavailableError) as missed:
                await client.call("economy.transfer", GIFT, actor=ADA, timeout_s=0.05)
            keys = [error.value.idempotency_key for error in (lost, missed)]
            async with start() as second:
                second.client_desk()
                for key in keys:
                    assert key
                    given = [
                        await client.call("economy.transfer", GIFT, actor=ADA, idempotency_key=key)
                        for _ in range(2)
                    ]
                    assert given[0].structured_content == given[1].structured_content
                    assert given[1].replayed
                    assert (await client.status(key))["state"] == "done"
    assert len(set(keys)) == 2


async def test_a_new_mother_is_noticed_while_a_call_waits(start: Start) -> None:
    """One try is enough: the question is put again to the mother who comes, and her answer is the answer."""
    async with start() as first:
        client = SyncToolClient.from_credential(await first.credential())
        await asyncio.to_thread(client.call, "economy.balance", {}, actor=ADA)
    with client:
        listed = asyncio.create_task(asyncio.to_thread(client.list_tools, timeout_s=10))
        await asyncio.sleep(0.1)
        async with start() as second:
            second.client_desk()
            assert await listed


def test_who_does_not_answer_is_left_in_peace(short_tmp: Path) -> None:
    """After some failures in a row a call is refused without asking, until another mother is there."""
    endpoint, keys = gone(short_tmp)
    with SyncToolClient(endpoint, lambda: keys, BreakerRules(failures=3, rest_s=60)) as client:
        for _ in range(3):
            with pytest.raises(ToolUnavailableError, match="no answer to tools/call in time"):
                client.call("t", {}, timeout_s=0.001)
        with pytest.raises(ToolUnavailableError, match="has not answered lately") as refused:
            client.call("t", {}, timeout_s=5)
        assert (refused.value.retry_after_s or 0) > 50
        assert refused.value.idempotency_key
        _, keys = gone(short_tmp)
        with pytest.raises(ToolUnavailableError, match="no answer to tools/call in time"):
            client.call("t", {}, timeout_s=0.001)


async def test_without_a_mothers_key_the_beacon_is_named(short_tmp: Path) -> None:
    """Both clients say which file tells them nothing, also when it holds a key that is none."""
    endpoint, keys = gone(short_tmp)
    beacon = short_tmp / "mother.json"
    file = short_tmp / "shop.json"
    secret = keys.secret_key.get_secret_value()
    file.write_text(
        f'{{"public_key":"{keys.public_key}","secret_key":"{secret}","endpoint":"{endpoint}","beacon":"{beacon}"}}'
    )
    with SyncToolClient.from_credential(file) as client:
        for ask in (lambda: client.call("t", {}, timeout_s=0.01), client.list_tools):
            with pytest.raises(ToolUnavailableError, match=f"{beacon}: no mother's key can be read there"):
                ask()
        beacon.write_text('{"pid": 1, "start_ticks": 0, "server_key": "none"}')
        with pytest.raises(ToolUnavailableError):
            client.call("t", {}, timeout_s=0.01)
    beacon.unlink()
    async with FollowingToolClient.from_credential(file) as looping:
        with pytest.raises(ToolUnavailableError, match=f"{beacon}: no mother's key can be read there"):
            await looping.call("t", {}, timeout_s=0.01)
        with pytest.raises(ToolUnavailableError, match=f"{beacon}: no mother's key can be read there"):
            await looping.list_tools(timeout_s=0.01)


async def test_a_lost_beacon_does_not_end_a_connection(bench: ToolBench) -> None:
    """Who is connected goes on while nobody can read the mother's key."""
    file = await bench.credential()
    with SyncToolClient.from_credential(file) as client:
        await asyncio.to_thread(client.call, "economy.balance", {}, actor=ADA)
        (bench.folder / "mother.json").unlink()
        told = await asyncio.to_thread(client.call, "economy.balance", {}, actor=ADA)
    assert told.structured_content["balance"] == 100


@pytest.mark.parametrize(
    ("text", "kind"),
    [(None, NoInputError), ("{}", RequestError), (SHORT, RequestError), ("\udcff", RequestError)],
)
def test_what_is_no_credential_is_said_to_be_so(
    tmp_path: Path, text: str | None, kind: type[Exception]
) -> None:
    """A missing file, another file, keys that are none: words that name the file."""
    file = tmp_path / "shop.json"
    if text is not None:
        file.write_text(text, errors="surrogateescape")
    for make in (SyncToolClient.from_credential, FollowingToolClient.from_credential):
        with pytest.raises(kind, match=f"{file}: "):
            make(file)


@pytest.mark.slow
async def test_both_clients_outlive_a_mother_that_is_killed(short_tmp: Path, tmp_path: Path) -> None:
    """After kill -9 and a start of a whole mother both go on as they are, and what was given is given once."""
    mother = WholeMother(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}")
    process = mother.start()
    try:
        file = short_tmp / "shop.json"
        file.write_text(json.dumps(await asyncio.to_thread(mother.credential, "shop")))
        with SyncToolClient.from_credential(file) as blocking:
            async with FollowingToolClient.from_credential(file) as client:
                await asyncio.to_thread(blocking.call, "economy.transfer", GIFT, actor=ADA)
                first = await client.call("economy.transfer", GIFT, actor=ADA, idempotency_key="gift")
                process.kill()
                process.wait()
                process = mother.start()
                second, again = await asyncio.gather(
                    asyncio.to_thread(blocking.call, "economy.transfer", GIFT, actor=ADA, timeout_s=30),
                    client.call("economy.transfer", GIFT, actor=ADA, idempotency_key="gift", timeout_s=30),
                )
        assert (first.structured_content["balance"], second.structured_content["balance"]) == (192, 188)
        assert (again.replayed, again.structured_content) == (True, first.structured_content)
    finally:
        process.kill()
        process.wait()
