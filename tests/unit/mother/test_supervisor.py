"""Bots that come, go and change while the mother runs, with processes that end as soon as they are asked."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import HttpUrl, SecretStr

from droas_common.errors import OutsideError
from droas_common.ids import BotName
from droas_common.settings import BotSettings, LlmSettings
from droas_common.wire.heartbeats import StartLimit
from droas_mother.adapters.processes import token_holders
from droas_mother.adapters.processes.token_holders import TokenHolders
from droas_mother.core.supervision.lifecycle import State
from droas_mother.core.supervision.supervision_settings import SupervisionSettings
from droas_mother.flows.supervision.identify_desk import IdentifyDesk
from droas_mother.flows.supervision.supervisor import Supervisor

ONE, TWO = BotName("bot_01"), BotName("bot_02")


def settings(token: str, prompt: str = "be kind") -> BotSettings:
    """Give a bot's settings."""
    llm = LlmSettings(base_url=HttpUrl("http://127.0.0.1:9/v1"), api_key=SecretStr("none"))
    return BotSettings(discord_token=SecretStr(token), llm_config=llm, system_prompt=prompt)


class Process:
    """A process that ends when it is asked to."""

    created_at = None

    def __init__(self, pid: int) -> None:
        self.pid, self.started_at, self.ended = pid, time.monotonic(), asyncio.Event()
        self._tell: Callable[[], None] = lambda: None

    def on_end(self, tell: Callable[[], None]) -> None:
        """Tell of the end."""
        self._tell = tell

    def signal(self, _number: signal.Signals) -> None:
        """End."""
        self.ended.set()
        self._tell()

    def kill(self) -> None:
        """End."""
        self.signal(signal.SIGKILL)

    async def exit_code(self) -> int:
        """Give how it ended."""
        return -15


class Nursery:
    """Where they come from; a birth can be held up."""

    def __init__(self) -> None:
        self.born: list[tuple[BotName, str]] = []
        self.may_be_born = asyncio.Event()
        self.may_be_born.set()

    async def spawn(self, name: BotName, settings: BotSettings, incarnation: int) -> Process:
        """Start one."""
        self.born.append((name, settings.discord_token.get_secret_value()))
        await self.may_be_born.wait()
        return Process(1000 + len(self.born))

    def bury(self, name: BotName, incarnation: int, child: Process) -> None:
        """Give back nothing."""


@asynccontextmanager
async def supervised(*names: BotName) -> AsyncIterator[tuple[Supervisor, Nursery]]:
    """Run a supervisor of these bots, all of them starting."""
    nursery: Any = Nursery()
    silent: Any = None
    supervisor = Supervisor(
        {name: settings(f"token-of-{name}") for name in names},
        unwanted=frozenset(),
        supervision=SupervisionSettings(),
        children=nursery,
        health=silent,
        budget=IdentifyDesk(500, [], lambda _identify: None, apart_s=0),
        on_change=lambda _keeper: None,
    )
    task = asyncio.create_task(supervisor.run())
    try:
        async with asyncio.timeout(5):
            await supervisor.wait_until(lambda: all_in(supervisor, State.STARTING))
            yield supervisor, nursery
    finally:
        task.cancel()
        await asyncio.wait({task})


def budget_of(supervisor: Supervisor) -> Any:
    """Give what counts the IDENTIFYs."""
    return supervisor._budget


def all_in(supervisor: Supervisor, state: State) -> bool:
    """Whether all bots are there."""
    return all(keeper.bot.state is state for keeper in supervisor.keepers.values())


async def test_bots_come_and_go() -> None:
    """A new one starts at once, a removed one ends in good order and is kept no longer; the other is not touched."""
    async with supervised(ONE) as (supervisor, nursery):
        supervisor.add(TWO, settings("token-of-bot_02"), 2)
        await supervisor.wait_until(lambda: supervisor.keepers[TWO].bot.state is State.STARTING)
        assert supervisor.keepers[TWO].bot.revision == 2
        supervisor.drop(TWO)
        while TWO in supervisor.keepers:
            await asyncio.sleep(0)
        assert [name for name, _ in nursery.born] == [ONE, TWO]


