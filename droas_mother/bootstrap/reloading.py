"""Joins what follows the files to what takes their settings over."""

import asyncio
from contextlib import suppress

from droas_common.logs import log
from droas_common.wire.heartbeats import FromChild, Heartbeat
from droas_mother.adapters.folder_watch import FolderWatch
from droas_mother.bootstrap.bots import Bots
from droas_mother.bootstrap.ground import Ground
from droas_mother.bootstrap.live_settings import LiveSettings
from droas_mother.bootstrap.opening import Opening
from droas_mother.core.supervision.lifecycle import State
from droas_mother.core.tools.authorization import Principal
from droas_mother.flows.mother import Part
from droas_mother.flows.reloading.config_desk import ConfigDesk
from droas_mother.flows.reloading.config_enforcer import ConfigEnforcer, World
from droas_mother.flows.reloading.config_keeper import ConfigKeeper
from droas_mother.flows.reloading.confirmations import Confirmations
from droas_mother.flows.reloading.file_follower import FileFollower

_SETTLE_S = 10.0
"""So long the files are not looked after while bots are still being started."""


class Reloading:
    """Follows the configuration.

    Args:
        ground: what the mother stands on.
        bots: the children.
        carrier: brings settings to all of them.
        opening: what she has started with.
    """

    def __init__(self, ground: Ground, bots: Bots, carrier: LiveSettings, opening: Opening) -> None:
        self._ground = ground
        self._bots = bots
        self._opening = opening
        keepers = bots.supervisor.keepers
        self._confirmations = Confirmations(lambda: keepers, ground.metrics.note_config_applied)
        world = World(
            shelf=opening.store,
            carrier=carrier,
            keepers=lambda: keepers,
            audit=ground.gateway,
            tell=self._tell,
        )
        self._enforcer = ConfigEnforcer(opening.standing, world, self._confirmations)
        self._keeper = ConfigKeeper(self._enforcer, opening.files, opening.store, self._tell)
        self._follower = FileFollower(
            FolderWatch(opening.files.folder), self._keeper.files_changed, settled=self._settled
        )
        self.desk = ConfigDesk(self._keeper, opening.store, keepers)

    def first_part(self) -> Part:
        """Give what comes before any bot: the number of what is started with is used up."""
        return Part(name="configuration", start=self._keep)

    def last_parts(self) -> list[Part]:
        """Give what comes behind the bots and ends before them."""
        return [
            Part(name="rollouts", run=self._enforcer.run, stop=self._enforcer.close),
            Part(name="files", run=self._follower.run, vital=False),
        ]

    async def _keep(self) -> None:
        if self._opening.fresh:
            await self._keeper.keep_first()

    def hear(self, principal: Principal, word: FromChild) -> None:
        """Pass on what a child says, and see whether all have confirmed a change."""
        self._bots.supervisor.hear(principal, word)
        if isinstance(word, Heartbeat):
            self._confirmations.look()

    async def _settled(self) -> None:
        """Wait until the bots are up, keep what was started with, and say what is wrong with the files."""
        standing = self._opening.standing
        self._ground.metrics.note_config(standing.note.revision, valid=not standing.problems)
        if standing.problems or standing.held:
            log.error("configuration_not_from_files", revision=standing.note.revision, why=standing.words)
        for words in self._opening.warnings:
            log.warning("configuration_overlooked", what=words)
        starting = (State.STOPPED, State.STARTING)
        keepers = self._bots.supervisor.keepers
        with suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_S):
                await self._bots.supervisor.wait_until(
                    lambda: all(
                        one.bot.state not in starting or not one.bot.wanted for one in keepers.values()
                    )
                )
        if self._opening.fresh:
            await self._keeper.complete()

    def _tell(self, kind: str, words: str) -> None:
        standing = self._opening.standing
        self._bots.events.note_config(standing.note.revision, kind, words)
        self._ground.metrics.note_config(
            standing.note.revision, valid=kind != "refused" and not standing.problems, kind=kind
        )
