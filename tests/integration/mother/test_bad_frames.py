"""Every kind of bad frame has its documented answer, or is dropped by rule; another caller never notices."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import zmq

from droas_common.wire.calls import MAX_BRACKETS, MAX_DEPTH
from droas_common.wire.frames import MAX_FRAME_BYTES
from droas_mother.core.tools.fault_limit import FAULTS
from droas_mother.core.tools.tool_settings import ToolSettings
from tests.support.bench_of_tools import ADA, ToolBench, running

ACTOR = {"userId": "10", "guildId": "1"}
NUL, LONE = "\x00", r"\ud800"


@pytest.fixture
async def bench(short_tmp: Path, database_url: str) -> AsyncIterator[ToolBench]:
    """Give a running gateway."""
    async with running(short_tmp, database_url) as made:
        yield made


def request(**changed: Any) -> bytes:
    """Give a good request, but for what is changed."""
    return json.dumps({"jsonrpc": "2.0", "id": 7, "method": "ping", **changed}).encode()


def call(name: str = "economy.balance", arguments: Any = None, **meta: Any) -> bytes:
    """Give a call of a tool."""
    params = {"name": name, "arguments": arguments or {}, "_meta": {"actor": ACTOR, **meta}}
    return request(method="tools/call", params=params)


def nested(depth: int) -> bytes:
    """Give a call whose arguments nest so deep."""
    inner = depth - 1
    return call(arguments={"x": 0}).replace(b'{"x": 0}', b'{"x":' * inner + b"0" + b"}" * inner)


BAD: list[tuple[str, bytes, int, int | None]] = [
    ("nothing", b"", -32700, None),
    ("garbage", b"\xff\xfe\x00", -32700, None),
    ("half", b'{"jsonrpc"', -32700, None),
    ("a number", b"5", -32600, None),
    ("a batch", b"[" + request() + b"]", -32600, None),
    ("deep arrays", b"[" * 1000 + b"]" * 1000, -32600, None),
    ("a deep call", nested(MAX_DEPTH + 1), -32602, 7),
    ("a bottomless call", b'{"id": 7, "params": ' + b"[" * 60_000, -32600, None),
    ("a call of many arrays", call(arguments={"x": [[]] * MAX_BRACKETS}), -32602, 7),
    ("a notification", b'{"jsonrpc":"2.0","method":"ping"}', -32600, None),
    ("an id of null", request(id=None), -32600, None),
    ("an id of half", request(id=1.5), -32600, None),
    ("an id of truth", request(id=True), -32600, None),
    ("an id of many", request(id=[1]), -32600, None),
    ("an endless number", request().replace(b"7", b"9" * 5000), -32600, None),
    ("no method", b'{"jsonrpc":"2.0","id":7}', -32600, None),
    ("a method of 5", request(method=5), -32600, None),
    ("an old version", request(jsonrpc="1.0"), -32600, 7),
    ("an unknown method", request(method="nope"), -32601, 7),
    ("params of many", request(method="tools/call", params=[]), -32602, 7),
    ("no name", request(method="tools/call", params={}), -32602, 7),
    ("a name of 5", request(method="tools/call", params={"name": 5}), -32602, 7),
    ("arguments of many", request(method="tools/call", params={"name": "economy.balance", "arguments": []}), -32602, 7),
    ("an actor of 5", call(actor=5), -32602, 7),
    ("an actor without an id", call(actor={}), -32602, 7),
    ("an actor with words for an id", call(actor={"userId": "ada", "guildId": "1"}), -32602, 7),
    ("an actor with a long id", call(actor={"userId": "1" * 21, "guildId": "1"}), -32602, 7),
    ("an actor with NUL", call(actor={"userId": NUL, "guildId": "1"}), -32602, 7),
    ("a message with NUL", call(actor={**ACTOR, "messageId": NUL}), -32602, 7),
    ("a key with NUL", call(idempotencyKey=f"k{NUL}"), -32602, 7),
    ("a key with a lone surrogate", call(idempotencyKey="KEY").replace(b"KEY", LONE.encode()), -32700, None),
    ("an empty key", call(idempotencyKey=""), -32602, 7),
    ("a long key", call(idempotencyKey="k" * 129), -32602, 7),
    ("a deadline of words", call(deadlineUnixMs="soon"), -32602, 7),
    ("a user with a line end", call(arguments={"user_id": "1" * 20 + chr(10)}), -32602, 7),
    ("arguments beyond numbers", call(arguments={"user_id": 10**30}), -32602, 7),
    ("a change without a key", call("economy.daily"), -32602, 7),
    ("a tool with NUL", call(f"economy{NUL}"), -32602, 7),
    ("a tool with a lone surrogate", call("NAME").replace(b"NAME", LONE.encode()), -32700, None),
    ("a tool that is not there", call("no.such.tool"), -32001, 7),
    ("no key asked about", request(method="calls/status", params={}), -32602, 7),
    ("a key of NUL asked about", request(method="calls/status", params={"idempotencyKey": NUL}), -32602, 7),
    ("no request to cancel", request(method="calls/cancel", params={}), -32602, 7),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "code", "answered"), [one[1:] for one in BAD], ids=[one[0] for one in BAD])
async def test_a_bad_frame_gets_its_documented_answer(
    bench: ToolBench, frame: bytes, code: int, answered: int | None
) -> None:
    """The code is the documented one, the id is there when it could be read, and the next good call works."""
    socket = bench.raw(zmq.DEALER)
    answer = await asyncio.to_thread(ask, socket, frame)
    assert answer is not None
    assert (answer["error"]["code"], answer["id"]) == (code, answered), answer
    assert answer["error"]["message"]
    assert answer["error"]["data"]["kind"]
    client = bench.client()
    balance = await client.call("economy.balance", {}, actor=ADA)
    assert balance.structured_content["balance"] == 100
    client.close()
    socket.close()


def ask(socket: "zmq.Socket[bytes]", frame: bytes, wait_ms: int = 5000) -> Any:
    """Send a frame; gives its answer, None when there is none in time."""
    socket.send(frame)
    return json.loads(socket.recv()) if socket.poll(wait_ms) else None


@pytest.mark.parametrize(
    ("frame", "path"),
    [
        (call("economy.transfer", {"to_user_id": "11", "amount": 0}, idempotencyKey="k"), "$.amount"),
        (call("economy.transfer", {"to_user_id": 11, "amount": 1}, idempotencyKey="k"), "$.to_user_id"),
        (call("economy.transfer", {"to_user_id": "11"}, idempotencyKey="k"), "$"),
        (call(actor={"userId": "ada"}), "$._meta.actor.userId"),
        (call(deadlineUnixMs="soon"), "$._meta.deadlineUnixMs"),
        (call("economy.daily"), "$._meta.idempotencyKey"),
        (call(idempotencyKey=""), "$._meta.idempotencyKey"),
        (request(method="tools/call", params={"name": 5}), "$.name"),
        (request(method="calls/status", params={"idempotencyKey": ""}), "$.idempotencyKey"),
        (request(method="calls/cancel", params={"requestId": []}), "$.requestId"),
        (request(method="ping", params=[]), "$"),
        (request(method="tools/list", params=None), "$"),
        (call(actor={"userId": "011"}), "$._meta.actor.userId"),
        (call("economy.transfer", {"to_user_id": "011", "amount": 1}, idempotencyKey="k"), "$.to_user_id"),
        (call("economy.transfer", {"to_user_id": "<@12", "amount": 1}, idempotencyKey="k"), "$.to_user_id"),
        (call("economy.balance", {"currency": "coins\n"}), "$.currency"),
    ],
)
async def test_the_place_of_a_fault_is_told(short_tmp: Path, tmp_path: Path, frame: bytes, path: str) -> None:
    """Wrong parameters and arguments are answered with a path that a program can read."""
    async with running(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}") as bench:
        socket = bench.raw(zmq.DEALER)
        answer = await asyncio.to_thread(ask, socket, frame)
        assert answer["error"]["data"]["path"] == path
        assert "matching regex" not in answer["error"]["message"], "patterns are for machines"
        socket.close()


async def test_ids_come_back_as_they_were(short_tmp: Path, tmp_path: Path) -> None:
    """Texts and whole numbers of any size are ids."""
    async with running(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}") as bench:
        socket = bench.raw(zmq.DEALER)
        for wanted in (0, -1, 2**53, 10**30, "", "a", "1"):
            answer = await asyncio.to_thread(ask, socket, request(id=wanted))
            assert answer == {"jsonrpc": "2.0", "id": wanted, "result": {}}
        socket.close()


async def test_the_deepest_and_the_largest_frame_are_read(short_tmp: Path, tmp_path: Path) -> None:
    """The limits are what is documented: that much is read, and a byte or a level more is not."""
    async with running(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}") as bench:
        socket = bench.raw(zmq.DEALER)
        answer = await asyncio.to_thread(ask, socket, nested(MAX_DEPTH))
        assert "unknown field" in answer["error"]["message"]
        largest = request().ljust(MAX_FRAME_BYTES)
        assert (await asyncio.to_thread(ask, socket, largest))["result"] == {}
        socket.close()


async def test_an_oversize_frame_ends_its_connection_and_no_other(bench: ToolBench) -> None:
    """It is never read; the socket connects again by itself, and others are served meanwhile."""
    noisy, client = bench.raw(zmq.DEALER), bench.client()
    await asyncio.to_thread(ask, noisy, request())
    noisy.send(request().ljust(MAX_FRAME_BYTES + 1))
    balance = await client.call("economy.balance", {}, actor=ADA)
    assert balance.structured_content["balance"] == 100
    async with asyncio.timeout(10):
        answer = None
        while answer is None:  # what is sent into the ending connection is lost with it
            noisy.send(request(id="again"))
            answer = json.loads(noisy.recv()) if await asyncio.to_thread(noisy.poll, 200) else None
    assert answer["id"] == "again"
    client.close()
    noisy.close()


async def test_others_calls_go_on_among_bad_frames(short_tmp: Path, database_url: str) -> None:
    """While one peer sends every kind of bad frame, again and again, each call of another is done once."""
    often = {"per_s": 10_000, "burst": 10_000}
    settings = ToolSettings.model_validate({"actor_rate": often, "caller_rate": often})
    async with running(short_tmp, database_url, tool_settings=settings) as bench:
        await among_bad_frames(bench)


async def among_bad_frames(bench: ToolBench) -> None:
    """Call, while another shouts."""
    noisy, client = bench.raw(zmq.DEALER), bench.client(bench.keys("other"))
    stop = asyncio.Event()

    def shout() -> None:
        for _, frame, *_ in BAD:
            assert "error" in ask(noisy, frame)
        while not stop.is_set():
            for _, frame, *_ in BAD:
                noisy.send(frame)
            while noisy.poll(20):
                assert "error" in json.loads(noisy.recv())

    shouting = asyncio.create_task(asyncio.to_thread(shout))
    for number in range(50):
        result = await client.call(
            "economy.transfer", {"to_user_id": "11", "amount": 1}, actor=ADA, idempotency_key=f"k{number}"
        )
        assert result.structured_content["balance"] == 99 - number
    stop.set()
    await shouting
    assert bench.gateway.figures.failed_commits == 0
    assert bench.reader.ledger_sum() == 0
    client.close()
    noisy.close()


async def test_who_sends_too_many_faulty_frames_is_told_and_not_read_for_a_while(
    short_tmp: Path, tmp_path: Path
) -> None:
    """The last answer says for how long; then the caller is heard again, and another never noticed."""
    async with running(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}") as bench:
        noisy, client = bench.raw(zmq.DEALER), bench.client(bench.keys("other"))
        sent = 2 * int(FAULTS.burst)
        kinds = await asyncio.to_thread(lambda: flood(noisy, sent))
        assert set(kinds[:-1]) == {"bad_request"}
        assert kinds[-1] == "limited"
        balance = await client.call("economy.balance", {}, actor=ADA)
        assert balance.structured_content["balance"] == 100
        while (answer := await asyncio.to_thread(ask, noisy, request(), 100)) is None:
            pass
        assert answer["result"] == {}
        assert bench.gateway.figures.unread >= sent - len(kinds)
        client.close()
        noisy.close()


def flood(socket: "zmq.Socket[bytes]", frames: int) -> list[str]:
    """Send so many faulty frames; gives the kinds of the answers, up to the one that announces a pause."""
    for _ in range(frames):
        socket.send(b"garbage")
    kinds: list[str] = []
    while "limited" not in kinds:
        assert socket.poll(5000)
        kinds.append(json.loads(socket.recv())["error"]["data"]["kind"])
    return kinds
