"""Tool calls over real sockets into a real database; the same promises on SQLite and PostgreSQL."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import zmq

from droas_common.tool_client import ToolCallError, ToolUnavailableError
from droas_common.wire.calls import Actor, ToolResult, read_response
from droas_mother.core.bookkeeping.records import AuditRecord, Outcome, Profile
from tests.support.bench_of_tools import ADA, GRACE, ToolBench, running


@pytest.fixture
async def bench(short_tmp: Path, database_url: str) -> AsyncIterator[ToolBench]:
    """Give a running gateway."""
    async with running(short_tmp, database_url) as made:
        yield made


async def give(bench: ToolBench, amount: int, key: str, *, actor: Actor = ADA) -> ToolResult:
    """Give Grace coins on a connection of its own."""
    client = bench.client()
    try:
        return await client.call(
            "economy.transfer", {"to_user_id": "11", "amount": amount}, actor=actor, idempotency_key=key
        )
    finally:
        client.close()


async def test_coins_move_once_and_are_audited(bench: ToolBench) -> None:
    """A transfer changes both balances, is in the audit, and the ledger's sum is zero."""
    client = bench.client()
    result = await client.call(
        "economy.transfer", {"to_user_id": "<@11>", "amount": 30}, actor=ADA, idempotency_key="k1"
    )
    assert (result.is_error, result.structured_content["balance"]) == (False, 70)
    balance = await client.call("economy.balance", {}, actor=GRACE)
    assert balance.structured_content["balance"] == 130
    rows = bench.reader.newest_audit(10)
    assert [(row["action"], row["outcome"], row["user_id"]) for row in rows] == [
        ("economy.transfer", "ok", "10"),
        ("economy.balance", "ok", "11"),
    ]
    assert bench.reader.ledger_sum() == 0
    client.close()


async def test_the_same_key_is_executed_once(bench: ToolBench) -> None:
    """A retry gets the first result, in the same batch and long after it."""
    results = await asyncio.gather(*(give(bench, 10, "same") for _ in range(8)))
    assert {result.structured_content["balance"] for result in results} == {90}
    assert sum(not result.replayed for result in results) == 1
    again = await give(bench, 10, "same")
    assert again.replayed
    assert bench.reader.ledger_sum() == 0


async def test_the_same_key_for_another_call_is_a_conflict(bench: ToolBench) -> None:
    """A key names one call; other arguments under it are refused."""
    await give(bench, 10, "k")
    with pytest.raises(ToolCallError) as refused:
        await give(bench, 11, "k")
    assert refused.value.kind == "conflict"


async def test_a_refusal_changes_nothing(bench: ToolBench) -> None:
    """Too few coins is an answer that a model can read; no entry is left behind."""
    result = await give(bench, 500, "k")
    assert result.is_error
    assert result.structured_content["refused"] == "insufficient_funds"
    assert (await give(bench, 1, "k2")).structured_content["balance"] == 99


async def test_who_may_not_is_denied_and_audited(bench: ToolBench) -> None:
    """A tool outside the scope is denied like one that does not exist, and both are written down."""
    client = bench.client(bench.keys("reader", tools=("economy.balance",)))
    for name in ("economy.transfer", "no.such.tool"):
        with pytest.raises(ToolCallError) as refused:
            await client.call(name, {}, actor=ADA, idempotency_key="k")
        assert refused.value.kind == "denied"
    assert [tool.name for tool in await client.list_tools()] == ["economy.balance"]
    assert [row["outcome"] for row in bench.reader.newest_audit(10)] == ["denied", "denied"]
    client.close()


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"amount": 5}, "$"),
        ({"to_user_id": "11", "amount": "5"}, "amount"),
        ({"to_user_id": "x", "amount": 1}, "to_user_id"),
        ({"to_user_id": "11", "amount": 1, "extra": 1}, "$"),
    ],
)
async def test_bad_arguments_are_named(bench: ToolBench, arguments: dict[str, object], path: str) -> None:
    """A wrong argument is refused with its place, and nothing happens."""
    client = bench.client()
    with pytest.raises(ToolCallError) as refused:
        await client.call("economy.transfer", arguments, actor=ADA, idempotency_key="k")
    assert refused.value.kind == "invalid_params"
    assert path
    client.close()


