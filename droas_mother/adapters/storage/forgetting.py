"""What is taken out of the tables again: people who are to be forgotten, and decisions that are too old.

Rows of the two chains stay as links: their hashes stand, their content and its salt go.
"""

import os
from typing import Any

from sqlalchemy import (
    Connection,
    String,
    Table,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from droas_mother.adapters.storage import schema
from droas_mother.core.bookkeeping.records import Erasure

ERASED = "erased"
"""Stands where a forgotten person's id was; no Discord id looks like it."""

_AT_ONCE = 500
"""Names in one condition; databases bound how many there may be."""

_NAMED_AFTER = ((schema.profiles, "user_id"), (schema.memories, "user_id"), (schema.holds, "user_id"),
                (schema.claims, "user_id"), (schema.accounts, "owner"))  # fmt: skip


def erase(connection: Connection, who: Erasure) -> None:
    """Delete what is kept of a person, and take him out of ledger and audit."""
    for table, column in _NAMED_AFTER:
        connection.execute(delete(table).where(table.c[column] == who.user_id, *_group(table, who)))
    entries, audit = schema.entries, schema.audit
    his = (audit.c.user_id == who.user_id, *_group(audit, who))
    _rename_transfers(connection, who, his)
    connection.execute(
        update(entries)
        .where(entries.c.owner == who.user_id, *_group(entries, who))
        .values(owner=ERASED, salt=null())
    )
    nothing = {
        "arguments": "{}",
        "result": "{}",
        "salt": null(),
        "trace_id": null(),
        # It is a hash of what can be guessed. Never null where it was not: the key stays used.
        "digest": case((audit.c.digest.is_not(None), ""), else_=null()),
    }
    # Bots make keys of the ids of messages, which lead to those who wrote them.
    key = case((audit.c.key.is_not(None), literal(f"{ERASED}.") + cast(audit.c.seq, String)), else_=null())
    connection.execute(
        update(audit).where(*his).values(user_id=ERASED, message_id=null(), key=key, **nothing)
    )
    connection.execute(update(audit).where(names(who), *_group(audit, who)).values(**nothing))


def _rename_transfers(connection: Connection, who: Erasure, his: tuple[Any, ...]) -> None:
    """Give the transfers that he took part in, or asked for, names that do not lead to his messages."""
    entries, audit = schema.entries, schema.audit
    asked = select(audit.c.caller, audit.c.key).where(*his, audit.c.key.is_not(None))
    part = select(entries.c.transfer).where(entries.c.owner == who.user_id, *_group(entries, who)).distinct()
    old = sorted(
        {f"{row.caller}/{row.key}"[:160] for row in connection.execute(asked)}
        | set(connection.execute(part).scalars())
    )
    fresh = {name: f"{ERASED}/{os.urandom(12).hex()}" for name in old}
    rename = (
        update(entries).where(entries.c.seq == bindparam("at")).values(transfer=bindparam("to"), salt=null())
    )
    for start in range(0, len(old), _AT_ONCE):
        found = select(entries.c.seq, entries.c.transfer).where(
            entries.c.transfer.in_(old[start : start + _AT_ONCE])
        )
        rows = [{"at": row.seq, "to": fresh[row.transfer]} for row in connection.execute(found)]
        if rows:
            connection.execute(rename, rows)


def names(who: Erasure) -> Any:
    """Give the condition that a decision's arguments or result name this person."""
    texts = (f'"{who.user_id}"', f'"{who.user_id}>"', *(f"@{bang}{who.user_id}{end}" for bang in ("", "!") for end in '>"'))  # fmt: skip
    columns = (schema.audit.c.arguments, schema.audit.c.result)
    return or_(*(column.contains(text) for column in columns for text in texts))


def prune(connection: Connection, below: int) -> None:
    """Drop the decisions with smaller numbers, but whole links only, and anchor the chain where they end."""
    audit, anchors = schema.audit, schema.chain_anchors
    last = connection.execute(_last_link(below)).first()
    if last is None:
        return
    connection.execute(delete(audit).where(audit.c.seq <= last.seq))
    if last.chain_hash is not None:
        connection.execute(delete(anchors).where(anchors.c.chain == audit.name))
        connection.execute(insert(anchors).values(chain=audit.name, seq=last.seq, chain_hash=last.chain_hash))


def _last_link(below: int) -> Any:
    """Give the statement that finds the last row of the last link below a number; rows older than the chain count, too."""
    audit = schema.audit.c
    ends = or_(audit.chain_hash.is_not(None), audit.content_hash.is_(None))
    return (
        select(audit.seq, audit.chain_hash).where(audit.seq < below, ends).order_by(audit.seq.desc()).limit(1)
    )


def prunable(connection: Connection, before_us: int, most: int) -> int | None:
    """Give the number below which decisions may be dropped, the newest link never; None when there are none.

    Args:
        connection: to read on.
        before_us: unix microseconds; a decision as young as this ends what may go.
        most: how many are dropped at once.
    """
    seq, at_us = schema.audit.c.seq, schema.audit.c.at_us
    oldest = select(seq).order_by(seq)
    bounds = (
        connection.execute(oldest.where(at_us >= before_us).limit(1)).scalar(),
        connection.execute(oldest.offset(most).limit(1)).scalar(),
        connection.execute(select(func.max(seq))).scalar(),
    )
    end = min((bound for bound in bounds if bound is not None), default=None)
    last = connection.execute(_last_link(end)).first() if end is not None else None
    return last.seq + 1 if last is not None else None


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
