"""With which configuration a mother starts: what lies on the disk, or the last one that was good."""

from dataclasses import dataclass
from enum import StrEnum

from droas_mother.core.reloading.revisions import RevisionNote
from droas_mother.core.settings import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreted:
    """What a configuration's files mean.

    Args:
        configuration: None when no mother can start with them.
        problems: every fault, a line each; those of single bots as well.
        warnings: what is no fault, and should not be, a line each.
    """

    configuration: Configuration | None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether there is no fault in them at all."""
        return self.configuration is not None and not self.problems


class Source(StrEnum):
    """What is started with."""

    DISK = "disk"
    KEPT = "kept"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is started with, and as which revision.

    Args:
        source: where it comes from.
        revision: its number.
        fresh: whether it has not been in force before.
        held: why files that could be used are not, "" when they are.
    """

    source: Source
    revision: int = 0
    fresh: bool = False
    held: str = ""


def choose(
    disk: Interpreted,
    digest: str,
    *,
    good: RevisionNote | None,
    newest: RevisionNote | None,
    last_revision: int,
) -> Choice:
    """Say with what a mother starts.

    Args:
        disk: what the files on the disk mean.
        digest: names their content.
        good: the last revision that was in force; None without one.
        newest: the last revision of all that can be read, which may have been taken back.
        last_revision: the highest number that was ever used, 0 without one: of a revision that cannot be read, too.
    """
    number = last_revision + 1
    if good is None:
        return Choice(
            source=Source.DISK if disk.configuration else Source.NOTHING, revision=number, fresh=True
        )
    if not disk.usable:
        return Choice(source=Source.KEPT, revision=good.revision)
    if digest == good.digest:
        return Choice(source=Source.DISK, revision=good.revision)
    if digest == good.disk_digest:
        return Choice(source=Source.KEPT, revision=good.revision, held=good.words)
    if newest is not None and not newest.in_force and digest == newest.digest:
        return Choice(source=Source.KEPT, revision=good.revision, held=newest.words)
    return Choice(source=Source.DISK, revision=number, fresh=True)
