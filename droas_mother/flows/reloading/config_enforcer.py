"""Puts a configuration into force: at once, or tried on some bots first; and takes it back when that goes wrong."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from droas_common.errors import OutsideError
from droas_common.ids import BotName
from droas_common.logs import log
from droas_mother.core.reloading.config_plan import Plan, plan
from droas_mother.core.reloading.revisions import RevisionNote
from droas_mother.core.reloading.rollout import Promote, TakeBack, Wait
from droas_mother.flows.reloading.canary import Canary, Keepers, Proposal, choose
from droas_mother.flows.reloading.config_standing import Standing
from droas_mother.flows.reloading.confirmations import Confirmations
from droas_mother.flows.reloading.revision_book import RevisionBook
from droas_mother.ports import AuditLog
from droas_mother.ports.configuration import Carrier, RevisionShelf

_WATCH_S = 0.25
_REMIND_S = 1.0
_CATCH_UP_S = 2.0
_BEING_TRIED = "it was being tried when the mother ended; `droasctl config apply` puts the files into force"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What changes of the configuration reach.

    Args:
        shelf: keeps revisions.
        carrier: carries plans out.
        keepers: gives the bots.
        audit: writes down who changed what.
        tell: told what happened: a kind, and words for people.
    """

    shelf: RevisionShelf
    carrier: Carrier
    keepers: Callable[[], Keepers]
    audit: AuditLog
    tell: Callable[[str, str], None]


class ConfigEnforcer:
    """Keeps one configuration in force.

    Args:
        standing: what runs.
        world: what it reaches.
        confirmations: watches who has taken over what.
    """

    def __init__(self, standing: Standing, world: World, confirmations: Confirmations) -> None:
        self.standing = standing
        self.canary: Canary | None = None
        self.one_at_a_time = asyncio.Lock()
        self.confirmations = confirmations
        self.book = RevisionBook(world.shelf, world.audit)
        self._closed = False
        self._world = world
        self._canary_began = asyncio.Event()

    async def run(self) -> None:
        """Watch changes that are tried, remind bots, and write what could not be written, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_canaries(), name="watch-canaries")
            group.create_task(self._remind(), name="remind-bots")
            group.create_task(self._catch_up(), name="write-what-is-owed")

    async def close(self) -> None:
        """Put nothing into force from now on, because the mother stops; one that is on its way is waited for."""
        async with self.one_at_a_time:
            self._closed = True
            await self.book.catch_up()

    async def put_into_force(
        self, proposal: Proposal, *, since: float | None = None, canaries: int = 0
    ) -> None:
        """Give a configuration to all, or first to so many bots that can try it; the lock must be held.

        Raises:
            OutsideError: it cannot be written down, or the mother stops; nothing was done.
        """
        if self._closed:
            raise OutsideError("the mother stops")
        world, number = self._world, proposal.note.revision
        await self.book.note(proposal.note, rollback=proposal.rollback)
        if self.canary is not None:
            await self._take_back(self.canary, "another change came", level="INFO")
        self.standing.last_revision = number
        chosen = choose(proposal.steps.touched, world.keepers(), canaries)
        if chosen:
            await self._begin_canary(proposal, chosen)
        else:
            await self.book.keep(proposal.tree, proposal.note)
            world.carrier.give_all(proposal.steps, proposal.target, number)
            self._settle(proposal, proposal.note)
        self.confirmations.begin(since)

    def _settle(self, proposal: Proposal, note: RevisionNote) -> None:
        """It is in force: note it, tell it."""
        standing = self.standing
        standing.note, standing.tree = note, proposal.tree
        standing.configuration, standing.wanted = proposal.target, proposal.wanted
        steps = summary(proposal.steps)
        log.info("configuration_in_force", revision=note.revision, who=note.who, steps=steps)
        self._world.tell("applied", f"revision {note.revision} by {note.who}: {steps}")

    # --- tried on some bots first ---------------------------------------------

    async def _begin_canary(self, proposal: Proposal, chosen: frozenset[BotName]) -> None:
        number, rollout = proposal.note.revision, proposal.wanted.mother.rollout
        # When the mother ends now, the next one must not give everybody what nobody has found good.
        await self.book.keep(
            proposal.tree, msgspec.structs.replace(proposal.note, in_force=False, words=_BEING_TRIED)
        )
        self._world.carrier.give(proposal.steps, proposal.target, number, to=chosen)
        self.canary = Canary(proposal=proposal, canaries=chosen, observe_s=rollout.observe_s)
        self.canary.watch(self._world.keepers())
        self._canary_began.set()
        names = ", ".join(sorted(chosen))
        log.info("configuration_tried", revision=number, bots=names, seconds=rollout.observe_s)
        self._world.tell("tried", f"revision {number} is tried by {names} for {rollout.observe_s:g} s")

    async def _watch_canaries(self) -> None:
        while True:
            await self._canary_began.wait()
            async with self.one_at_a_time:
                await self._judge()
            await asyncio.sleep(_WATCH_S)

    async def _judge(self) -> None:
        canary = self.canary
        if canary is None or self._closed:
            self._canary_began.clear()
            return
        match canary.watch(self._world.keepers()):
            case Wait():
                pass
            case Promote(why):
                proposal, note = canary.proposal, msgspec.structs.replace(canary.proposal.note, words=why)
                self.canary = None
                self._world.carrier.give_all(
                    proposal.steps, proposal.target, note.revision, done=canary.canaries
                )
                self._settle(proposal, note)
                await self.book.keep(proposal.tree, note)
                self.confirmations.begin(None)
            case TakeBack(why):
                await self._take_back(canary, why)
                self.standing.held = f"revision {canary.proposal.note.revision} was taken back: {why}"

    async def _take_back(self, canary: Canary, why: str, *, level: str = "ERROR") -> None:
        """Give the bots that tried a change what the others run; this is logged at a level."""
        standing, proposal = self.standing, canary.proposal
        self.canary = None
        number = proposal.note.revision
        back = plan(proposal.target, standing.configuration)
        there = canary.canaries & standing.configuration.bots.keys() & self._world.keepers().keys()
        self._world.carrier.give(back, standing.configuration, standing.note.revision, to=there)
        words = f"revision {number} was taken back: {why}"
        log.log(level, "configuration_taken_back", revision=number, why=why)
        self._world.tell("taken_back", words)
        await self.book.keep(
            proposal.tree, msgspec.structs.replace(proposal.note, in_force=False, words=words)
        )
        self.confirmations.begin(None)

    async def _catch_up(self) -> None:
        while True:
            await asyncio.sleep(_CATCH_UP_S)
            async with self.one_at_a_time:
                await self.book.catch_up()

    async def _remind(self) -> None:
        """Tell a bot once more what it has not confirmed: the last event may have been lost."""
        while True:
            await asyncio.sleep(_REMIND_S)
            for name in self.confirmations.to_remind():
                self._world.carrier.repeat(name)


def summary(steps: Plan) -> str:
    """Say in words what a plan does."""
    parts = [
        f"{verb} {', '.join(sorted(names))}"
        for verb, names in (
            ("starts", steps.start),
            ("stops", steps.stop),
            ("restarts", steps.restart),
            ("changes", steps.live),
        )
        if names
    ]
    if steps.mother:
        parts.append("changes the mother")
    return "; ".join(parts) or "nothing that runs changes"
