"""The mother's door to Discord: messages in as facts, protective actions out."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import nextcord

from droas_common.connection_limits import IdentifyMeter
from droas_common.discord_connection import DiscordConnection, OnState
from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_common.settings import DiscordSettings
from droas_mother.core.protection.facts import MessageFacts
from droas_mother.core.protection.normalisation import normalise

MAX_BULK = 100
"""Messages of one bulk deletion (Discord: Bulk Delete Messages, 2 to 100)."""

MAX_REASON = 512
"""Characters of an audit log reason that Discord keeps."""

OnMessage = Callable[[MessageFacts], None]


def intents() -> nextcord.Intents:
    """Give what the protecting bot must see: groups and the content of their messages."""
    wanted = nextcord.Intents.none()
    wanted.guilds = True
    wanted.guild_messages = True
    wanted.message_content = True
    return wanted


class Watcher:
    """Turns the gateway's messages into facts.

    Args:
        on_message: gets every message and edit of a person in a group.
        exempt_roles: ids of roles whose members are trusted.
    """

    def __init__(self, on_message: OnMessage, exempt_roles: frozenset[str]) -> None:
        self._on_message = on_message
        self.exempt_roles = exempt_roles

    def wire(self, client: nextcord.Client) -> None:
        """Put the handlers onto a fresh client."""

        async def on_message(message: nextcord.Message) -> None:
            self._see(message, edited=False)

        async def on_raw_message_edit(event: nextcord.RawMessageUpdateEvent) -> None:
            channel = client.get_channel(event.channel_id)
            if channel is None or "author" not in event.data:
                return  # an edit without an author only adds a link's preview
            # The message cache is off; the event carries the whole message (gateway v10).
            state: Any = client._connection  # noqa: SLF001
            data: Any = event.data
            self._see(nextcord.Message(state=state, channel=channel, data=data), edited=True)  # type: ignore[arg-type]  # get_channel also names channels without messages

        client.add_listener(on_message)
        client.add_listener(on_raw_message_edit)

    def _see(self, message: nextcord.Message, *, edited: bool) -> None:
        if message.guild is None or message.author.bot or message.webhook_id is not None:
            return
        replied = message.reference.resolved if message.reference else None
        replied_to = replied.author.id if isinstance(replied, nextcord.Message) else None
        self._on_message(
            MessageFacts(
                guild_id=Snowflake(str(message.guild.id)),
                channel_id=Snowflake(str(message.channel.id)),
                message_id=Snowflake(str(message.id)),
                author_id=Snowflake(str(message.author.id)),
                author_name=message.author.display_name[:100],
                at_s=time.monotonic(),
                text=normalise(message.content),
                mentioned_users=frozenset(
                    Snowflake(str(user.id)) for user in message.mentions if user.id != replied_to
                ),
                mentioned_roles=frozenset(Snowflake(str(role.id)) for role in message.role_mentions),
                mentions_everyone=message.mention_everyone,
                author_roles=_roles_of(message.author),
                trusted=self._trusted(message),
                edited=edited,
            )
        )

    def _trusted(self, message: nextcord.Message) -> bool:
        author, guild = message.author, message.guild
        if guild is not None and author.id == guild.owner_id:
            return True
        if not isinstance(author, nextcord.Member):
            return False
        if any(str(role.id) in self.exempt_roles for role in author.roles):
            return True
        permissions = author.guild_permissions
        return permissions.administrator or permissions.manage_messages


def _roles_of(author: nextcord.User | nextcord.Member) -> tuple[str, ...]:
    if not isinstance(author, nextcord.Member):
        return ()
    return tuple(role.name[:100] for role in author.roles if not role.is_default())


class DiscordModerator:
    """Deletes and silences through the connected client.

    Args:
        connection: the mother's connection.
    """

    def __init__(self, connection: DiscordConnection) -> None:
        self._connection = connection

    async def delete_messages(
        self, channel_id: Snowflake, message_ids: Sequence[Snowflake], *, reason: str
    ) -> None:
        """Delete messages of one channel; those already gone are no error; raises OutsideError."""
        http = self._http()
        ids = [int(message_id) for message_id in message_ids]
        for start in range(0, len(ids), MAX_BULK):
            part = ids[start : start + MAX_BULK]
            if len(part) == 1:
                act = http.delete_message(int(channel_id), part[0], reason=reason[:MAX_REASON])
            else:
                act = http.delete_messages(int(channel_id), part, reason=reason[:MAX_REASON])
            await _do(act, f"delete {len(part)} messages in {channel_id}")

    async def time_out(self, guild_id: Snowflake, user_id: Snowflake, *, seconds: float, reason: str) -> None:
        """Silence a member for a while; raises OutsideError."""
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        act = self._http().edit_member(
            int(guild_id),
            int(user_id),
            reason=reason[:MAX_REASON],
            communication_disabled_until=until.isoformat(),
        )
        await _do(act, f"time out {user_id} in {guild_id}")

    def _http(self) -> Any:
        client = self._connection.client
        if client is None:
            raise OutsideError("the protecting bot is not connected to Discord", retry_after_s=5)
        return client.http


async def _do(act: Any, what: str) -> None:
    """Await one act of Discord and translate its failures."""
    try:
        await act
    except nextcord.NotFound:
        return  # somebody was quicker
    except nextcord.Forbidden as error:
        raise OutsideError(
            f"could not {what}: Discord forbids it ({error.code}); check the bot's role"
        ) from error
    except nextcord.HTTPException as error:
        raise OutsideError(f"could not {what}: Discord answered {error.status}", retry_after_s=5) from error
    except (OSError, aiohttp.ClientError, TimeoutError, RuntimeError) as error:
        raise OutsideError(f"could not {what}: {type(error).__name__}", retry_after_s=5) from error


def connect(
    *, token: Any, settings: DiscordSettings, watcher: Watcher, on_state: OnState, meter: IdentifyMeter
) -> DiscordConnection:
    """Give the mother's connection, not yet running."""
    return DiscordConnection(
        token=token, settings=settings, intents=intents(), on_state=on_state, wire=watcher.wire, meter=meter
    )
