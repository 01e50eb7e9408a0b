"""A backup takes the place of a database; what was there is kept aside."""

import os
import shutil
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from droas_common.errors import OutsideError
from droas_mother.adapters.storage.backup import (
    ExistsError,
    FaultyStoreError,
    NoDatabaseError,
    back_up,
    name_of_backup,
    sync,
)
from droas_mother.adapters.storage.copying import copy_rows, tables_of
from droas_mother.adapters.storage.engine import connect, words
from droas_mother.adapters.storage.findings import Findings, look_at_file, read_only
from droas_mother.adapters.storage.revisions import create, revision_of

_COMPANIONS = ("-wal", "-shm", "-journal")


def restore(backup: Path, url: str, *, force: bool, folder: Path) -> tuple[Findings, Path | None]:
    """Restore a backup; nobody else may be at work on the database.

    Args:
        backup: a file that `back_up` wrote, or any SQLite database of ours.
        url: the database.
        force: whether a database that is there gives way.
        folder: where that one is kept.

    Returns:
        What the backup holds, and where the old database is kept; None when there was none.

    Raises:
        NoDatabaseError: there is no such file.
        FaultyStoreError: the backup is faulty; nothing was changed.
        ExistsError: a database is there, or in use.
        OutsideError: the database cannot be reached, or not be written.
    """
    if not backup.is_file():
        raise NoDatabaseError(f"{backup}: there is no such file")
    findings = look_at_file(backup)
    if findings.faults:
        raise FaultyStoreError(f"{backup}: is faulty, nothing was changed: {'; '.join(findings.faults)}")
    try:
        if make_url(url).get_backend_name() == "sqlite":
            kept = _into_file(backup, file_of(url), force=force, folder=folder)
        else:
            kept = _into_server(backup, url, force=force, folder=folder)
    except DBAPIError as error:
        raise OutsideError(f"the backup cannot be restored, nothing was changed: {words(error)}") from error
    except OSError as error:
        raise OutsideError(f"{error.filename}: the backup cannot be restored: {error.strerror}") from error
    return findings, kept


def file_of(url: str) -> Path:
    """Give the file of an SQLite database."""
    return Path(make_url(url).database or "").absolute()


def _into_file(backup: Path, database: Path, *, force: bool, folder: Path) -> Path | None:
    if database.exists() and not force:
        raise ExistsError(f"{database}: there is a database; --force keeps it aside and restores")
    fresh = database.with_name(f".{database.name}.restored")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as written, backup.open("rb") as read:
        shutil.copyfileobj(read, written, 1 << 20)
    sync(fresh)
    kept = _keep_aside(database, folder) if database.exists() else None
    fresh.replace(database)
    sync(database.parent)
    return kept


def _keep_aside(database: Path, folder: Path) -> Path:
    """Give an old database a second name, with all that belongs to it; the first is then overwritten."""
    _settle(database)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = folder / name_of_backup("before-restore")
    for end in _COMPANIONS:  # a faulty database cannot take its log in; both are kept as they are
        companion = database.with_name(database.name + end)
        if companion.exists():
            companion.replace(kept.with_name(kept.name + end))
    os.link(database, kept)
    kept.chmod(0o600)
    sync(folder)
    return kept


def _settle(database: Path) -> None:
    """Have SQLite take its write-ahead log into the file, where it can be read at all and nobody else has it."""
    engine = create_engine(f"sqlite:///{database}", poolclass=NullPool, connect_args={"timeout": 1.0})
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")  # only who is alone may do that
    except DBAPIError as error:
        if "locked" in words(error):
            raise ExistsError(f"{database}: is in use by another program; stop the mother first") from None
        # It cannot be read, and is kept as it is.


def _into_server(backup: Path, url: str, *, force: bool, folder: Path) -> Path | None:
    engine = connect(url)
    try:
        with engine.connect() as connection:
            there = revision_of(connection) is not None
            _check_unused(connection)
        if there and not force:
            raise ExistsError("the database has tables already; --force keeps a backup of them and restores")
        kept = folder / name_of_backup("before-restore") if there else None
        if kept is not None:
            back_up(engine, kept, must_hold=False)
        _replace_all(backup, engine)
    finally:
        engine.dispose()
    return kept


def _check_unused(connection: Connection) -> None:
    others = connection.execute(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
    ).scalar_one()
    if others:
        raise ExistsError(f"the database is in use by {others} other connections; stop the mother first")


def _replace_all(backup: Path, engine: Engine) -> None:
    """Put the backup's tables in the place of those that are there, in one transaction."""
    with engine.begin() as target, read_only(backup).connect() as source:
        for name in [*tables_of(target), "alembic_version"]:
            target.execute(text(f'DROP TABLE IF EXISTS "{name}"'))
        create(target, revision_of(source) or "")
        copy_rows(source, target)
