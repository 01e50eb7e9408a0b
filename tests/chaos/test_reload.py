"""Configuration under fire: however files are written, every process soon runs one whole valid revision."""

import asyncio
import itertools
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from droas_mother.adapters.configuration.folder import read_tree
from tests.support.town import BOT_FILE, Town, town, until

SOON_S = 1.0
"""After the last write, within this time, everybody has confirmed."""

STORM_S = 1.3
A_SECOND = 1_000


async def converged(place: Town) -> float:
    """Wait until every bot runs what lies on the disk; give how long that took."""
    began, digest = time.monotonic(), read_tree(place.folder / "configs").digest

    async def look() -> bool:
        status = await place.asked("/v1/config")
        same = status["digest"] == digest and status["disk"] == "same"
        return same and all(bot["confirmed"] and bot["state"] == "ready" for bot in status["bots"])

    await until(look, "not everybody runs what lies on the disk", seconds=8)
    return time.monotonic() - began


def text_of(number: int, bot: str = "bot_01") -> str:
    """Give a bot's file with a prompt of its own."""
    return (BOT_FILE % f"{bot.upper()}_TOKEN").replace("You are", f"Number {number}: you are")


def at_once(path: Path, text: str) -> None:
    """Truncate and write."""
    path.write_text(text)


def in_halves(path: Path, text: str) -> None:
    """Write the file in two parts, open all the time."""
    with path.open("w") as file:
        file.write(text[: len(text) // 2])
        file.flush()
        file.write(text[len(text) // 2 :])


def by_renaming(path: Path, text: str) -> None:
    """Write another file and put it in the place."""
    fresh = path.with_suffix(".yaml.tmp")
    fresh.write_text(text)
    fresh.replace(path)


def by_deleting(path: Path, text: str) -> None:
    """Delete, then create."""
    path.unlink()
    path.write_text(text)


def faulty_first(path: Path, text: str) -> None:
    """Write nonsense, then the file."""
    path.write_text("bot_config: [")
    path.write_text(text)


async def storm(write: Callable[[int], None], a_second: float = A_SECOND, seconds: float = STORM_S) -> int:
    """Write as often as asked, from a thread; gives how often."""

    def run() -> int:
        began = time.monotonic()
        for number in itertools.count():
            if time.monotonic() - began > seconds:
                return number
            write(number)
            pause_s = began + number / a_second - time.monotonic()
            if pause_s > 0:
                time.sleep(pause_s)
        raise AssertionError

    return await asyncio.to_thread(run)


async def test_a_thousand_writes_a_second_end_in_one_revision(short_tmp: Path) -> None:
    """Whole, half, renamed, deleted, faulty: a second after the last write all bots run the last text."""
    ways = itertools.cycle([at_once, in_halves, by_renaming, by_deleting, faulty_first])
    async with town(short_tmp) as place:
        await converged(place)
        before = await place.all_ready()
        path = short_tmp / "configs/bots/bot_01.yaml"
        written = await storm(lambda number: next(ways)(path, text_of(number)))
        took_s = await converged(place)
        print(f"{written} writes; converged {took_s:.3f} s after the last")
        assert written > 200  # far more where nobody else works
        assert took_s < SOON_S
        after = await place.all_ready()
        assert {bot["pid"] for bot in after.values()} == {bot["pid"] for bot in before.values()}
        status = await place.asked("/v1/config")
        assert status["problems"] == []


async def test_folders_that_are_swapped_as_kubernetes_does(short_tmp: Path) -> None:
    """Each file a link through `..data`, which is swapped: no mixture of two versions is ever put into force."""
    configs = short_tmp / "configs"
    async with town(short_tmp, start=False) as place:
        mother = (configs / "droas.yaml").read_text()
        shutil.rmtree(configs)
        (configs / "bots").mkdir(parents=True)

        def version(number: int) -> None:
            folder = configs / f"..version_{number}"
            folder.mkdir()
            (folder / "droas.yaml").write_text(mother)
            for bot in ("bot_01", "bot_02"):
                (folder / f"{bot}.yaml").write_text(text_of(number, bot))
            (configs / "..data_tmp").symlink_to(folder.name)
            (configs / "..data_tmp").rename(configs / "..data")
            shutil.rmtree(configs / f"..version_{number - 1}", ignore_errors=True)

        version(0)
        (configs / "droas.yaml").symlink_to("..data/droas.yaml")
        for bot in ("bot_01", "bot_02"):
            (configs / "bots" / f"{bot}.yaml").symlink_to(f"../..data/{bot}.yaml")
        await place.start_mother()
        await place.all_ready()
        await storm(lambda number: version(number + 1), a_second=100)
        assert await converged(place) < SOON_S
        history = await place.asked("/v1/config/history?count=100")
        for revision in history["revisions"]:
            texts = {one["after"].partition(":")[0] for one in revision["changes"]}
            assert len(texts) <= 1, revision


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="root reads everything without it")
async def test_files_that_cannot_be_read_for_a_while(short_tmp: Path) -> None:
    """What ran goes on, and when they can be read again they are followed."""
    async with town(short_tmp, start=False) as place:
        bound = "-dac_override,-dac_read_search"
        await place.start_mother("setpriv", f"--inh-caps={bound}", f"--bounding-set={bound}")
        await place.all_ready()
        await converged(place)
        path = short_tmp / "configs/bots/bot_01.yaml"
        path.write_text(text_of(1))
        path.chmod(0)

        async def refused() -> bool:
            return bool((await place.asked("/v1/config"))["problems"])

        await until(refused, "nobody has noticed")
        assert (await place.all_ready())["bot_01"]["state"] == "ready"
        path.write_text(text_of(2))
        path.chmod(0o600)
        assert await converged(place) < SOON_S + 2  # permissions are only seen by the slow look


async def test_a_mother_killed_in_a_storm_comes_back_with_one_revision(short_tmp: Path) -> None:
    """Killed at any moment: the next mother and her bots run what lies on the disk."""
    async with town(short_tmp) as place:
        await converged(place)
        path = short_tmp / "configs/bots/bot_01.yaml"
        assert place.process is not None
        killer = threading.Timer(0.7, place.process.kill)
        killer.start()
        await storm(lambda number: by_renaming(path, text_of(number)), seconds=1.0)
        await place.process.wait()
        await place.start_mother()
        await place.all_ready()
        await converged(place)
