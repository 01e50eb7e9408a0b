"""What people and dashboards ask of the database; reads only, beside the writer."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from droas_common.ids import BotName
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.engine import in_use, words
from droas_mother.adapters.storage.forgetting import names, traces_of
from droas_mother.adapters.storage.pruning import prunable
from droas_mother.adapters.storage.rows import row_of
from droas_mother.core.bookkeeping.audit_query import AuditQuery
from droas_mother.core.bookkeeping.records import Client, Erasure, Hold, Identify, Traces

_CHAIN_COLUMNS = frozenset({"salt", "content_hash", "chain_hash"})
_SHOWN = [one for one in schema.audit.columns if one.name not in _CHAIN_COLUMNS]
_ABOUT = (
    (schema.profiles, schema.profiles.c.user_id),
    (schema.memories, schema.memories.c.user_id),
    (schema.accounts, schema.accounts.c.owner),
    (schema.holds, schema.holds.c.user_id),
    (schema.claims, schema.claims.c.user_id),
    (schema.entries, schema.entries.c.owner),
)
"""Where somebody is found, and by which column."""


class Reader:
    """Reads the audit and the ledger on connections of its own.

    Args:
        engine: an opened database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest_audit(self, count: int, *, kind: str | None = None) -> list[dict[str, Any]]:
        """Give the newest decisions, oldest first, as plain rows; raises OutsideError."""
        return self.find_audit(AuditQuery(count=count, kind=kind))

    def find_audit(self, wanted: AuditQuery) -> list[dict[str, Any]]:
        """Give the decisions that are asked for, oldest first, as plain rows; raises OutsideError."""
        seq = schema.audit.c.seq
        onward = wanted.after is not None
        query = select(*_SHOWN).where(*_conditions(wanted))
        query = query.order_by(seq if onward else seq.desc()).limit(wanted.count)
        rows = self._within("audit", lambda connection: _mappings(connection, query))
        return rows if onward else rows[::-1]

    def prunable(self, before_us: int, most: int) -> int | None:
        """Give the number below which decisions are too old, so many at most; None when none is."""
        return self._within("audit", lambda connection: prunable(connection, before_us, most))

    def expired_holds(self, at_us: int, most: int) -> list[Hold]:
        """Give coins that are set aside still, though their time is over; raises OutsideError."""
        holds = schema.holds
        query = (
            select(holds)
            .where(holds.c.state == "open", holds.c.expires_at_us <= at_us)
            .order_by(holds.c.expires_at_us)
            .limit(most)
        )
        rows = self._within("holds", lambda connection: _mappings(connection, query))
        return [row_of(Hold, row) for row in rows]

    def clients(self) -> list[Client]:
        """Give the external callers, revoked ones too, by name; raises OutsideError."""
        query = select(schema.clients).order_by(schema.clients.c.name)
        return [
            row_of(Client, row)
            for row in self._within("clients", lambda connection: _mappings(connection, query))
        ]

    def about(self, who: Erasure) -> dict[str, list[dict[str, Any]]]:
        """Give everything that is kept of a person, by table; raises OutsideError."""

        def look(connection: Connection) -> dict[str, list[dict[str, Any]]]:
            found = {}
            for table, column in _ABOUT:
                owned = [one for one in table.columns if one.name not in _CHAIN_COLUMNS]
                query = select(*owned).where(column == who.user_id)
                if who.guild_id is not None:
                    query = query.where(table.c.guild_id == who.guild_id)
                found[str(table.name)] = _mappings(connection, query)
            found["spendings"] = [
                {
                    "currency": row["currency"],
                    "guild_id": row["guild_id"],
                    "day": row["spent_day"],
                    "amount": row["spent"],
                }
                for row in found["accounts"]
                if row["spent_day"]
            ]
            query = select(*_SHOWN).where((schema.audit.c.user_id == who.user_id) | names(who))
            if who.guild_id is not None:
                query = query.where(schema.audit.c.guild_id == who.guild_id)
            found["audit"] = _mappings(connection, query.order_by(schema.audit.c.seq))
            return found

        return self._within("person", look)

    def traces(self, who: Erasure) -> Traces:
        """Give where a person stands in audit and ledger; raises OutsideError."""
        return self._within("person", lambda connection: traces_of(connection, who))

    def unwanted(self) -> frozenset[BotName]:
        """Give the bots that somebody has stopped; raises OutsideError."""
        query = select(schema.wishes.c.bot).where(schema.wishes.c.wanted.is_(False))
        try:
            with self._engine.connect() as connection:
                return frozenset(BotName(name) for name in connection.execute(query).scalars())
        except DBAPIError as error:
            raise in_use("the wishes cannot be read", words(error)) from error

    def identifies(self, since_us: int) -> list[Identify]:
        """Give the identifies from this moment on, oldest first; raises OutsideError."""
        table = schema.identifies
        query = (
            select(table.c.token_digest, table.c.at_us)
            .where(table.c.at_us >= since_us)
            .order_by(table.c.at_us)
        )
        try:
            with self._engine.connect() as connection:
                return [
                    Identify(token_digest=row.token_digest, at_us=row.at_us)
                    for row in connection.execute(query)
                ]
        except DBAPIError as error:
            raise in_use("the identifies cannot be read", words(error)) from error

    def _within[T](self, what: str, look: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return look(connection)
        except DBAPIError as error:
            raise in_use(f"the {what} cannot be read", words(error)) from error

    def ledger_sum(self) -> int:
        """Give the sum of all entries, which is zero in every sound ledger."""
        with self._engine.connect() as connection:
            return int(
                connection.execute(select(func.coalesce(func.sum(schema.entries.c.amount), 0))).scalar_one()
            )


def _mappings(connection: Connection, query: Any) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in connection.execute(query).mappings()]


def _conditions(wanted: AuditQuery) -> list[ColumnElement[bool]]:
    audit = schema.audit.c
    found = [
        audit[name] == value
        for name in ("kind", "caller", "user_id", "guild_id", "outcome")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.action is not None:
        pattern, star, _ = wanted.action.partition("*")
        found.append(audit.action.startswith(pattern, autoescape=True) if star else audit.action == pattern)
    if wanted.since_us is not None:
        found.append(audit.at_us >= wanted.since_us)
    if wanted.after is not None:
        found.append(audit.seq > wanted.after)
    return found
