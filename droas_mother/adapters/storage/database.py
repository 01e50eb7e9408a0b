"""What is stored, read and written by the one thread that writes.

Balances are cached, because there is no other writer; every failed commit empties the cache.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.appending import audit_chain, entry_chain
from droas_mother.adapters.storage.engine import words
from droas_mother.adapters.storage.forgetting import accounts_of, erase, holds_of, prune
from droas_mother.adapters.storage.rows import TABLES, RowStatements, row_of, statements, values_of
from droas_mother.core.books import Changes, Key
from droas_mother.core.ledger import ESCROW, ISSUER, Account
from droas_mother.core.records import Entry, Erasure, Hold, Outcome, Row, StoredCall

_CACHED_BALANCES = 100_000

_KEPT_IDENTIFIES_US = 2 * 86_400_000_000
"""A budget looks back one day; what is older than two is dropped."""


class Database:
    """The writer's view of the database; used by one thread only.

    Args:
        engine: an opened database at the newest schema.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._balances: OrderedDict[Account, int] = OrderedDict()
        dialect = engine.dialect.name
        self._rows: dict[type[Row], RowStatements] = {kind: statements(kind, dialect) for kind in TABLES}
        self._audit, self._entries = audit_chain(dialect), entry_chain(dialect)
        # Raised by the driver where it is used without SQLAlchemy between.
        self._driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._put_account = _put_account("%s" if dialect == "postgresql" else "?")

    def balance(self, account: Account) -> int | None:
        """Give an account's balance; None when it was never opened; raises OutsideError."""
        if account in self._balances:
            return self._balances[account]
        rows = self._read(_BALANCE, guild_id=account.guild_id, owner=account.owner, currency=account.currency)
        if not rows:
            return None
        self._cache(account, rows[0].balance)
        return int(rows[0].balance)

    def find[R: Row](self, kind: type[R], key: Key) -> R | None:
        """Give the row of this kind with this key; None when there is none; raises OutsideError."""
        known = self._rows[kind]
        rows = self._read(known.find, **_at(known, key))
        return row_of(kind, dict(rows[0]._mapping)) if rows else None  # noqa: SLF001 - public by documentation

    def call(self, caller: str, key: str) -> StoredCall | None:
        """Give the call made with this key; None when there was none; raises OutsideError."""
        rows = self._read(_CALL, caller=caller, key=key)
        if not rows or rows[0].digest is None:
            return None
        row = rows[0]
        return StoredCall(digest=row.digest, outcome=Outcome(row.outcome), result=row.result)

    def richest(self, guild_id: Snowflake, currency: str, count: int) -> list[tuple[str, int]]:
        """Give owners and balances, the highest first; raises OutsideError."""
        rows = self._read(_RICHEST, guild_id=guild_id, currency=currency, most=count)
        return [(row.owner, int(row.balance)) for row in rows]

    def history(self, account: Account, count: int) -> list[Entry]:
        """Give an account's newest entries, the newest first; raises OutsideError."""
        rows = self._read(
            _HISTORY,
            guild_id=account.guild_id,
            owner=account.owner,
            currency=account.currency,
            most=count,
        )
        return [Entry(**row._mapping) for row in rows]  # noqa: SLF001 - public by documentation

    def belongings(self, user_id: Snowflake, guild_id: Snowflake | None) -> tuple[list[Account], list[Hold]]:
        """Give a member's accounts, and what he has set aside; raises OutsideError."""
        who = Erasure(user_id=user_id, guild_id=guild_id)
        accounts = [Account(row.guild_id, row.owner, row.currency) for row in self._read(accounts_of(who))]
        holds = [row_of(Hold, dict(row._mapping)) for row in self._read(holds_of(who))]  # noqa: SLF001 - public by documentation
        return accounts, holds

    def write(self, changes: Changes) -> None:
        """Commit all of these changes, or none, and end the reads before them; raises OutsideError."""
        try:
            connection = self._open()
            heads = self._insert(connection, changes)
            connection.commit()
        except (SQLAlchemyError, self._driver_error) as error:
            raise self._failed(error) from error
        self._audit.keep_head(heads[0])
        self._entries.keep_head(heads[1])
        for account, balance in changes.balances.items():
            self._cache(account, balance)
        for erasure in changes.erasures:
            for account in [one for one in self._balances if one.owner == erasure.user_id]:
                del self._balances[account]

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _insert(self, connection: Connection, changes: Changes) -> tuple[str | None, str | None]:
        audit_head = self._audit.append(connection, changes.audit)
        entry_head = self._entries.append(connection, changes.entries)
        if changes.balances:
            self._put_accounts(connection, changes.balances)
        for kind, rows in changes.rows.items():
            self._put_rows(connection, kind, rows)
        if changes.identifies:
            oldest_us = min(one.at_us for one in changes.identifies) - _KEPT_IDENTIFIES_US
            connection.execute(schema.identifies.delete().where(schema.identifies.c.at_us < oldest_us))
            connection.execute(schema.identifies.insert(), [asdict(one) for one in changes.identifies])
        for erasure in changes.erasures:
            erase(connection, erasure)
        if changes.audit_from:
            prune(connection, changes.audit_from)
        return audit_head, entry_head

    def _put_accounts(self, connection: Connection, balances: dict[Account, int]) -> None:
        rows = [(one.guild_id, one.owner, one.currency, balance) for one, balance in balances.items()]
        cursor = connection.connection.cursor()
        try:
            cursor.executemany(self._put_account, rows)
        finally:
            cursor.close()

    def _put_rows(self, connection: Connection, kind: type[Row], rows: dict[Key, Row | None]) -> None:
        known = self._rows[kind]
        kept = [values_of(row) for row in rows.values() if row is not None]
        gone = [_at(known, key) for key, row in rows.items() if row is None]
        if kept:
            connection.execute(known.put, kept)
        if gone:
            connection.execute(known.drop, gone)

    def _read(self, statement: Any, **values: object) -> Sequence[Any]:
        try:
            return self._open().execute(statement, values).all()
        except SQLAlchemyError as error:
            raise self._failed(error) from error

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        if not self._connection.in_transaction():
            self._connection.begin()
        return self._connection

    def _failed(self, error: Exception) -> OutsideError:
        """Drop everything that rests on the failed connection."""
        self._balances.clear()
        self._audit.keep_head(None)
        self._entries.keep_head(None)
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
        what = (
            words(error)
            if isinstance(error, DBAPIError)
            else str(error).split("\n")[0] or type(error).__name__
        )
        return OutsideError(f"the database refuses: {what}", retry_after_s=1.0)

    def _cache(self, account: Account, balance: int) -> None:
        self._balances[account] = balance
        self._balances.move_to_end(account)
        if len(self._balances) > _CACHED_BALANCES:
            self._balances.popitem(last=False)


