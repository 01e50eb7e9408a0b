"""Every socket of the mother under garbage: it is dropped and counted, and the next good word is heard."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import zmq

from droas_common.ids import BotName, Snowflake
from droas_common.settings import CurveKeys
from droas_common.wire.frames import encode
from droas_common.wire.heartbeats import Register
from droas_common.wire.records import LogRecord
from droas_common.wire.topics import (
    SYNC_PREFIX,
    config_topic,
    protection_topic,
    read_event,
    read_snapshot,
    sync_topic,
)
from droas_common.zmq_sockets import DrainedSocket, client_socket, server_socket
from droas_mother.adapters.bus.health_channel import HealthChannel
from droas_mother.adapters.bus.keyring import ZAP_DOMAIN, KeyRing
from droas_mother.adapters.bus.log_intake import LogIntake
from droas_mother.adapters.bus.publisher import Publisher
from droas_mother.core.tools.authorization import Principal, PrincipalKind

FRAMES = 10_000


@dataclass(slots=True)
class Bus:
    """The mother's ends of three sockets, and what they heard."""

    context: "zmq.Context[zmq.Socket[bytes]]"
    folder: Path
    keyring: KeyRing
    health: HealthChannel
    logs: LogIntake
    publisher: Publisher
    words: list[Any] = field(default_factory=list)
    records: list[LogRecord] = field(default_factory=list)

    def keys(self, name: str = "helper", kind: PrincipalKind = PrincipalKind.BOT) -> CurveKeys:
        """Issue keys."""
        return self.keyring.issue(Principal(kind=kind, name=name))

    def connect(self, kind: int, name: str, keys: CurveKeys | None = None) -> "zmq.Socket[bytes]":
        """Give the client side of one of the sockets."""
        made = client_socket(self.context, kind, f"ipc://{self.folder / name}.sock", keys or self.keys())
        made.setsockopt(zmq.LINGER, 0)
        return made


@pytest.fixture
async def bus(short_tmp: Path) -> AsyncIterator[Bus]:
    """Give three bound sockets."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    keyring = KeyRing(context)
    keyring.start()
    records: list[LogRecord] = []
    made = Bus(
        context,
        short_tmp,
        keyring,
        HealthChannel(context, f"ipc://{short_tmp}/health.sock", keyring),
        LogIntake(context, f"ipc://{short_tmp}/logs.sock", keyring, records.append),
        Publisher(context, f"ipc://{short_tmp}/events.sock", keyring),
        records=records,
    )
    made.health.start(lambda _principal, word: made.words.append(word))
    made.logs.start()
    made.publisher.start()
    yield made
    for one in (made.health, made.logs, made.publisher):
        one.close()
    keyring.stop()
    context.destroy(linger=0)


async def reached(look: Callable[[], Any], what: str) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while not look():
            await asyncio.sleep(0.01)
    assert look(), what


async def test_garbage_on_health_is_counted(bus: Bus) -> None:
    """Ten thousand random frames of a known bot are refused one by one; its next word is heard."""
    dealer = bus.connect(zmq.DEALER, "health")
    await asyncio.to_thread(lambda: [dealer.send(os.urandom(1 + number % 300)) for number in range(FRAMES)])
    await asyncio.to_thread(dealer.send, encode(Register(pid=1)))
    await reached(lambda: bus.words, "the good word was not heard")
    assert bus.health.refused_frames == FRAMES
    dealer.close()


async def test_garbage_on_logs_is_counted(bus: Bus) -> None:
    """Random frames are no log records; the next true one is kept, under the name that its sender has proven."""
    push = bus.connect(zmq.PUSH, "logs")
    await asyncio.to_thread(lambda: [push.send(os.urandom(1 + number % 300)) for number in range(FRAMES)])
    await asyncio.to_thread(push.send, encode(LogRecord(1.0, "INFO", "hello", {"bot": "another"})))
    await reached(lambda: bus.records, "the record was not heard")
    assert bus.logs.refused_frames == FRAMES
    assert bus.logs.newest("helper", 5)[0].fields["bot"] == "helper"
    assert bus.logs.newest("helper", 0) == []
    push.close()


async def test_garbage_subscriptions_are_refused(bus: Bus) -> None:
    """Random topics are not followed, and a bot's own topic still is."""
    sub = bus.connect(zmq.SUB, "events")

    # A SUB loses subscriptions beyond its own queue of 1,000, and learns of room in it only when it is polled.
    for portion in range(0, FRAMES, 500):
        for number in range(portion, portion + 500):
            sub.setsockopt(zmq.SUBSCRIBE, b"x%d" % number + os.urandom(1 + number % 60))
        sub.poll(0)
        await reached(lambda end=portion + 500: bus.publisher.refused_subscriptions == end, "not all arrived")  # type: ignore[misc]  # bound at once
    sub.setsockopt(zmq.SUBSCRIBE, sync_topic("helper").encode())  # type: ignore[arg-type]  # a plain name serves
    assert await asyncio.to_thread(sub.poll, 10_000)
    assert sub.recv_multipart()[0].startswith(SYNC_PREFIX.encode())
    sub.close()


@pytest.mark.parametrize("name", ["health", "logs", "events"])
async def test_strangers_at_the_door_do_no_harm(bus: Bus, name: str) -> None:
    """Raw bytes, half handshakes and many connections do not keep a known bot out."""
    path = str(bus.folder / f"{name}.sock")

    def storm() -> None:
        for number in range(200):
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.settimeout(0.2)
                try:
                    stranger.connect(path)
                    stranger.sendall(b"\xff" + b"\x00" * 8 + b"\x7f" if number % 2 else os.urandom(500))
                except OSError:
                    continue

    await asyncio.to_thread(storm)
    dealer = bus.connect(zmq.DEALER, "health")
    dealer.send(encode(Register(pid=2)))
    await reached(lambda: bus.words, "a known bot was kept out")
    dealer.close()


