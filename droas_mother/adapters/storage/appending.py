"""Appending to the two chains."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.bulk import Bulk
from droas_mother.adapters.storage.rows import AUDIT_FIELDS, ENTRY_FIELDS, audit_content, entry_content
from droas_mother.core.bookkeeping.chain import GENESIS, SALT_BYTES, hash_of, joined
from droas_mother.core.bookkeeping.records import AuditRecord, Entry


class ChainedTable[R]:
    """One table whose rows are chained.

    Args:
        table: where rows go.
        names: their columns, in the order of their content.
        content: gives a record's content.
        dialect_name: which database it is.
        beside: columns that the chain does not cover.
    """

    def __init__(
        self,
        table: Table,
        names: tuple[str, ...],
        content: Callable[[R], tuple[Any, ...]],
        dialect_name: str,
        beside: tuple[str, ...] = (),
    ) -> None:
        self._table = table
        self._content = content
        self._bulk = Bulk(table, (*names, *beside, "salt", "content_hash", "chain_hash"), dialect_name)
        self._head: str | None = None

    def append(
        self,
        connection: Connection,
        cursor: Any,
        records: Sequence[R],
        beside: Sequence[tuple[Any, ...]] | None = None,
    ) -> str | None:
        """Insert records behind all others as one link; gives the chain's hash, to be kept once they are committed.

        Args:
            connection: to read the chain's hash on, where it is not known.
            cursor: to write with.
            records: what is written.
            beside: for each record, the cells that the chain does not cover.
        """
        if not records:
            return self._head
        head = self._head or self.stored_head(connection)
        salts, salted = os.urandom(SALT_BYTES * len(records)).hex(), 0
        rows: list[tuple[Any, ...]] = []
        hashes: list[str] = []
        for record, cells in zip(records, beside or [()] * len(records), strict=True):
            content = self._content(record)
            salt = salts[salted : (salted := salted + 2 * SALT_BYTES)]
            content_hash = hash_of(content, salt)
            hashes.append(content_hash)
            rows.append((*content, *cells, salt, content_hash, None))
        head = joined(head, hashes)
        rows[-1] = (*rows[-1][:-1], head)
        self._bulk.put(cursor, rows)
        return head

    def keep_head(self, head: str | None) -> None:
        """Note the chain's hash after a commit; None when it is not known, as after a failed one."""
        self._head = head

    def stored_head(self, connection: Connection) -> str:
        """Give the chain's hash as it is stored."""
        anchors = schema.chain_anchors
        anchor = select(anchors.c.chain_hash).where(anchors.c.chain == self._table.name)
        newest = connection.execute(newest_link(self._table)).scalar()
        return newest or connection.execute(anchor).scalar() or GENESIS


def newest_link(table: Table) -> Any:
    """Give the statement that finds the chain's hash at the newest row."""
    return select(table.c.chain_hash).order_by(table.c.seq.desc()).limit(1)


def audit_chain(dialect_name: str) -> ChainedTable[AuditRecord]:
    """Give the audit's chain."""
    return ChainedTable(schema.audit, AUDIT_FIELDS, audit_content, dialect_name)


def entry_chain(dialect_name: str) -> ChainedTable[Entry]:
    """Give the ledger's chain."""
    return ChainedTable(schema.entries, ENTRY_FIELDS, entry_content, dialect_name, ("seq", "before"))
