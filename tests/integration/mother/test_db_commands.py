"""`droasctl db`: backups that hold, taken while the mother writes; restores that lose nothing; checks that find."""

import asyncio
import errno
import itertools
import os
import re
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import text

from droas_common.errors import OutsideError
from droas_mother.adapters.processes.runtime_folder import RuntimeFolder
from droas_mother.adapters.storage.backup import back_up
from droas_mother.adapters.storage.engine import FaultyStoreError, connect, open_engine
from droas_mother.adapters.storage.findings import look_at_file
from droas_mother.adapters.storage.revisions import HEAD
from tests.support.admin import DROASCTL
from tests.support.bench_of_tools import ADA, running
from tests.support.databases import PlacedDatabase

DOCUMENTED = Path(__file__).parents[3] / "docs/droasctl.md"


def documented(title: str) -> set[str]:
    """Give the keys that the documentation tells of."""
    section = DOCUMENTED.read_text().partition(f"### `{title}`\n")[2].partition("\n### ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


@pytest.fixture
async def place(short_tmp: Path, database_url: str) -> PlacedDatabase:
    """Give a database in which a few coins have moved."""
    async with running(short_tmp, database_url) as bench:
        client = bench.client()
        for number in range(3):
            await client.call(
                "economy.transfer", {"to_user_id": "11", "amount": 5}, actor=ADA, idempotency_key=f"k{number}"
            )
        client.close()
    return PlacedDatabase(short_tmp, database_url)


BALANCE = "SELECT balance FROM accounts WHERE owner = '10'"


async def test_a_backup_taken_under_load_holds(short_tmp: Path, database_url: str) -> None:
    """Whatever is written meanwhile, the backup is of one moment: chains whole, sums zero, nobody else reads it."""
    target, stopped, calls = short_tmp / "out.db", asyncio.Event(), 0
    async with running(short_tmp, database_url) as bench:
        client = bench.client(bench.keys("*"))

        async def load() -> None:
            nonlocal calls
            while not stopped.is_set():
                calls += 1
                actor = type(ADA)(user_id=str(100 + calls % 40), guild_id="1")
                await client.call(
                    "economy.transfer",
                    {"to_user_id": "11", "amount": 1},
                    actor=actor,
                    idempotency_key=f"k{calls}",
                )

        writing = asyncio.create_task(load())
        while calls < 30:
            await asyncio.sleep(0.001)
        engine = connect(database_url)
        findings = await asyncio.to_thread(back_up, engine, target)
        engine.dispose()
        went_on = calls
        while calls < went_on + 30:
            await asyncio.sleep(0.001)
        stopped.set()
        await writing
        client.close()
    assert findings.faults == ()
    assert 28 <= findings.audit_rows <= calls
    assert findings.ledger_rows > findings.audit_rows
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert sorted(one for one in os.listdir(short_tmp) if "out.db" in one) == ["out.db"]  # noqa: PTH208 - short


def test_a_backup_restores_what_was_there(place: PlacedDatabase) -> None:
    """Backup, change, restore: refused before a database without --force, which keeps that one aside."""
    code, made, _ = place.ctl("backup")
    assert (code, set(made)) == (0, documented("database backup"))
    assert (made["audit_rows"], [str(one) for one in place.backups]) == (3, [made["file"]])
    place.change("UPDATE accounts SET balance = 7 WHERE owner = '10'")
    code, refused, _ = place.ctl("restore", made["file"])
    assert (code, "--force" in refused["error"], place.value(BALANCE)) == (73, True, 7)
    code, restored, _ = place.ctl("restore", made["file"], "--force")
    assert (code, set(restored)) == (0, documented("database restore"))
    assert place.value(BALANCE) == 85
    kept = PlacedDatabase(place.folder, f"sqlite:///{restored['kept']}")
    assert kept.value(BALANCE) == 7
    code, found, _ = place.ctl("check")
    assert (code, found["faults"], found["audit_head"]) == (0, [], made["audit_head"])


def test_droasctl_hands_over_on_its_terminal(place: PlacedDatabase, tmp_path: Path) -> None:
    """The command that people type leads here, wherever they stand: what lies there is not imported."""
    (tmp_path / "droas_mother.py").write_text("raise SystemExit('imported from where one stands')")
    place.ctl("check")  # which writes the configuration
    command = [DROASCTL, "db", "check", "--config", str(place.folder / "configs")]
    done = subprocess.run(
        command, cwd=tmp_path, env=place.environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(f"holds, schema {HEAD}, 3 decisions, 10 ledger entries\n")


async def test_the_chains_go_on_after_a_restore(place: PlacedDatabase) -> None:
    """A mother on a restored database appends to both chains, with numbers that were not used."""
    _, made, _ = place.ctl("backup")
    assert place.ctl("restore", made["file"], "--force")[0] == 0
    async with running(place.folder, place.url) as bench:
        client = bench.client()
        await client.call("economy.daily", {}, actor=ADA, idempotency_key="after")
        client.close()
    code, found, _ = place.ctl("check")
    assert (code, found["audit_rows"], found["faults"]) == (0, 4, [])


def test_a_backup_moves_to_another_kind_of_database(place: PlacedDatabase, tmp_path: Path) -> None:
    """A backup of PostgreSQL is a whole SQLite database, and can be used as one."""
    _, made, _ = place.ctl("backup")
    other = PlacedDatabase(place.folder, f"sqlite:///{tmp_path / 'other.db'}")
    assert other.ctl("restore", made["file"])[0] == 0
    open_engine(other.url).dispose()
    code, found, _ = other.ctl("check")
    assert (code, found["faults"], other.value(BALANCE)) == (0, [], 85)


@pytest.mark.postgres
def test_an_sqlite_database_moves_to_postgresql(tmp_path: Path, short_tmp: Path, postgres_url: str) -> None:
    """So an installation grows up."""
    small = f"sqlite:///{tmp_path / 'droas.db'}"
    engine = open_engine(small)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO wishes (bot, wanted, at_us) VALUES ('bot_01', true, 1)"))
    back_up(engine, tmp_path / "out.db")
    engine.dispose()
    grown = PlacedDatabase(short_tmp, postgres_url)
    grown.change("CREATE TABLE others AS SELECT 7 AS kept")
    grown.change("CREATE TABLE spendings AS SELECT 9 AS kept")  # ours until schema 0005, and theirs since
    grown.change("CREATE TABLE wishes AS SELECT 8 AS kept")
    code, refused, _ = grown.ctl("restore", str(tmp_path / "out.db"), "--force")
    assert (code, "another program (wishes)" in refused["error"]) == (73, True)
    assert grown.value("SELECT kept FROM wishes") == 8
    grown.change("DROP TABLE wishes")
    for options in ((), ("--force",)):
        assert grown.ctl("restore", str(tmp_path / "out.db"), *options)[0] == 0
        assert grown.value("SELECT wanted FROM wishes") is True
        assert grown.value("SELECT kept FROM others") == 7
        assert grown.value("SELECT kept FROM spendings") == 9


_WISH = "INSERT INTO wishes (bot, wanted, at_us) VALUES ('{}', true, 1)"


def test_logs_beside_a_database_and_a_backup_are_taken_for_what_they_are(
    tmp_path: Path, short_tmp: Path
) -> None:
    """A backup's log belongs to it; one that a lost database has left is not played into the restored one."""
    for name in ("backup", "lost"):
        engine = open_engine(f"sqlite:///{tmp_path / 'old.db'}")
        with engine.connect() as connection:  # which keeps the log from being taken in
            connection.execute(text(_WISH.format(name)))
            connection.commit()
            for end in ("", "-wal"):
                shutil.copy(tmp_path / f"old.db{end}", tmp_path / f"{name}.db{end}")
        engine.dispose()
        for old in tmp_path.glob("old.db*"):
            old.unlink()
    (tmp_path / "lost.db").unlink()
    place = PlacedDatabase(short_tmp, f"sqlite:///{tmp_path / 'lost.db'}")
    code, restored, _ = place.ctl("restore", str(tmp_path / "backup.db"))
    assert (code, restored["kept"], place.value("SELECT bot FROM wishes")) == (0, None, "backup")
    assert [one.suffix for one in (tmp_path / "backups").iterdir()] == [".db-wal"]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_makes_is_the_folders_user_s(tmp_path: Path) -> None:
    """The mother can open what root has restored, backed up and locked."""
    nobody = 65534
    for name in ("data", "run"):
        (tmp_path / name).mkdir()
        os.chown(tmp_path / name, nobody, nobody)
    engine = open_engine(f"sqlite:///{tmp_path / 'out.db'}")
    engine.dispose()
    place = PlacedDatabase(tmp_path, f"sqlite:///{tmp_path / 'data/droas.db'}")
    assert place.ctl("restore", str(tmp_path / "out.db"))[0] == 0
    assert place.ctl("backup")[0] == 0
    made = [one for name in ("data", "run") for one in (tmp_path / name).rglob("*")]
    assert {one.name for one in made} >= {
        "droas.db",
        "backups",
        place.backups[0].name,
        "mother.lock",
        "locks",
    }
    assert {one.stat().st_uid for one in made} == {nobody}


@contextmanager
def nth_call_fails(number: int) -> Iterator[None]:
    """Have the n-th of the calls that open, sync, link and rename files fail, as on a broken disk."""
    calls = itertools.count(1)

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if next(calls) == number:
                raise OSError(errno.EIO, "the disk is broken")
            return real(*arguments, **options)

        return call

    with ExitStack() as stack:
        for name in ("open", "fsync", "link", "replace"):
            stack.enter_context(patch.object(os, name, failing(getattr(os, name))))
        yield


# With PostgreSQL it is one transaction of the server's.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_restore_that_fails_anywhere_leaves_a_whole_database(place: PlacedDatabase) -> None:
    """Whichever step fails: it is the old database or the new one, and the command says that it failed."""
    _, made, _ = place.ctl("backup")
    place.change("UPDATE accounts SET balance = 7 WHERE owner = '10'")
    failed = 0
    for number in itertools.count(1):
        with nth_call_fails(number):
            code, _, err = place.ctl("restore", made["file"], "--force")
        assert place.value(BALANCE) in (7, 85)
        if code == 0:
            break
        failed += 1
        assert "Traceback" not in err
        if place.value(BALANCE) == 85:
            place.change("UPDATE accounts SET balance = 7 WHERE owner = '10'")
    assert failed > 5
    assert place.ctl("check")[0] == 0


def test_a_backup_that_fails_anywhere_is_none(place: PlacedDatabase) -> None:
    """Whichever step fails, no file bears a backup's name that does not hold, and nothing is left lying about."""
    place.ctl("check")
    folder = place.folder / "out"
    folder.mkdir()
    (folder / ".old.db.999999999.part").write_bytes(b"left by one that was killed")
    theirs = folder / ".film.mkv.999999999.part"
    theirs.write_bytes(b"of another program")
    for number in itertools.count(1):
        target = folder / f"{number}.db"
        with nth_call_fails(number):
            code, _, err = place.ctl("backup", str(target))
        assert "Traceback" not in err
        assert look_at_file(target).faults == () if target.exists() else code != 0
        if code == 0:
            break
    assert number > 5
    assert list(folder.glob(".*")) == [theirs]


def test_nothing_is_restored_or_migrated_while_a_mother_runs(place: PlacedDatabase) -> None:
    """The lock that keeps a second mother out keeps these out, too."""
    _, made, _ = place.ctl("backup")
    folder = RuntimeFolder(place.folder / "run", place.folder / "data")
    folder.prepare()
    for command in (("restore", made["file"], "--force"), ("migrate",)):
        code, refused, _ = place.ctl(*command)
        assert (code, "stop her first" in refused["error"]) == (75, True)
    folder.release()


async def test_a_database_in_use_is_not_replaced(short_tmp: Path, database_url: str) -> None:
    """A mother with other folders, or on another host, holds no lock here; her connection tells of her."""
    place = PlacedDatabase(short_tmp, database_url)
    async with running(short_tmp, database_url) as bench:
        client = bench.client()
        await client.call("economy.daily", {}, actor=ADA, idempotency_key="k")
        client.close()
        assert place.ctl("backup")[2] == ""
        code, refused, _ = await asyncio.to_thread(place.ctl, "restore", str(place.backups[0]), "--force")
    assert (code, "in use by" in refused["error"]) == (73, True)
    assert place.ctl("check")[1]["audit_rows"] == 1


def test_what_was_changed_is_found(place: PlacedDatabase) -> None:
    """Check names what does not hold and exits with 1; no backup is made of it, and none of it is restored."""
    _, made, _ = place.ctl("backup")
    place.change("UPDATE entries SET amount = amount + 1 WHERE seq = 2")
    code, found, _ = place.ctl("check")
    assert (code, set(found)) == (1, documented("database check"))
    assert "entries row 2: its content was changed" in found["faults"]
    code, refused, _ = place.ctl("backup")
    assert (code, "faulty" in refused["error"], len(place.backups)) == (65, True, 1)
    spoiled = Path(made["file"])
    spoiled.write_bytes(spoiled.read_bytes()[:-4096])
    code, refused, _ = place.ctl("restore", str(spoiled), "--force")
    assert (code, "nothing was changed" in refused["error"]) == (65, True)
    assert place.ctl("check", str(spoiled))[0] == 1


def test_what_a_newer_release_has_written_is_not_called_faulty(place: PlacedDatabase) -> None:
    """Nobody is led to restore an older backup over it: check, backup, restore and migrate name the release."""
    _, made, _ = place.ctl("backup")
    place.change("UPDATE alembic_version SET version_num = '9999'")
    code, out, _ = place.ctl("check", as_json=False)
    assert (code, out.endswith(": was written by a newer release; use that release\n")) == (78, True), out
    assert (place.ctl("check")[1]["schema"], "restore" in out) == ("9999", False)
    newer = PlacedDatabase(place.folder, f"sqlite:///{made['file']}")
    newer.change("UPDATE alembic_version SET version_num = '9999'")
    assert place.ctl("check", made["file"])[0] == 78
    for command in (("backup",), ("migrate",), ("restore", made["file"], "--force")):
        code, refused, _ = place.ctl(*command)
        assert (code, "use the release that wrote it" in refused["error"]) == (78, True), refused
    assert place.value("SELECT version_num FROM alembic_version") == "9999"


def test_a_database_in_which_nothing_is_is_not_called_faulty(short_tmp: Path, database_url: str) -> None:
    """Of both kinds alike: the mother makes one when she starts."""
    if database_url.startswith("sqlite"):
        Path(database_url.removeprefix("sqlite:///")).touch()
    code, refused, _ = PlacedDatabase(short_tmp, database_url).ctl("check")
    assert (code, "there is no database yet; the mother makes one" in refused["error"]) == (66, True)


def test_overwritten_pages_are_found(tmp_path: Path) -> None:
    """A page of rubbish in an SQLite file is a finding, not a traceback."""
    path = tmp_path / "droas.db"
    open_engine(f"sqlite:///{path}").dispose()
    whole = path.read_bytes()
    for page in range(len(whole) // 4096):
        path.write_bytes(whole[: page * 4096] + b"\xa5" * 4096 + whole[(page + 1) * 4096 :])
        assert look_at_file(path).faults, f"page {page}"


def test_a_file_that_is_no_database_is_told_with_its_name(tmp_path: Path, short_tmp: Path) -> None:
    """It is the database that is faulty, not the backup that was to be; and there is advice."""
    rubbish = tmp_path / "droas.db"
    rubbish.write_bytes(b"rubbish" * 1000)
    with pytest.raises(FaultyStoreError, match=r"this one cannot be opened: .*droasctl db restore"):
        open_engine(f"sqlite:///{rubbish}", name="this one")
    place = PlacedDatabase(short_tmp, f"sqlite:///{rubbish}")
    code, refused, _ = place.ctl("backup", str(tmp_path / "b9.db"))
    assert (
        code,
        f"as {rubbish} cannot be read: file is not" in refused["error"],
        "b9" in refused["error"],
    ) == (
        65,
        True,
        False,
    )
    line = place.ctl("check", str(rubbish), as_json=False)[1]
    assert ("an older backup" in line, "--force" in line) == (True, False)


def test_mistakes_are_said(place: PlacedDatabase, tmp_path: Path) -> None:
    """A file that is not there, one that is, and a schema that does not exist have exit codes of their own."""
    assert place.ctl("restore", str(tmp_path / "none.db"))[0] == 66
    assert place.ctl("check", str(tmp_path / "none.db"))[0] == 66
    code, refused, _ = place.ctl("check", str(tmp_path))
    assert (code, f"{tmp_path}: this is no file" in refused["error"]) == (66, True)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE theirs (number INTEGER)")
    connection.close()
    code, refused, _ = place.ctl("check", str(foreign))
    assert (code, "it is no backup of ours" in refused["error"]) == (66, True)
    there = tmp_path / "there.db"
    there.touch()
    assert place.ctl("backup", str(there))[0] == 73
    nowhere = tmp_path / "none"
    code, refused, _ = place.ctl("backup", str(nowhere / "x.db"))
    assert (code, f"no folder {nowhere};" in refused["error"], nowhere.exists()) == (73, True, False)
    assert place.ctl("migrate", "--to", "0099")[0] == 64
    assert place.ctl("migrate", "--to", "0001")[0] == 64
    empty = PlacedDatabase(place.folder, f"sqlite:///{tmp_path / 'none.db'}")
    assert empty.ctl("check")[0] == 66
    assert not (tmp_path / "none.db").exists()


def test_a_full_disk_leaves_no_backup(tmp_path: Path) -> None:
    """What cannot be written whole is taken away again."""
    engine = open_engine(f"sqlite:///{tmp_path / 'droas.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE ballast AS SELECT hex(randomblob(4000000)) AS hay"))
    import resource  # noqa: PLC0415 - a limit of this process, for this one write

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(OutsideError, match=r"cannot write .*out.db: "):
            back_up(engine, tmp_path / "backups/out.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    engine.dispose()
    assert list((tmp_path / "backups").iterdir()) == []
