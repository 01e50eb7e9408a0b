"""Changes gathered in memory until they are committed together.

A `Draft` reads through to what is stored and holds what one call changes; a call that is refused leaves
nothing behind, because its draft is dropped. A `Batch` joins the drafts of many calls into one commit.
"""

from dataclasses import dataclass, field
from typing import Protocol

from droas_common.ids import BotName, Snowflake
from droas_mother.core.ledger import ISSUER, Account, Posting, apply
from droas_mother.core.records import AuditRecord, Entry, Identify, Profile, StoredCall, Wish


class Shelf(Protocol):
    """What is stored, to read."""

    def balance(self, account: Account) -> int | None:
        """Give an account's balance; None when it was never opened."""
        ...

    def profile(self, guild_id: Snowflake, user_id: Snowflake) -> Profile | None:
        """Give a member's profile; None when the member is unknown."""
        ...

    def call(self, caller: str, key: str) -> StoredCall | None:
        """Give the call that was made with this key; None when there was none."""
        ...


@dataclass(slots=True)
class Changes:
    """What one commit writes."""

    audit: list[AuditRecord] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    balances: dict[Account, int] = field(default_factory=dict)
    profiles: dict[tuple[Snowflake, Snowflake], Profile] = field(default_factory=dict)
    wishes: dict[BotName, Wish] = field(default_factory=dict)
    identifies: list[Identify] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.audit or self.entries or self.profiles or self.wishes or self.identifies)


class Batch:
    """The changes of many calls on their way into one commit."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.changes = Changes()
        self._calls: dict[tuple[str, str], StoredCall] = {}

    def balance(self, account: Account) -> int | None:
        """Give a balance as it will be after this batch."""
        found = self.changes.balances.get(account)
        return self._shelf.balance(account) if found is None else found

    def profile(self, guild_id: Snowflake, user_id: Snowflake) -> Profile | None:
        """Give a profile as it will be after this batch."""
        return self.changes.profiles.get((guild_id, user_id)) or self._shelf.profile(guild_id, user_id)

    def call(self, caller: str, key: str) -> StoredCall | None:
        """Give the call made with this key, in this batch or before it."""
        return self._calls.get((caller, key)) or self._shelf.call(caller, key)

    def record(self, record: AuditRecord) -> None:
        """Write a decision down; one with a key is found by later calls of the same batch."""
        self.changes.audit.append(record)
        if record.key is not None and record.digest is not None:
            stored = StoredCall(digest=record.digest, outcome=record.outcome, result=record.result)
            self._calls[record.caller, record.key] = stored

    def take(self, draft: "Draft") -> None:
        """Make a draft's changes part of the batch."""
        self.changes.entries += draft.entries
        self.changes.balances.update(draft.balances)
        self.changes.profiles.update(draft.profiles)


class Draft:
    """What one call changes.

    Args:
        batch: what it reads through to.
        transfer: the name under which its postings are written; unique for the call.
        at_us: unix microseconds of the call.
        opening_balance: coins that a new account is given by the group's issuer.
    """

    def __init__(self, batch: Batch, *, transfer: str, at_us: int, opening_balance: int) -> None:
        self._batch = batch
        self._transfer = transfer
        self._at_us = at_us
        self._opening_balance = opening_balance
        self.entries: list[Entry] = []
        self.balances: dict[Account, int] = {}
        self.profiles: dict[tuple[Snowflake, Snowflake], Profile] = {}

    def balance(self, account: Account) -> int:
        """Give an account's balance; opens it when it is new."""
        known = self.balances.get(account)
        if known is None:
            known = self._batch.balance(account)
        if known is not None:
            return known
        if account.may_owe:
            return 0
        self._open(account)
        return self.balances[account]

    def post(self, *postings: Posting) -> None:
        """Make these postings; raises Refusal, and then nothing of this draft may be kept."""
        self.balances.update(apply(self.balance, postings))
        self.entries += [
            Entry(
                transfer=self._transfer,
                guild_id=posting.account.guild_id,
                owner=posting.account.owner,
                amount=posting.amount,
                at_us=self._at_us,
            )
            for posting in postings
        ]

    def profile(self, guild_id: Snowflake, user_id: Snowflake) -> Profile | None:
        """Give a member's profile; None when the member is unknown."""
        return self.profiles.get((guild_id, user_id)) or self._batch.profile(guild_id, user_id)

    def keep_profile(self, profile: Profile) -> None:
        """Write a profile, new or changed."""
        self.profiles[profile.guild_id, profile.user_id] = profile

    def _open(self, account: Account) -> None:
        self.balances[account] = 0
        if self._opening_balance:
            issuer = Account(account.guild_id, ISSUER)
            self.post(Posting(issuer, -self._opening_balance), Posting(account, self._opening_balance))
