"""The mother's folders: what cannot be done there is said in words, and her beacon stays lit."""

from pathlib import Path

import pytest

from droas_common.errors import ExitCode, OutsideError
from droas_common.life_record import read_beacon
from droas_mother.adapters.processes.runtime_folder import AlreadyRunningError, RuntimeFolder


def folder_in(place: Path) -> RuntimeFolder:
    """Give a folder that is not yet prepared."""
    return RuntimeFolder(place / "run", place / "data")


def test_a_folder_that_cannot_be_written_is_said_in_words(short_tmp: Path) -> None:
    """What happened, where, and what to do; nobody is told that a mother runs."""
    folder = folder_in(short_tmp)
    (folder.runtime / "mother.lock").mkdir(parents=True)
    with pytest.raises(OutsideError, match=r"mother\.lock: cannot be written .*set another runtime_dir"):
        folder.prepare()


def test_a_second_mother_is_told_of_the_first(short_tmp: Path) -> None:
    """By her pid; the first keeps her lock, and gives it back at her end."""
    first, second = folder_in(short_tmp), folder_in(short_tmp)
    first.prepare()
    with pytest.raises(AlreadyRunningError, match=r"a mother \(pid \d+\) runs here already") as refused:
        second.prepare()
    assert refused.value.exit_code is ExitCode.TEMPORARY
    first.release()
    second.prepare()
    second.release()


def test_a_beacon_that_was_taken_away_is_lit_again(short_tmp: Path) -> None:
    """Children that do not see it would leave though she lives."""
    folder = folder_in(short_tmp)
    folder.prepare()
    folder.keep_beacon()
    assert not folder.beacon.exists()
    folder.light_beacon("key")
    for spoil in (folder.beacon.unlink, lambda: folder.beacon.write_text("{")):
        lit = read_beacon(folder.beacon)
        spoil()
        folder.keep_beacon()
        assert lit is not None
        assert read_beacon(folder.beacon) == lit
    folder.beacon.unlink()
    folder.beacon.mkdir()
    with pytest.raises(OutsideError, match=r"mother\.json: cannot be written"):
        folder.keep_beacon()
    folder.release()
