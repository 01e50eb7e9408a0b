"""Accounts and the trails of their entries, known by heart by the one who writes them."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, literal, select

from droas_common.ids import Snowflake
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.bulk import Bulk
from droas_mother.core.bookkeeping.books import Changes
from droas_mother.core.bookkeeping.ledger import ESCROW, ISSUER, NEVER, Account, Spent
from droas_mother.core.bookkeeping.records import Entry

_KEPT = 100_000
"""Accounts that are kept in memory; when there are more, it begins anew."""

Read = Callable[..., Sequence[Any]]
"""Runs a statement with values, and gives the rows."""


class Standing(msgspec.Struct, frozen=True):
    """How an account stands.

    Args:
        balance: its coins; None when it was never opened.
        newest: the number of its newest entry.
        spent: what was given away out of it on the last day on which anything was.
    """

    balance: int | None = None
    newest: int | None = None
    spent: Spent = NEVER


Standings = dict[Account, Standing]


class Accounts:
    """Finds and writes accounts, and joins entries to their trails; used by the one thread that writes.

    Args:
        dialect_name: which database it is.
        read: reads from the database.
    """

    def __init__(self, dialect_name: str, read: Read) -> None:
        self._read = read
        self._known: Standings = {}
        self._next: int | None = None
        names = ("guild_id", "owner", "currency", "balance", "newest", "spent_day", "spent")
        self._bulk = Bulk(schema.accounts, names, dialect_name, replace=True)

    def find(self, account: Account) -> Standing:
        """Give how an account stands."""
        known = self._known.get(account)
        if known is None:
            rows = self._read(_STANDING, **account._asdict())
            known = Standing(rows[0][0], rows[0][1], Spent(*rows[0][2:])) if rows else Standing()
            self._known[account] = known
        return known

    def join(self, entries: Sequence[Entry]) -> tuple[list[tuple[int, int | None]], dict[Account, int]]:
        """Number entries behind all others, and join each to the one before it of the same account.

        Returns:
            The number of each, with that of the one before it; and the newest entry of each account.
        """
        if not entries:
            return [], {}
        if self._next is None:
            self._next = int(self._read(_LAST)[0][0]) + 1
        newest: dict[Account, int] = {}
        places: list[tuple[int, int | None]] = []
        for number, entry in enumerate(entries, self._next):
            account = Account(entry.guild_id, entry.owner, entry.currency)
            before = newest.get(account)
            places.append((number, self.find(account).newest if before is None else before))
            newest[account] = number
        return places, newest

    def put(self, cursor: Any, changes: Changes, newest: dict[Account, int]) -> Standings:
        """Write the accounts that change; gives how they stand once that is committed."""
        standings: Standings = {}
        for account in changes.balances | changes.spent:
            old = self.find(account)
            standings[account] = Standing(
                changes.balances.get(account, old.balance or 0),
                newest.get(account, old.newest),
                changes.spent.get(account, old.spent),
            )
        rows = [(*account, one.balance, one.newest, *one.spent) for account, one in standings.items()]
        self._bulk.put(cursor, rows)
        return standings

    def keep(self, standings: Standings, entries: int) -> None:
        """Note what was committed: accounts, and how many entries."""
        self._known.update(standings)
        if len(self._known) > _KEPT:
            self._known.clear()
        if self._next is not None:
            self._next += entries

    def forget(self) -> None:
        """Know nothing any longer: it is not what is stored."""
        self._known.clear()
        self._next = None

    def richest(self, guild_id: Snowflake, currency: str, count: int) -> list[tuple[str, int]]:
        """Give owners and balances, the highest first."""
        rows = self._read(_RICHEST, guild_id=guild_id, currency=currency, most=count)
        return [(row.owner, int(row.balance)) for row in rows]

    def history(self, account: Account, count: int) -> list[Entry]:
        """Give an account's newest entries, the newest first."""
        newest = self.find(account).newest
        return [Entry(*row) for row in self._read(_HISTORY, newest=newest, most=count)] if newest else []


_STANDING = select(*(schema.accounts.c[name] for name in ("balance", "newest", "spent_day", "spent"))).where(
    *(schema.accounts.c[name] == bindparam(name) for name in Account._fields)
)
_LAST = select(func.coalesce(func.max(schema.entries.c.seq), 0))
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


def _history() -> Any:
    """Give the statement that goes back along a trail, entry by entry."""
    shown = [schema.entries.c[name] for name in (*Entry.__struct_fields__, "before")]
    trail = (
        select(*shown, literal(1).label("place"))
        .where(schema.entries.c.seq == bindparam("newest"))
        .cte("trail", recursive=True)
    )
    step = (
        select(*shown, trail.c.place + 1)
        .where(schema.entries.c.seq == trail.c.before, trail.c.place < bindparam("most"))
    )  # fmt: skip
    trail = trail.union_all(step)
    return select(*(trail.c[name] for name in Entry.__struct_fields__)).order_by(trail.c.place)


_HISTORY = _history()
