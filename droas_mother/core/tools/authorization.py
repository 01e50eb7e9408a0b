"""Who may call which tool. Deny by default."""

from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache

from droas_common.wire.calls import Actor
from droas_mother.core.tools.rate_limits import Rate


class PrincipalKind(StrEnum):
    """What sort of peer has proven itself."""

    BOT = "bot"
    CLIENT = "client"
    OPERATOR = "uid"
    """A user of this machine, as the kernel tells the admin interface."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A peer as its CURVE key proves it.

    Args:
        kind: a child or an external client.
        name: the bot's or the client's name.
        incarnation: rises with every start of a child; a key of an earlier life proves nothing any more.
        tools: patterns of the tools that it may call (`economy.*`).
        guilds: the groups for whose members it may call; None for all.
        rate: how often it may call; None for what holds for everybody.

    Attributes:
        caller: the name under which calls are recorded; the same over all lives of a bot.
    """

    kind: PrincipalKind
    name: str
    incarnation: int = 0
    tools: tuple[str, ...] = ()
    guilds: frozenset[str] | None = None
    rate: Rate | None = None
    caller: str = field(init=False)

    def __post_init__(self) -> None:
        """Put the caller's name together once, as every call is recorded under it."""
        object.__setattr__(self, "caller", f"{self.kind}:{self.name}")


def may_call(principal: Principal, tool: str) -> bool:
    """Say whether one of the principal's patterns allows this tool."""
    return _matches(principal.tools, tool)


def may_act_for(principal: Principal, actor: Actor | None) -> bool:
    """Say whether the principal may call for this actor: one of a group in its scope, or nobody."""
    if principal.guilds is None or actor is None:
        return True
    return actor.guild_id is not None and actor.guild_id in principal.guilds


@lru_cache(maxsize=4_096)
def _matches(patterns: tuple[str, ...], tool: str) -> bool:
    return any(fnmatchcase(tool, pattern) for pattern in patterns)