async def test_no_socket_sends_heartbeats_of_its_own(bus: Bus) -> None:
    """With them libzmq aborts the whole process when a peer goes whose messages wait unread."""
    server = server_socket(
        bus.context,
        zmq.ROUTER,
        f"ipc://{bus.folder}/more.sock",
        secret_key=bus.keyring.server_secret_key,
        domain=ZAP_DOMAIN,
    )
    for one in (server, bus.connect(zmq.DEALER, "health")):
        assert one.getsockopt(zmq.HEARTBEAT_IVL) == 0
        one.close()


async def test_a_bot_follows_only_what_is_its_own(bus: Bus) -> None:
    """Another bot's configuration and everything at once are refused; an external client follows nothing."""
    sub = bus.connect(zmq.SUB, "events")
    for topic in ("config.other", "config.", "", "protection.", "~sync/other/1"):
        sub.setsockopt_string(zmq.SUBSCRIBE, topic)
    client = bus.connect(zmq.SUB, "events", bus.keys("grafana", PrincipalKind.CLIENT))
    client.setsockopt_string(zmq.SUBSCRIBE, "protection.1.")
    await reached(lambda: bus.publisher.refused_subscriptions == 6, "not all were refused")
    bus.publisher.publish("config.other", "settings", {"secret": 1}, state={})
    bus.publisher.publish(protection_topic("1"), "message_removed", {}, state={})  # type: ignore[arg-type]  # a plain id serves
    assert not await asyncio.to_thread(sub.poll, 200)
    assert not await asyncio.to_thread(client.poll, 1)
    sub.close()
    client.close()


async def test_a_snapshot_has_room_whatever_happened_in_how_many_groups(bus: Bus) -> None:
    """It tells of the groups that are followed alone, and is never larger than a bot may receive."""
    removed = [str(10**18 + number) for number in range(512)]
    topics = [protection_topic(Snowflake(str(number))) for number in range(300)]
    for topic in topics:
        bus.publisher.publish(topic, "message_removed", {}, state={"removed": removed})
    sub = bus.connect(zmq.SUB, "events")
    for topic in (config_topic(BotName("helper")), *topics[:200], sync_topic(BotName("helper"))):
        sub.setsockopt_string(zmq.SUBSCRIBE, topic)
    assert await asyncio.to_thread(sub.poll, 10_000)
    told = read_snapshot(sub.recv_multipart()[1]).topics
    assert set(told) == set(topics[:200])
    assert {one.sequence for one in told.values()} == {1}
    assert told[topics[199]].state == {"removed": removed}  # the newest
    assert told[topics[0]].state == {}
    sub.close()


async def test_a_snapshot_tells_of_all_that_is_followed_in_whatever_order(bus: Bus) -> None:
    """Also of what was followed ahead of the bot's configuration; what it has left is told of no longer."""
    bot = BotName("helper")
    here, left, own = protection_topic(Snowflake("1")), protection_topic(Snowflake("2")), config_topic(bot)
    for topic in (here, left, own):
        bus.publisher.publish(topic, "change", {}, state={"n": 1})
    sub = bus.connect(zmq.SUB, "events")

    async def told() -> set[str]:
        sub.setsockopt_string(zmq.SUBSCRIBE, sync_topic(bot))
        assert await asyncio.to_thread(sub.poll, 10_000)
        return set(read_snapshot(sub.recv_multipart()[1]).topics)

    for topic in (here, left, own):
        sub.setsockopt_string(zmq.SUBSCRIBE, topic)
    assert await told() == {here, left, own}
    sub.setsockopt_string(zmq.UNSUBSCRIBE, left)
    assert await told() == {here, own}
    sub.close()


async def test_a_snapshot_stands_in_order_with_the_updates(bus: Bus) -> None:
    """Whoever joins in the middle of a thousand updates knows every one: those before, and those behind."""
    topic = config_topic("helper")  # type: ignore[arg-type]  # a plain name serves
    for join in range(20):
        seen: list[int] = []
        at_join: list[int] = []

        def hear(frames: list[bytes], seen: list[int] = seen, at_join: list[int] = at_join) -> None:
            if frames[0].startswith(SYNC_PREFIX.encode()):
                at_join.append(read_snapshot(frames[1]).topics[topic].sequence)
                seen.clear()
            else:
                seen.append(read_event(frames[1]).sequence)

        raw = bus.connect(zmq.SUB, "events")
        sub = DrainedSocket(raw, hear)
        sub.start()
        raw.setsockopt_string(zmq.SUBSCRIBE, topic)
        raw.setsockopt_string(zmq.SUBSCRIBE, sync_topic("helper"))  # type: ignore[arg-type]  # a plain name serves
        last = 0
        for number in range(50):
            last = bus.publisher.publish(topic, "settings", {"n": number}, state={"n": number})
            await asyncio.sleep(0)
        await reached(lambda at=at_join: at, "no snapshot")  # type: ignore[misc]  # bound at once
        last = bus.publisher.publish(topic, "settings", {}, state={})
        await reached(lambda found=seen, end=last: found and found[-1] == end, "the last update is missing")  # type: ignore[misc]  # bound at once
        assert seen == list(range(at_join[0] + 1, last + 1)), join
        sub.close()
