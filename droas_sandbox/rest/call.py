"""One request as its handler sees it, and how handlers are listed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from droas_sandbox.errors import DiscordError, invalid, unauthorized
from droas_sandbox.world.state import Bot, Guild, Json
from droas_sandbox.world.world import World

NO_CONTENT = 204


@dataclass(slots=True, kw_only=True)
class Call:
    """A request that has passed the door.

    Args:
        bot: who asks; None on the routes whose path is the secret.
        path: the variable parts of the path.
        query: the query, last value of each name.
        body: the JSON body; an empty object without one.
        reason: the decoded X-Audit-Log-Reason.
        base: `http://host/api/v10`.
    """

    world: World
    bot: Bot | None
    path: dict[str, str]
    query: dict[str, str]
    body: Any
    reason: str | None
    base: str
    later: list[Callable[[], None]] = field(default_factory=list)

    @property
    def me(self) -> str:
        """The asking bot's user id; raises 401 when nobody asks."""
        if self.bot is None:
            raise unauthorized()
        return self.bot.user_id

    @property
    def form(self) -> Json:
        """The body as an object; raises 50035 when it is none."""
        if not isinstance(self.body, dict):
            raise invalid("_errors", "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return self.body

    def guild(self) -> Guild:
        """Give the group of the path, if the bot is in it; raises 10004."""
        guild = self.world.guild(self.path["guild_id"])
        if self.me not in guild.members:
            raise DiscordError(10004)
        return guild

    def channel(self, needed: int = 0) -> tuple[Guild | None, Json]:
        """Give the channel of the path, if the bot may see it and do this in it; raises 10003, 50001, 50013."""
        guild, channel = self.world.channel(self.path["channel_id"])
        if guild is not None:
            self.world.require(guild, self.me, needed, channel)
        return guild, channel


Answer = Any
Handler = Callable[[Call], Answer]
"""Gives a JSON value for 200, None for 204, or `(status, value)`."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route: method, path with `{names}`, who serves it, and whether a bot token is needed."""

    method: str
    path: str
    handler: Handler
    authorized: bool = True


def public(channel: Json) -> Json:
    """Give a channel without what only the sandbox knows of it."""
    return {key: value for key, value in channel.items() if not key.startswith("_")}
