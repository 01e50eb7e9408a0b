"""A thousand updates a second to ten subscribers, one of which is stopped most of the time."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import zmq
from pydantic import HttpUrl, SecretStr

from droas_common.ids import BotName
from droas_common.settings import BotSettings, ChildSettings, DiscordSettings, Endpoints, LlmSettings
from droas_common.wire.heartbeats import FromChild, Heartbeat
from droas_common.wire.topics import config_topic
from droas_mother.adapters.bus.health_channel import HealthChannel
from droas_mother.adapters.bus.keyring import KeyRing
from droas_mother.adapters.bus.publisher import Publisher
from droas_mother.core.tools.authorization import Principal, PrincipalKind

SUBSCRIBERS = 10
A_SECOND = 1_000
_PATIENCE_S = 30.0
_REMIND_S = 1.0
_PROMPT = "You are a helpful assistant in a community of sailors. " * 20


@dataclass(slots=True)
class Outcome:
    """What came of a burst.

    Args:
        lost: subscribers that did not end with the last update.
        growth_mib: most memory of the publisher above that before the burst.
        updates: sent to each.
        reminded: updates that had to be said again.
        converged_s: from the last update until all had it.
    """

    lost: int = 0
    growth_mib: float = 0.0
    updates: int = 0
    reminded: int = 0
    converged_s: float = 0.0
    seen: dict[str, int] = field(default_factory=dict)


async def burst(seconds: float, *, subscribers: int = SUBSCRIBERS, prompt: str = _PROMPT) -> Outcome:
    """Publish, with one subscriber stopped from the first quarter to the end; gives what came of it."""
    with tempfile.TemporaryDirectory(prefix="droas-bus-") as folder:
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        keyring = KeyRing(context)
        keyring.start()
        endpoints = Endpoints(
            **{name: f"ipc://{folder}/{name}.sock" for name in ("tools", "events", "health", "logs")}
        )
        health = HealthChannel(context, endpoints.health, keyring)
        publisher = Publisher(context, endpoints.events, keyring)
        processes: list[subprocess.Popen[bytes]] = []
        try:
            publisher.start()
            bus = Bus(Path(folder), keyring, endpoints, publisher, health, prompt)
            return await _burst(seconds, subscribers, bus, processes)
        finally:
            for process in processes:
                process.kill()
                process.wait()
            publisher.close()
            health.close()
            keyring.stop()
            context.destroy(linger=0)


@dataclass(frozen=True, slots=True)
class Bus:
    """The mother's end."""

    folder: Path
    keyring: KeyRing
    endpoints: Endpoints
    publisher: Publisher
    health: HealthChannel
    prompt: str

    def publish(self, names: list[BotName], revision: int) -> None:
        """Give these subscribers a revision."""
        hot = {"revision": revision, "system_prompt": f"{revision} {self.prompt}"}
        for name in names:
            self.publisher.publish(config_topic(name), "settings", hot, state=hot)


async def _burst(
    seconds: float, subscribers: int, bus: Bus, processes: list[subprocess.Popen[bytes]]
) -> Outcome:
    outcome = Outcome()
    names = [BotName(f"bot{number}") for number in range(subscribers)]

    def hear(principal: Principal, word: FromChild) -> None:
        if isinstance(word, Heartbeat):
            outcome.seen[principal.name] = word.config_revision

    bus.health.start(hear)
    bus.publish(names, 1)
    processes += [_start(name, bus) for name in names]
    await _until(lambda: len(outcome.seen) == subscribers and set(outcome.seen.values()) == {1})
    own = psutil.Process()
    before = own.memory_info().rss
    last = await _send(bus, names, seconds, processes[-1], outcome, before)
    began = time.monotonic()
    while outcome.seen != dict.fromkeys(names, last) and time.monotonic() - began < _PATIENCE_S:
        await asyncio.sleep(0.005)
        if time.monotonic() - began > _REMIND_S * (outcome.reminded + 1):
            late = [name for name in names if outcome.seen[name] != last]
            bus.publish(late, last)
            outcome.reminded += 1
    outcome.converged_s = time.monotonic() - began
    outcome.lost = sum(outcome.seen[name] != last for name in names)
    return outcome


async def _send(
    bus: Bus,
    names: list[BotName],
    seconds: float,
    stalled: subprocess.Popen[bytes],
    outcome: Outcome,
    before: int,
) -> int:
    """Publish at the pace, and look at the memory; gives the last revision."""
    began, revision, own = time.monotonic(), 1, psutil.Process()
    stopped = False
    while (elapsed_s := time.monotonic() - began) < seconds:
        if not stopped and elapsed_s > seconds / 4:
            stopped = True
            os.kill(stalled.pid, signal.SIGSTOP)
        while revision - 1 < elapsed_s * A_SECOND:
            revision += 1
            bus.publish(names, revision)
            if revision % 100 == 0:
                grown = (own.memory_info().rss - before) / 2**20
                outcome.growth_mib = max(outcome.growth_mib, grown)
        await asyncio.sleep(0.001)
    os.kill(stalled.pid, signal.SIGCONT)
    outcome.updates = revision - 1
    return revision


def _start(name: BotName, bus: Bus) -> subprocess.Popen[bytes]:
    keys = bus.keyring.issue(Principal(kind=PrincipalKind.BOT, name=name, incarnation=1, tools=()))
    settings = ChildSettings(
        name=name,
        incarnation=1,
        bot=BotSettings(
            discord_token=SecretStr("a-token-of-nobody"),
            llm_config=LlmSettings(base_url=HttpUrl("http://127.0.0.1:1/v1"), api_key=SecretStr("none")),
        ),
        discord=DiscordSettings(),
        endpoints=bus.endpoints,
        keys=keys,
        lock_path=str(bus.folder / f"{name}.lock"),
    )
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("subscriber.py"))], stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(pickle.dumps(settings))
        process.stdin.close()
    return process


async def _until(reached: object) -> None:
    assert callable(reached)
    deadline = time.monotonic() + _PATIENCE_S
    while not reached():
        if time.monotonic() > deadline:
            raise SystemExit("the subscribers did not come")
        await asyncio.sleep(0.01)
