"""droasctl when something between it and the books goes wrong: nothing is done twice, and nothing is lost."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from droas_mother.core.answers.admin_answers import Refusal
from tests.support.admin import DROASCTL
from tests.support.office import PlayedOffice, office

FOR_ADA = ("--guild", "1", "--user", "10")
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


@pytest.fixture
async def place(short_tmp: Path, tmp_path: Path) -> AsyncIterator[PlayedOffice]:
    """Give an admin interface before a running gateway."""
    async with office(short_tmp, f"sqlite:///{tmp_path / 'droas.db'}") as made:
        yield made


async def written_to(out: int, place: PlayedOffice, *arguments: str) -> tuple[int, str]:
    """Run droasctl with its output into an open file, which is closed; gives its exit code and its complaints."""
    process = await asyncio.create_subprocess_exec(
        DROASCTL, "--socket", str(place.town.socket), *arguments, stdout=out, stderr=asyncio.subprocess.PIPE
    )
    os.close(out)
    _, err = await process.communicate()
    return process.returncode or 0, err.decode()


def a_full_disk() -> int:
    """Give a file on one."""
    return os.open("/dev/full", os.O_WRONLY)


def nobody() -> int:
    """Give a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


# --- tools ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--key", ""), "--key: the key is empty"),
        (("--key= ",), "--key: the key is empty"),
        (("amount=2",), "amount is given twice"),
        (("--json", '{"note": "a", "note": "b"}'), "note is given twice"),
        (("note=" + "n" * 70_000,), "too long, 65536 bytes at most"),
        (tuple(f"a{number}=" + "n" * 100_000 for number in range(12)), "too long, 65536 bytes at most"),
    ],
)
async def test_a_call_that_is_not_what_was_meant_is_not_done(
    place: PlayedOffice, more: tuple[str, ...], words: str
) -> None:
    """An empty key, an argument given twice, a call that is too long: 64, and nothing is paid."""
    call = ("tools", "call", "economy.award", "to_user_id=11", "amount=1", *FOR_ADA, *more)
    code, _, err = await place.town.ctl(*call)
    assert (code, words in err) == (64, True), err
    assert place.bench.reader.newest_audit(5, kind="tool") == []


async def test_the_key_of_a_call_that_may_have_been_done_is_in_the_json(
    place: PlayedOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that retries with it has it done once; where nothing was sent nothing is said to be unknown."""

    async def hang_up(*_: object, **__: object) -> Any:
        for runner in place.town.server._runners:
            for site in runner.server.connections:
                site.transport.abort()

    monkeypatch.setattr(place.town.desk.counter, "call", hang_up)
    code, value, err = await place.ctl("tools", "call", "economy.daily", *FOR_ADA)
    assert (code, len(value["idempotency_key"])) == (69, 29)
    assert f"is not known; ask again with --key {value['idempotency_key']}," in err
    code, value, err = await place.ctl("tools", "call", "economy.daily", "--socket", "/nowhere")
    assert (code, value["idempotency_key"], "not known" in err) == (69, None, False)


@full
async def test_the_key_of_a_call_whose_outcome_cannot_be_written_is_told(place: PlayedOffice) -> None:
    """It was done; the same key tells what came of it."""
    code, err = await written_to(a_full_disk(), place, "tools", "call", "economy.daily", *FOR_ADA)
    assert (code, "told again with --key " in err) == (74, True)
    key = err.partition("--key ")[2].partition(";")[0]
    code, value, _ = await place.ctl("tools", "call", "economy.daily", *FOR_ADA, "--key", key)
    assert (code, value["replayed"]) == (0, True)


# --- clients --------------------------------------------------------------------------


@full
@pytest.mark.parametrize("reader", [a_full_disk, nobody])
async def test_a_client_whose_credential_is_lost_is_taken_back(
    place: PlayedOffice, reader: Callable[[], int]
) -> None:
    """On a full disk, and before nobody who reads: it ends with 74, and the client is revoked."""
    code, err = await written_to(reader(), place, "client", "add", "shop", "--scope", "*")
    assert (code, "is lost: " in err, "; the client was taken back (revoked)" in err) == (74, True, True), err
    assert [one["revoked"] for one in (await place.ctl("client", "list"))[1]["clients"]] == [True]


async def test_a_credential_that_fits_into_no_file_is_taken_back(place: PlayedOffice, tmp_path: Path) -> None:
    """With --out the file is gone, and the client is revoked."""
    program = ("sh", "-c", 'ulimit -f 0; exec "$0" "$@"', DROASCTL, "--socket", str(place.town.socket))
    add = ("client", "add", "shop", "--scope", "*", "--out", str(tmp_path / "shop.json"))
    process = await asyncio.create_subprocess_exec(*program, *add, stderr=asyncio.subprocess.PIPE)
    err = (await process.communicate())[1].decode()
    assert (process.returncode, "the client was taken back (revoked)" in err) == (74, True), err
    assert [one["revoked"] for one in (await place.ctl("client", "list"))[1]["clients"]] == [True]
    assert not (tmp_path / "shop.json").exists()


@full
async def test_a_client_that_cannot_be_taken_back_is_told(place: PlayedOffice) -> None:
    """Then it is admitted, and whoever added it is told how it is revoked."""

    async def refuse(*_: object, **__: object) -> tuple[int, Refusal]:
        return 503, Refusal(error="the disk is full")

    place.town.desk.clients.revoke = refuse
    code, err = await written_to(a_full_disk(), place, "client", "add", "shop", "--scope", "*")
    assert (code, "(the disk is full); `droasctl client revoke shop` does it" in err) == (74, True), err


# --- audit ----------------------------------------------------------------------------


async def test_the_audit_is_read_page_by_page(place: PlayedOffice) -> None:
    """With --after the oldest that follow come first, so that nothing is skipped."""
    for number in range(5):
        await place.ctl("tools", "call", "economy.balance", *FOR_ADA, "--key", f"k{number}")
    after, keys = 0, []
    while True:
        _, page, _ = await place.ctl("audit", "query", "--limit", "2", "--after", str(after))
        if not page["records"]:
            break
        keys += [one["key"] for one in page["records"]]
        after = page["records"][-1]["seq"]
    assert keys == [f"k{number}" for number in range(5)]


async def test_a_damaged_database_is_told_as_such(place: PlayedOffice, tmp_path: Path) -> None:
    """Verifying, searching and exporting end with 65 and with what to do, not as if no mother ran."""
    await place.ctl("tools", "call", "economy.daily", *FOR_ADA)
    with place.bench.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    path = tmp_path / "droas.db"
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (path.stat().st_size - 4096))
    for line in ("audit verify", "ledger verify", "audit query", "user export 10"):
        code, value, _ = await place.ctl(*line.split())
        assert (code, value["status"]) == (65, 500), (line, value)
        assert "malformed; stop the mother and restore a backup" in value["error"]
