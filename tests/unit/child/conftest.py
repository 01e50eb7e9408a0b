"""A Discord and a model that remember what was asked of them."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from droas_child.core.conversation import Heard, Said
from droas_child.flows.answer import Answer, Ending
from droas_child.flows.toolbox import Toolbox
from droas_child.ports import ModelFailedError
from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_common.settings import BotSettings
from droas_common.tool_retries import RetryingTools
from droas_common.wire.calls import Actor, Json, ToolDescription, ToolResult

_BOT = Snowflake("99")


@dataclass
class FakeSpeaker:
    """Discord in a dictionary; a repeated nonce gives the message that it made before."""

    messages: dict[Snowflake, str] = field(default_factory=dict)
    log: list[tuple[float, str, str]] = field(default_factory=list)
    past: list[Said] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    takes_s: float = 0.0
    bot_id: Snowflake = _BOT
    _nonces: dict[str, Snowflake] = field(default_factory=dict)

    async def _do(self, what: str, text: str = "") -> None:
        self.log.append((asyncio.get_running_loop().time(), what, text))
        await asyncio.sleep(self.takes_s)
        if what in self.failing:
            self.failing.remove(what)
            raise OutsideError(f"Discord fails at {what}")

    def shown(self) -> list[str]:
        """Give what stands there."""
        return list(self.messages.values())

    def done(self, what: str) -> list[str]:
        """Give the texts of all acts of this kind."""
        return [text for _, kind, text in self.log if kind == what]

    def times(self, *kinds: str) -> list[float]:
        """Give when acts of these kinds began."""
        return [at for at, kind, _ in self.log if kind in kinds]

    async def say(
        self, channel_id: Snowflake, text: str, *, reply_to: Snowflake | None, nonce: str
    ) -> Snowflake:
        """Keep a message."""
        message_id = self._nonces.setdefault(nonce, Snowflake(str(1000 + len(self._nonces))))
        self.messages.setdefault(message_id, text)
        if "say, answer lost" in self.failing:
            self.failing.remove("say, answer lost")
            raise OutsideError("no answer came")
        try:
            await self._do("say", text)
        except OutsideError:
            del self.messages[message_id], self._nonces[nonce]
            raise
        return message_id

    async def change(self, channel_id: Snowflake, message_id: Snowflake, text: str) -> None:
        """Change a message."""
        await self._do("change", text)
        self.messages[message_id] = text

    async def take_back(self, channel_id: Snowflake, message_id: Snowflake) -> None:
        """Delete a message."""
        await self._do("take_back")
        self.messages.pop(message_id, None)

    async def show_typing(self, channel_id: Snowflake) -> None:
        """Note it."""
        await self._do("typing")

    async def history(self, channel_id: Snowflake, before: Snowflake, limit: int) -> list[Said]:
        """Give what a test put here."""
        await self._do("history")
        return self.past[-limit:]


Step = float | str | Json | ModelFailedError
"""Seconds of silence, a piece of text, a whole chunk, or a failure."""


@dataclass
class FakeModel:
    """A model that plays one script for each request."""

    scripts: list[list[Step]] = field(default_factory=list)
    requests: list[tuple[list[Json], list[Json]]] = field(default_factory=list)
    aborted: int = 0
    finish: str | None = "stop"

    @staticmethod
    def wants(*calls: tuple[str, str, str]) -> Json:
        """Give a chunk in which a model wants these calls: id, name, arguments."""
        pieces = [
            {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}
            for index, (call_id, name, arguments) in enumerate(calls)
        ]
        return {"choices": [{"delta": {"tool_calls": pieces}}]}

    async def stream(self, messages: Sequence[Json], tools: Sequence[Json]) -> AsyncGenerator[Any, None]:
        """Play the next script."""
        self.requests.append((list(messages), list(tools)))
        try:
            for step in self.scripts.pop(0):
                if isinstance(step, ModelFailedError):
                    raise step
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                else:
                    yield step if isinstance(step, dict) else {"choices": [{"delta": {"content": step}}]}
        except (asyncio.CancelledError, GeneratorExit):
            self.aborted += 1
            raise
        if self.finish is not None:
            yield {"choices": [{"delta": {}, "finish_reason": self.finish}]}


@dataclass
class FakeTools:
    """The mother's tools: each name has an answer, an error to raise, or seconds to take."""

    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    listed: int = 0

    async def list_tools(self, *, timeout_s: float = 5.0) -> list[ToolDescription]:
        """Give one tool, or fail."""
        self.listed += 1
        if "list" in self.answers:
            raise self.answers["list"]
        return [ToolDescription(name="economy.balance", description="tells", input_schema={"type": "object"})]

    async def call(
        self,
        name: str,
        arguments: Json,
        *,
        actor: Actor | None,
        timeout_s: float = 5.0,
        idempotency_key: str | None = None,
    ) -> ToolResult:
        """Give the next answer for this name."""
        self.calls.append({"name": name, "arguments": arguments, "actor": actor, "key": idempotency_key})
        answer = self.answers.get(name, {"ok": True})
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, float):
            await asyncio.sleep(min(answer, timeout_s))
            raise OutsideError("no answer in time")
        return ToolResult(structured_content=answer)


@pytest.fixture
def speaker() -> FakeSpeaker:
    """Discord."""
    return FakeSpeaker()


@pytest.fixture
def model() -> FakeModel:
    """A model without a script."""
    return FakeModel()


Ask = Callable[..., Heard]


@pytest.fixture
def ask() -> Ask:
    """Give a maker of questions; a number names one, anything else can be varied."""

    def make(number: int = 500, **more: Any) -> Heard:
        given: dict[str, Any] = {
            "message_id": Snowflake(str(number)),
            "channel_id": Snowflake("20"),
            "guild_id": Snowflake("10"),
            "author_id": Snowflake("7"),
            "author_name": "Ada",
            "author_is_bot": False,
            "text": "<@99> how are you?",
            "mentions_me": True,
            **more,
        }
        return Heard(**given)

    return make


@pytest.fixture
def settings() -> BotSettings:
    """The settings of a bot."""
    return BotSettings.model_validate(
        {
            "discord_token": "token-of-a-bot",
            "llm_config": {"base_url": "http://127.0.0.1:1/v1", "api_key": "key"},
            "system_prompt": "be kind",
        }
    )


@pytest.fixture
def tools() -> FakeTools:
    """The mother."""
    return FakeTools()


@pytest.fixture
def give(live: Any, speaker: Any, model: Any, tools: FakeTools, settings: Any, ask: Any) -> Any:
    """Give a function that has one question answered by the same bot, and does something meanwhile."""
    late_thinkers: set[str | None] = set()

    def run(*, meanwhile: Any = None, removed: tuple[str, ...] = (), **changes: Any) -> Ending:
        async def scene() -> Ending:
            answer = Answer(
                ask(),
                speaker=speaker,
                model=model,
                toolbox=Toolbox(RetryingTools(tools)),
                settings=settings.model_copy(update=changes),
                removed=frozenset(map(Snowflake, removed)),
                late_thinkers=late_thinkers,
            )
            async with asyncio.TaskGroup() as group:
                ending = group.create_task(answer.give())
                if meanwhile is not None:
                    await meanwhile(answer)
            return ending.result()

        result: Ending = live(scene())
        return result

    return run
