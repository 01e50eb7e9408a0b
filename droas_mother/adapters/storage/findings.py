"""What is found when a whole database is looked through: its pages, its schema, its chains and sums."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from droas_common.errors import OutsideError
from droas_mother.adapters.storage.engine import words
from droas_mother.adapters.storage.revisions import HEAD, revision_of
from droas_mother.adapters.storage.verification import Verifier

NO_TABLES = "it has no tables of DROAS"

_CHAINED_SINCE = "0004"
"""Older schemas have no chains; of those the sums are verified only."""

_TRAILS_SINCE = "0006"
"""In older schemas entries do not name those before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a look through a database has brought.

    Args:
        schema: its migration; None when there are no tables of ours.
        newest_schema: the one that this release works with.
        audit_rows: decisions that were verified.
        ledger_rows: entries that were verified.
        audit_head: the last hash of the audit's chain; whoever noted it can tell a shortened audit.
        ledger_head: that of the ledger.
        faults: what is wrong, in words; none when all is well.
    """

    schema: str | None = None
    newest_schema: str = HEAD
    audit_rows: int = 0
    ledger_rows: int = 0
    audit_head: str | None = None
    ledger_head: str | None = None
    faults: tuple[str, ...] = ()

    @property
    def newer(self) -> bool:
        """Whether a newer release has written it, so that this one cannot say whether it holds."""
        return self.schema is not None and self.schema > HEAD

    def as_json(self) -> dict[str, Any]:
        """Give them as plain values."""
        return {**asdict(self), "faults": list(self.faults)}


def look_at_file(path: Path) -> Findings:
    """Look through an SQLite file, which is not changed by that."""
    return look_through(read_only(path))


def read_only(path: Path) -> Engine:
    """Give the engine of an SQLite file that is only read."""
    return create_engine(f"sqlite:///file:{quote(str(path))}?mode=ro&uri=true", poolclass=NullPool)


def look_through(engine: Engine) -> Findings:
    """Look through a database; what fails to be read is a finding, too."""
    try:
        with engine.connect() as connection:
            faults = _pages(connection)
            revision = revision_of(connection)
        if faults or revision is None:
            return Findings(schema=revision, faults=faults or (NO_TABLES,))
        if revision > HEAD:
            return Findings(
                schema=revision, faults=(f"a newer release has written it; this one knows {HEAD}",)
            )
        return _of_chains(engine, revision) if revision >= _CHAINED_SINCE else _of_sums(engine, revision)
    except DBAPIError as error:
        return Findings(faults=(f"it cannot be read: {words(error)}",))
    except OutsideError as error:
        return Findings(faults=(str(error),))


def _pages(connection: Connection) -> tuple[str, ...]:
    """Have SQLite hold its pages and indexes against one another; PostgreSQL has checksums of its own."""
    if connection.dialect.name != "sqlite":
        return ()
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(20)")]
    return () if found == ["ok"] else tuple(line for one in found for line in one.splitlines())


def _of_chains(engine: Engine, revision: str) -> Findings:
    verifier = Verifier(engine, trails=revision >= _TRAILS_SINCE)
    audit, ledger = verifier.audit(), verifier.ledger()
    return Findings(
        schema=revision,
        audit_rows=audit.rows,
        ledger_rows=ledger.rows,
        audit_head=verifier.head("audit"),
        ledger_head=verifier.head("entries"),
        faults=(*audit.faults, *ledger.faults),
    )


def _of_sums(engine: Engine, revision: str) -> Findings:
    with engine.connect() as connection:
        counts = {
            table: int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608 - names of ours
            for table in ("audit", "entries")
        }
        total = connection.execute(text("SELECT coalesce(sum(amount), 0) FROM entries")).scalar_one()
    faults = (f"the ledger sums to {total}, not to zero",) if total else ()
    return Findings(schema=revision, audit_rows=counts["audit"], ledger_rows=counts["entries"], faults=faults)
