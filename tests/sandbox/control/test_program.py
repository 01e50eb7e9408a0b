"""`droas-sandbox` as a program: what it prints, how it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_PROGRAM = [sys.executable, "-m", "droas_sandbox"]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_PROGRAM, *arguments], capture_output=True, text=True, timeout=20, check=False)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Any]:
    """Give a running program and what it wrote into its ready file."""
    world, ready = tmp_path / "world.json", tmp_path / "ready.json"
    world.write_text(
        json.dumps(
            {
                "users": [{"username": "ada", "id": "1000"}],
                "bots": [{"username": "helper", "token": "secret"}],
                "guilds": [
                    {
                        "name": "Harbour",
                        "owner": "ada",
                        "channels": ["general", "news"],
                        "bots": [{"username": "helper", "permissions": ["kick_members"]}],
                    }
                ],
                "model": {"rules": [{"when": "x", "say": "y"}]},
            }
        )
    )
    arguments = ["--port", "0", "--world", str(world), "--ready-file", str(ready)]
    process = subprocess.Popen(
        [*_PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 15
    while not ready.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    yield process, json.loads(ready.read_text())
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_its_world_and_ends_when_asked(started: Any, number: int) -> None:
    """The ready file says where; SIGTERM and SIGINT end it with 0 and without a traceback."""
    process, ready = started
    with urllib.request.urlopen(f"{ready['page']}/sandbox/state") as answer:  # noqa: S310 - its own address
        state = json.load(answer)
    assert [guild["name"] for guild in state["guilds"]] == ["Harbour"]
    assert [channel["name"] for channel in state["guilds"][0]["channels"]] == ["general", "news"]
    assert state["users"][0]["id"] == "1000"
    assert ready["bots"] == {"helper": "secret"}
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert ready["api_base"] in out
    assert ready["model_base"] in out
    assert err == ""


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        ("{", 78, "not JSON"),
        ("[]", 78, "JSON object"),
        ('{"gilds": []}', 78, "gilds"),
        ('{"users": {}}', 78, "array"),
        ('{"users": [{}]}', 78, "users[0]"),
        ('{"users": [{"username": "a"}, {"username": "a"}]}', 78, "two users"),
        ('{"users": [{"username": "a", "id": "x"}]}', 78, "no id"),
        ('{"guilds": [{"name": "g", "owner": "nobody"}]}', 78, "nobody"),
        ('{"bots": [{"username": "a", "token": "t"}, {"username": "b", "token": "t"}]}', 78, "another bot"),
        ('{"users": [5]}', 78, "users[0]"),
        ('{"model": {"rules": [{"when": "("}]}}', 78, "when"),
        (None, 66, "cannot be read"),
    ],
)
def test_a_faulty_world_is_explained(tmp_path: Path, content: str | None, code: int, words: str) -> None:
    """One line that says where, and no traceback."""
    world = tmp_path / "world.json"
    if content is not None:
        world.write_text(content)
    done = _run("--port", "0", "--world", str(world))
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_faulty_arguments_are_explained(tmp_path: Path) -> None:
    """Foreign hosts, impossible ports, ports in use, unwritable ready files."""
    foreign = _run("--host", "0.0.0.0")
    assert (foreign.returncode, "--allow-remote" in foreign.stderr) == (64, True)
    assert _run("--port", "70000").returncode == 64
    unwritable = _run("--port", "0", "--ready-file", str(tmp_path / "no" / "ready"))
    assert (unwritable.returncode, "cannot be written" in unwritable.stderr) == (73, True)


def test_what_is_no_http_is_answered_and_not_told(started: Any) -> None:
    """Rubbish gets its 400, the program goes on, and its terminal stays clean."""
    process, ready = started
    port = int(ready["page"].rpartition(":")[2])
    for _ in range(100):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as stranger:
            stranger.sendall(os.urandom(200) + b"\r\n\r\n")
            assert stranger.recv(100).startswith(b"HTTP/1.0 400")
    with urllib.request.urlopen(f"{ready['page']}/sandbox/state") as answer:  # noqa: S310 - its own address
        assert answer.status == 200
    process.terminate()
    assert process.communicate(timeout=10)[1] == ""


def test_a_port_in_use_is_explained(started: Any) -> None:
    """The message names the port."""
    _, ready = started
    port = ready["page"].rpartition(":")[2]
    done = _run("--port", port)
    assert done.returncode == 69
    assert port in done.stderr
    assert "Traceback" not in done.stderr


def test_help_says_how() -> None:
    """Every option is explained."""
    done = _run("--help")
    assert done.returncode == 0
    for option in ("--host", "--port", "--world", "--ready-file", "--allow-remote"):
        assert option in done.stdout
