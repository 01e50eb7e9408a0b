"""The checks of an IDENTIFY, in Discord's order: what is wrong, or nothing. Pure.

Source: Discord API reference, Gateway: Identify, Sharding, Session Start Limit, and the close codes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from droas_sandbox.intents import KNOWN, PRIVILEGED
from droas_sandbox.world.state import Start

DAY_S = 86_400.0
GUILDS_OF_A_SHARD = 2_500


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection with this code."""

    code: int
    words: str


@dataclass(frozen=True, slots=True)
class InvalidSession:
    """Answer op 9 `false`: identify again later."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Too many identifies in a day: all sessions end and the token becomes another one."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Which part of the groups a session serves."""

    index: int = 0
    count: int = 1

    def serves(self, guild_id: str | None) -> bool:
        """Say whether events of a group come here; those of no group go to the first shard."""
        if guild_id is None:
            return self.index == 0
        return (int(guild_id) >> 22) % self.count == self.index


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a bot may do.

    Args:
        privileged: privileged intents enabled for the application.
        starts: earlier identifies of this bot.
        guild_ids: its groups.
        max_concurrency: number of keys.
        window_s: seconds between two identifies of one key.
        per_day: identifies allowed within 24 hours.
    """

    privileged: int
    starts: Sequence[Start]
    guild_ids: Iterable[str]
    max_concurrency: int
    window_s: float
    per_day: int


def shard_of(data: dict[str, Any]) -> Shard | None:
    """Read the shard of an identify, [0, 1] when there is none; None when it is malformed."""
    given = data.get("shard")
    if given is None:
        return Shard()
    if not isinstance(given, list) or len(given) != 2 or any(type(part) is not int for part in given):
        return None
    index, count = given
    return Shard(index, count) if 0 <= index < count else None


def check(data: dict[str, Any], allowance: Allowance, now: float) -> Close | InvalidSession | Spent | None:
    """Judge an IDENTIFY whose token is good."""
    shard = shard_of(data)
    if shard is None:
        return Close(4010, "Invalid shard.")
    if sum(shard.serves(guild_id) for guild_id in allowance.guild_ids) > GUILDS_OF_A_SHARD:
        return Close(4011, "Sharding required.")
    return _check_intents(data.get("intents"), allowance.privileged) or _check_pace(shard, allowance, now)


def _check_intents(intents: Any, privileged: int) -> Close | None:
    if type(intents) is not int or intents < 0 or intents & ~KNOWN:
        return Close(4013, "Invalid intent(s).")
    if intents & PRIVILEGED & ~privileged:
        return Close(4014, "Disallowed intent(s).")
    return None


def _check_pace(shard: Shard, allowance: Allowance, now: float) -> InvalidSession | Spent | None:
    if sum(now - start.at < DAY_S for start in allowance.starts) >= allowance.per_day:
        return Spent()
    key = shard.index % allowance.max_concurrency
    recent = (start for start in allowance.starts if now - start.at < allowance.window_s)
    return InvalidSession() if any(start.accepted and start.key == key for start in recent) else None
