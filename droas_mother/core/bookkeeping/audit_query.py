"""Which decisions somebody wants to see."""

from dataclasses import dataclass

from droas_common.ids import Snowflake


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """What is asked of the audit; None asks for nothing in particular.

    Args:
        count: most decisions, the newest of those that fit.
        after: only decisions with a larger number, then the oldest of them first.
        since_us: only from this moment on, unix microseconds.
        kind: `tool`, `protection` or `command`.
        caller: who asked, `bot:helper`.
        user_id: for whom.
        guild_id: in which group.
        action: what was done; `economy.*` stands for all that begin so.
        outcome: how it ended.
    """

    count: int
    after: int | None = None
    since_us: int | None = None
    kind: str | None = None
    caller: str | None = None
    user_id: Snowflake | None = None
    guild_id: Snowflake | None = None
    action: str | None = None
    outcome: str | None = None
