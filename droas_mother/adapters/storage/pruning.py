"""Dropping decisions that are too old, whole links of their chain at a time."""

from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select

from droas_mother.adapters.storage import schema


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


def prunable(connection: Connection, before_us: int, most: int) -> int | None:
    """Give the number below which decisions may be dropped, the newest link never; None when there are none.

    Args:
        connection: to read on.
        before_us: unix microseconds; a decision as young as this ends what may go.
        most: how many are dropped at once, unless the first link has more.
    """
    seq, at_us = schema.audit.c.seq, schema.audit.c.at_us
    oldest = select(seq).order_by(seq)
    bounds = (
        connection.execute(oldest.where(at_us >= before_us).limit(1)).scalar(),
        connection.execute(select(func.max(seq))).scalar(),
    )
    old = min((bound for bound in bounds if bound is not None), default=0)
    enough = connection.execute(oldest.offset(most).limit(1)).scalar()
    last = connection.execute(_last_link(old if enough is None else min(old, enough))).first()
    if last is None:  # the first link is longer than that; it goes as a whole, or never would
        last = connection.execute(select(seq).where(seq < old, _ends_a_link()).order_by(seq).limit(1)).first()
    return last.seq + 1 if last is not None else None


def _last_link(below: int) -> Any:
    """Give the statement that finds the last row of the last link below a number."""
    audit = schema.audit.c
    query = select(audit.seq, audit.chain_hash).where(audit.seq < below, _ends_a_link())
    return query.order_by(audit.seq.desc()).limit(1)


def _ends_a_link() -> Any:
    """Give the condition that a decision is the last of its link, or older than the chain."""
    return or_(schema.audit.c.chain_hash.is_not(None), schema.audit.c.content_hash.is_(None))
