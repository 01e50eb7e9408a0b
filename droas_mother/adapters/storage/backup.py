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

from droas_common.errors import ExitCode, OutsideError, RequestError
from droas_mother.adapters.durable_files import make_folder, new_file, sync
from droas_mother.adapters.storage.copying import copy_rows
from droas_mother.adapters.storage.engine import words
from droas_mother.adapters.storage.findings import Findings, look_at_file
from droas_mother.adapters.storage.revisions import create, revision_of

_PART = re.compile(r"\..+\.db\.(\d+)\.part")
"""A backup that grows, and the process that writes it."""


class FaultyStoreError(RequestError):
    """What a database or a backup holds is not as it was written."""


class ExistsError(RequestError):
    """Something is there already that is not overwritten."""

    exit_code = ExitCode.CANNOT_CREATE


class NoDatabaseError(RequestError):
    """What was named is not there."""

    exit_code = ExitCode.NO_INPUT


def name_of_backup(why: str = "droas") -> str:
    """Give a file name that sorts by time."""
    now_ms = time.time_ns() // 1_000_000
    return f"{why}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now_ms // 1000))}.{now_ms % 1000:03}Z.db"


def back_up(engine: Engine, target: Path, *, must_hold: bool = True) -> Findings:
    """Write a backup; it is verified before it bears its name.

    Args:
        engine: the database; a mother may be at work on it.
        target: the new file, mode 0600, its folder's user's; the folder is made where it is missing.
        must_hold: whether a faulty database gets no backup; otherwise it is kept as it is.

    Raises:
        ExistsError: there is such a file.
        NoDatabaseError: the database has no tables of ours.
        FaultyStoreError: the database is faulty, and so is its copy, which is removed.
        OutsideError: the database cannot be read, or the file not be written.
    """
    if target.exists():
        raise ExistsError(f"{target}: is there already; name another file")
    try:
        make_folder(target.parent)
        with _growing(target) as part:
            _copy(engine, part)
            findings = look_at_file(part)
            if findings.faults and must_hold:
                raise FaultyStoreError(
                    f"the database is faulty, and so no backup was made: {'; '.join(findings.faults)}"
                )
    except DBAPIError as error:
        raise OutsideError(f"{target}: the backup cannot be made: {words(error)}") from error
    except OSError as error:
        raise OutsideError(f"{target}: the backup cannot be written: {error.strerror}") from error
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
        copy = create_engine(f"sqlite:///{part}", poolclass=NullPool)
        with copy.begin() as target:
            create(target, revision)
            copy_rows(source, target)
