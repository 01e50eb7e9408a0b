"""A whole mother whose database is full, or held by somebody else: the rest of her goes on."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from droas_mother.ctl.client import Client
from tests.support.town import Town, town, until

pytestmark = pytest.mark.slow
_DISK = "1500k"


@pytest.fixture
def small_disk(short_tmp: Path) -> Iterator[Path]:
    """Give a folder with a small disk for data in it."""
    data = short_tmp / "data"
    data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK},mode=0700", "none", str(data)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk of its own can only be mounted by root")
    yield short_tmp
    subprocess.run(["umount", str(data)], check=True)


@pytest.fixture
async def place(small_disk: Path) -> AsyncIterator[Town]:
    """Give a town whose mother has her data on that disk."""
    async with town(small_disk) as made:
        yield made


async def readiness(place: Town) -> tuple[int, str]:
    """Give what /ready answers, and what it says of the store."""

    def ask() -> tuple[int, str]:
        with Client(place.folder / "run/droas.sock") as client:
            status, value = client.ask("GET", "/ready")
            return status, value["waiting_for"].get("store", "")

    return await asyncio.to_thread(ask)


async def transfer(place: Town, key: str, *, giver: str = "ada") -> tuple[int, str]:
    """Have a coin moved by somebody at the machine; gives droasctl's exit code, and what it said."""
    who = ("--guild", place.guilds["Harbour"]["id"], "--user", place.users[giver])
    given = (f"to_user_id={place.users['grace']}", "amount=1")
    code, _, err = await place.ctl("tools", "call", "economy.transfer", *given, *who, "--key", key)
    return code, err


async def the_rest_goes_on(place: Town) -> None:
    """See that bots chat and the mother moderates."""
    question = await place.ask("ada", "helper", "hello")
    assert "Hello!" in await place.answer(question, "helper")
    said = await place.say("eve", "a forbidden word here")

    async def gone() -> bool:
        return any(one["id"] == said and one["deleted"] for one in await place.messages())

    await until(gone, "what is forbidden was not removed")


async def recovers(place: Town, key: str, outages: int) -> None:
    """See that all is well again, and that the call that was refused is done once now."""

    async def ready() -> bool:
        return await readiness(place) == (200, "")

    await until(ready, "the store is not well again")
    assert (await transfer(place, key))[0] == 0

    async def noted() -> bool:
        query = ("audit", "query", "--action", "store recovered", "--caller", "mother")
        return len((await place.ctl(*query))[1]["records"]) == outages

    await until(noted, "the outage is not in the audit")
    code, verdict, _ = await place.ctl("ledger", "verify")
    assert (code, verdict["faults"]) == (0, [])


async def test_a_mother_outlives_her_database(place: Town) -> None:
    """Full, held, overwritten: calls are refused in words, /ready says why, chat and protection go on.

    What can recover does so by itself.
    """
    assert (await transfer(place, "k0"))[0] == 0

    ballast = place.folder / "data/ballast"
    fill(ballast)
    code, words = await transfer(place, "k1")
    assert (code, "is full; make room" in words) == (69, True)
    status, why = await readiness(place)
    assert (status, "is full" in why) == (503, True)
    await the_rest_goes_on(place)
    os.unlink(ballast)  # noqa: PTH108 - short
    await recovers(place, "k1", 1)

    holder = sqlite3.connect(place.folder / "data/droas.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    code, words = await transfer(place, "k2")
    assert (code, "is locked; another program holds it" in words) == (69, True)
    assert "is locked" in (await readiness(place))[1]
    await the_rest_goes_on(place)
    holder.execute("ROLLBACK")
    holder.close()
    await recovers(place, "k2", 2)

    overwrite(place.folder / "data/droas.db")
    code, words = await transfer(place, "k3", giver="eve")
    assert (code, "malformed; stop the mother and restore a backup" in words) == (69, True)
    assert "malformed" in (await readiness(place))[1]
    await the_rest_goes_on(place)


def overwrite(path: Path) -> None:
    """Make rubbish of all pages but the first."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))


def fill(path: Path) -> None:
    """Leave no byte on the disk."""
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            while True:
                try:
                    file.write(b"\0" * size)
                except OSError:
                    break
