"""The checks of an IDENTIFY, in Discord's order: what is wrong, or nothing. Pure.

Source: Discord API reference, Gateway: Identify, and its close codes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from droas_sandbox.intents import KNOWN, PRIVILEGED

CONCURRENCY_WINDOW_S = 5.0
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection with this code."""

    code: int
    words: str


@dataclass(frozen=True, slots=True)
class InvalidSession:
    """Answer op 9 `false`: identify again later."""


def check(
    data: dict[str, Any],
    *,
    privileged: int,
    earlier: Iterable[float],
    now: float,
    max_concurrency: int,
    per_day: int,
) -> Close | InvalidSession | None:
    """Judge an IDENTIFY whose token is good.

    Args:
        data: its payload.
        privileged: privileged intents enabled for the application.
        earlier: moments of earlier identifies of this bot.
        now: the present moment.
        max_concurrency: identifies allowed within five seconds.
        per_day: identifies allowed within 24 hours.
    """
    shard = data.get("shard")
    if shard is not None and not _valid_shard(shard):
        return Close(4010, "Invalid shard.")
    intents = data.get("intents")
    if not isinstance(intents, int) or intents < 0 or intents & ~KNOWN:
        return Close(4013, "Invalid intent(s).")
    if intents & PRIVILEGED & ~privileged:
        return Close(4014, "Disallowed intent(s).")
    moments = list(earlier)
    if sum(now - at < CONCURRENCY_WINDOW_S for at in moments) >= max_concurrency:
        return InvalidSession()
    if sum(now - at < DAY_S for at in moments) >= per_day:
        return Close(4004, "Authentication failed.")  # Discord resets the token of a bot that does this
    return None


def _valid_shard(shard: Any) -> bool:
    if not isinstance(shard, list) or len(shard) != 2 or not all(isinstance(part, int) for part in shard):
        return False
    return bool(0 <= shard[0] < shard[1])
