"""Many rows in one go, through the driver itself, because a call passes here several times.

A row costs the driver a few microseconds; SQLAlchemy's statement would cost several times that. SQLite is
given the rows one by one, in one prepared statement. PostgreSQL is a round trip away: what is only added is
copied, and what may replace a row is one statement over a JSON text that it takes apart again.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer, Table

from droas_common.wire.frames import encode

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
        self._names = tuple(names)
        columns = ", ".join(f'"{name}"' for name in names)
        insert = f"INSERT INTO {table.name} ({columns})"
        conflict = _conflict(table, names) if replace else ""
        if dialect_name != "postgresql":
            self._put = self._one_by_one
            self._statement = f"{insert} VALUES ({', '.join('?' * len(names))}){conflict}"
        elif replace:
            self._put = self._as_json
            types = ", ".join(f'"{name}" {_type_of(table, name)}' for name in names)
            given = f"json_to_recordset(%s::json) AS given ({types})"
            self._statement = f"{insert} SELECT {columns} FROM {given}{conflict}"  # noqa: S608 - names of our own
        else:
            self._put = self._copied
            self._statement = f"COPY {table.name} ({columns}) FROM STDIN"

    def put(self, cursor: Any, rows: Cells) -> None:
        """Insert these rows in their order; the driver's error comes through."""
        if rows:
            self._put(cursor, rows)

    def _one_by_one(self, cursor: Any, rows: Cells) -> None:
        cursor.executemany(self._statement, rows)

    def _as_json(self, cursor: Any, rows: Cells) -> None:
        objects = [dict(zip(self._names, row, strict=True)) for row in rows]
        cursor.execute(self._statement, (encode(objects).decode(),))

    def _copied(self, cursor: Any, rows: Cells) -> None:
        with cursor.copy(self._statement) as copy:
            for row in rows:
                copy.write_row(row)


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
