"""Forgetting a person: what is kept of him is deleted, and in audit and ledger nothing leads to him any more.

Rows of the two chains stay as links: their hashes stand, their content and its salt go.
"""

import os
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Connection,
    String,
    Table,
    and_,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    text,
    update,
)

from droas_common.wire.frames import encode
from droas_mother.adapters.storage import schema
from droas_mother.core.bookkeeping.records import Erasure, Traces, Unnaming

ERASED = "erased"
"""Stands where a forgotten person's id was; no Discord id looks like it."""

_NAMED_AFTER = ((schema.profiles, "user_id"), (schema.memories, "user_id"), (schema.holds, "user_id"),
                (schema.claims, "user_id"), (schema.accounts, "owner"))  # fmt: skip


def traces_of(connection: Connection, who: Erasure, after: Traces | None = None) -> Traces:
    """Find where a person stands in audit and ledger, which reads all of both.

    Args:
        connection: to read on.
        who: the person.
        after: what was found before; only later rows are looked at.
    """
    after = after or Traces()
    audit, entries = schema.audit, schema.entries
    ends = select(*(select(func.max(table.c.seq)).scalar_subquery() for table in (audit, entries)))
    audit_end, entries_end = (end or 0 for end in connection.execute(ends).one())
    his, naming, asked = _decisions(connection, who, after.audit_end, audit_end)
    owned = connection.execute(
        select(entries.c.seq, entries.c.transfer)
        .where(entries.c.seq > after.entries_end, entries.c.seq <= entries_end)
        .where(entries.c.owner == who.user_id, *_group(entries, who))
    ).all()
    return Traces(
        his=tuple(his),
        naming=tuple(naming),
        transfers=_entries_of(connection, asked | {row.transfer for row in owned}, after.entries_end),
        entries=tuple(row.seq for row in owned),
        audit_end=audit_end,
        entries_end=entries_end,
    )


def _decisions(
    connection: Connection, who: Erasure, after: int, end: int
) -> tuple[list[int], list[int], set[str]]:
    """Find decisions for a person, others that name him, and the transfers that he asked for."""
    audit = schema.audit.c
    for_him = audit.user_id == who.user_id
    query = (
        select(audit.seq, audit.caller, audit.key, for_him)
        .where(audit.seq > after, audit.seq <= end)
        .where(or_(for_him, names(who)), *_group(schema.audit, who))
    )
    his: list[int] = []
    naming: list[int] = []
    asked: set[str] = set()
    for seq, caller, key, his_own in connection.execute(query):
        (his if his_own else naming).append(seq)
        if his_own and key is not None:
            asked.add(f"{caller}/{key}"[:160])
    return his, naming, asked


def unname(connection: Connection, rows: Unnaming) -> None:
    """Take out of decisions and transfers what leads to a person; accounts and their sums are not touched."""
    fresh = ((seqs, f"{ERASED}/{os.urandom(12).hex()}") for seqs in rows.transfers)
    _each(connection, _RENAME, ({"at": seq, "name": name} for seqs, name in fresh for seq in seqs))
    _each(connection, _EMPTY_HIS, ({"at": seq} for seq in rows.his))
    _each(connection, _EMPTY, ({"at": seq} for seq in rows.naming))


def erase(connection: Connection, who: Erasure) -> None:
    """Delete what is kept of a person, and take him out of ledger and audit, where that was not done before."""
    for table, column in _NAMED_AFTER:
        connection.execute(delete(table).where(table.c[column] == who.user_id, *_group(table, who)))
    late = traces_of(connection, who, who.traces)
    unname(connection, Unnaming(his=late.his, naming=late.naming, transfers=late.transfers))
    _each(connection, _DISOWN, ({"at": seq} for seq in (*who.traces.entries, *late.entries)))


def names(who: Erasure) -> Any:
    """Give the condition that a decision's arguments or result name this person."""
    bare = who.user_id
    forms = (f'"{bare}"', f'"{bare}>"', *(f"@{bang}{bare}{end}" for bang in ("", "!") for end in '>"'))
    columns = (schema.audit.c.arguments, schema.audit.c.result)
    return or_(
        *(
            # That most have nothing like it is found out with one search instead of six.
            and_(column.contains(bare), or_(*(column.contains(form) for form in forms)))
            for column in columns
        )
    )


def accounts_of(who: Erasure) -> Any:
    """Give the statement that finds a person's accounts."""
    return select(schema.accounts).where(
        schema.accounts.c.owner == who.user_id, *_group(schema.accounts, who)
    )


def holds_of(who: Erasure) -> Any:
    """Give the statement that finds what a person has set aside."""
    open_ones = schema.holds.c.state == "open"
    return select(schema.holds).where(
        schema.holds.c.user_id == who.user_id, open_ones, *_group(schema.holds, who)
    )


def _group(table: Table, who: Erasure) -> tuple[Any, ...]:
    return () if who.guild_id is None else (table.c.guild_id == who.guild_id,)


def _entries_of(connection: Connection, names: set[str], after: int) -> tuple[tuple[int, ...], ...]:
    """Give the entries of each of these transfers, in one look at all entries behind a number."""
    if not names:
        return ()
    among = _AMONG_POSTGRESQL if connection.dialect.name == "postgresql" else _AMONG_SQLITE
    found: dict[str, list[int]] = {}
    values = {"names": encode(sorted(names)).decode(), "after": after}
    for seq, transfer in connection.execute(among, values):
        found.setdefault(transfer, []).append(seq)
    return tuple(map(tuple, found.values()))


def _each(connection: Connection, statement: Any, rows: Iterable[dict[str, Any]]) -> None:
    given = list(rows)
    if given:
        connection.execute(statement, given)


_AMONG_SQLITE = text(
    "SELECT seq, transfer FROM entries WHERE seq > :after AND transfer IN (SELECT value FROM json_each(:names))"
)
_AMONG_POSTGRESQL = text(
    "SELECT seq, transfer FROM entries WHERE seq > :after "
    "AND transfer IN (SELECT json_array_elements_text(CAST(:names AS json)))"
)
_at_entry = schema.entries.c.seq == bindparam("at")
_at_decision = schema.audit.c.seq == bindparam("at")
_RENAME = update(schema.entries).where(_at_entry).values(transfer=bindparam("name"), salt=null())
_DISOWN = update(schema.entries).where(_at_entry).values(owner=ERASED, salt=null(), before=null())
_EMPTY = (
    update(schema.audit)
    .where(_at_decision)
    .values(
        arguments="{}",
        result="{}",
        salt=null(),
        trace_id=null(),
        # It is a hash of what can be guessed. Never null where it was not: the key stays used.
        digest=case((schema.audit.c.digest.is_not(None), ""), else_=null()),
    )
)
# Bots make keys of the ids of messages, which lead to those who wrote them.
_key = case(
    (schema.audit.c.key.is_not(None), literal(f"{ERASED}.") + cast(schema.audit.c.seq, String)), else_=null()
)
_EMPTY_HIS = _EMPTY.values(user_id=ERASED, message_id=null(), key=_key)
