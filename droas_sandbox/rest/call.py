"""One request as its handler sees it, and how handlers are listed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from droas_sandbox.errors import DiscordError, invalid, unauthorized
from droas_sandbox.intents import MESSAGE_CONTENT, Viewer, emptied, sees_content
from droas_sandbox.world import history
from droas_sandbox.world.state import Bot, Guild, Json, Message
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

    def guild_for(self, needed: int) -> Guild:
        """Give the group of the path, if the bot may do this in it; raises 10004, 50013."""
        guild = self.guild()
        self.world.require(guild, self.me, needed)
        return guild

    def channel(self, needed: int = 0) -> tuple[Guild | None, Json]:
        """Give the channel of the path, if the bot may see it and do this in it; raises 10003, 50001, 50013."""
        guild, channel = self.world.channel(self.path["channel_id"])
        if guild is not None:
            self.world.require(guild, self.me, needed, channel)
        elif channel["_bot_id"] != self.me:
            raise DiscordError(50001)
        return guild, channel

    def guild_channel(self, needed: int = 0) -> tuple[Guild, Json]:
        """Give the channel of the path, which must be one of a group; raises 50024 for a DM."""
        guild, channel = self.channel(needed)
        if guild is None:
            raise DiscordError(50024)
        return guild, channel

    def message(self, needed: int = 0) -> tuple[Guild | None, Json, Message]:
        """Give the message of the path, if the bot may do this in its channel; raises 10008."""
        guild, channel = self.channel(needed)
        return guild, channel, history.find(self.world, channel["id"], self.path["message_id"])

    def show(self, message: Message) -> Json:
        """Give a message as far as the bot may read it."""
        shown = history.shown(message, self.bot.user_id if self.bot else "")
        if self.bot is None or self.bot.privileged & MESSAGE_CONTENT:
            return shown
        viewer = Viewer(bot_id=self.me, intents=0, permissions=0)
        return shown if sees_content(shown, viewer, in_guild=message.guild_id is not None) else emptied(shown)

    def text(self, field: str, least: int, most: int, default: str | None = None) -> str:
        """Give a text of the body, trimmed; raises 50035 when it is missing, too short or too long."""
        given = self.form.get(field, default)
        if given is None:
            raise invalid(field, "BASE_TYPE_REQUIRED", "This field is required")
        text = str(given).strip()
        if not least <= len(text) <= most:
            words = f"Must be between {least} and {most} in length."
            raise invalid(field, "BASE_TYPE_BAD_LENGTH", words)
        return text

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """Give a number of the query; raises 50035 when it is out of bounds."""
        return history.number(self.query, name, default, least, most)


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
