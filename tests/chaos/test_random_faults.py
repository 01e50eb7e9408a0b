"""Faults at random, from a seed: whatever is killed, stopped, blocked or dropped, all is well in the end."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from droas_common.process_bonds import FORKSERVER_NAME
from tests.support.town import Town, family, runs, town, until

pytestmark = pytest.mark.slow

ROUNDS = 7
GATEWAY_FAULTS = ("drop", "reconnect", "invalid_session", "withhold_acks", "duplicate_events")


class Havoc:
    """Does one thing after another, each chosen by a seed.

    Args:
        place: where.
        seed: by which everything is chosen.
    """

    def __init__(self, place: Town, seed: int) -> None:
        self.place = place
        self.dice = random.Random(seed)
        self.done: list[str] = []

    async def strike(self) -> None:
        """Do one thing."""
        deeds = [self.kill_a_child, self.stop_a_child, self.kill_the_forkserver, self.kill_the_mother]
        deeds += [self.stop_the_mother, self.disturb_the_gateway, self.command]
        deed = self.dice.choice(deeds)
        self.done.append(deed.__name__)
        await deed()

    async def victim(self) -> int | None:
        """Choose one of the bots' processes, adopted ones too."""
        _, answer, _ = await self.place.ctl("status")
        found = [bot["pid"] for bot in answer["bots"] if bot["pid"]] if answer else []
        return self.dice.choice(found) if found else None

    async def hit(self, number: signal.Signals) -> None:
        """Send one of them a signal."""
        pid = await self.victim()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    async def kill_a_child(self) -> None:
        """SIGKILL."""
        await self.hit(signal.SIGKILL)

    async def stop_a_child(self) -> None:
        """SIGSTOP: it hangs and handles no signal."""
        await self.hit(signal.SIGSTOP)

    async def kill_the_forkserver(self) -> None:
        """The process from which all children come."""
        assert self.place.process is not None
        for one in family(self.place.process.pid):
            with suppress(psutil.NoSuchProcess):
                if one.name() == FORKSERVER_NAME:
                    one.kill()

    async def kill_the_mother(self) -> None:
        """And start her again."""
        await self.place.stop_mother(signal.SIGKILL)
        await self.place.start_mother()

    async def stop_the_mother(self) -> None:
        """For longer than her patience with children, as a suspended machine does."""
        assert self.place.process is not None
        self.place.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(2)  # the fault itself, not a wait for something
        self.place.process.send_signal(signal.SIGCONT)

    async def disturb_the_gateway(self) -> None:
        """Something that Discord does on a bad day."""
        await self.place.fault(self.dice.choice(GATEWAY_FAULTS), times=1)

    async def command(self) -> None:
        """A person restarts a bot in the middle of it."""
        await self.place.ctl("restart", self.dice.choice(["bot_01", "bot_02"]), "--no-wait")


async def _load(place: Town) -> None:
    """People go on talking, to bots and to one another."""
    number = 0
    while True:
        number += 1
        await place.say("eve", f"talk {number}", "Harbour" if number % 2 else "Observatory")
        if number % 5 == 0:
            await place.ask("ada", "helper", "hello")
        await asyncio.sleep(0.05)  # twenty messages a second: the load, not a wait


async def _answers(place: Town, bot: str, guild: str) -> None:
    """Ask until it answers: a fault of a moment ago may not have been noticed yet, and a question to it is lost."""
    for number in range(8):
        question = await place.ask(("joan", "mary")[number % 2], bot, "hello", guild)
        with suppress(AssertionError):
            await place.answer(question, bot, guild, seconds=5)
            return
    raise AssertionError(f"{bot} does not answer")


@pytest.fixture
async def place(short_tmp: Path, request: pytest.FixtureRequest) -> AsyncIterator[Town]:
    """Give a town with two bots, which may outlive their mother or not."""
    async with town(short_tmp, start=False) as made:
        made.environment |= {
            "DROAS_SUPERVISION__LIVE_RESTORE": str(request.param).lower(),
            "DROAS_SUPERVISION__STABLE_AFTER_S": "1",
        }
        await made.start_mother()
        await made.all_ready()
        yield made


@pytest.mark.timeout(170)
@pytest.mark.parametrize("place", [False, True], indirect=True, ids=["die with her", "live restore"])
async def test_all_is_well_after_faults_at_random(place: Town) -> None:
    """Nobody was ever online twice, nobody is left over, every bot is ready and answers, and the mother ends well."""
    seed = int(os.environ.get("DROAS_CHAOS_SEED", "20"))  # another one plays another scene
    havoc = Havoc(place, seed)
    print(f"DROAS_CHAOS_SEED={seed}")
    async with asyncio.TaskGroup() as group:
        load = group.create_task(_load(place))
        for _ in range(ROUNDS):
            await havoc.strike()
            await asyncio.sleep(havoc.dice.uniform(0, 1.5))  # the next fault comes when it likes
        load.cancel()
    print(" > ".join(havoc.done))
    await place.control("DELETE", "/faults")
    async with asyncio.timeout(60):
        await place.all_ready()
    assert not await place.overlaps(), f"somebody was online twice (seed {seed})"
    for bot, guild in (("helper", "Harbour"), ("guide", "Observatory")):
        await _answers(place, bot, guild)
    after = await place.all_ready()
    pids = [bot["pid"] for bot in after.values()]
    assert await place.stop_mother() == 0
    await until(lambda: not any(map(runs, pids)), "somebody is left over")
