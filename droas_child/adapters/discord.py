"""The bot's door to Discord: questions in, messages out."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import aiohttp
import nextcord
from nextcord.http import Route

from droas_child.core.conversation import Heard, Said, is_question
from droas_common.discord_connection import DiscordConnection
from droas_common.errors import OutsideError
from droas_common.ids import Snowflake

_CALL_S = 30.0
_HISTORY_S = 3.0
"""The past is worth no more: nextcord would try a failing server for 25 seconds, and somebody waits."""

_NOBODY: dict[str, Any] = {"parse": [], "replied_user": True}
"""Nothing that a model writes pings anybody but the asker."""


def intents() -> nextcord.Intents:
    """Give what a bot must see: groups, messages there and in DMs, and what they say."""
    wanted = nextcord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = True
    return wanted


class Ears:
    """Turns the gateway's events into questions and news.

    Args:
        on_question: gets every message that is for this bot.
        on_removed: gets the id of every message that was deleted.
        on_guilds: gets the groups whenever they change.
    """

    def __init__(
        self,
        *,
        on_question: Callable[[Heard], None],
        on_removed: Callable[[Snowflake], None],
        on_guilds: Callable[[frozenset[Snowflake]], None],
    ) -> None:
        self._on_question = on_question
        self._on_removed = on_removed
        self._on_guilds = on_guilds

    def wire(self, client: nextcord.Client) -> None:
        """Put the handlers onto a fresh client."""

        async def on_message(message: nextcord.Message) -> None:
            heard = _heard(message, client)
            if heard is not None and is_question(heard):
                self._on_question(heard)

        async def on_raw_message_delete(event: nextcord.RawMessageDeleteEvent) -> None:
            self._on_removed(Snowflake(str(event.message_id)))

        async def on_raw_bulk_message_delete(event: nextcord.RawBulkMessageDeleteEvent) -> None:
            for message_id in event.message_ids:
                self._on_removed(Snowflake(str(message_id)))

        async def on_guilds(*_changed: object) -> None:
            if client.is_ready():  # before, groups come in a row, and on_ready tells of them all
                self._on_guilds(frozenset(Snowflake(str(guild.id)) for guild in client.guilds))

        for handler in (on_message, on_raw_message_delete, on_raw_bulk_message_delete):
            client.add_listener(handler)
        for name in ("on_ready", "on_guild_available", "on_guild_join", "on_guild_remove"):
            client.add_listener(on_guilds, name)


class DiscordSpeaker:
    """Says things through the connected client.

    Args:
        connection: gives the bot's connection.
    """

    def __init__(self, connection: Callable[[], DiscordConnection]) -> None:
        self._connection = connection

    @property
    def bot_id(self) -> Snowflake:
        """The bot's own user id; "" before the first connection."""
        client = self._connection().client
        return (
            Snowflake(str(client.user.id))
            if client is not None and client.user is not None
            else Snowflake("")
        )

    async def say(
        self, channel_id: Snowflake, text: str, *, reply_to: Snowflake | None, nonce: str
    ) -> Snowflake:
        """Send a message; Discord makes one message of several tries with the same nonce."""
        body: dict[str, Any] = {
            "content": text,
            "allowed_mentions": _NOBODY,
            "nonce": nonce[-25:],
            "enforce_nonce": True,
        }
        if reply_to is not None:
            body["message_reference"] = {"message_id": reply_to, "fail_if_not_exists": False}
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=int(channel_id))
        made: Snowflake = await self._do(route, body, read=_id_of)
        return made

    async def change(self, channel_id: Snowflake, message_id: Snowflake, text: str) -> None:
        """Change a message of the bot's own."""
        route = _message_route("PATCH", channel_id, message_id)
        await self._do(route, {"content": text, "allowed_mentions": _NOBODY})

    async def take_back(self, channel_id: Snowflake, message_id: Snowflake) -> None:
        """Delete a message of the bot's own; one that is gone is no error."""
        await self._do(_message_route("DELETE", channel_id, message_id), None, missing_ok=True)

    async def show_typing(self, channel_id: Snowflake) -> None:
        """Show for ten seconds that an answer is being written."""
        await self._do(Route("POST", "/channels/{channel_id}/typing", channel_id=int(channel_id)), None)

    async def history(self, channel_id: Snowflake, before: Snowflake, limit: int) -> list[Said]:
        """Give what was said before a message, oldest first."""
        client = self._connection().client
        if client is None:
            raise OutsideError("not connected to Discord", retry_after_s=1)
        asked = client.http.logs_from(int(channel_id), limit, before=int(before))
        past: list[Said] = await _bounded(asked, _HISTORY_S, read=partial(_said, mine=self.bot_id))
        return past

    async def _do(
        self,
        route: Route,
        body: dict[str, Any] | None,
        *,
        missing_ok: bool = False,
        read: Callable[[Any], Any] | None = None,
    ) -> Any:
        client = self._connection().client
        if client is None:
            raise OutsideError("not connected to Discord", retry_after_s=1)
        given: Any = {} if body is None else {"json": body}
        return await _bounded(client.http.request(route, **given), missing_ok=missing_ok, read=read)


