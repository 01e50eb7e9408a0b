"""Whoever is killed or stopped: no orphan, no bot twice on the gateway, and the bot answers again."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from tests.support.town import Town, alive, family, town, until

pytestmark = pytest.mark.slow


@pytest.fixture
async def place(short_tmp: Path) -> AsyncIterator[Town]:
    """Give a town with two bots."""
    async with town(short_tmp) as made:
        yield made


async def answers_again(place: Town) -> None:
    """Make sure that both bots answer and that none was ever online twice."""
    async with asyncio.timeout(20):
        await place.all_ready()
    for bot, guild in (("helper", "Harbour"), ("guide", "Observatory")):
        assert await place.answer(await place.ask("ada", bot, "hello", guild), bot, guild)
    assert not await place.overlaps()


def forkserver_of(pid: int) -> psutil.Process:
    """Give a mother's forkserver."""
    return next(
        one
        for one in psutil.Process(pid).children()
        if one.name() == "droas-forks" or "forkserver" in " ".join(one.cmdline())
    )


async def test_a_killed_child_comes_back(place: Town) -> None:
    """Its replacement answers; the other bot's process is the same as before."""
    before = await place.all_ready()
    os.kill(before["bot_01"]["pid"], signal.SIGKILL)
    await until(lambda: not psutil.pid_exists(before["bot_01"]["pid"]), "it is still there")
    await answers_again(place)
    after = await place.all_ready()
    assert after["bot_01"]["pid"] != before["bot_01"]["pid"]
    assert after["bot_02"]["pid"] == before["bot_02"]["pid"]
    assert after["bot_01"]["restarts"] == 1


async def test_a_stopped_child_is_replaced(place: Town) -> None:
    """A child that hangs falls silent, is killed and replaced, though it can handle no signal."""
    before = await place.all_ready()
    os.kill(before["bot_01"]["pid"], signal.SIGSTOP)
    await until(lambda: not psutil.pid_exists(before["bot_01"]["pid"]), "the hung child is still there")
    await answers_again(place)
    _, bot, _ = await place.ctl("status", "bot_01")
    assert bot["last_exit"] in ("killed: it is stopped by a signal", "killed: no heartbeat for 1.5 s")
    assert bot["last_stacks"] == f"it could not tell where: {bot['last_exit'].removeprefix('killed: ')}"


async def test_a_killed_forkserver_harms_nobody(place: Town) -> None:
    """Living children live on; the next start makes a new forkserver, and says so."""
    assert place.process is not None
    before = await place.all_ready()
    forkserver_of(place.process.pid).kill()
    os.kill(before["bot_01"]["pid"], signal.SIGKILL)
    await until(lambda: not psutil.pid_exists(before["bot_01"]["pid"]), "it is still there")
    await answers_again(place)
    after = await place.all_ready()
    assert after["bot_02"]["pid"] == before["bot_02"]["pid"]
    assert "forkserver_replaced" in place.log()
    assert await place.stop_mother() == 0
    assert not alive(
        [psutil.Process(after[name]["pid"]) for name in after if psutil.pid_exists(after[name]["pid"])]
    )


async def test_a_killed_mother_leaves_no_orphans(place: Town) -> None:
    """All of her family is gone at once, a stopped child too, and a new mother takes over."""
    assert place.process is not None
    bots = await place.all_ready()
    processes = family(place.process.pid)
    os.kill(bots["bot_02"]["pid"], signal.SIGSTOP)
    await place.stop_mother(signal.SIGKILL)
    await until(lambda: not alive(processes), "orphans are left", seconds=2)
    await place.start_mother()
    await answers_again(place)


