"""From changed files to a proposal: read, hash, decrypt, validate, compare; one change at a time.

What cannot be used changes nothing: what ran goes on, and it is said once.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec

from droas_common.errors import OutsideError, RequestError
from droas_common.logs import log, redactor
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.reloading.config_diff import Change
from droas_mother.core.reloading.config_opening import Interpreted
from droas_mother.core.reloading.config_plan import after, plan
from droas_mother.core.reloading.revisions import BY_WATCHER, RevisionNote
from droas_mother.flows.reloading.canary import Proposal
from droas_mother.flows.reloading.config_enforcer import ConfigEnforcer
from droas_mother.ports.configuration import ConfigFiles, RevisionShelf

SECOND_LOOK_S = 0.25
"""Faulty or missing files are looked at once more after this time: they may just be written anew."""

MOST_POSTPONED = 8
"""Under writes that do not end, what is faulty or missing is taken for meant after so many readings: some seconds."""


class NotUsableError(RequestError):
    """The files cannot be used; the text says every fault."""


class NoSuchRevisionError(RequestError):
    """This revision is not kept."""


class ConfigKeeper:
    """Looks after the files.

    Args:
        enforcer: puts into force.
        files: reads and interprets.
        shelf: has earlier revisions.
        tell: told what happened: a kind, and words for people.
    """

    def __init__(
        self,
        enforcer: ConfigEnforcer,
        files: ConfigFiles,
        shelf: RevisionShelf,
        tell: Callable[[str, str], None],
    ) -> None:
        self.enforcer = enforcer
        self.standing = enforcer.standing
        self.refused = 0
        self._postponed = 0
        self._files = files
        self._shelf = shelf
        self._tell = tell

    async def files_changed(self, since: float, changing: Callable[[], bool] = lambda: False) -> None:
        """Put the files into force, because they have changed.

        Args:
            since: when, a moment of the monotonic clock.
            changing: says whether they go on to change, so that they will soon be read again.
        """
        async with self.enforcer.one_at_a_time:
            tree, digest = await asyncio.to_thread(self._read)
            if digest == self.standing.disk_digest:
                return
            found, proposal = await self._work_out(tree, digest, BY_WATCHER)
            if proposal is None or proposal.steps.stop:
                await asyncio.sleep(SECOND_LOOK_S)
                self._postponed += 1
                if changing() and self._postponed < MOST_POSTPONED:
                    return
                tree, digest = await asyncio.to_thread(self._read)
                found, proposal = await self._work_out(tree, digest, BY_WATCHER)
            self._postponed = 0
            if proposal is None:
                self._refuse(digest, found)
            else:
                await self._take(proposal, since)

    async def apply(self, who: str, *, dry_run: bool, canary: bool) -> Proposal:
        """Put the files into force as they lie there now, or only say what that would do.

        Raises:
            NotUsableError: they have faults.
            OutsideError: it cannot be written down.
        """
        async with self.enforcer.one_at_a_time:
            tree, digest = await asyncio.to_thread(self._read)
            found, proposal = await self._work_out(tree, digest, who)
            if proposal is None:
                if not dry_run:
                    self._refuse(digest, found)
                raise NotUsableError("\n".join(found.problems))
            if not dry_run:
                await self._accept(proposal, canary=canary)
            return proposal

    async def rollback(self, who: str, number: int) -> Proposal:
        """Put a kept revision into force, unless what it says is; the files on the disk stay as they are.

        Raises:
            NoSuchRevisionError: it is not kept.
            NotUsableError: it cannot be used today, for example because a variable is missing.
            OutsideError: it cannot be read, or written down.
        """
        async with self.enforcer.one_at_a_time:
            kept = await asyncio.to_thread(self._shelf.load, number)
            if kept is None:
                raise NoSuchRevisionError(
                    f"revision {number} is not kept; `droasctl config history` lists those that are"
                )
            found, proposal = await self._work_out(kept.tree, kept.tree.digest, who, back_to=number)
            if proposal is None:
                raise NotUsableError("\n".join(found.problems))
            if not proposal.changes_something and self.enforcer.canary is None:
                return proposal
            await self.enforcer.put_into_force(proposal)
            self.standing.held = (
                proposal.note.words if proposal.note.digest != self.standing.disk_digest else ""
            )
            return proposal

    async def keep_first(self) -> None:
        """Keep what the mother starts with: its number must never be given to anything else."""
        await self.enforcer.book.keep(self.standing.tree, self.standing.note)

    async def complete(self) -> None:
        """Note what the mother's start has changed against the revision before."""
        async with self.enforcer.one_at_a_time:
            standing = self.standing
            try:
                changes = await asyncio.to_thread(self._since_last)
            except OutsideError as error:
                log.warning("changes_not_known", revision=standing.note.revision, why=str(error))
                return
            if changes:
                standing.note = msgspec.structs.replace(standing.note, changes=list(changes))
                await self.enforcer.book.keep(standing.tree, standing.note)

    def _since_last(self) -> tuple[Change, ...]:
        """Give what has changed since the revision before; nothing without one; raises OutsideError."""
        earlier = [number for number in self._shelf.numbers() if number < self.standing.note.revision]
        kept = self._shelf.load(earlier[-1]) if earlier else None
        before = self._files.interpret(kept.tree).configuration if kept is not None else None
        return masked(plan(before, self.standing.wanted).changes) if before is not None else ()

    def _read(self) -> tuple[Tree, str]:
        tree = self._files.read()
        return tree, tree.digest

    async def _work_out(
        self, tree: Tree, digest: str, who: str, *, back_to: int | None = None
    ) -> tuple[Interpreted, Proposal | None]:
        """Say what files mean and what must be done; None when they cannot be used. Works in a thread."""
        return await asyncio.to_thread(self._judge, tree, digest, who, back_to)

    def _judge(
        self, tree: Tree, digest: str, who: str, back_to: int | None
    ) -> tuple[Interpreted, Proposal | None]:
        found, running = self._files.interpret(tree), self.standing.configuration
        if found.configuration is None or found.problems:
            return found, None
        steps = plan(running, found.configuration, before=self.standing.wanted)
        note = RevisionNote(
            revision=self.standing.last_revision + 1,
            at=time.time(),
            who=who,
            digest=digest,
            disk_digest=digest if back_to is None else self.standing.disk_digest,
            words="" if back_to is None else f"rolled back to revision {back_to} by {who}",
            changes=list(masked(steps.changes)),
        )
        target = after(running, found.configuration)
        return found, Proposal(
            note=note,
            tree=tree,
            wanted=found.configuration,
            target=target,
            steps=steps,
            rollback=back_to is not None,
        )

    def _refuse(self, digest: str, found: Interpreted) -> None:
        told = digest == self.standing.disk_digest and bool(self.standing.problems)
        self.standing.refuse(digest, found, at=time.time())
        if told:
            return
        self.refused += 1
        number = self.standing.note.revision
        log.error("configuration_refused", runs=number, problems=list(self.standing.problems))
        self._tell("refused", f"revision {number} goes on: {'; '.join(self.standing.problems[:3])}")

    async def _take(self, proposal: Proposal, since: float) -> None:
        try:
            await self._accept(proposal, since=since)
        except OutsideError as error:
            log.warning("configuration_not_in_force", revision=proposal.note.revision, why=str(error))

    async def _accept(self, proposal: Proposal, *, since: float | None = None, canary: bool = False) -> None:
        """The files can be used: put them into force, unless they are, or are being tried."""
        standing, digest, tried = self.standing, proposal.note.digest, self.enforcer.canary
        await self.enforcer.book.catch_up()
        if tried is None or canary or digest != tried.proposal.note.digest or proposal.note.who != BY_WATCHER:
            if proposal.changes_something or tried is not None:
                count = max(proposal.wanted.mother.rollout.canary, int(canary))
                await self.enforcer.put_into_force(proposal, since=since, canaries=count)
            elif digest != standing.note.digest or digest != standing.note.disk_digest:
                await self._reword(proposal)
        if standing.problems:
            log.info("configuration_mended")
            self._tell("mended", "the files can be used again")
        standing.accept(digest)
        standing.held = ""

    async def _reword(self, proposal: Proposal) -> None:
        """The files say the same in other bytes: comments, or secrets encrypted anew. The same revision has these now."""
        standing, digest = self.standing, proposal.note.digest
        standing.note = msgspec.structs.replace(
            standing.note, digest=digest, disk_digest=digest, in_force=True
        )
        standing.tree, standing.wanted = proposal.tree, proposal.wanted
        await self.enforcer.book.keep(standing.tree, standing.note)


def masked(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Give changes in which no known secret stands, wherever somebody has written it."""
    return tuple(
        msgspec.structs.replace(one, before=redactor.text(one.before), after=redactor.text(one.after))
        for one in changes
    )
