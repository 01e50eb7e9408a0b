"""With what a mother starts."""

import pytest

from droas_mother.core.reloading.config_opening import Interpreted, Source, choose
from droas_mother.core.reloading.revisions import RevisionNote
from droas_mother.core.settings import Configuration, MotherSettings

GOOD = Interpreted(configuration=Configuration(mother=MotherSettings(), bots={}))
PARTLY = Interpreted(configuration=GOOD.configuration, problems=("bots/bot_01.yaml:1:1: faulty",))
FAULTY = Interpreted(configuration=None, problems=("droas.yaml:1:1: faulty",))


def note(number: int, digest: str, *, disk: str = "", in_force: bool = True) -> RevisionNote:
    """Give what is kept of a revision."""
    return RevisionNote(
        revision=number,
        at=0.0,
        who="start",
        digest=digest,
        disk_digest=disk or digest,
        in_force=in_force,
        words=f"words of {number}",
    )


@pytest.mark.parametrize(
    ("disk", "good", "newest", "source", "revision", "fresh", "held"),
    [
        (GOOD, None, None, Source.DISK, 1, True, ""),
        (PARTLY, None, None, Source.DISK, 1, True, ""),
        (FAULTY, None, None, Source.NOTHING, 1, True, ""),
        (GOOD, note(4, "here"), note(4, "here"), Source.DISK, 4, False, ""),
        (GOOD, note(4, "other"), note(4, "other"), Source.DISK, 5, True, ""),
        (FAULTY, note(4, "other"), note(4, "other"), Source.KEPT, 4, False, ""),
        (PARTLY, note(4, "other"), note(4, "other"), Source.KEPT, 4, False, ""),
        (GOOD, note(4, "old", disk="here"), note(4, "old", disk="here"), Source.KEPT, 4, False, "words of 4"),
        (GOOD, note(4, "old"), note(5, "here", in_force=False), Source.KEPT, 4, False, "words of 5"),
        (GOOD, note(4, "old"), note(5, "bad", in_force=False), Source.DISK, 6, True, ""),
    ],
)
def test_the_choice(
    disk: Interpreted,
    good: RevisionNote | None,
    newest: RevisionNote | None,
    source: Source,
    revision: int,
    fresh: bool,
    held: str,
) -> None:
    """Files that are good and new go first; rolled back and taken back ones stay so over a restart."""
    choice = choose(disk, "here", good=good, newest=newest, last_revision=newest.revision if newest else 0)
    assert (choice.source, choice.revision, choice.fresh, choice.held) == (source, revision, fresh, held)
