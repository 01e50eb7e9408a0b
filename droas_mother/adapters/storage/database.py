"""What is stored, read and written by the one thread that writes.

Balances are cached, because there is no other writer; every failed commit empties the cache.
"""

from collections import OrderedDict
from dataclasses import asdict
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.engine import words
from droas_mother.core.books import Changes
from droas_mother.core.ledger import Account
from droas_mother.core.records import Outcome, Profile, StoredCall

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
        dialect: Any = import_module(f"sqlalchemy.dialects.{engine.dialect.name}")  # the other costs 2 MiB
        self._put_account = _upsert(dialect, schema.accounts, ("balance",))
        self._put_profile = _upsert(dialect, schema.profiles, ("display_name", "warnings"))
        self._put_wish = _upsert(dialect, schema.wishes, ("wanted", "at_us"))

    def balance(self, account: Account) -> int | None:
        """Give an account's balance; None when it was never opened; raises OutsideError."""
        if account in self._balances:
            return self._balances[account]
        row = self._first(_BALANCE, guild_id=account.guild_id, owner=account.owner)
        if row is None:
            return None
        self._cache(account, row.balance)
        return int(row.balance)

    def profile(self, guild_id: Snowflake, user_id: Snowflake) -> Profile | None:
        """Give a member's profile; None when the member is unknown; raises OutsideError."""
        row = self._first(_PROFILE, guild_id=guild_id, user_id=user_id)
        return None if row is None else Profile(**row._mapping)  # noqa: SLF001 - public by documentation

    def call(self, caller: str, key: str) -> StoredCall | None:
        """Give the call made with this key; None when there was none; raises OutsideError."""
        row = self._first(_CALL, caller=caller, key=key)
        if row is None or row.digest is None:
            return None
        return StoredCall(digest=row.digest, outcome=Outcome(row.outcome), result=row.result)

    def write(self, changes: Changes) -> None:
        """Commit all of these changes, or none, and end the reads before them; raises OutsideError."""
        try:
            connection = self._open()
            self._insert(connection, changes)
            connection.commit()
        except (DBAPIError, SQLAlchemyError) as error:
            raise self._failed(error) from error
        for account, balance in changes.balances.items():
            self._cache(account, balance)

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _insert(self, connection: Connection, changes: Changes) -> None:
        if changes.audit:
            connection.execute(schema.audit.insert(), [asdict(record) for record in changes.audit])
        if changes.entries:
            connection.execute(schema.entries.insert(), [asdict(entry) for entry in changes.entries])
        if changes.balances:
            rows = [
                {"guild_id": account.guild_id, "owner": account.owner, "balance": balance}
                for account, balance in changes.balances.items()
            ]
            connection.execute(self._put_account, rows)
        if changes.profiles:
            connection.execute(self._put_profile, [asdict(profile) for profile in changes.profiles.values()])
        if changes.identifies:
            oldest_us = min(one.at_us for one in changes.identifies) - _KEPT_IDENTIFIES_US
            connection.execute(schema.identifies.delete().where(schema.identifies.c.at_us < oldest_us))
            connection.execute(schema.identifies.insert(), [asdict(one) for one in changes.identifies])
        if changes.wishes:
            connection.execute(self._put_wish, [asdict(wish) for wish in changes.wishes.values()])

    def _first(self, statement: Any, **values: object) -> Any:
        try:
            return self._open().execute(statement, values).first()
        except (DBAPIError, SQLAlchemyError) as error:
            raise self._failed(error) from error

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _failed(self, error: SQLAlchemyError) -> OutsideError:
        """Drop everything that rests on the failed connection."""
        self._balances.clear()
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
        what = words(error) if isinstance(error, DBAPIError) else type(error).__name__
        return OutsideError(f"the database refuses: {what}", retry_after_s=1.0)

    def _cache(self, account: Account, balance: int) -> None:
        self._balances[account] = balance
        self._balances.move_to_end(account)
        if len(self._balances) > _CACHED_BALANCES:
            self._balances.popitem(last=False)


def _upsert(dialect: Any, table: Any, changed: tuple[str, ...]) -> Any:
    """Give the statement that inserts a row, or changes these columns of the one that is there."""
    insert = dialect.insert(table)
    keys = [column.name for column in table.primary_key.columns]
    return insert.on_conflict_do_update(
        index_elements=keys, set_={name: insert.excluded[name] for name in changed}
    )


_BALANCE = select(schema.accounts.c.balance).where(
    schema.accounts.c.guild_id == bindparam("guild_id"), schema.accounts.c.owner == bindparam("owner")
)
_PROFILE = select(schema.profiles).where(
    schema.profiles.c.guild_id == bindparam("guild_id"), schema.profiles.c.user_id == bindparam("user_id")
)
_CALL = select(schema.audit.c.digest, schema.audit.c.outcome, schema.audit.c.result).where(
    schema.audit.c.caller == bindparam("caller"), schema.audit.c.key == bindparam("key")
)
