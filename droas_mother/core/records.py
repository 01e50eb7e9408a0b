"""The rows that the mother writes, as values."""

from dataclasses import dataclass
from enum import StrEnum

from droas_common.ids import BotName, Snowflake


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
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One decision: a tool call, a protective action, a command.

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
    trace_id: str | None = None
    duration_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCall:
    """What is remembered of an executed call: enough to answer it again."""

    digest: str
    outcome: Outcome
    result: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One posting as it is written; the entries of one transfer sum to zero."""

    transfer: str
    guild_id: Snowflake
    owner: str
    amount: int
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants of a bot, from now on and over restarts of the mother."""

    bot: BotName
    wanted: bool
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify:
    """One IDENTIFY of a token, named by its digest."""

    token_digest: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of a member of a group."""

    guild_id: Snowflake
    user_id: Snowflake
    display_name: str
    first_seen_us: int
    warnings: int = 0