async def test_one_that_is_leaving_may_stay() -> None:
    """Its file is back before it has ended: it goes on with what the file says now."""
    async with supervised(ONE) as (supervisor, nursery):
        supervisor.drop(ONE)
        supervisor.add(ONE, settings("another-token"), 3)
        await supervisor.wait_until(lambda: len(nursery.born) == 2 and all_in(supervisor, State.STARTING))
        assert nursery.born[-1] == (ONE, "another-token")


async def test_one_that_somebody_stopped_stays_so() -> None:
    """Neither new settings nor a file that goes and comes back start what a person has stopped."""
    async with supervised(ONE) as (supervisor, nursery):
        keeper = supervisor.keepers[ONE]
        keeper.want(wanted=False)
        await supervisor.wait_until(lambda: all_in(supervisor, State.STOPPED))
        keeper.reconfigure(settings("another-token"), 2, renewal="its settings changed")
        supervisor.drop(ONE)
        while ONE in supervisor.keepers:
            await asyncio.sleep(0)
        supervisor.add(ONE, settings("another-token"), 3)
        await asyncio.sleep(0.01)
        assert len(nursery.born) == 1
        assert supervisor.keepers[ONE].bot.state is State.STOPPED


async def test_settings_that_change_while_a_process_starts_are_not_lost() -> None:
    """A process that was started with the old ones is replaced as soon as it is there."""
    async with supervised(ONE) as (supervisor, nursery):
        keeper = supervisor.keepers[ONE]
        nursery.may_be_born.clear()
        keeper.restart()
        while len(nursery.born) < 2:
            await asyncio.sleep(0)
        keeper.reconfigure(settings("another-token"), 2, renewal="its settings changed")
        nursery.may_be_born.set()
        await supervisor.wait_until(lambda: len(nursery.born) == 3 and all_in(supervisor, State.STARTING))
        assert nursery.born[-1] == (ONE, "another-token")


async def test_one_whose_process_is_on_its_way_is_not_at_rest() -> None:
    """A bot that is removed while it starts is seen off when it has started, and nobody is left behind."""
    async with supervised(ONE) as (supervisor, nursery):
        nursery.may_be_born.clear()
        supervisor.add(TWO, settings("token-of-bot_02"), 2)
        while len(nursery.born) < 2:
            await asyncio.sleep(0)
        keeper = supervisor.keepers[TWO]
        supervisor.drop(TWO)
        for _ in range(5):
            supervisor._wake()  # as any change of another bot does
            await asyncio.sleep(0)
        assert (keeper.bot.state, keeper.at_rest) == (State.STOPPED, False)
        assert TWO in supervisor.keepers
        nursery.may_be_born.set()
        while TWO in supervisor.keepers:
            await asyncio.sleep(0)
        assert [exit_.code for exit_ in keeper.bot.exits] == [-15]


async def test_an_old_life_spends_nothing_of_a_new_token() -> None:
    """What a process says while it drains is the matter of the token that it was started with."""
    async with supervised(ONE) as (supervisor, _nursery):
        keeper = supervisor.keepers[ONE]
        incarnation = keeper.bot.incarnation
        keeper.reconfigure(settings("another-token"), 2)
        keeper.hear(incarnation, StartLimit(total=1000, remaining=0, reset_after_s=80_000))
        assert budget_of(supervisor).wait_s(SecretStr("another-token")) == 0
        assert budget_of(supervisor).wait_s(SecretStr("token-of-bot_01")) > 79_000


async def test_a_token_is_free_when_its_holder_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another bot waits for it, the same bot does not, and who waits too long is told whose it is."""
    holders, token = TokenHolders(), SecretStr("a-token-of-nobody")
    holders.hold(token, (ONE, 1))
    await holders.wait(token, ONE)
    waiting = asyncio.create_task(holders.wait(token, TWO))
    await asyncio.sleep(0)
    assert not waiting.done()
    holders.free((ONE, 1))
    await waiting
    holders.hold(token, (ONE, 2))
    monkeypatch.setattr(token_holders, "LONGEST_WAIT_S", 0.01)
    with pytest.raises(OutsideError, match="in use by bot_01"):
        await holders.wait(token, TWO)
