"""The log file: a full disk costs lines, and is said once."""

import logging
from contextlib import closing, suppress
from pathlib import Path

import pytest

from droas_mother.adapters.log_file import RotatedFile


def write(file: RotatedFile, *lines: str) -> None:
    """Write lines."""
    for line in lines:
        file.handle(logging.makeLogRecord({"msg": line}))


def test_a_full_disk_is_said_once_on_standard_error(
    short_tmp: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback stands in for the lines; when there is room again, that is said as well."""
    path = short_tmp / "droas.log"
    path.symlink_to("/dev/full")
    file = RotatedFile(path)
    write(file, "one", "two", "three")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "log_file_not_written" in said
    assert "No space left on device" in said
    assert str(path) in said
    with suppress(OSError):
        file.close()
    path.unlink()
    with closing(RotatedFile(path)) as other:
        file.setStream(other.stream)
        write(file, "four", "five")
        assert path.read_text() == "four\nfive\n"
    assert capsys.readouterr().err.count("log_file_written_again") == 1


def test_a_file_that_is_full_is_put_aside(short_tmp: Path) -> None:
    """So that the newest lines are always in the file of that name."""
    path = short_tmp / "droas.log"
    with closing(RotatedFile(path, maxBytes=20, backupCount=2)) as file:
        write(file, *(f"a line of text {number}" for number in range(4)))
    assert path.read_text() == "a line of text 3\n"
    assert sorted(one.name for one in short_tmp.iterdir()) == ["droas.log", "droas.log.1", "droas.log.2"]
