"""Many rows in one statement, through the driver itself, because a call passes here several times.

A row costs the driver a few microseconds; SQLAlchemy's statement would cost several times that. SQLite is
given the rows one by one, in one prepared statement. PostgreSQL is a round trip away and is given columns,
as arrays that it takes apart again.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, Table

Cells = Sequence[tuple[Any, ...]]


class Bulk:
    """Inserts rows into one table.

    Args:
        table: where rows go.
        names: their columns, in the order of a row's cells.
        dialect_name: which database it is.
        replace: change the row that has the same primary key, instead of failing.
    """

    def __init__(
        self, table: Table, names: Sequence[str], dialect_name: str, *, replace: bool = False
    ) -> None:
        self._by_column = dialect_name == "postgresql"
        columns = ", ".join(f'"{name}"' for name in names)
        cells = _arrays(table, names) if self._by_column else f"VALUES ({', '.join('?' * len(names))})"
        conflict = _conflict(table, names) if replace else ""
        self._statement = f"INSERT INTO {table.name} ({columns}) {cells}{conflict}"

    def put(self, cursor: Any, rows: Cells) -> None:
        """Insert these rows in their order; the driver's error comes through."""
        if not rows:
            return
        if self._by_column:
            cursor.execute(self._statement, [list(column) for column in zip(*rows, strict=True)])
        else:
            cursor.executemany(self._statement, rows)


def _arrays(table: Table, names: Sequence[str]) -> str:
    """Give the rows as PostgreSQL reads them; their order is kept, because chains are numbered by it."""
    arrays = ", ".join(f"%s::{_type_of(table, name)}[]" for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    return (
        f"SELECT {columns} FROM unnest({arrays}) WITH ORDINALITY AS given ({columns}, ordinal) "  # noqa: S608 - names of our own
        "ORDER BY ordinal"
    )


def _conflict(table: Table, names: Sequence[str]) -> str:
    key = [column.name for column in table.primary_key.columns]
    changed = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name not in key)
    return f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"


def _type_of(table: Table, name: str) -> str:
    match table.c[name].type:
        case BigInteger():
            return "bigint"
        case Integer():
            return "integer"
        case Boolean():
            return "boolean"
        case _:
            return "text"
