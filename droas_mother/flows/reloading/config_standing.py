"""What runs, and how what lies on the disk stands to it."""

from dataclasses import dataclass

from droas_mother.core.configuration.tree import Tree
from droas_mother.core.reloading.config_opening import Interpreted
from droas_mother.core.reloading.config_plan import pending
from droas_mother.core.reloading.revisions import RevisionNote
from droas_mother.core.settings import Configuration

MAX_PROBLEMS = 50
"""Faults that are kept and told of one set of files."""


@dataclass(slots=True, kw_only=True)
class Standing:
    """The configuration in force, and the files.

    Args:
        note: the revision in force.
        tree: its files.
        configuration: what runs: settings that wait for a restart of the mother have their old values in it.
        wanted: what the files in force say.
        disk_digest: names the files on the disk as they were last read.
        held: why files that could be used are not in force.
        problems: the faults of the files on the disk.
        faulty_since: unix seconds.
        last_revision: the newest number that was given away.
    """

    note: RevisionNote
    tree: Tree
    configuration: Configuration
    wanted: Configuration
    disk_digest: str
    held: str = ""
    problems: tuple[str, ...] = ()
    faulty_since: float | None = None
    last_revision: int = 0

    @property
    def waiting(self) -> list[str]:
        """Name the settings that wait for a restart of the mother."""
        return sorted(pending(self.configuration, self.wanted))

    @property
    def words(self) -> list[str]:
        """Say what people should know, a line each; nothing when the files are in force."""
        if self.problems:
            head = f"the files are not used; revision {self.note.revision} runs"
            return [f"{head}: {problem}" for problem in self.problems]
        said = [f"the files on the disk are not in force: {self.held}"] if self.held else []
        waiting = ", ".join(self.waiting)
        return [*said, *([f"waits for a restart of the mother: {waiting}"] if waiting else [])]

    def refuse(self, digest: str, found: Interpreted, *, at: float) -> None:
        """Note that the files on the disk cannot be used."""
        self.disk_digest = digest
        self.problems = found.problems[:MAX_PROBLEMS]
        self.faulty_since = self.faulty_since or at

    def accept(self, digest: str) -> None:
        """Note that the files on the disk can be used."""
        self.disk_digest = digest
        self.problems, self.faulty_since = (), None
