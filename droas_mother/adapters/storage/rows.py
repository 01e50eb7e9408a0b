"""How values become rows: the statements for each kind, and the content that a chain's hash stands for."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import Table, and_, bindparam, delete, select

from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.bulk import Bulk
from droas_mother.core.bookkeeping.ledger import Account
from droas_mother.core.bookkeeping.records import (
    AuditRecord,
    Claim,
    Client,
    Entry,
    Hold,
    HoldState,
    Memory,
    Profile,
    Row,
    Wish,
)

TABLES: dict[type[Row], Table] = {
    Wish: schema.wishes,
    Profile: schema.profiles,
    Memory: schema.memories,
    Hold: schema.holds,
    Claim: schema.claims,
    Client: schema.clients,
}

AUDIT_FIELDS = AuditRecord.__struct_fields__
ENTRY_FIELDS = ("transfer", *Account._fields, "amount", "at_us")

audit_content = attrgetter(*AUDIT_FIELDS)


def entry_content(entry: Entry) -> tuple[str | int, ...]:
    """Give what the chain's hash of an entry stands for, in the order of `ENTRY_FIELDS`."""
    return (entry.transfer, *entry.account, entry.amount, entry.at_us)


@dataclass(frozen=True, slots=True)
class RowStatements:
    """How one kind of row is found, written and deleted.

    Args:
        find: by the key's columns.
        put: inserts, or changes the row that is there.
        cells: gives a row's cells, in the order in which `put` takes them.
        drop: deletes by the key's columns.
        key: the names of the key's columns, in their order.
    """

    find: Any
    put: Bulk
    cells: Callable[[Row], tuple[Any, ...]]
    drop: Any
    key: tuple[str, ...]


def statements(kind: type[Row], dialect_name: str) -> RowStatements:
    """Give the statements for a kind of row on a database."""
    table = TABLES[kind]
    names = tuple(column.name for column in table.columns)
    key = tuple(column.name for column in table.primary_key.columns)
    same = and_(*(table.c[name] == bindparam(f"at_{name}") for name in key))
    return RowStatements(
        find=select(table).where(same),
        put=Bulk(table, names, dialect_name, replace=True),
        cells=attrgetter(*names),
        drop=delete(table).where(same),
        key=key,
    )


def row_of[R: Row](kind: type[R], columns: dict[str, Any]) -> R:
    """Give the value that a row stands for."""
    if kind is Hold:
        columns = {**columns, "state": HoldState(columns["state"])}
    return kind(**columns)
