"""Children outlive their mother: they go on, a new one takes them over, and what cannot be is replaced."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from tests.support.town import Json, Town, runs, town, until

pytestmark = pytest.mark.slow


@pytest.fixture
async def place(short_tmp: Path) -> AsyncIterator[Town]:
    """Give a town with two bots that outlive their mother."""
    async with town(short_tmp, start=False) as made:
        made.environment |= {"DROAS_SUPERVISION__LIVE_RESTORE": "true", "MODEL_KEY": "key-of-the-environment"}
        await made.start_mother()
        await made.all_ready()
        yield made


def pids(bots: dict[str, Json]) -> dict[str, int]:
    """Give the bots' processes."""
    return {name: bot["pid"] for name, bot in bots.items()}


def forgotten(place: Town, bots: dict[str, Json]) -> bool:
    """Say whether mother, forkserver and bots all run and none shows a variable that only she needs."""
    assert place.process is not None
    mother = place.process.pid
    everybody = {mother, *(child.pid for child in psutil.Process(mother).children()), *pids(bots).values()}
    shown = [Path(f"/proc/{pid}/environ").read_bytes() for pid in everybody]
    secrets = [f"{name}=".encode() for name in place.environment]
    return len(shown) == len(bots) + 2 and not any(secret in one for one in shown for secret in secrets)


async def identifies(place: Town) -> int:
    """Count the IDENTIFYs that Discord has seen of the two bots."""
    bots = (await place.control("GET", "/state"))["bots"]
    return sum(bot["identifies"] for bot in bots if bot["username"] != "guardian")


async def answers(place: Town, text: str = "hello") -> None:
    """Make sure that both bots answer."""
    for bot, guild in (("helper", "Harbour"), ("guide", "Observatory")):
        assert await place.answer(await place.ask("ada", bot, text, guild), bot, guild)


async def test_children_outlive_a_killed_mother(place: Town) -> None:
    """They answer while there is none; a new one has the same processes, without one more IDENTIFY."""
    before, identified = await place.all_ready(), await identifies(place)
    await place.stop_mother(signal.SIGKILL)
    await answers(place)
    await place.start_mother()
    after = await place.all_ready()
    assert pids(after) == pids(before)
    assert all(bot["restarts"] == 0 for bot in after.values())
    await answers(place, "how many coins do I have?")
    assert await identifies(place) == identified
    assert not await place.overlaps()
    assert await place.stop_mother() == 0
    assert not any(map(runs, pids(before).values()))


async def test_adopted_children_are_kept_like_any_others(place: Town) -> None:
    """One that dies after it was taken over is replaced; one that is asked to stop, stops."""
    before = await place.all_ready()
    await place.stop_mother(signal.SIGKILL)
    await place.start_mother()
    await place.all_ready()
    os.kill(before["bot_01"]["pid"], signal.SIGKILL)

    async def replaced() -> bool:
        _, bot, _ = await place.ctl("status", "bot_01")
        return bool(bot and bot["state"] == "ready" and bot["pid"] != before["bot_01"]["pid"])

    await until(replaced, "it was not replaced")
    assert (await place.ctl("stop", "bot_02"))[0] == 0
    assert not runs(before["bot_02"]["pid"])
    assert not await place.overlaps()


async def test_an_upgrade_keeps_the_mothers_process_and_the_bots(place: Town) -> None:
    """SIGUSR2 puts a new mother into the same process; the bots notice nothing of it, and nobody is left over.

    She still has the variables of the old one for a bot that needs them, and shows them to nobody.
    """
    assert place.process is not None
    before, identified = await place.all_ready(), await identifies(place)
    assert forgotten(place, before)
    place.process.send_signal(signal.SIGUSR2)
    await until(lambda: place.log().count('"event":"mother_stopped"') == 1, "she does not hand over")
    place.process.send_signal(signal.SIGUSR2)  # somebody is impatient
    await until(lambda: place.log().count('"event":"mother_started"') == 2, "no new mother")
    after = await place.all_ready()
    (forkserver,) = psutil.Process(place.process.pid).children()
    assert forkserver.status() != psutil.STATUS_ZOMBIE
    assert pids(after) == pids(before)
    assert place.process.returncode is None
    assert await identifies(place) == identified
    await answers(place)

    path = place.folder / "configs/bots/bot_01.yaml"
    path.write_text(path.read_text().replace("test-key-of-no-value", "${MODEL_KEY}"))

    async def renewed() -> dict[str, Json]:
        bots = await place.all_ready()
        return bots if pids(bots)["bot_01"] != pids(before)["bot_01"] else {}

    renewed_bots = await until(renewed, "the bot does not run with its new key")
    await until(lambda: forgotten(place, renewed_bots), "a secret is in sight")
    await answers(place)