async def test_late_calls_are_not_started(bench: ToolBench) -> None:
    """A call whose deadline has passed is refused, and may be tried again with its key."""
    client = bench.client()
    with pytest.raises((ToolCallError, ToolUnavailableError)):
        await client.call(
            "economy.transfer",
            {"to_user_id": "11", "amount": 5},
            actor=ADA,
            timeout_s=-1,
            idempotency_key="k",
        )
    result = await client.call(
        "economy.transfer", {"to_user_id": "11", "amount": 5}, actor=ADA, idempotency_key="k"
    )
    assert result.structured_content["balance"] == 95
    client.close()


async def test_a_change_without_a_key_is_refused(bench: ToolBench) -> None:
    """Whoever changes something must be able to retry it."""
    client = bench.client()
    with pytest.raises(ToolCallError, match="idempotencyKey"):
        await client.call("economy.transfer", {"to_user_id": "11", "amount": 5}, actor=ADA)
    client.close()


async def test_strangers_and_revoked_keys_are_not_heard(bench: ToolBench) -> None:
    """Without a known key there is no connection; with a revoked one no answer."""
    keys = bench.keys("gone")
    client = bench.client(keys)
    assert await client.list_tools()
    bench.keyring.revoke(keys.public_key)
    with pytest.raises(ToolUnavailableError):
        await client.list_tools(timeout_s=0.3)
    client.close()
    public, secret = zmq.curve_keypair()
    stranger = bench.client(
        keys.model_copy(
            update={"public_key": public.decode(), "secret_key": type(keys.secret_key)(secret.decode())}
        )
    )
    with pytest.raises(ToolUnavailableError):
        await stranger.list_tools(timeout_s=0.3)
    stranger.close()


async def test_what_the_loop_writes_is_committed(bench: ToolBench) -> None:
    """Records of the event loop are durable when `write` returns, and profiles add up."""
    record = AuditRecord(at_us=1, kind="protection", caller="rule:flood", action="delete", outcome=Outcome.OK)
    profile = Profile(guild_id="1", user_id="10", display_name="Ada", first_seen_us=5_000_000, warnings=1)  # type: ignore[arg-type]  # plain ids serve
    await bench.gateway.write(record, rows=(profile,))
    await bench.gateway.write(record, rows=(profile,))
    client = bench.client()
    result = await client.call("users.profile", {}, actor=ADA)
    assert result.structured_content == {
        "user_id": "10", "display_name": "Ada", "first_seen_unix_s": 5, "warnings": 2,
        "preferences": {},
    }  # fmt: skip
    assert len(bench.reader.newest_audit(10, kind="protection")) == 2
    client.close()


def _answer(socket: "zmq.Socket[bytes]", frame: bytes) -> dict[str, object] | None:
    socket.send(frame)
    return json.loads(socket.recv()) if socket.poll(2000) else None


async def test_a_plain_req_socket_is_a_client(bench: ToolBench) -> None:
    """Twenty lines in any language will do: a REQ socket, one JSON frame, one JSON answer."""
    socket = bench.raw(zmq.REQ)
    frame = json.dumps({"jsonrpc": "2.0", "id": "a", "method": "ping"}).encode()
    assert await asyncio.to_thread(_answer, socket, frame) == {"jsonrpc": "2.0", "id": "a", "result": {}}
    socket.close()


async def test_every_bad_frame_is_answered(bench: ToolBench) -> None:
    """Garbage, wrong versions and unknown methods get an error each, and the next good call its answer."""
    socket = bench.raw(zmq.DEALER)
    bad = {
        b"": -32600,
        b"\xff\xfe": -32600,
        b"{": -32600,
        b"[]": -32600,
        b"[" * 1000 + b"]" * 1000: -32600,
        b'{"jsonrpc":"1.0","id":1,"method":"ping"}': -32600,
        b'{"jsonrpc":"2.0","id":1,"method":"nope"}': -32601,
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}': -32602,
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}': -32602,
    }
    for frame, code in bad.items():
        answer = await asyncio.to_thread(_answer, socket, frame)
        assert answer is not None, frame
        found = answer["error"]["code"]  # type: ignore[index]  # an error is what is asked for
        assert found in (code, -32700), frame
    assert await asyncio.to_thread(_answer, socket, b'{"jsonrpc":"2.0","id":1,"method":"ping"}')
    socket.close()