async def test_a_stopped_bot_stays_stopped(place: Town) -> None:
    """What somebody stopped is still stopped after the mother was killed and started anew."""
    assert (await place.ctl("stop", "bot_02"))[0] == 0
    await place.stop_mother(signal.SIGKILL)
    await place.start_mother()

    async def one_ready() -> bool:
        _, answer, _ = await place.ctl("status")
        states = {bot["name"]: bot["state"] for bot in answer["bots"]} if answer else {}
        return states == {"bot_01": "ready", "bot_02": "stopped"}

    await until(one_ready, "not as it was wanted")
    assert not await place.connected("guide")
    assert (await place.ctl("start", "bot_02"))[0] == 0
    await answers_again(place)


async def test_a_stale_holder_of_a_lock_is_ended(place: Town) -> None:
    """A process that still is a bot when a mother starts is ended before its successor connects."""
    assert place.process is not None
    bots = await place.all_ready()
    holder = psutil.Process(bots["bot_01"]["pid"])
    place.process.send_signal(signal.SIGSTOP)  # a mother that hangs: her children go on
    place.process.send_signal(signal.SIGKILL)
    await place.process.wait()
    await place.start_mother()
    await answers_again(place)
    assert not alive([holder])


async def test_a_stopped_mother_punishes_nobody(place: Town) -> None:
    """A mother that was stopped for longer than her patience wakes up, hears her children, and kills none."""
    assert place.process is not None
    before = await place.all_ready()
    place.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(4)  # twice the heartbeat time-out
    place.process.send_signal(signal.SIGCONT)
    await until(lambda: "mother_was_away" in place.log(), "she did not notice")
    await answers_again(place)
    after = await place.all_ready()
    assert {name: bot["pid"] for name, bot in after.items()} == {
        name: bot["pid"] for name, bot in before.items()
    }


async def test_a_second_mother_is_refused(place: Town) -> None:
    """Two mothers cannot use the same folders; the second says so and ends."""
    first = place.process
    await place.start_mother()
    second = place.process
    assert second is not None
    async with asyncio.timeout(10):
        assert await second.wait() == 75
    assert "runs here already" in place.log()
    place.process = first
    await answers_again(place)


async def test_a_refused_token_is_not_tried_again(short_tmp: Path) -> None:
    """A bot whose token Discord refuses fails with words, and its crash loop burns no identify."""
    async with town(short_tmp, start=False) as place:
        place.environment["BOT_02_TOKEN"] = (
            "MTAwMDAwMDAwMDAwMDAwMDAw.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"
        )
        await place.start_mother()

        async def failed() -> bool:
            _, bot, _ = await place.ctl("status", "bot_02")
            return bool(bot and bot["state"] == "failed" and "refuses the token" in bot["reason"])

        async with asyncio.timeout(15):
            while not await failed():
                await asyncio.sleep(0.05)
        await until(lambda: place.connected("helper"), "the other bot does not run")
        question = await place.ask("ada", "helper", "hello")
        assert await place.answer(question, "helper")


async def test_a_protecting_bot_that_is_refused_is_told_with_the_reason(place: Town) -> None:
    """Somebody switches its intent off while it runs: the groups are unprotected until that is mended."""
    match = {"bot_id": place.users["guardian"]}
    await place.control("POST", "/faults", {"kind": "close", "code": 4014, "match": match})

    async def told() -> bool:
        code, answer, _ = await place.ctl("status")
        return bool(
            answer["protection"] == "refused"
            and code == 3
            and "'Message Content Intent'" in answer["protection_why"]
        )

    await until(told, "nobody is told")
    await until(lambda: "part_ended" in place.log(), "its end is not in the log")
    assert await told()  # though nextcord has told of the lost connection meanwhile


async def test_gateway_faults_are_lived_through(place: Town) -> None:
    """Dropped, told to reconnect, or invalidated: the bots come back, without losing a process."""
    before = await place.all_ready()
    for options in ({"kind": "drop"}, {"kind": "reconnect"}, {"kind": "close", "code": 4000}):
        await place.control("POST", "/faults", dict(options))
        await place.control("DELETE", "/faults")
        await answers_again(place)
    after = await place.all_ready()
    assert {name: bot["pid"] for name, bot in after.items()} == {
        name: bot["pid"] for name, bot in before.items()
    }
