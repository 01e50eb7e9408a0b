"""How values become rows: the statements for each kind, and the content that a chain's hash stands for."""

from dataclasses import dataclass, fields
from enum import StrEnum
from importlib import import_module
from operator import attrgetter
from typing import Any

from sqlalchemy import Table, and_, bindparam, delete, select

from droas_mother.adapters.storage import schema
from droas_mother.core.records import (
    AuditRecord,
    Claim,
    Client,
    Entry,
    Hold,
    HoldState,
    Memory,
    Profile,
    Row,
    Spending,
    Wish,
)

TABLES: dict[type[Row], Table] = {
    Wish: schema.wishes,
    Profile: schema.profiles,
    Memory: schema.memories,
    Hold: schema.holds,
    Claim: schema.claims,
    Spending: schema.spendings,
    Client: schema.clients,
}

AUDIT_FIELDS = tuple(one.name for one in fields(AuditRecord))
ENTRY_FIELDS = tuple(one.name for one in fields(Entry))

audit_content = attrgetter(*AUDIT_FIELDS)
entry_content = attrgetter(*ENTRY_FIELDS)


@dataclass(frozen=True, slots=True)
class RowStatements:
    """The three statements for one kind of row.

    Args:
        find: by the key's columns.
        put: inserts, or changes the row that is there.
        drop: deletes by the key's columns.
        key: the names of the key's columns, in their order.
    """

    find: Any
    put: Any
    drop: Any
    key: tuple[str, ...]


def statements(kind: type[Row], dialect_name: str) -> RowStatements:
    """Give the statements for a kind of row on a database."""
    table = TABLES[kind]
    dialect: Any = import_module(f"sqlalchemy.dialects.{dialect_name}")  # the other costs 2 MiB
    key = tuple(column.name for column in table.primary_key.columns)
    same = and_(*(table.c[name] == bindparam(f"at_{name}") for name in key))
    insert = dialect.insert(table)
    changed = {
        column.name: insert.excluded[column.name] for column in table.columns if column.name not in key
    }
    return RowStatements(
        find=select(table).where(same),
        put=insert.on_conflict_do_update(index_elements=list(key), set_=changed),
        drop=delete(table).where(same),
        key=key,
    )


def values_of(row: Row) -> dict[str, Any]:
    """Give a row's columns."""
    return {column.name: _plain(getattr(row, column.name)) for column in TABLES[type(row)].columns}


def row_of[R: Row](kind: type[R], columns: dict[str, Any]) -> R:
    """Give the value that a row stands for."""
    if kind is Hold:
        columns = {**columns, "state": HoldState(columns["state"])}
    return kind(**columns)


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, StrEnum) else value