async def test_what_a_database_cannot_keep_is_refused_alone(bench: ToolBench) -> None:
    """U+0000 in a key, a tool's name or an id is refused, and the calls beside it are served."""
    socket = bench.raw(zmq.DEALER)
    actor, arguments = {"userId": "10", "guildId": "1"}, {"to_user_id": "11", "amount": 1}
    for number, (name, meta) in enumerate(
        [
            ("economy.transfer", {"actor": actor, "idempotencyKey": "a\0"}),
            ("economy\0", {"actor": actor, "idempotencyKey": "b"}),
            ("economy.transfer", {"actor": {"userId": "1\0", "guildId": "1"}, "idempotencyKey": "c"}),
            ("economy.transfer", {"actor": actor, "idempotencyKey": "good"}),
        ]
    ):
        params = {"name": name, "arguments": arguments, "_meta": meta}
        frame = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
        socket.send(json.dumps(frame).encode())
    answers = [json.loads(await asyncio.to_thread(socket.recv)) for _ in range(4)]
    codes = {one["id"]: one.get("error", {}).get("code") for one in answers}
    assert codes == {0: -32602, 1: -32602, 2: -32602, 3: None}
    socket.close()


async def test_an_outcome_can_be_asked_for(bench: ToolBench) -> None:
    """`calls/status` tells what became of a key."""
    await give(bench, 10, "k")
    socket = bench.raw(zmq.DEALER)
    for key, state in (("k", "done"), ("never", "unknown")):
        frame = json.dumps(
            {"jsonrpc": "2.0", "id": 1, "method": "calls/status", "params": {"idempotencyKey": key}}
        ).encode()
        answer = await asyncio.to_thread(_answer, socket, frame)
        assert answer is not None
        assert answer["result"]["state"] == state  # type: ignore[index]  # a result is what is asked for
    socket.close()


async def test_ten_thousand_random_frames_do_no_harm(bench: ToolBench) -> None:
    """A flood of garbage from a known peer is answered or left unread by rule, and another caller is served meanwhile."""
    noisy = bench.raw(zmq.DEALER)
    noisy.setsockopt(zmq.LINGER, 0)

    def flood() -> int:
        answered = 0
        for number in range(10_000):
            noisy.send(os.urandom(1 + number % 200))
            while noisy.poll(0):
                assert read_response(noisy.recv()).error is not None
                answered += 1
        while answered + bench.gateway.figures.unread < 10_000:
            if noisy.poll(20):
                noisy.recv()
                answered += 1
        return answered

    flooding = asyncio.create_task(asyncio.to_thread(flood))
    client = bench.client(bench.keys("other"))
    for number in range(20):
        assert (await client.call("economy.balance", {}, actor=ADA)).structured_content["balance"] == 100, (
            number
        )
    assert await flooding + bench.gateway.figures.unread == 10_000
    client.close()
    noisy.close()


# The failure is made by a lock on SQLite's file; PostgreSQL's are in test_postgres_faults.py.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_lost_database_is_said_and_comes_back(bench: ToolBench) -> None:
    """While nothing can be committed calls are refused as unavailable; afterwards they work, once each."""
    await give(bench, 10, "before")
    other = bench.engine.raw_connection()
    other.cursor().execute("PRAGMA busy_timeout=0")
    other.cursor().execute("BEGIN EXCLUSIVE")
    client = bench.client()
    assert await client.list_tools(), "what needs no database is answered"
    client.close()
    call = asyncio.create_task(give(bench, 10, "k"))
    with pytest.raises(ToolUnavailableError):
        await call
    other.rollback()
    other.close()
    assert (await give(bench, 10, "k")).structured_content["balance"] == 80
    assert bench.reader.ledger_sum() == 0
