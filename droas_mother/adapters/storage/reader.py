"""What people and dashboards ask of the database; reads only, beside the writer."""

from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from droas_common.errors import OutsideError
from droas_common.ids import BotName
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.engine import words
from droas_mother.core.records import Identify

_CHAIN_COLUMNS = frozenset({"salt", "content_hash", "chain_hash"})


class Reader:
    """Reads the audit and the ledger on connections of its own.

    Args:
        engine: an opened database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest_audit(self, count: int, *, kind: str | None = None) -> list[dict[str, Any]]:
        """Give the newest decisions, oldest first, as plain rows; raises OutsideError."""
        shown = [one for one in schema.audit.columns if one.name not in _CHAIN_COLUMNS]
        query = select(*shown).order_by(schema.audit.c.seq.desc()).limit(count)
        if kind is not None:
            query = query.where(schema.audit.c.kind == kind)
        try:
            with self._engine.connect() as connection:
                rows = [dict(row) for row in connection.execute(query).mappings()]
        except DBAPIError as error:
            raise OutsideError(f"the audit cannot be read: {words(error)}") from error
        return rows[::-1]

    def unwanted(self) -> frozenset[BotName]:
        """Give the bots that somebody has stopped; raises OutsideError."""
        query = select(schema.wishes.c.bot).where(schema.wishes.c.wanted.is_(False))
        try:
            with self._engine.connect() as connection:
                return frozenset(BotName(name) for name in connection.execute(query).scalars())
        except DBAPIError as error:
            raise OutsideError(f"the wishes cannot be read: {words(error)}") from error

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
            raise OutsideError(f"the identifies cannot be read: {words(error)}") from error

    def ledger_sum(self) -> int:
        """Give the sum of all entries, which is zero in every sound ledger."""
        with self._engine.connect() as connection:
            return int(
                connection.execute(select(func.coalesce(func.sum(schema.entries.c.amount), 0))).scalar_one()
            )