def _at(known: RowStatements, key: Key) -> dict[str, str]:
    return {f"at_{name}": value for name, value in zip(known.key, key, strict=True)}


def _put_account(mark: str) -> str:
    """Give the statement that writes a balance, for the driver itself; both databases understand it."""
    return (
        f"INSERT INTO accounts (guild_id, owner, currency, balance) VALUES ({mark}, {mark}, {mark}, {mark}) "  # noqa: S608 - marks only
        "ON CONFLICT (guild_id, owner, currency) DO UPDATE SET balance = excluded.balance"
    )


def _same_account(table: Any) -> Any:
    return (
        (table.c.guild_id == bindparam("guild_id"))
        & (table.c.owner == bindparam("owner"))
        & (table.c.currency == bindparam("currency"))
    )


_BALANCE = select(schema.accounts.c.balance).where(_same_account(schema.accounts))
_CALL = select(schema.audit.c.digest, schema.audit.c.outcome, schema.audit.c.result).where(
    schema.audit.c.caller == bindparam("caller"), schema.audit.c.key == bindparam("key")
)
_RICHEST = (
    select(schema.accounts.c.owner, schema.accounts.c.balance)
    .where(
        schema.accounts.c.guild_id == bindparam("guild_id"),
        schema.accounts.c.currency == bindparam("currency"),
        schema.accounts.c.owner.not_in([ISSUER, ESCROW]),
    )
    .order_by(schema.accounts.c.balance.desc(), schema.accounts.c.owner)
    .limit(bindparam("most"))
)
_HISTORY = (
    select(
        *(schema.entries.c[name] for name in ("transfer", "guild_id", "owner", "currency", "amount", "at_us"))
    )
    .where(_same_account(schema.entries))
    .order_by(schema.entries.c.seq.desc())
    .limit(bindparam("most"))
)
