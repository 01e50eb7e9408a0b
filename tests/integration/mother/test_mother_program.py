"""The mother as a program: at a terminal that is closed, with standard streams that are."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.admin import DROASCTL

MOTHER = DROASCTL.parent / "droas-mother"
LOG = "log.jsonl"


@contextmanager
def mother(folder: Path, *through: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a mother without bots, through another program perhaps; gives her when she has started."""
    (folder / "configs").mkdir()
    (folder / "configs" / "droas.yaml").write_text(
        f"http: {{port: 0}}\nruntime_dir: {folder}/run\ndata_dir: {folder}/data\nlog: {{file: {folder / LOG}}}\n"
    )
    line = (*through, str(MOTHER), "--config", str(folder / "configs"))
    with subprocess.Popen(line, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(folder, "mother_started", process)
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def events(folder: Path) -> list[dict[str, object]]:
    """Give what she has logged."""
    path = folder / LOG
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_for(folder: Path, event: str, process: "subprocess.Popen[bytes]") -> None:
    """Wait until she has logged this."""
    until = time.monotonic() + 20
    while event not in {one["event"] for one in events(folder)}:
        assert process.poll() is None, process.returncode
        assert time.monotonic() < until, event
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_she_ends_in_good_order(short_tmp: Path, number: signal.Signals) -> None:
    """At a closed terminal as at SIGTERM: she says what ends her, leaves no socket, and ends with 0."""
    with mother(short_tmp) as process:
        process.send_signal(number)
        assert process.wait(20) == 0
    told = {str(one["event"]): one.get("fields") for one in events(short_tmp)}
    assert told["stop_asked"] == {"by": number.name}
    assert "mother_stopped" in told
    assert not (short_tmp / "run" / "droas.sock").exists()


def test_nohup_lets_her_outlive_the_terminal(short_tmp: Path) -> None:
    """She does not listen to what she was started to ignore."""
    with mother(short_tmp, "nohup") as process:
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    stops = [one["fields"] for one in events(short_tmp) if one["event"] == "stop_asked"]
    assert stops == [{"by": "SIGTERM"}]


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_she_runs_without_standard_streams(short_tmp: Path, closed: str) -> None:
    """Her log has its file; nothing else gets the numbers of what was closed."""
    with mother(short_tmp, "sh", "-c", f'exec "$0" "$@" {closed}') as process:
        for number in (1, 2) if ">&- 2" in closed else (2,):
            assert str(Path(f"/proc/{process.pid}/fd/{number}").readlink()) == os.devnull
        process.terminate()
        assert process.wait(20) == 0


def test_a_sandbox_that_can_say_nothing_ends_with_its_code() -> None:
    """Without standard output it has nothing to serve for; without standard error it cannot say so."""
    line = ("sh", "-c", 'exec "$0" --port 0 >&- 2>&-', str(DROASCTL.parent / "droas-sandbox"))
    assert subprocess.run(line, check=False).returncode == 74