async def test_what_cannot_be_taken_over_is_replaced(place: Town) -> None:
    """A child that cannot prove itself, and one whose settings have changed, get successors; a stranger ends."""
    before = await place.all_ready()
    await place.stop_mother(signal.SIGKILL)
    os.kill(before["bot_01"]["pid"], signal.SIGSTOP)
    changed = place.folder / "configs/bots/bot_02.yaml"
    changed.write_text(changed.read_text().replace("test-key-of-no-value", "another-key-of-no-value"))
    await place.start_mother()
    async with asyncio.timeout(20):
        after = await place.all_ready()
    assert not set(pids(after).values()) & set(pids(before).values())
    await answers(place)
    assert not await place.overlaps()
    await place.stop_mother(signal.SIGKILL)
    (place.folder / "configs/bots/bot_02.yaml").unlink()
    place.names = ["helper"]
    await place.start_mother()
    last = await place.all_ready()
    assert pids(last) == {"bot_01": after["bot_01"]["pid"]}
    await until(lambda: not runs(after["bot_02"]["pid"]), "the stranger is still there")


async def test_a_stopped_bot_is_not_left_running_by_the_mothers_death(place: Town) -> None:
    """Though it hangs while it is asked to end, and its settings are others meanwhile, it ends."""
    pid = (await place.all_ready())["bot_01"]["pid"]
    os.kill(pid, signal.SIGSTOP)
    assert (await place.ctl("stop", "bot_01", "--no-wait"))[0] == 0
    await place.stop_mother(signal.SIGKILL)
    changed = place.folder / "configs/bots/bot_01.yaml"
    changed.write_text(changed.read_text().replace("test-key-of-no-value", "another-key-of-no-value"))
    assert runs(pid)
    await place.start_mother()
    await until(lambda: not runs(pid), "it still runs")
    _, bot, _ = await place.ctl("status", "bot_01")
    assert bot is None or bot["state"] == "stopped"


async def test_without_a_mother_they_leave_when_the_lease_is_over(short_tmp: Path) -> None:
    """They leave the gateway in good order, so that Discord shows them offline at once, and end."""
    async with town(short_tmp, start=False) as place:
        place.environment["DROAS_SUPERVISION__ORPHAN_LEASE_S"] = "1"
        await place.start_mother()
        bots = await place.all_ready()
        await place.stop_mother(signal.SIGKILL)
        assert runs(bots["bot_01"]["pid"])
        await until(lambda: not any(runs(bot["pid"]) for bot in bots.values()), "they are still there")
        for name in place.names:
            assert not await place.connected(name)
        kept = {session.bot.user_id for session in place.sandbox.hub.sessions.values()}
        assert not kept & {place.users[name] for name in place.names}, "a session waits to be resumed"


async def test_children_confirm_the_files_of_the_next_mother(place: Town, short_tmp: Path) -> None:
    """What has changed while there was none, the next one gives to the same processes, and all confirm it."""
    before = await place.all_ready()
    path = short_tmp / "configs/bots/bot_01.yaml"
    for number, way in ((2, signal.SIGKILL), (3, signal.SIGKILL)):
        await place.stop_mother(way)
        path.write_text(path.read_text().replace("You are", "You are and You are"))
        await place.start_mother()
        after = await place.all_ready()
        assert pids(after) == pids(before)
        assert {bot["config_revision"] for bot in after.values()} == {number}
    assert (await place.ctl("config", "status"))[0] == 0
