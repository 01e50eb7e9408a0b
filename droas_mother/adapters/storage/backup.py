"""Backups: one SQLite file each, whichever database it is of, taken at one moment while the mother goes on.

SQLite copies itself within one read transaction (`VACUUM INTO`). PostgreSQL is read row by row in one
repeatable-read transaction. A file bears its name only once it was read again and found to hold.

Source: sqlite.org/lang_vacuum.html; PostgreSQL 15, 13.2.2 Repeatable Read.
"""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from droas_common.errors import CannotCreateError, ExitCode, NoInputError, OutsideError
from droas_mother.adapters.durable_files import make_folder, new_file, sync
from droas_mother.adapters.storage.copying import copy_rows
from droas_mother.adapters.storage.engine import FaultyStoreError, advised, failure, words
from droas_mother.adapters.storage.findings import Findings, look_at_file
from droas_mother.adapters.storage.revisions import HEAD, check_known, create, revision_of

_PART = re.compile(r"\..+\.db\.(\d+)\.part")
"""A backup that grows, and the process that writes it."""

_NO_ROOM = ("disk is full", "disk I/O error", "unable to open")
"""What SQLite says when it is the new file that fails: it reads a database that it has opened already."""


class ExistsError(CannotCreateError):
    """Something is there already that is not overwritten."""


class NoDatabaseError(NoInputError):
    """What was named is not there."""


class NotWrittenError(OutsideError):
    """A backup cannot be written, as on a full disk."""

    exit_code = ExitCode.IO_ERROR


def name_of_backup(why: str = "droas") -> str:
    """Give a file name that sorts by time."""
    now_ms = time.time_ns() // 1_000_000
    return f"{why}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now_ms // 1000))}.{now_ms % 1000:03}Z.db"


def back_up(engine: Engine, target: Path, *, name: str = "the database", must_hold: bool = True) -> Findings:
    """Write a backup; it is verified before it bears its name.

    Args:
        engine: the database; a mother may be at work on it.
        target: the new file, mode 0600, its folder's user's; the folder is made where it is missing.
        name: what messages call the database; its address may hold secrets.
        must_hold: whether a faulty database gets no backup; otherwise it is kept as it is.

    Raises:
        ExistsError: there is such a file.
        NoDatabaseError: the database has no tables of ours.
        FaultyStoreError: the database is faulty, and so is its copy, which is removed.
        ConfigurationError: a newer release has written the database.
        NotWrittenError: the file cannot be written.
        OutsideError: the database cannot be read.
    """
    if target.exists():
        raise ExistsError(f"{target}: is there already; name another file")
    try:
        make_folder(target.parent)
        with _growing(target) as part:
            _copy(engine, part)
            findings = look_at_file(part)
            check_known(findings.schema or HEAD, name)
            if findings.faults and must_hold:
                raise FaultyStoreError(
                    f"the database is faulty, and so no backup was made: {'; '.join(findings.faults)}"
                )
    except DBAPIError as error:
        if any(sign in words(error) for sign in _NO_ROOM):
            raise NotWrittenError(f"cannot write {target}: {advised(words(error))}") from error
        raise failure(f"no backup is made, as {name} cannot be read", error) from error
    except OSError as error:
        raise NotWrittenError(f"cannot write {target}: {error.strerror}") from error
    return findings


def keep_before_migrating(engine: Engine, folder: Path, revision: str) -> Path:
    """Back a database up, faulty or not, before its schema is changed; gives the file; raises as `back_up`."""
    target = folder / name_of_backup(f"before-migration-of-{revision}")
    back_up(engine, target, must_hold=False)
    return target


@contextmanager
def _growing(target: Path) -> Iterator[Path]:
    """Give a file to write; it gets its name when all went well, and is gone otherwise."""
    _sweep(target.parent)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        os.close(new_file(part))
        yield part
        sync(part)
        part.replace(target)
        sync(target.parent)
    finally:
        for left in (part, *(part.with_name(part.name + end) for end in ("-journal", "-wal", "-shm"))):
            left.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Take away what backups that were killed have left."""
    for left in folder.glob(".*.part"):
        ours = _PART.fullmatch(left.name)
        if ours is not None and not Path("/proc", ours[1]).exists():
            left.unlink(missing_ok=True)


def _copy(engine: Engine, part: Path) -> None:
    with engine.connect() as source:
        if engine.dialect.name == "sqlite":
            source.execution_options(isolation_level="AUTOCOMMIT")
            source.exec_driver_sql("VACUUM INTO ?", (str(part),))
            return
        source.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        revision = revision_of(source)
        if revision is None:
            raise NoDatabaseError("the database has no tables of DROAS; there is nothing to back up")
        check_known(revision)
        copy = create_engine(f"sqlite:///{part}", poolclass=NullPool)
        with copy.begin() as target:
            create(target, revision)
            copy_rows(source, target)
