"""Every row from one database into another of the same schema, whichever kind the two are of."""

from collections.abc import Iterator
from itertools import batched
from typing import Any

from sqlalchemy import BigInteger, Connection, MetaData, Table, func, insert, select, text

from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.revisions import revision_of

_AT_ONCE = 2_000


def copy_rows(source: Connection, target: Connection) -> None:
    """Copy all tables; those of the target are there, and empty.

    Args:
        source: read in one transaction, so that everything belongs together.
        target: written in the transaction that it is in.
    """
    have, want = tables_of(source), tables_of(target)
    for name, table in want.items():
        for rows in batched(_rows(source, have[name], table), _AT_ONCE):
            target.execute(insert(table), list(rows))
        if target.dialect.name == "postgresql":
            _go_on_counting(target, table)


def tables_of(connection: Connection) -> dict[str, Table]:
    """Give the tables of ours as they are in a database; others that it may hold are nobody's matter here."""
    found = MetaData()
    revision = revision_of(connection)
    retired = {name for name, last in schema.RETIRED.items() if revision is not None and revision <= last}
    ours = schema.metadata.tables.keys() | retired
    found.reflect(connection, only=lambda name, _: name in ours)
    return dict(found.tables)


def _rows(source: Connection, table: Table, wanted: Table) -> Iterator[dict[str, Any]]:
    names = [column.name for column in wanted.columns]
    query = select(*(table.c[name] for name in names)).order_by(*table.primary_key.columns)
    with source.execution_options(yield_per=_AT_ONCE).execute(query) as found:
        for row in found:
            yield dict(zip(names, row, strict=True))


def _go_on_counting(target: Connection, table: Table) -> None:
    """Let the next row have the number after the last one copied."""
    for column in table.primary_key.columns:
        if isinstance(column.type, BigInteger) and column.name == "seq":
            last = target.execute(select(func.max(column))).scalar()
            sequence = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last, :used)")
            target.execute(
                sequence,
                {"table": table.name, "column": column.name, "last": last or 1, "used": last is not None},
            )
