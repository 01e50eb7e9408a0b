"""All bots together: a keeper each, so that a slow one never delays a command to another."""

import asyncio
from collections.abc import Callable
from typing import Any

from droas_common.ids import BotName, Snowflake
from droas_common.settings import BotSettings, ProtectionLevel
from droas_common.wire.heartbeats import FromChild
from droas_mother.core.authorization import Principal
from droas_mother.core.lifecycle import State
from droas_mother.core.policy import strictest
from droas_mother.core.settings import SupervisionSettings
from droas_mother.flows.bot_keeper import BotKeeper
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
    """

    def __init__(
        self,
        bots: dict[BotName, BotSettings],
        *,
        unwanted: frozenset[BotName],
        supervision: SupervisionSettings,
        children: Children[Any],
        health: HealthLink,
        budget: IdentifyBudget,
        on_change: Callable[[BotKeeper], None],
    ) -> None:
        self._on_change = on_change
        self._changed = asyncio.Event()
        self.keepers = {
            name: BotKeeper(
                name,
                settings,
                supervision=supervision,
                children=children,
                health=health,
                budget=budget,
                on_change=self._note_change,
            )
            for name, settings in bots.items()
        }

        for name in unwanted & self.keepers.keys():
            self.keepers[name].wanted = False

    async def run(self) -> None:
        """Keep all bots until cancelled."""
        async with asyncio.TaskGroup() as group:
            for keeper in self.keepers.values():
                group.create_task(keeper.run(), name=f"keep-{keeper.name}")

    async def stop_all(self) -> None:
        """End all bots in good order, side by side."""
        for keeper in self.keepers.values():
            keeper.want(wanted=False)
        await self.wait_until(
            lambda: all(keeper.state in (State.STOPPED, State.FAILED) for keeper in self.keepers.values())
        )

    async def wait_until(self, reached: Callable[[], bool]) -> None:
        """Wait until this holds; it is asked after every change of any bot."""
        while not reached():
            await self._changed.wait()

    def hear(self, principal: Principal, word: FromChild) -> None:
        """Pass on what a child says to its keeper."""
        keeper = self.keepers.get(BotName(principal.name))
        if keeper is not None:
            keeper.hear(principal.incarnation, word)

    def level_of(self, guild_id: Snowflake, otherwise: ProtectionLevel) -> ProtectionLevel:
        """Give the strictest level among the bots of a group."""
        levels = frozenset(
            keeper.settings.protection_level for keeper in self.keepers.values() if guild_id in keeper.guilds
        )
        return strictest(levels, otherwise)

    def _note_change(self, keeper: BotKeeper) -> None:
        self._on_change(keeper)
        # Everybody waiting now is woken; who comes later waits for the next change.
        self._changed.set()
        self._changed = asyncio.Event()
