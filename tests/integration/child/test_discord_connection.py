"""A connection on a real gateway: one strange event costs that event, and nobody gets a client too early."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import nextcord
import pytest
from pydantic import SecretStr

from droas_child.adapters.discord import intents
from droas_common import discord_connection
from droas_common.connection_limits import IdentifyMeter
from droas_common.discord_connection import DiscordConnection
from droas_common.logs import start_logging
from droas_common.settings import DiscordSettings
from droas_common.wire.heartbeats import GatewayState
from droas_common.wire.records import LogRecord
from droas_sandbox.server import Sandbox
from droas_sandbox.world.state import Event
from tests.support.town import TOKENS, WORLD, until

FORWARD = {"type": 0, "content": "", "timestamp": "2026-01-01T00:00:00Z"}
STICKER = {"id": "1", "name": "wave"}
STRANGE: dict[str, dict[str, Any]] = {
    "a forward of a new type": {"message_snapshots": [{"message": {**FORWARD, "type": 46}}]},
    "a forward without content": {"message_snapshots": [{"message": {"type": 0}}]},
    "a sticker of a new format": {"sticker_items": [{**STICKER, "format_type": 5}]},
    "an interaction of nobody": {"interaction_metadata": {"id": "1", "type": 2}},
    "an embed of no time": {"embeds": [{"type": "rich", "timestamp": "secret-word-of-somebody"}]},
}


class Ear:
    """A connection, and what came through it."""

    def __init__(self, settings: DiscordSettings) -> None:
        self.states: list[GatewayState] = []
        self.heard: list[str] = []
        self.meter = IdentifyMeter(lambda _sent: 5, lambda: None, on_limit=lambda _limit: None)
        self.connection = DiscordConnection(
            token=SecretStr(TOKENS["helper"]),
            settings=settings,
            intents=intents(),
            on_state=lambda state, _why: self.states.append(state),
            wire=self._wire,
            meter=self.meter,
        )

    def _wire(self, client: nextcord.Client) -> None:
        async def on_message(message: nextcord.Message) -> None:
            self.heard.append(message.content)
            if message.content == "stumble":
                raise ValueError(f"with {TOKENS['helper']}")

        client.add_listener(on_message)


@pytest.fixture
def lines() -> Iterator[list[LogRecord]]:
    """Give the log's lines."""
    kept: list[LogRecord] = []
    start_logging([kept.append])
    yield kept
    start_logging([])


@pytest.fixture
async def ear() -> AsyncIterator[tuple[Ear, Any]]:
    """Give a connection that is ready, and a function that sends a message with odd fields its way."""
    async with Sandbox() as sandbox:
        sandbox.plant(WORLD)
        ear = Ear(DiscordSettings.model_validate({"api_base": sandbox.api_base}))
        running = asyncio.ensure_future(ear.connection.run())
        await until(lambda: GatewayState.READY in ear.states, "the gateway is not ready")
        guild = next(one for one in sandbox.world.guilds.values() if one.data["name"] == "Harbour")
        channel_id = next(iter(guild.channels))
        author = next(one for one in sandbox.world.users.values() if one["username"] == "ada")

        def send(text: str, **odd: Any) -> None:
            data = {
                "id": str(1_200_000_000_000_000_000 + len(ear.heard)),
                "type": 0,
                "channel_id": channel_id,
                "guild_id": guild.id,
                "author": author,
                "content": text,
                "timestamp": "2026-01-01T00:00:00+00:00",
                "edited_timestamp": None,
                "tts": False,
                "pinned": False,
                "mention_everyone": False,
                **{name: [] for name in ("mentions", "mention_roles", "attachments", "embeds")},
                **odd,
            }
            event = Event(name="MESSAGE_CREATE", data=data, guild_id=guild.id, channel_id=channel_id)
            sandbox.world.emit(event)

        yield ear, send
        await ear.connection.close()
        await running


async def test_an_event_that_cannot_be_read_is_left_out(ear: Any, lines: list[LogRecord]) -> None:
    """The next one is heard on the same connection; what somebody wrote is not in the log."""
    one, send = ear
    for number, odd in enumerate(STRANGE.values()):
        send("", **odd)
        send(f"after {number}")
    last = f"after {len(STRANGE) - 1}"
    await until(lambda: last in one.heard, "the connection is deaf")
    assert (one.meter.sent, one.states.count(GatewayState.LOST)) == (1, 0)
    skipped = [line for line in lines if line.event == "gateway_event_skipped"]
    assert [line.fields["gateway_event"] for line in skipped] == ["MESSAGE_CREATE"] * len(STRANGE)
    assert "secret-word" not in str(skipped)


async def test_what_a_handler_raises_is_logged_and_not_printed(
    ear: Any, lines: list[LogRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    """So that it passes the masking of secrets; standard error is left alone."""
    one, send = ear
    capsys.readouterr()
    send("stumble")
    await until(lambda: "stumble" in one.heard, "the message is not heard")
    (died,) = await until(
        lambda: [line for line in lines if line.event == "discord_handler_died"], "nothing is logged"
    )
    assert "ValueError: with [redacted]" in died.exception
    assert capsys.readouterr().err == ""


async def test_nobody_gets_a_client_that_is_not_logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request of it would go out without a token, and open what nobody closes."""
    seen: list[tuple[str, bool]] = []
    logged_in = asyncio.Event()
    ear = Ear(DiscordSettings())

    def note(moment: str) -> None:
        seen.append((moment, ear.connection.client is not None))

    class Client(discord_connection.DiscordClient):
        async def login(self, token: str) -> None:
            note("login")

        async def connect(self, *, reconnect: bool = True) -> None:
            note("connect")
            logged_in.set()
            await asyncio.Event().wait()

        async def close_quietly(self) -> None:
            note("close")
            running.cancel()

    monkeypatch.setattr(discord_connection, "DiscordClient", Client)
    running = asyncio.ensure_future(ear.connection.run())
    await logged_in.wait()
    await ear.connection.close()
    await asyncio.wait({running})
    assert seen == [("login", False), ("connect", True), ("close", False), ("close", False)]
