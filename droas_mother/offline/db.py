"""`droasctl db`: backup, restore, migrate, check."""

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from droas_common.errors import ExitCode, UsageError
from droas_mother.adapters.configuration.interpretation import load
from droas_mother.adapters.durable_files import check_folder
from droas_mother.adapters.processes.runtime_folder import RuntimeFolder
from droas_mother.adapters.storage.backup import (
    NoDatabaseError,
    back_up,
    keep_before_migrating,
    name_of_backup,
)
from droas_mother.adapters.storage.engine import connect, failure
from droas_mother.adapters.storage.findings import NO_TABLES, Findings, look_at_file, look_through
from droas_mother.adapters.storage.restoring import file_of, restore
from droas_mother.adapters.storage.revisions import HEAD, bring_forward, check_known, revision_of
from droas_mother.ctl.command import show


class Place:
    """Where the database of a configuration is.

    Args:
        folder: the configuration; raises ConfigurationError when it cannot be read.
    """

    def __init__(self, folder: str) -> None:
        settings = load(Path(folder)).mother
        self.folder = RuntimeFolder(settings.runtime_dir, settings.data_dir)
        secret = settings.storage.url
        self.url = secret.get_secret_value() if secret else f"sqlite:///{self.folder.data / 'droas.db'}"

    @property
    def file(self) -> Path | None:
        """The database's file; None when it is on a server."""
        return file_of(self.url) if self.url.startswith("sqlite") else None

    @property
    def name(self) -> str:
        """What messages call it."""
        return str(self.file or "the database")

    @property
    def backups(self) -> Path:
        """Where backups go that are not named: beside a file, so that it can be kept there by a link."""
        return self.file.parent / "backups" if self.file is not None else self.folder.backups

    @contextmanager
    def opened(self) -> Iterator[Engine]:
        """Give the database as it is; one that is not there is not made."""
        if self.file is not None and not self.file.exists():
            raise self.missing()
        engine = connect(self.url)
        try:
            yield engine
        except DBAPIError as error:
            raise failure(f"{self.name} cannot be used", error) from error
        finally:
            engine.dispose()

    def missing(self) -> NoDatabaseError:
        """Give the error for a database that is not there, or has nothing of ours in it."""
        return NoDatabaseError(f"{self.name}: there is no database yet; the mother makes one when she starts")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep mothers out for a while; raises AlreadyRunningError when one runs."""
        self.folder.prepare()
        try:
            yield
        finally:
            self.folder.release()


def _backup(arguments: Namespace) -> int:
    place = Place(arguments.config)
    target = Path(arguments.file) if arguments.file else place.backups / name_of_backup()
    if arguments.file:
        check_folder(target)
    with place.opened() as engine:
        findings = back_up(engine, target.absolute(), name=place.name)
    told = {"file": str(target.absolute()), "bytes": target.stat().st_size, **findings.as_json()}
    line = f"{target}: {told['bytes']} bytes, {_summary(findings)}; verified"
    show(told, lambda: [line], as_json=arguments.json)
    return ExitCode.OK


def _restore(arguments: Namespace) -> int:
    place, backup = Place(arguments.config), Path(arguments.file).absolute()
    with place.alone():
        findings, kept = restore(backup, place.url, force=arguments.force, folder=place.backups)
    told = {"file": str(backup), "kept": str(kept) if kept else None, **findings.as_json()}
    aside = [f"the database before it is kept: {kept}"] if kept else []
    show(told, lambda: [f"{backup}: restored, {_summary(findings)}", *aside], as_json=arguments.json)
    return ExitCode.OK


def _migrate(arguments: Namespace) -> int:
    place, wanted = Place(arguments.config), arguments.to or HEAD
    with place.alone(), place.opened() as engine:
        with engine.connect() as connection:
            before = revision_of(connection)
        if before is None:
            raise NoDatabaseError("the database has no tables yet; the mother makes them when she starts")
        check_known(before)
        _check_forward(before, wanted)
        kept = None
        if before != wanted:
            kept = keep_before_migrating(engine, place.backups, before)
            bring_forward(engine, wanted)
    told: dict[str, Any] = {"before": before, "schema": wanted, "backup": str(kept) if kept else None}
    line = f"schema {before} is now {wanted}; the backup before it: {kept}"
    show(told, lambda: [line if kept else f"schema {before}: nothing to do"], as_json=arguments.json)
    return ExitCode.OK


def _check_forward(before: str, wanted: str) -> None:
    if not (wanted.isdecimal() and len(wanted) == len(HEAD) and wanted <= HEAD):
        raise UsageError(f"--to {wanted}: there is no such schema; the newest is {HEAD}")
    if wanted < before:
        raise UsageError(f"--to {wanted}: the database has {before} already; only a backup leads back")


def _check(arguments: Namespace) -> int:
    if arguments.file:
        path = Path(arguments.file).absolute()
        if not path.is_file():
            what = (
                "this is no file; name a backup, or none for the database"
                if path.exists()
                else "there is no such file"
            )
            raise NoDatabaseError(f"{path}: {what}")
        findings, name = look_at_file(path), str(path)
        if findings.faults == (NO_TABLES,):
            raise NoDatabaseError(f"{path}: {NO_TABLES}; it is no backup of ours")
    else:
        place = Place(arguments.config)
        with place.opened() as engine:
            findings = look_through(engine)
        if findings.faults == (NO_TABLES,):
            raise place.missing()
        name = place.name
    told = {"database": name, **findings.as_json()}
    show(
        told,
        lambda: [*findings.faults, f"{name}: {_verdict(findings, backup=bool(arguments.file))}"],
        as_json=arguments.json,
    )
    if findings.newer:
        return ExitCode.CONFIGURATION
    return ExitCode.NOT_AS_ASKED if findings.faults else ExitCode.OK


def _verdict(findings: Findings, *, backup: bool) -> str:
    if findings.newer:
        return "was written by a newer release; use that release"
    if findings.faults and backup:
        return "is faulty; restore another one, an older backup perhaps"
    if findings.faults:
        return "is faulty; restore a backup with `droasctl db restore FILE --force`"
    older = "" if findings.schema == HEAD else f" (the newest is {HEAD}; `droasctl db migrate`)"
    return f"holds, {_summary(findings)}{older}"


def _summary(findings: Findings) -> str:
    return f"schema {findings.schema}, {findings.audit_rows} decisions, {findings.ledger_rows} ledger entries"


ACTIONS = {"backup": _backup, "restore": _restore, "migrate": _migrate, "check": _check}
