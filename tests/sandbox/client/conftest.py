"""nextcord 3.2 as the client: what it understands, a real bot understands."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import nextcord
import pytest
from nextcord.ext import commands
from nextcord.http import Route


class Listener(commands.Bot):
    """A bot that writes down what it hears."""

    def __init__(self) -> None:
        super().__init__(
            command_prefix="!",
            intents=nextcord.Intents.all(),
            guild_ready_timeout=0.02,
            heartbeat_timeout=5.0,
        )
        self.heard: list[tuple[str, tuple[Any, ...]]] = []
        self._changed = asyncio.Condition()

    def dispatch(self, event_name: str, /, *args: Any, **kwargs: Any) -> None:
        """Note an event before it goes its way."""
        self.heard.append((event_name, args))
        super().dispatch(event_name, *args, **kwargs)

    async def hears(self, name: str, timeout_s: float = 3.0) -> tuple[Any, ...]:
        """Wait for an event and give its arguments; each is given once."""
        async with asyncio.timeout(timeout_s):
            while True:
                for index, (heard, args) in enumerate(self.heard):
                    if heard == name:
                        del self.heard[: index + 1]
                        return args
                await asyncio.sleep(0.002)

    async def on_command_error(self, *_: Any) -> None:
        """Unknown commands do not matter here."""


Connect = Callable[..., Awaitable[Listener]]


@pytest.fixture
async def connect(town: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Give a maker of bots that are ready; setting up may be done before they connect."""
    monkeypatch.setattr(Route, "BASE", town.sandbox.api_base)
    running: list[tuple[Listener, asyncio.Task[None]]] = []

    async def start(prepare: Callable[[Listener], None] | None = None) -> Listener:
        listener = Listener()
        if prepare is not None:
            prepare(listener)
        task = asyncio.create_task(listener.start(town.bot.token))
        running.append((listener, task))
        await listener.hears("ready")
        return listener

    yield start
    for listener, task in running:
        await listener.close()
        await asyncio.wait({task}, timeout=5)


@pytest.fixture
async def bot(connect: Connect) -> Listener:
    """A bot that is ready."""
    return await connect()


@pytest.fixture
def channel(town: Any, bot: Listener) -> nextcord.TextChannel:
    """The town's channel as the bot knows it."""
    found = bot.get_channel(int(town.channel_id))
    assert isinstance(found, nextcord.TextChannel)
    return found
