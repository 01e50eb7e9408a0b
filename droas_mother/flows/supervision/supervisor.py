"""All bots together: a keeper each, so that a slow one never delays a command to another."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from droas_common.ids import BotName, Snowflake
from droas_common.logs import log
from droas_common.settings import BotSettings
from droas_common.wire.heartbeats import FromChild
from droas_mother.core.reloading.config_plan import FIRST_REVISION
from droas_mother.core.supervision.bot import Bot
from droas_mother.core.supervision.keeping import rules_of
from droas_mother.core.supervision.supervision_settings import SupervisionSettings
from droas_mother.core.supervision.usage import Usage
from droas_mother.core.tools.authorization import Principal
from droas_mother.flows.supervision.bot_keeper import BotKeeper
from droas_mother.ports import Children, HealthLink, IdentifyBudget


class Supervisor:
    """Keeps the bots.

    Args:
        bots: their settings.
        unwanted: bots that somebody has stopped; they stay so.
        supervision: how children are kept.
        children: starts processes.
        health: speaks to them.
        budget: says how many IDENTIFYs are left.
        on_change: told after every change of a bot's state.
        revision: the configuration that this is.
    """

    def __init__(
        self,
        bots: Mapping[BotName, BotSettings],
        *,
        unwanted: frozenset[BotName],
        supervision: SupervisionSettings,
        children: Children[Any],
        health: HealthLink,
        budget: IdentifyBudget,
        on_change: Callable[[BotKeeper], None],
        revision: int = FIRST_REVISION,
    ) -> None:
        self._children, self._health, self._budget = children, health, budget
        self._live_restore = supervision.live_restore
        self._rules = rules_of(supervision)
        self._unwanted = set(unwanted)
        self._on_change = on_change
        self._changed = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self._tasks: dict[BotName, asyncio.Task[None]] = {}
        self.keepers = {name: self._keeper(name, settings, revision) for name, settings in bots.items()}

    async def take_over(self) -> None:
        """Take over the living children of an earlier mother, and end those that shall not run here."""
        wanted = frozenset(name for name, keeper in self.keepers.items() if keeper.bot.wanted)
        await self._children.end_strangers(wanted)
        if not self._live_restore:
            return
        adopted = await asyncio.gather(*(keeper.adopt() for keeper in self.keepers.values()))
        if any(adopted):
            log.info("children_found", count=sum(adopted))

    async def run(self) -> None:
        """Keep all bots until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                for keeper in self.keepers.values():
                    self._keep(keeper)
                await asyncio.Event().wait()  # others may come
        finally:
            self._group = None

    async def stop_all(self) -> None:
        """End all bots in good order, side by side; when they are kept no longer there is nothing to end."""
        if self._group is None:
            return
        for keeper in self.keepers.values():
            keeper.want(wanted=False)
        await self.wait_until(lambda: all(keeper.at_rest for keeper in self.keepers.values()))

    def add(self, name: BotName, settings: BotSettings, revision: int) -> None:
        """Keep one more bot; one that is just leaving stays, with these settings."""
        known = self.keepers.get(name)
        if known is None:
            self.keepers[name] = self._keeper(name, settings, revision)
            self._keep(self.keepers[name])
            return
        known.leaving = False
        known.want(wanted=name not in self._unwanted)
        known.reconfigure(settings, revision, renewal="its file was there again")
        self._wake()

    def drop(self, name: BotName) -> None:
        """End a bot in good order, and keep it no longer."""
        keeper = self.keepers[name]
        (self._unwanted.discard if keeper.bot.wanted else self._unwanted.add)(name)
        keeper.leaving = True
        keeper.want(wanted=False)
        if self._group is None:
            del self.keepers[name]
        else:
            self._group.create_task(self._see_off(keeper), name=f"see-off-{name}")

    def keep_by(self, supervision: SupervisionSettings) -> None:
        """Keep all bots by other rules from now on."""
        self._rules = rules_of(supervision)
        for keeper in self.keepers.values():
            keeper.keep_by(self._rules)

    async def wait_until(self, reached: Callable[[], bool]) -> None:
        """Wait until this holds; it is asked after every change of any bot."""
        while not reached():
            await self._changed.wait()

    def hear(self, principal: Principal, word: FromChild) -> None:
        """Pass on what a child says to its keeper."""
        keeper = self.keepers.get(BotName(principal.name))
        if keeper is not None:
            keeper.hear(principal.incarnation, word)

    def pids(self) -> frozenset[int]:
        """Give the processes of all bots."""
        return frozenset(keeper.bot.life.pid for keeper in self.keepers.values() if keeper.bot.life)

    def see(self, used: Mapping[int, Usage]) -> None:
        """Pass on what processes use to their keepers."""
        for keeper in self.keepers.values():
            usage = used.get(keeper.bot.life.pid) if keeper.bot.life else None
            if usage is not None:
                keeper.see(usage)

    def settings_in(self, guild_id: Snowflake) -> list[BotSettings]:
        """Give the settings of the bots of a group."""
        return [keeper.settings for keeper in self.keepers.values() if guild_id in keeper.bot.guilds]

    def _note_change(self, keeper: BotKeeper) -> None:
        self._on_change(keeper)
        self._wake()

    def _wake(self) -> None:
        # Everybody waiting now is woken; who comes later waits for the next change.
        self._changed.set()
        self._changed = asyncio.Event()

    def _keeper(self, name: BotName, settings: BotSettings, revision: int) -> BotKeeper:
        return BotKeeper(
            Bot(name=name, wanted=name not in self._unwanted, revision=revision),
            settings,
            rules=self._rules,
            children=self._children,
            health=self._health,
            budget=self._budget,
            on_change=self._note_change,
        )

    def _keep(self, keeper: BotKeeper) -> None:
        if self._group is not None:
            task = self._group.create_task(keeper.run(), name=f"keep-{keeper.name}")
            self._tasks[keeper.name] = task

    async def _see_off(self, keeper: BotKeeper) -> None:
        """Keep a bot until it has ended; unless it is wanted again meanwhile."""
        await self.wait_until(lambda: keeper.at_rest or not keeper.leaving)
        if keeper.leaving and self.keepers.get(keeper.name) is keeper:
            self._tasks.pop(keeper.name).cancel()
            del self.keepers[keeper.name]
            log.info("bot_removed", bot=keeper.name)
