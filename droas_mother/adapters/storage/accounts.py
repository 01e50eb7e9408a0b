"""Accounts and the trails of their entries, known by heart by the one who writes them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, case, func, literal, select

from droas_common.ids import Snowflake
from droas_mother.adapters.storage import schema
from droas_mother.adapters.storage.bulk import Bulk
from droas_mother.core.bookkeeping.ledger import ESCROW, ISSUER, Account, Standing
from droas_mother.core.bookkeeping.records import Entry, Passage

_KEPT = 100_000
"""Accounts that are kept in memory; when there are more, it begins anew."""

_STANDS = ("newest", *Standing.__struct_fields__)
"""The columns beside an account's name."""

_Known = tuple[Standing | None, int | None]
"""How an account stands, and its newest entry; None where there is none."""

Read = Callable[..., Sequence[Any]]
"""Runs a statement with values, and gives the rows."""


class Accounts:
    """Finds and writes accounts, and joins entries to their trails; used by the one thread that writes.

    Args:
        dialect_name: which database it is.
        read: reads from the database.
    """

    def __init__(self, dialect_name: str, read: Read) -> None:
        self._read = read
        self._known: dict[Account, _Known] = {}
        self._next: int | None = None
        names = (*Account._fields, *_STANDS)
        self._bulk = Bulk(schema.accounts, names, dialect_name, replace=True)

    def find(self, account: Account) -> Standing | None:
        """Give how an account stands; None when it was never opened."""
        return self._look_up(account)[0]

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
            account = entry.account
            places.append((number, newest.get(account) or self._look_up(account)[1]))
            newest[account] = number
        return places, newest

    def put(self, cursor: Any, accounts: Mapping[Account, Standing], newest: Mapping[Account, int]) -> None:
        """Write how accounts stand, and the newest entries of some."""
        self._bulk.put(
            cursor,
            [
                (
                    *account,
                    newest.get(account) or self._look_up(account)[1],
                    one.balance,
                    one.spent_day,
                    one.spent,
                )
                for account, one in accounts.items()
            ],
        )

    def keep(self, accounts: Mapping[Account, Standing], newest: Mapping[Account, int], count: int) -> None:
        """Note what was committed: accounts, their newest entries, and how many entries."""
        for account, standing in accounts.items():
            self._known[account] = (standing, newest.get(account) or self._look_up(account)[1])
        if len(self._known) > _KEPT:
            self._known.clear()
        if self._next is not None:
            self._next += count

    def forget(self) -> None:
        """Know nothing any longer: it is not what is stored."""
        self._known.clear()
        self._next = None

    def richest(self, guild_id: Snowflake, currency: str, count: int) -> list[tuple[str, int]]:
        """Give owners and balances, the highest first."""
        rows = self._read(_RICHEST, guild_id=guild_id, currency=currency, most=count)
        return [(row.owner, int(row.balance)) for row in rows]

    def history(self, account: Account, count: int) -> list[Passage]:
        """Give what has gone in and out of an account, the newest first."""
        newest = self._look_up(account)[1]
        if newest is None:
            return []
        return [Passage(*row) for row in self._read(_HISTORY, newest=newest, most=count)]

    def _look_up(self, account: Account) -> _Known:
        known = self._known.get(account)
        if known is None:
            rows = self._read(_STANDING, **account._asdict())
            known = (Standing(*rows[0][1:]), rows[0][0]) if rows else (None, None)
            self._known[account] = known
        return known


_STANDING = select(*(schema.accounts.c[name] for name in _STANDS)).where(
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
    """Give the statement that goes back along a trail, entry by entry.

    Of the two entries of a move, the one that takes is written first, and the one that gives behind it.
    """
    entries = schema.entries.c
    shown = (entries.seq, entries.transfer, entries.amount, entries.at_us, entries.before)
    trail = (
        select(*shown, literal(1).label("place"))
        .where(entries.seq == bindparam("newest"))
        .cte("trail", recursive=True)
    )
    step = (
        select(*shown, trail.c.place + 1)
        .where(entries.seq == trail.c.before, trail.c.place < bindparam("most"))
    )  # fmt: skip
    trail = trail.union_all(step)
    other = schema.entries.alias("other")
    beside = trail.c.seq + case((trail.c.amount < 0, 1), else_=-1)
    same = (other.c.seq == beside) & (other.c.transfer == trail.c.transfer)
    return (
        select(trail.c.amount, trail.c.at_us, other.c.owner)
        .select_from(trail.outerjoin(other, same))
        .order_by(trail.c.place)
    )


_HISTORY = _history()
