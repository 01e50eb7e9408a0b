"""What programs do when their standard output cannot be written, or nobody reads it."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.admin import DROASCTL

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")

RELEASES = ("droasctl --version", "droas-mother --version", "droas-sandbox --version")
REFUSALS = {
    "droasctl config show nowhere --json": 78,
    "droasctl status --socket /nowhere --json": 69,
}


@pytest.fixture
def full() -> Iterator[int]:
    """Give a file on a full disk."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def nobody() -> Iterator[int]:
    """Give a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def unbuffered(request: pytest.FixtureRequest) -> str:
    """Give both ways in which Python writes."""
    return str(request.param)


def ended(line: str, out: int, unbuffered: str) -> tuple[int, str]:
    """Run a program; gives its exit code and what it said on standard error."""
    name, *rest = line.split()
    done = subprocess.run(
        [DROASCTL.parent / name, *rest],
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("line", [*RELEASES, *REFUSALS])
def test_a_last_word_that_cannot_be_said_is_told(line: str, unbuffered: str, full: int) -> None:
    """The release, or a refusal as JSON: on a full disk it ends with 74."""
    words = f"{line.split(maxsplit=1)[0]}: cannot write: No space left on device\n"
    assert ended(line, full, unbuffered) == (74, words)


@pytest.mark.parametrize("line", RELEASES)
def test_a_release_that_nobody_reads_is_no_failure(line: str, unbuffered: str, nobody: int) -> None:
    """Before nobody it ends with 0, and without words."""
    assert ended(line, nobody, unbuffered) == (0, "")


@pytest.mark.parametrize(("line", "code"), REFUSALS.items())
def test_a_refusal_that_nobody_reads_is_one_all_the_same(
    line: str, code: int, unbuffered: str, nobody: int
) -> None:
    """Its exit code and its words on standard error are those that it has before a reader."""
    reading, writing = os.pipe()
    before_a_reader = ended(line, writing, unbuffered)
    os.close(reading)
    os.close(writing)
    assert ended(line, nobody, unbuffered) == before_a_reader
    assert before_a_reader[0] == code
