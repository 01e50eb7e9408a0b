"""Changes gathered in memory until they are committed together.

A `Draft` reads through to what is stored and holds what one call changes; a call that is refused leaves
nothing behind, because its draft is dropped. A `Batch` joins the drafts of many calls into one commit.
"""

from typing import Protocol

import msgspec

from droas_common.ids import Snowflake
from droas_mother.core.bookkeeping.ledger import (
    EMPTY,
    ISSUER,
    Account,
    Standing,
    check_move,
    less,
    more,
    spending,
    unspent,
)
from droas_mother.core.bookkeeping.records import (
    AuditRecord,
    Entry,
    Erasure,
    Hold,
    Identify,
    Passage,
    Row,
    StoredCall,
    Unnaming,
)

Key = tuple[str, ...]


class Shelf(Protocol):
    """What is stored, to read."""

    def standing(self, account: Account) -> Standing | None:
        """Give how an account stands; None when it was never opened."""
        ...

    def find[R: Row](self, kind: type[R], key: Key) -> R | None:
        """Give the row of this kind with this key; None when there is none."""
        ...

    def call(self, caller: str, key: str) -> StoredCall | None:
        """Give the call that was made with this key; None when there was none."""
        ...

    def richest(self, guild_id: Snowflake, currency: str, count: int) -> list[tuple[str, int]]:
        """Give owners and balances, the highest first."""
        ...

    def history(self, account: Account, count: int) -> list[Passage]:
        """Give what has gone in and out of an account, the newest first."""
        ...

    def belongings(self, user_id: Snowflake, guild_id: Snowflake | None) -> tuple[list[Account], list[Hold]]:
        """Give a member's accounts, and what he has set aside, in one group or in all of them."""
        ...


class Effects(msgspec.Struct):
    """What a call changes; a row that is None is deleted.

    A struct and no dataclass, as every call makes one: it is made several times as fast.
    """

    entries: list[Entry] = []
    accounts: dict[Account, Standing] = {}
    rows: dict[type[Row], dict[Key, Row | None]] = {}

    def keep(self, row: Row) -> None:
        """Write a row, new or changed."""
        self.rows.setdefault(type(row), {})[row.key] = row

    def drop(self, kind: type[Row], key: Key) -> None:
        """Delete a row."""
        self.rows.setdefault(kind, {})[key] = None

    def merge(self, later: "Effects") -> None:
        """Add what was changed after these."""
        self.entries += later.entries
        self.accounts.update(later.accounts)
        for kind, rows in later.rows.items():
            self.rows.setdefault(kind, {}).update(rows)


class Changes(Effects):
    """What one commit writes."""

    audit: list[AuditRecord] = []
    identifies: list[Identify] = []
    unnamings: list[Unnaming] = []
    erasures: list[Erasure] = []
    audit_from: int = 0
    """Decisions with smaller numbers are dropped; the chain is anchored where they end."""

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        coins, people = self.accounts or self.entries, self.unnamings or self.erasures
        return bool(self.audit or coins or self.rows or self.identifies or people or self.audit_from)


class Batch:
    """The changes of many calls on their way into one commit.

    Args:
        shelf: what is stored.
    """

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.changes = Changes()
        self._calls: dict[tuple[str, str], AuditRecord] = {}

    def standing(self, account: Account) -> Standing | None:
        """Give how an account will stand after this batch."""
        return self.changes.accounts.get(account) or self.shelf.standing(account)

    def find[R: Row](self, kind: type[R], key: Key) -> R | None:
        """Give a row as it will be after this batch."""
        changed = self.changes.rows.get(kind)
        if changed is not None and key in changed:
            found = changed[key]
            return found if isinstance(found, kind) else None
        return self.shelf.find(kind, key)

    def call(self, caller: str, key: str) -> StoredCall | None:
        """Give the call made with this key, in this batch or before it."""
        made = self._calls.get((caller, key))
        return StoredCall.of(made) if made is not None else self.shelf.call(caller, key)

    def record(self, record: AuditRecord) -> None:
        """Write a decision down; one with a key is found by later calls of the same batch."""
        self.changes.audit.append(record)
        if record.key is not None and record.digest is not None:
            self._calls[record.caller, record.key] = record

    def take(self, draft: "Draft") -> None:
        """Make a draft's changes part of the batch."""
        self.changes.merge(draft.changes)


class Draft:
    """What one call changes.

    Args:
        batch: what it reads through to.
        transfer: the name under which its entries are written; unique for the call.
        at_us: unix microseconds of the call.
        opening_balance: coins that a new account is given by the group's issuer.
    """

    def __init__(self, batch: Batch, *, transfer: str, at_us: int, opening_balance: int) -> None:
        self._batch = batch
        self._transfer = transfer
        self._at_us = at_us
        self._opening_balance = opening_balance
        self.changes = Effects()

    @property
    def shelf(self) -> Shelf:
        """What is stored, without what is on its way: for lists that need not show the last milliseconds."""
        return self._batch.shelf

    def balance(self, account: Account) -> int:
        """Give an account's balance; opens it when it is new."""
        return self.standing(account).balance

    def peek(self, account: Account) -> int:
        """Give an account's balance, or what it would be opened with."""
        known = self.changes.accounts.get(account) or self._batch.standing(account)
        return known.balance if known is not None else 0 if account.is_internal else self._opening_balance

    def standing(self, account: Account) -> Standing:
        """Give how an account stands; opens it when it is new."""
        known = self.changes.accounts.get(account) or self._batch.standing(account)
        if known is not None:
            return known
        return EMPTY if account.is_internal else self._open(account)

    def spend(self, account: Account, amount: int, *, day: int, limit: int, whose: str) -> None:
        """Note at an account that coins are given away on a day; raises Refusal beyond the day's limit."""
        standing = spending(self.standing(account), day, amount, limit, whose=whose)
        self.changes.accounts[account] = standing

    def unspend(self, account: Account, amount: int, *, day: int) -> None:
        """Note at an account that coins have come back which were given away on a day."""
        self.changes.accounts[account] = unspent(self.standing(account), day, amount)

    def move(self, source: Account, target: Account, amount: int) -> None:
        """Move coins from one account to another of the same group and currency.

        Raises:
            Refusal: there are too few; nothing of this draft may be kept.
            DefectError: it is no move of coins.
        """
        check_move(source, target, amount)
        accounts = self.changes.accounts
        # Opens what is new, which moves the issuer's coins, before any is counted.
        if source not in accounts:
            accounts[source] = self.standing(source)
        if target not in accounts:
            accounts[target] = self.standing(target)
        accounts[source] = less(source, accounts[source], amount)
        accounts[target] = more(accounts[target], amount)
        entries = self.changes.entries
        entries.append(Entry(self._transfer, source, -amount, self._at_us))
        entries.append(Entry(self._transfer, target, amount, self._at_us))

    def find[R: Row](self, kind: type[R], key: Key) -> R | None:
        """Give a row as it is after what this call has done so far."""
        changed = self.changes.rows.get(kind)
        if changed is not None and key in changed:
            found = changed[key]
            return found if isinstance(found, kind) else None
        return self._batch.find(kind, key)

    def keep(self, row: Row) -> None:
        """Write a row, new or changed."""
        self.changes.keep(row)

    def drop(self, kind: type[Row], key: Key) -> None:
        """Delete a row."""
        self.changes.drop(kind, key)

    def _open(self, account: Account) -> Standing:
        accounts = self.changes.accounts
        accounts[account] = EMPTY
        if self._opening_balance:
            issuer = Account(account.guild_id, ISSUER, account.currency)
            self.move(issuer, account, self._opening_balance)
        return accounts[account]
