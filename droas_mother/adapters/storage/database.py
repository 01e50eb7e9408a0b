"""What is stored, read and written by the one thread that writes.

Accounts are known by heart, because there is no other writer; every failed commit makes them forgotten. What every
call needs goes through the driver itself; SQLAlchemy serves the rest.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError

from droas_common.errors import DefectError, DroasError
from droas_common.ids import Snowflake
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.accounts import Accounts
from droas_mother.adapters.storage.appending import audit_chain, entry_chain
from droas_mother.adapters.storage.engine import in_use, words
from droas_mother.adapters.storage.forgetting import accounts_of, erase, holds_of, unname
from droas_mother.adapters.storage.known_calls import KnownCalls
from droas_mother.adapters.storage.pruning import prune
from droas_mother.adapters.storage.rows import TABLES, RowStatements, row_of, statements
from droas_mother.core.bookkeeping.books import Changes, Key
from droas_mother.core.bookkeeping.ledger import Account, Standing
from droas_mother.core.bookkeeping.records import Erasure, Hold, Passage, Row, StoredCall

_Heads = tuple[str | None, str | None]
"""The hashes of both chains, where they are known."""

_Newest = dict[Account, int]
"""The newest entry of each account in which coins have moved."""

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
        self._cursor: Any = None
        self._begun = False
        dialect = engine.dialect.name
        self._accounts = Accounts(dialect, self._read)
        self._known_calls = KnownCalls(dialect)
        self._rows: dict[type[Row], RowStatements] = {kind: statements(kind, dialect) for kind in TABLES}
        self._audit, self._entries = audit_chain(dialect), entry_chain(dialect)
        # Raised by the driver where it is used without SQLAlchemy between.
        self._driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._data_error: type[Exception] = engine.dialect.loaded_dbapi.DataError

    def expect(self, calls: Sequence[tuple[str, str]]) -> None:
        """Look up calls by caller and key, all at once, for `call` until the next commit; raises OutsideError."""
        if not calls:
            return
        try:
            self._open()
            self._known_calls.look_up(self._cursor, calls)
        except (SQLAlchemyError, self._driver_error) as error:
            raise self._failed(error) from error

    def standing(self, account: Account) -> Standing | None:
        """Give how an account stands; None when it was never opened; raises OutsideError."""
        return self._accounts.find(account)

    def find[R: Row](self, kind: type[R], key: Key) -> R | None:
        """Give the row of this kind with this key; None when there is none; raises OutsideError."""
        known = self._rows[kind]
        rows = self._read(known.find, **_at(known, key))
        return row_of(kind, dict(rows[0]._mapping)) if rows else None  # noqa: SLF001 - public by documentation

    def call(self, caller: str, key: str) -> StoredCall | None:
        """Give the call made with this key; None when there was none; raises OutsideError."""
        if not self._known_calls.covers(caller, key):
            self.expect([(caller, key)])
        return self._known_calls.get(caller, key)

    def richest(self, guild_id: Snowflake, currency: str, count: int) -> list[tuple[str, int]]:
        """Give owners and balances, the highest first; raises OutsideError."""
        return self._accounts.richest(guild_id, currency, count)

    def history(self, account: Account, count: int) -> list[Passage]:
        """Give what has gone in and out of an account, the newest first; raises OutsideError."""
        return self._accounts.history(account, count)

    def belongings(self, user_id: Snowflake, guild_id: Snowflake | None) -> tuple[list[Account], list[Hold]]:
        """Give a member's accounts, and what he has set aside; raises OutsideError."""
        who = Erasure(user_id=user_id, guild_id=guild_id)
        accounts = [Account(row.guild_id, row.owner, row.currency) for row in self._read(accounts_of(who))]
        holds = [row_of(Hold, dict(row._mapping)) for row in self._read(holds_of(who))]  # noqa: SLF001 - public by documentation
        return accounts, holds

    def write(self, changes: Changes) -> None:
        """Commit all of these changes, or none, and end the reads before them.

        Raises:
            OutsideError: the database fails.
            DefectError: a value is none that the database takes.
        """
        if not changes and not self._begun:
            return
        try:
            heads, newest = self._insert(self._open(), changes)
            self._cursor.connection.commit()
            self._begun = False
        except DroasError:
            raise  # a read before it has failed, and dropped the connection
        except Exception as error:  # whatever it is, nothing may stay half written
            raise self._failed(error) from error
        self._keep(changes, heads, newest)

    def close(self) -> None:
        """Give the connection back."""
        self._cursor = None
        self._begun = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _insert(self, connection: Connection, changes: Changes) -> tuple[_Heads, _Newest]:
        cursor = self._cursor
        audit_head = self._audit.append(connection, cursor, changes.audit)
        places, newest = self._accounts.join(changes.entries)
        entry_head = self._entries.append(connection, cursor, changes.entries, places)
        self._accounts.put(cursor, changes.accounts, newest)
        for kind, rows in changes.rows.items():
            self._put_rows(connection, kind, rows)
        if changes.identifies:
            oldest_us = min(one.at_us for one in changes.identifies) - _KEPT_IDENTIFIES_US
            connection.execute(schema.identifies.delete().where(schema.identifies.c.at_us < oldest_us))
            connection.execute(schema.identifies.insert(), [asdict(one) for one in changes.identifies])
        for rows_of_one in changes.unnamings:
            unname(connection, rows_of_one)
        for erasure in changes.erasures:
            erase(connection, erasure)
        if changes.audit_from:
            prune(connection, changes.audit_from)
        return (audit_head, entry_head), newest

    def _put_rows(self, connection: Connection, kind: type[Row], rows: dict[Key, Row | None]) -> None:
        known = self._rows[kind]
        known.put.put(self._cursor, [known.cells(row) for row in rows.values() if row is not None])
        gone = [_at(known, key) for key, row in rows.items() if row is None]
        if gone:
            connection.execute(known.drop, gone)

    def _keep(self, changes: Changes, heads: _Heads, newest: _Newest) -> None:
        """Note what is committed."""
        self._known_calls.forget()
        self._audit.keep_head(heads[0])
        self._entries.keep_head(heads[1])
        self._accounts.keep(changes.accounts, newest, len(changes.entries))
        if changes.erasures:
            self._accounts.forget()  # somebody's were closed

    def _read(self, statement: Any, **values: object) -> Sequence[Any]:
        try:
            return self._open().execute(statement, values).all()
        except (SQLAlchemyError, self._driver_error) as error:
            raise self._failed(error) from error

    def _open(self) -> Connection:
        """Give the connection, in a transaction of the driver's own, which is not SQLAlchemy's to commit."""
        if self._connection is None:
            self._connection = self._engine.connect()
            self._cursor = self._connection.connection.cursor()
        if not self._begun and self._engine.dialect.name == "sqlite":
            # At once for reading and writing: each read would else be a transaction of its own.
            self._cursor.execute("BEGIN IMMEDIATE")
        self._begun = True
        return self._connection

    def _failed(self, error: Exception) -> DroasError:
        """Drop everything that rests on the failed connection."""
        self._known_calls.forget()
        self._accounts.forget()
        self._cursor = None
        self._begun = False
        self._audit.keep_head(None)
        self._entries.keep_head(None)
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
        known = isinstance(error, SQLAlchemyError | self._driver_error)
        if not known or isinstance(error, self._data_error | DataError):
            return DefectError(f"the database was given what it does not take: {type(error).__name__}")
        what = (
            words(error)
            if isinstance(error, DBAPIError)
            else str(error).split("\n")[0] or type(error).__name__
        )
        return in_use("the database refuses", what, retry_after_s=1.0)


def _at(known: RowStatements, key: Key) -> dict[str, str]:
    return {f"at_{name}": value for name, value in zip(known.key, key, strict=True)}
