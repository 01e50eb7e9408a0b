"""The rows that the mother writes, as values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import msgspec

from droas_common.ids import BotName, Snowflake
from droas_mother.core.bookkeeping.ledger import Account


class Outcome(StrEnum):
    """How a decision ended."""

    OK = "ok"
    REFUSED = "refused"
    """The tool ran and said no."""
    DENIED = "denied"
    """The caller may not."""
    INVALID = "invalid"
    LATE = "late"
    CONFLICT = "conflict"
    LIMITED = "limited"
    """Too often, or too much waits."""
    CANCELLED = "cancelled"
    FAILED = "failed"


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One decision: a tool call, a protective action, a command.

    A struct and no dataclass, as every call makes one: it is made ten times as fast.

    Args:
        at_us: unix microseconds.
        kind: `tool`, `protection` or `command`.
        caller: who asked, `bot:helper`, `rule:flood`, `uid:1000`.
        action: the tool's, action's or command's name.
        outcome: how it ended.
        key: the idempotency key, None where there is none.
        digest: hash of action and arguments, to tell a retry from another call with the same key.
        arguments: JSON text, secrets masked.
        result: JSON text of what the caller was told.
        result_bytes: its length before it was cut for the audit.
        duration_us: microseconds from arrival to decision.
    """

    at_us: int
    kind: str
    caller: str
    action: str
    outcome: Outcome
    guild_id: Snowflake | None = None
    user_id: Snowflake | None = None
    message_id: Snowflake | None = None
    key: str | None = None
    digest: str | None = None
    arguments: str = "{}"
    result: str = "{}"
    result_bytes: int = 0
    trace_id: str | None = None
    duration_us: int = 0


class StoredCall(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of an executed call: enough to answer it again."""

    digest: str
    outcome: Outcome
    result: str

    @classmethod
    def of(cls, record: AuditRecord) -> Self:
        """Give what is remembered of a call that is on its way into the audit."""
        return cls(digest=record.digest or "", outcome=record.outcome, result=record.result)


class Entry(msgspec.Struct, frozen=True):
    """One account's side of a move of coins; the entries of one transfer sum to zero in each currency."""

    transfer: str
    account: Account
    amount: int
    at_us: int


class Passage(msgspec.Struct, frozen=True):
    """Coins that went into an account, or out of it when the amount is negative.

    Args:
        amount: how many.
        at_us: unix microseconds.
        other: the owner of the account on the other side; None where that is not known.
    """

    amount: int
    at_us: int
    other: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify:
    """One IDENTIFY of a token, named by its digest."""

    token_digest: str
    at_us: int


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person stands in audit and ledger, as numbers of rows.

    Args:
        his: decisions that were made for him.
        naming: others that name him.
        transfers: the entries of each transfer that he took part in, or asked for.
        entries: those of his own accounts.
        audit_end: the last decision that was looked at.
        entries_end: the last entry that was looked at.
    """

    his: tuple[int, ...] = ()
    naming: tuple[int, ...] = ()
    transfers: tuple[tuple[int, ...], ...] = ()
    entries: tuple[int, ...] = ()
    audit_end: int = 0
    entries_end: int = 0


class Unnaming(msgspec.Struct, frozen=True, kw_only=True):
    """Rows out of which what leads to a person is taken; as in `Traces`."""

    his: tuple[int, ...] = ()
    naming: tuple[int, ...] = ()
    transfers: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A person who is to be forgotten, in one group or in all of them; his coins have gone by then.

    Args:
        user_id: the person.
        guild_id: the group; None for all.
        traces: what was found of him, and unnamed, before.
    """

    user_id: Snowflake
    guild_id: Snowflake | None
    traces: Traces = Traces()  # noqa: RUF009 - it is frozen


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is found by its key, changed and deleted."""

    @property
    def key(self) -> tuple[str, ...]:
        """By what it is found: its key columns in their order."""
        raise NotImplementedError


class Wish(Row, frozen=True, kw_only=True):
    """What somebody wants of a bot, from now on and over restarts of the mother."""

    bot: BotName
    wanted: bool
    at_us: int

    @property
    def key(self) -> tuple[str, ...]:
        """By what it is found."""
        return (self.bot,)


class Profile(Row, frozen=True, kw_only=True):
    """What is known of a member of a group."""

    guild_id: Snowflake
    user_id: Snowflake
    display_name: str
    first_seen_us: int
    warnings: int = 0

    @property
    def key(self) -> tuple[str, ...]:
        """By what it is found."""
        return (self.guild_id, self.user_id)


class Memory(Row, frozen=True, kw_only=True):
    """What bots may remember of a member of a group.

    Args:
        preferences: JSON text of an object, name to value.
        notes: JSON text of a list of texts, the oldest first.
    """

    guild_id: Snowflake
    user_id: Snowflake
    preferences: str = "{}"
    notes: str = "[]"

    @property
    def key(self) -> tuple[str, ...]:
        """By what it is found."""
        return (self.guild_id, self.user_id)


class HoldState(StrEnum):
    """What became of coins that were set aside."""

    OPEN = "open"
    COMMITTED = "committed"
    VOIDED = "voided"
    EXPIRED = "expired"


class Hold(Row, frozen=True, kw_only=True):
    """Coins that a member has set aside, until they are given away, given back, or the time is over.

    Args:
        day: on which they count as given away, days since 1970, UTC.
    """

    hold_id: str
    caller: str
    guild_id: Snowflake
    user_id: Snowflake
    currency: str
    amount: int
    state: HoldState
    expires_at_us: int
    day: int = 0

    @property
    def key(self) -> tuple[str, ...]:
        """By what it is found."""
        return (self.hold_id,)


class Claim(Row, frozen=True, kw_only=True):
    """The last day (days since 1970, UTC) on which a member took something that there is once a day."""

    guild_id: Snowflake
    user_id: Snowflake
    what: str
    day: int

    @property
    def key(self) -> tuple[str, ...]:
        """By what it is found."""
        return (self.guild_id, self.user_id, self.what)


class Client(Row, frozen=True, kw_only=True):
    """An external caller that somebody has added.

    Args:
        name: how it is called.
        public_key: its CURVE key (Z85); the secret one was shown once and is nowhere.
        scope: JSON text: tools, guilds, calls per second.
        at_us: when it was added.
        revoked: whether it may connect no longer.
    """

    name: str
    public_key: str
    scope: str
    at_us: int
    revoked: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """By what it is found."""
        return (self.name,)
