"""One bot kept by the real keeper with real processes."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import HttpUrl, SecretStr

from droas_common.ids import BotName
from droas_common.settings import (
    BotSettings,
    ChildSettings,
    CurveKeys,
    DiscordSettings,
    Endpoints,
    LlmSettings,
)
from droas_common.wire.heartbeats import FromMother, Goodbye
from droas_mother.adapters.processes.child_process import ChildProcess
from droas_mother.adapters.processes.forkserver import Forkserver
from droas_mother.adapters.processes.spawning import Spawner
from droas_mother.core.supervision.bot import Bot
from droas_mother.core.supervision.keeping import rules_of
from droas_mother.core.supervision.lifecycle import State
from droas_mother.core.supervision.supervision_settings import SupervisionSettings
from droas_mother.flows.supervision.bot_keeper import BotKeeper
from droas_mother.flows.supervision.identify_desk import IdentifyDesk
from tests.support.town import alive

BOT = BotSettings(
    discord_token=SecretStr("a-token-of-nobody"),
    llm_config=LlmSettings(base_url=HttpUrl("http://127.0.0.1:9/v1"), api_key=SecretStr("none")),
)


class Nursery:
    """Starts children that run another function than a bot's."""

    def __init__(self, forkserver: Forkserver, folder: Path, target: str) -> None:
        self._folder = folder
        self._spawner = Spawner(forkserver, target=target)
        self.pids: list[int] = []

    async def spawn(self, name: BotName, settings: BotSettings, incarnation: int) -> ChildProcess:
        """Start one."""
        child = await self._spawner.spawn(
            ChildSettings(
                name=name,
                bot=settings,
                discord=DiscordSettings(),
                endpoints=Endpoints(tools="", events="", health="", logs=""),
                keys=CurveKeys(public_key="", secret_key=SecretStr(""), server_key=""),
                lock_path=str(self._folder / "lock"),
                stacks_path=str(self._folder / "stacks"),
            )
        )
        self.pids.append(child.pid)
        return child

    async def adopt(self, name: BotName, settings: BotSettings) -> None:
        """There is nobody to take over."""

    async def end_strangers(self, wanted: frozenset[BotName]) -> None:
        """There are none."""

    def bury(self, name: BotName, incarnation: int, child: ChildProcess) -> None:
        """Give back what it held."""
        child.release()


@pytest.fixture(scope="module")
def forkserver() -> Iterator[Forkserver]:
    """The one forkserver that a process has."""
    made = Forkserver()
    yield made
    made.close()


class Silence:
    """Nobody can be reached."""

    def tell(self, bot: str, incarnation: int, word: FromMother) -> bool:
        """Say nothing."""
        return False


async def test_a_hung_child_is_asked_where_it_stands_before_it_is_killed(
    forkserver: Forkserver, short_tmp: Path
) -> None:
    """Its stacks name the function that blocks; it is killed and a new one started; the end leaves nobody."""
    nursery: Any = Nursery(forkserver, short_tmp, "tests.support.hanging_child:run")
    changed = asyncio.Event()
    keeper = BotKeeper(
        Bot(name=BotName("sleeper")),
        BOT,
        rules=rules_of(SupervisionSettings(startup_timeout_s=1.0, stop_grace_s=0.1)),
        children=nursery,
        health=Silence(),
        budget=IdentifyDesk(500, [], lambda _identify: None),
        on_change=lambda _keeper: changed.set(),
    )
    task = asyncio.create_task(keeper.run())
    async with asyncio.timeout(20):
        while keeper.bot.restarts < 1 or keeper.bot.state is not State.STARTING:
            changed.clear()
            await changed.wait()
        (ended,) = keeper.bot.exits
        assert ended.words == "killed: it did not register in time"
        assert "wait_for_ever" in ended.stacks
        keeper.want(wanted=False)
        while keeper.bot.state is not State.STOPPED:
            changed.clear()
            await changed.wait()
    task.cancel()
    await asyncio.wait({task})
    assert not alive([psutil.Process(pid) for pid in nursery.pids if psutil.pid_exists(pid)])


async def test_stacks_of_the_life_before_are_not_the_next_ones(
    forkserver: Forkserver, short_tmp: Path
) -> None:
    """What a life wrote is gone when the next one begins, even when that one never comes to write its own."""
    (short_tmp / "stacks").write_text("the life before")
    nursery = Nursery(forkserver, short_tmp, "tests.support.hanging_child:run_blind")
    child = await nursery.spawn(BotName("sleeper"), BOT, 1)
    assert await child.ask_stacks() == ""
    child.kill()
    await child.ended.wait()
    child.release()


class Ending:
    """A process that has just ended in good order."""

    pid, started_at = 4_000_000, 0.0

    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.ended.set()

    def on_end(self, tell: Callable[[], None]) -> None:
        """It has ended already."""
        tell()

    async def exit_code(self) -> int:
        """Give a code that says nothing."""
        return 0

    def kill(self) -> None:
        """There is nothing to kill."""


class Maternity:
    """Gives a process whose end is noticed before its last word has come."""

    async def spawn(self, _name: BotName, _settings: BotSettings, _incarnation: int) -> Ending:
        """Start one."""
        return Ending()

    def bury(self, _name: BotName, _incarnation: int, _child: Ending) -> None:
        """Give back nothing."""


async def test_what_a_child_said_last_is_heard_though_its_end_was_noticed_first() -> None:
    """A refused token is known as one, by its words, and is not tried again."""
    births: Any = Maternity()
    keeper = BotKeeper(
        Bot(name=BotName("refused")),
        BOT,
        rules=rules_of(SupervisionSettings()),
        children=births,
        health=Silence(),
        budget=IdentifyDesk(500, [], lambda _identify: None),
        on_change=lambda _keeper: None,
    )
    task = asyncio.create_task(keeper.run())
    async with asyncio.timeout(2):
        while keeper.bot.life is None:
            await asyncio.sleep(0)
        await asyncio.sleep(0.02)
        keeper.hear(1, Goodbye(reason="Discord refuses the token", fatal=True))
        while keeper.bot.life is not None:
            await asyncio.sleep(0)
    assert keeper.bot.state is State.FAILED
    assert keeper.bot.reason == "Discord refuses the token"
    task.cancel()
    await asyncio.wait({task})
