"""Answers about the configuration, and commands that change it."""

import asyncio
from http import HTTPStatus
from typing import Any

import msgspec

from droas_common.errors import OutsideError
from droas_mother.core.answers.admin_answers import Refusal
from droas_mother.core.answers.config_answers import (
    Applied,
    ApplyWanted,
    BotConfig,
    ConfigStatus,
    History,
    RollbackWanted,
    RolloutReport,
)
from droas_mother.core.reloading.revisions import AT_START, RevisionNote
from droas_mother.flows.reloading.canary import Keepers, Proposal
from droas_mother.flows.reloading.config_enforcer import summary
from droas_mother.flows.reloading.config_keeper import ConfigKeeper, NoSuchRevisionError, NotUsableError
from droas_mother.flows.reloading.confirmations import missing
from droas_mother.ports.configuration import RevisionShelf

Answer = tuple[int, Any]


class ConfigDesk:
    """Answers about the configuration.

    Args:
        keeper: looks after it.
        shelf: has earlier revisions.
        keepers: the bots.
    """

    def __init__(self, keeper: ConfigKeeper, shelf: RevisionShelf, keepers: Keepers) -> None:
        self._keeper = keeper
        self._shelf = shelf
        self._keepers = keepers

    def words(self) -> list[str]:
        """Say what people should know of the files, a line each."""
        tried = self._tried()
        return [*([tried] if tried else []), *self._keeper.standing.words, *self._keeper.enforcer.book.owed]

    def status(self) -> Answer:
        """Say what runs, what lies on the disk, and who runs what."""
        standing, enforcer = self._keeper.standing, self._keeper.enforcer
        in_force = {standing.note.digest, standing.note.disk_digest}
        differs = standing.held or enforcer.canary is not None or standing.disk_digest not in in_force
        last_s = enforcer.confirmations.last_s
        return HTTPStatus.OK, ConfigStatus(
            revision=standing.note.revision,
            digest=standing.note.digest,
            at=standing.note.at,
            who=standing.note.who,
            words=standing.note.words,
            disk="faulty" if standing.problems else "differs" if differs else "same",
            held=standing.held or self._tried(),
            problems=list(standing.problems),
            faulty_since=standing.faulty_since,
            waiting=standing.waiting,
            owed=enforcer.book.owed,
            rollout=self._rollout(),
            bots=self._bots(),
            last_apply_ms=None if last_s is None else round(last_s * 1000, 1),
            refused=self._keeper.refused,
        )

    async def apply(self, wanted: ApplyWanted, *, uid: int) -> Answer:
        """Put the files into force as they lie there, or only say what that would do."""
        before = self._keeper.standing.last_revision
        try:
            proposal = await self._keeper.apply(f"uid:{uid}", dry_run=wanted.dry_run, canary=wanted.canary)
        except NotUsableError as error:
            return HTTPStatus.CONFLICT, Refusal(error=f"the files cannot be used:\n{error}")
        except OutsideError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, Refusal(error=f"not put into force: {error}")
        done = self._keeper.standing.last_revision > before
        return HTTPStatus.OK, self._applied(proposal, proposal.note.revision if done else None)

    async def rollback(self, wanted: RollbackWanted, *, uid: int) -> Answer:
        """Put a kept revision into force again."""
        before = self._keeper.standing.last_revision
        try:
            proposal = await self._keeper.rollback(f"uid:{uid}", wanted.revision)
        except NoSuchRevisionError as error:
            return HTTPStatus.NOT_FOUND, Refusal(error=str(error))
        except NotUsableError as error:
            words = f"revision {wanted.revision} cannot be used now:\n{error}"
            return HTTPStatus.CONFLICT, Refusal(error=words)
        except OutsideError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, Refusal(error=f"not put into force: {error}")
        done = self._keeper.standing.last_revision > before
        words = "" if done else f"what revision {wanted.revision} says is in force already; nothing was done"
        return HTTPStatus.OK, self._applied(proposal, proposal.note.revision if done else None, words)

    async def history(self, count: int) -> Answer:
        """Give the newest kept revisions, oldest first."""
        try:
            notes = await asyncio.to_thread(self._notes, count)
        except OutsideError as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, Refusal(error=str(error))
        return HTTPStatus.OK, History(revisions=[self._as_it_is(note) for note in notes])

    def _notes(self, count: int) -> list[RevisionNote]:
        """Give the notes of those that can be read; raises OutsideError when there is none."""
        found: list[RevisionNote] = []
        failed: OutsideError | None = None
        for number in self._shelf.numbers()[-count:] if count else []:
            try:
                kept = self._shelf.load(number)
            except OutsideError as error:
                failed = error
            else:
                found += [kept.note] if kept is not None else []
        if failed is not None and not found:
            raise failed
        return found

    def _as_it_is(self, note: RevisionNote) -> RevisionNote:
        """Give a note as it stands today; what is kept of some is meant for the next mother."""
        canary = self._keeper.enforcer.canary
        if canary is not None and note.revision == canary.proposal.note.revision:
            return msgspec.structs.replace(note, words=self._tried())
        # What a mother starts with is in force, although the next one does not fall back on a part.
        return msgspec.structs.replace(note, in_force=note.in_force or note.who == AT_START)

    def _applied(self, proposal: Proposal, revision: int | None, words: str = "") -> Applied:
        steps, canary = proposal.steps, self._keeper.enforcer.canary
        already = words or "the files are in force already"
        words = summary(steps) if proposal.changes_something else already
        if revision is not None and canary is not None:
            words = f"{', '.join(sorted(canary.canaries))} tries it for {canary.observe_s:g} s: {words}"
        return Applied(
            revision=revision,
            words=words,
            changes=proposal.note.changes,
            start=sorted(steps.start),
            stop=sorted(steps.stop),
            restart=sorted(steps.restart),
            live=sorted(steps.live),
        )

    def _tried(self) -> str:
        """Say who tries what, "" when nobody does."""
        canary = self._keeper.enforcer.canary
        if canary is None:
            return ""
        return f"revision {canary.proposal.note.revision} is tried by {', '.join(sorted(canary.canaries))}"

    def _rollout(self) -> RolloutReport | None:
        canary = self._keeper.enforcer.canary
        if canary is None:
            return None
        return RolloutReport(
            revision=canary.proposal.note.revision,
            canaries=sorted(canary.canaries),
            since=canary.began_unix_s,
            observe_s=canary.observe_s,
            left_s=round(canary.left_s, 1),
        )

    def _bots(self) -> list[BotConfig]:
        canary = self._keeper.enforcer.canary
        found = []
        for name, keeper in sorted(self._keepers.items()):
            bot = keeper.bot
            beat = bot.life.beat if bot.life else None
            found.append(
                BotConfig(
                    name=name,
                    state=bot.state.value,
                    wanted=bot.revision,
                    runs=beat.config_revision if beat else None,
                    confirmed=beat is not None and not missing(bot),
                    canary=canary is not None and name in canary.canaries,
                )
            )
        return found
