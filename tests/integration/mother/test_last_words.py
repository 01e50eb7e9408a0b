"""What programs do when their standard output cannot be written, or nobody reads it."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.admin import DROASCTL

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")

PROGRAMS = ("droasctl", "droas-mother", "droas-sandbox")
LAST_WORDS = (
    *(f"{name} {option}" for name in PROGRAMS for option in ("--version", "--help")),
    "droasctl status --help",
)
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


@pytest.mark.parametrize("line", [*LAST_WORDS, *REFUSALS, "droas-sandbox --port 0"])
def test_a_last_word_that_cannot_be_said_is_told(line: str, unbuffered: str, full: int) -> None:
    """The release, help, a refusal as JSON, a sandbox's addresses: on a full disk it ends with 74."""
    words = f"{line.split(maxsplit=1)[0]}: cannot write: No space left on device\n"
    assert ended(line, full, unbuffered) == (74, words)


@pytest.mark.parametrize("line", LAST_WORDS)
def test_a_last_word_that_nobody_reads_is_no_failure(line: str, unbuffered: str, nobody: int) -> None:
    """Before nobody it ends with 0, and without words."""
    assert ended(line, nobody, unbuffered) == (0, "")


@pytest.mark.parametrize("line", [*LAST_WORDS, "droas-sandbox --port 0"])
def test_a_closed_output_is_told(line: str) -> None:
    """Without any standard output it ends with 74, too."""
    name, *rest = line.split()
    program = ("sh", "-c", 'exec "$0" "$@" >&-', DROASCTL.parent / name, *rest)
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (74, f"{name}: cannot write: standard output is closed\n")


def test_a_sandbox_whose_addresses_nobody_reads_serves(short_tmp: Path, nobody: int) -> None:
    """They are in its file, too."""
    ready = short_tmp / "ready.json"
    program = (DROASCTL.parent / "droas-sandbox", "--port", "0", "--ready-file", ready)
    with subprocess.Popen(program, stdout=nobody, stderr=subprocess.PIPE) as sandbox:
        while not ready.exists() and sandbox.poll() is None:
            time.sleep(0.02)
        sandbox.terminate()
        _, err = sandbox.communicate()
    assert (sandbox.returncode, err) == (0, b"")


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
