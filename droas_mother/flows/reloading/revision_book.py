"""Writes down what was put into force: revisions on the shelf, who changed what in the audit.

What cannot be written, because the disk is full or the database away, is owed: it is written as soon as that is
possible, and until then it is said what is missing and why.
"""

import asyncio

import msgspec

from droas_common.errors import OutsideError
from droas_common.logs import log
from droas_mother.core.bookkeeping.records import AuditRecord, Outcome
from droas_mother.core.configuration.tree import Tree
from droas_mother.core.reloading.revisions import BY_WATCHER, Revision, RevisionNote
from droas_mother.ports import AuditLog
from droas_mother.ports.configuration import RevisionShelf

MAX_OWED_REVISIONS = 8
"""The newest are owed; each holds the files of a folder in memory."""

MAX_OWED_RECORDS = 200


class RevisionBook:
    """Keeps revisions and the record of changes.

    Args:
        shelf: keeps revisions.
        audit: writes down who changed what.
    """

    def __init__(self, shelf: RevisionShelf, audit: AuditLog) -> None:
        self._shelf = shelf
        self._audit = audit
        self._revisions: dict[int, Revision] = {}
        self._records: dict[int, AuditRecord] = {}
        self._why_unkept = ""
        self._why_unaudited = ""

    @property
    def owed(self) -> list[str]:
        """Say what is not written yet, and why, a line each."""
        return [
            f"{_named(numbers)} {words}: {why}"
            for numbers, words, why in (
                (self._revisions, "not kept yet, a restart would not know it", self._why_unkept),
                (self._records, "not in the audit yet", self._why_unaudited),
            )
            if numbers
        ]

    async def keep(self, tree: Tree, note: RevisionNote) -> None:
        """Keep a revision, so that its number is used up; one that cannot be kept now is owed."""
        number = note.revision
        self._revisions[number] = Revision(note=note, root=tree.root, files=dict(tree.files))
        await self._keep_owed()
        if number in self._revisions:
            log.error("revision_not_kept", revision=number, why=self._why_unkept)

    async def note(self, note: RevisionNote, *, rollback: bool) -> None:
        """Put a change into the audit; what a person asks for is not done otherwise, what files ask for is owed.

        Raises:
            OutsideError: a person asks, and it cannot be written.
        """
        number = note.revision
        self._records[number] = _record(note, rollback=rollback)
        await self._note_owed()
        if number not in self._records:
            return
        if note.who != BY_WATCHER:
            del self._records[number]
            raise OutsideError(self._why_unaudited)
        log.error("configuration_not_audited", revision=number, why=self._why_unaudited)

    async def catch_up(self) -> None:
        """Write what is owed, if that is possible now."""
        if self._records:
            await self._note_owed()
            if not self._records:
                log.info("configuration_audited_late")
        if self._revisions:
            await self._keep_owed()
            if not self._revisions:
                log.info("revisions_kept_late")

    async def _keep_owed(self) -> None:
        for number in sorted(self._revisions)[:-MAX_OWED_REVISIONS]:
            log.error("revision_never_kept", revision=number, why=self._why_unkept)
            del self._revisions[number]
        try:
            # The newest first: with its number those before it are used up, even where nothing can be kept.
            for number, revision in sorted(self._revisions.items(), reverse=True):
                await asyncio.to_thread(self._shelf.keep, revision)
                del self._revisions[number]
        except OutsideError as error:
            self._why_unkept = str(error)

    async def _note_owed(self) -> None:
        for number in sorted(self._records)[:-MAX_OWED_RECORDS]:
            log.error("configuration_never_audited", revision=number, why=self._why_unaudited)
            del self._records[number]
        try:
            await self._audit.write(*self._records.values())
        except OutsideError as error:
            self._why_unaudited = str(error)
        else:
            self._records.clear()


def _record(note: RevisionNote, *, rollback: bool) -> AuditRecord:
    arguments = {"revision": note.revision, "paths": [one.path for one in note.changes][:50]}
    return AuditRecord(
        at_us=int(note.at * 1e6),
        kind="command",
        caller=note.who,
        action="config rollback" if rollback else "config apply",
        outcome=Outcome.OK,
        arguments=msgspec.json.encode(arguments).decode(),
    )


def _named(numbers: dict[int, Revision] | dict[int, AuditRecord]) -> str:
    first, last = min(numbers), max(numbers)
    return f"revision {first} is" if first == last else f"revisions {first} to {last} are"