async def _bounded(
    act: Any,
    seconds: float = _CALL_S,
    *,
    missing_ok: bool = False,
    read: Callable[[Any], Any] | None = None,
) -> Any:
    """Await one request of Discord within its time, read its answer, and translate its failures."""
    try:
        async with asyncio.timeout(seconds):
            answer = await act
        return answer if read is None else read(answer)
    except nextcord.NotFound as error:
        if missing_ok:
            return None
        raise OutsideError(f"Discord no longer has it ({error.code})") from error
    except nextcord.HTTPException as error:
        raise OutsideError(f"Discord answered {error.status} ({error.code})") from error
    except (OSError, aiohttp.ClientError, TimeoutError, RuntimeError) as error:
        raise OutsideError(f"Discord cannot be reached: {type(error).__name__}") from error
    except (nextcord.DiscordException, ValueError, LookupError, TypeError, AttributeError) as error:
        # nextcord raises these for a body that is not what its header says, and for rate limits it mixes up.
        raise OutsideError(f"Discord's answer cannot be read: {type(error).__name__}") from error


def _id_of(made: Any) -> Snowflake:
    return Snowflake(str(made["id"]))


def _said(rows: Any, *, mine: Snowflake) -> list[Said]:
    """Give rows of a channel's past, which come newest first, oldest first."""
    return [
        Said(
            message_id=_id_of(row),
            author_name=row["author"].get("global_name") or row["author"]["username"],
            text=row["content"],
            mine=_id_of(row["author"]) == mine,
        )
        for row in reversed(rows)
    ]


def _message_route(method: str, channel_id: Snowflake, message_id: Snowflake) -> Route:
    return Route(
        method,
        "/channels/{channel_id}/messages/{message_id}",
        channel_id=int(channel_id),
        message_id=int(message_id),
    )


def _heard(message: nextcord.Message, client: nextcord.Client) -> Heard | None:
    me = client.user
    if me is None or message.author.id == me.id or message.webhook_id is not None or message.is_system():
        return None
    return Heard(
        message_id=Snowflake(str(message.id)),
        channel_id=Snowflake(str(message.channel.id)),
        guild_id=Snowflake(str(message.guild.id)) if message.guild else None,
        author_id=Snowflake(str(message.author.id)),
        author_name=message.author.display_name,
        author_is_bot=message.author.bot,
        text=message.content,
        mentions_me=any(user.id == me.id for user in message.mentions) or _replies_to(message, me.id),
    )


def _replies_to(message: nextcord.Message, user_id: int) -> bool:
    """Say whether a message replies to this user; one that pings is among the mentions, a silent one is not."""
    replied_to = message.reference.resolved if message.reference is not None else None
    return isinstance(replied_to, nextcord.Message) and replied_to.author.id == user_id
