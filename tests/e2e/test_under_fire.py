"""Ten thousand random frames at every socket of a running system: everything goes on as before."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.town import Town, town

pytestmark = pytest.mark.slow

FRAMES = 10_000
PORTION = 20
WHO = ("ada", "eve", "joan", "mary")
"""In turn, because one who says the same five times is silenced."""

_VERBS = ("GET", "POST", "PUT", "DELETE", "BREW", "get")
_WORDS = ("health", "ready", "metrics", "v1", "bots", "bot_01", "audit", "logs", "stop", "sandbox", "state", "seed",
          "api", "v10", "channels", "1", "model", "chat", "gateway", "%00", "..", "x" * 300)  # fmt: skip


@pytest.fixture
async def place(short_tmp: Path) -> AsyncIterator[Town]:
    """Give a town with two bots."""
    async with town(short_tmp) as made:
        yield made


def connected(address: str | int) -> socket.socket:
    """Connect to a Unix socket, or to a loopback port."""
    made = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    made.connect(
        address if isinstance(address, str) else ("127.0.0.1", address)
    )  # waits for room in the queue
    made.settimeout(5)
    return made


def random_bytes(dice: random.Random) -> bytes:
    """Give bytes without any sense, some of them with the beginning of a ZeroMQ greeting."""
    body = dice.randbytes(1 + dice.randrange(300))
    return b"\xff" + bytes(8) + b"\x7f\x03" + body if dice.random() < 0.2 else body


def random_request(dice: random.Random) -> bytes:
    """Give an HTTP request that may be understood in places."""
    path = "/" + "/".join(dice.choice(_WORDS) for _ in range(dice.randrange(5)))
    query = quote(dice.randbytes(dice.randrange(9)))
    body = dice.choice([b"", b"{}", b"[1]", b"{", dice.randbytes(40), b"[" * 2000])
    # A verb that would stop a bot is well understood, so none is sent to a bot that is there.
    path = path.replace("bot_01/stop", "bot_99/stop")
    head = f"{dice.choice(_VERBS)} {path}?count={query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
    kind = dice.choice(
        ["Content-Type: application/json\r\n", "", "Authorization: Bot \xff\r\n", "Upgrade: websocket\r\n"]
    )
    return (head + kind + "\r\n").encode("latin-1") + body


def fire(address: str | int, make: Callable[[random.Random], bytes], seed: int) -> int:
    """Send ten thousand frames, over as many connections as it takes; gives how many it took."""
    dice, sent, connections = random.Random(seed), 0, 0
    while sent < FRAMES:
        connections += 1
        with connected(address) as there:
            try:
                for _ in range(PORTION):
                    there.sendall(make(dice))
                    sent += 1
            except OSError:
                sent += 1  # the other side has hung up, which is an answer too
    return connections


def http_port(place: Town) -> int:
    """Give the loopback port of /health, as the mother's log tells it."""
    line = next(line for line in place.log().splitlines() if "mother_started" in line)
    return int(json.loads(line)["fields"]["http_port"])


async def test_every_socket_under_fire(place: Town) -> None:
    """Raw bytes and half-right requests at all of them: same processes, same sessions, no defect."""
    before = await place.all_ready()
    sessions = await place.control("GET", "/sessions")
    run = place.folder / "run"
    targets: list[tuple[str | int, Callable[[random.Random], bytes]]] = [
        *(
            (str(run / f"{name}.sock"), random_bytes)
            for name in ("tools", "events", "health", "logs", "droas")
        ),
        (str(run / "droas.sock"), random_request),
        (http_port(place), random_request),
        (int(place.sandbox.url.rpartition(":")[2]), random_request),
    ]
    for seed, (address, make) in enumerate(targets):
        connections = await asyncio.to_thread(fire, address, make, seed)
        assert connections >= FRAMES // PORTION, address
        question = await place.ask(WHO[seed % len(WHO)], "helper", "hello")
        assert await place.answer(question, "helper"), address
    after = await place.all_ready()
    assert {name: (bot["pid"], bot["restarts"]) for name, bot in after.items()} == {
        name: (bot["pid"], 0) for name, bot in before.items()
    }
    assert await place.control("GET", "/sessions") == sessions
    errors = [line for line in place.log().splitlines() if '"level":"ERROR"' in line]
    assert errors == []
