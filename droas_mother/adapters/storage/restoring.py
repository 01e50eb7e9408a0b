"""A backup takes the place of a database; what was there is kept aside."""

import os
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from droas_common.errors import OutsideError
from droas_mother.adapters.durable_files import give, make_folder, new_file, sync
from droas_mother.adapters.storage.backup import (
    ExistsError,
    NoDatabaseError,
    back_up,
    name_of_backup,
)
from droas_mother.adapters.storage.copying import copy_rows, tables_of
from droas_mother.adapters.storage.engine import FaultyStoreError, advised, connect, words
from droas_mother.adapters.storage.findings import Findings, look_at_file, read_only
from droas_mother.adapters.storage.revisions import HEAD, check_known, create, revision_of


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
        ConfigurationError: a newer release has written it; nothing was changed.
        ExistsError: a database is there, or in use.
        OutsideError: the database cannot be reached, or not be written.
    """
    if not backup.is_file():
        raise NoDatabaseError(f"{backup}: there is no such file")
    findings = look_at_file(backup)
    check_known(findings.schema or HEAD, str(backup))
    if findings.faults:
        raise FaultyStoreError(f"{backup}: is faulty, nothing was changed: {'; '.join(findings.faults)}")
    try:
        if make_url(url).get_backend_name() == "sqlite":
            kept = _into_file(backup, file_of(url), force=force, folder=folder)
        else:
            kept = _into_server(backup, url, force=force, folder=folder)
    except DBAPIError as error:
        raise OutsideError(
            f"the backup cannot be restored, nothing was changed: {advised(words(error))}"
        ) from error
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
    try:
        _copy(backup, fresh, like=database if database.exists() else database.parent)
        kept = _keep_aside(database, folder)
        fresh.replace(database)
        sync(database.parent)
    finally:
        _remove(fresh)
    return kept


def _copy(backup: Path, fresh: Path, *, like: Path) -> None:
    """Write what a backup holds, with what a log beside it adds, into a file of its own; verify that one."""
    _remove(fresh)  # which one that was killed has left
    handle = new_file(fresh)
    try:
        give(handle, like)
    finally:
        os.close(handle)
    with read_only(backup).connect().execution_options(isolation_level="AUTOCOMMIT") as source:
        source.exec_driver_sql("VACUUM INTO ?", (str(fresh),))
    findings = look_at_file(fresh)
    if findings.faults:
        raise FaultyStoreError(
            f"{backup}: its copy is faulty, nothing was changed: {'; '.join(findings.faults)}"
        )
    sync(fresh)


def _remove(database: Path) -> None:
    for one in (database, *_companions(database)):
        one.unlink(missing_ok=True)


def _companions(database: Path) -> list[Path]:
    return [database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal")]


def _keep_aside(database: Path, folder: Path) -> Path | None:
    """Give an old database a second name, with all that belongs to it; the first is then overwritten.

    What belongs to one that is gone goes aside, too: SQLite would play it into the next.
    """
    there = database.exists()
    if there:
        _settle(database)
    left = [one for one in _companions(database) if one.exists()]
    if not there and not left:
        return None
    make_folder(folder)
    kept = folder / name_of_backup("before-restore")
    for companion in left:  # a faulty database cannot take its log in; both are kept as they are
        companion.replace(kept.with_name(kept.name + companion.name.removeprefix(database.name)))
    if there:
        os.link(database, kept)
        kept.chmod(0o600)
    sync(folder)
    return kept if there else None


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
            _check_ours(connection, marked=there)
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


def _check_ours(connection: Connection, *, marked: bool) -> None:
    """Refuse a database in which another program has tables with the names of ours, or Alembic's mark."""
    names = sorted(tables_of(connection)) or ["alembic_version"]
    if marked != (names != ["alembic_version"]):
        raise ExistsError(
            f"the database has tables of another program ({', '.join(names)}); restore into one of its own"
        )


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
    """Put the backup's tables in the place of those of ours, in one transaction; no other is touched."""
    with engine.begin() as target, read_only(backup).connect() as source:
        for name in [*tables_of(target), "alembic_version"]:
            target.execute(text(f'DROP TABLE IF EXISTS "{name}"'))
        create(target, revision_of(source) or "")
        copy_rows(source, target)
