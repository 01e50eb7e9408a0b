"""The mother's door to Discord: messages in as facts, protective actions out."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import nextcord

from droas_common.connection_limits import IdentifyMeter
from droas_common.discord_client import DiscordClient
from droas_common.discord_connection import DiscordConnection, OnState
from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_common.settings import DiscordSettings
from droas_mother.adapters.discord_messages import Raw, facts_of
from droas_mother.core.protection.facts import MessageFacts

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

    def wire(self, client: DiscordClient) -> None:
        """Put the handlers onto a fresh client."""
        client.hear_raw("MESSAGE_CREATE", lambda data: self._see(data, client, edited=False))
        client.hear_raw("MESSAGE_UPDATE", lambda data: self._see(data, client, edited=True))

    def _see(self, data: Raw, client: DiscordClient, *, edited: bool) -> None:
        guild = client.get_guild(int(data.get("guild_id") or 0))
        if guild is None:
            return  # a direct message, or a group of which it is not known yet who may do what
        facts = facts_of(data, guild, self.exempt_roles, at_s=time.monotonic(), edited=edited)
        if facts is not None:
            self._on_message(facts)


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
