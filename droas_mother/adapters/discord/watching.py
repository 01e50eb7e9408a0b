"""The protecting bot on the gateway: every message and edit becomes facts."""

import time
from collections.abc import Callable
from typing import Any

import nextcord

from droas_common.connection_limits import IdentifyMeter
from droas_common.discord_client import DiscordClient
from droas_common.discord_connection import DiscordConnection, OnState
from droas_common.settings import DiscordSettings
from droas_mother.adapters.discord.messages import Raw, facts_of
from droas_mother.core.protection.facts import MessageFacts

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
        if guild is None or guild.unavailable:
            return  # a direct message, or a group of which it is not known yet who may do what
        facts = facts_of(data, guild, self.exempt_roles, at_s=time.monotonic(), edited=edited)
        if facts is not None:
            self._on_message(facts)


def connect(
    *, token: Any, settings: DiscordSettings, watcher: Watcher, on_state: OnState, meter: IdentifyMeter
) -> DiscordConnection:
    """Give the mother's connection, not yet running."""
    return DiscordConnection(
        token=token, settings=settings, intents=intents(), on_state=on_state, wire=watcher.wire, meter=meter
    )
