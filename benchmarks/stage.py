"""What benchmarks play on: a sandbox, a mother with so many bots, and the ways to look at them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psutil

from droas_mother.ctl.client import Client, NoMotherError

BIN = Path(sys.executable).parent
DEADLINE_S = 60.0
BOT = """
bot_config:
  discord_token: "${BOT_TOKEN_%d}"
  llm_config: {base_url: "${MODEL_BASE}", api_key: "any"}
  tools: ["economy.*", "users.profile"]
"""
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Stage:
    """A sandbox and a configuration of so many bots; the mother is started and ended upon it.

    Args:
        bots: how many.
        more: further lines of droas.yaml.
    """

    def __init__(self, bots: int, more: str = "") -> None:
        self.bots = bots
        self._more = more
        self._temporary = tempfile.TemporaryDirectory(prefix="droas-bench-")
        self.folder = Path(self._temporary.name)
        self.client = Client(self.folder / "run/droas.sock")
        self.mother: subprocess.Popen[bytes] | None = None
        self._sandbox, facts = self._start_sandbox()
        self.page = str(facts["page"])
        self._environment = self._write_configuration(facts)
        state = self.world()
        self.users = {user["username"]: user["id"] for user in state["users"]}
        self.channel = str(state["guilds"][0]["channels"][0]["id"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.end_mother()
        end(self._sandbox)
        self._temporary.cleanup()

    def start_mother(self) -> subprocess.Popen[bytes]:
        """Start a mother on the configuration."""
        arguments = ("droas-mother", "--config", str(self.folder / "configs"))
        self.mother = self._spawn(*arguments, environment=self._environment)
        return self.mother

    def end_mother(self) -> None:
        """End the mother in good order, if there is one."""
        if self.mother is not None:
            end(self.mother)
            self.mother = None

    def wait_ready(self) -> None:
        """Wait until the mother says that all are ready, and the sandbox that all are connected."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            try:
                status, _ = self.client.ask("GET", "/ready")
            except NoMotherError:
                status = 0
            if status == 200 and all(bot["connected"] for bot in self.world()["bots"]):
                return
            time.sleep(0.01)
        raise SystemExit((self.folder / "droas-mother.log").read_text()[-3000:])

    def pids(self) -> dict[str, int]:
        """Give the process of every bot that has one, as the mother tells it."""
        _, answer = self.client.ask("GET", "/v1/bots")
        return {bot["name"]: int(bot["pid"]) for bot in answer["bots"] if bot["pid"]}

    def ask_all(self, rounds: int = 3) -> None:
        """Have every bot answer several questions, each with a call of a tool."""
        for number in range(rounds):
            question = (
                "how many coins do I have?" if number % 2 == 0 else f"give 1 coins to <@{self.users['bob']}>"
            )
            asked = {
                self.sandbox(
                    "POST",
                    f"/sandbox/channels/{self.channel}/messages",
                    {"author_id": self.users["ada"], "content": f"<@{self.users[f'bot{bot}']}> {question}"},
                )["id"]
                for bot in range(self.bots)
            }
            self._wait_replies(asked)

    def _wait_replies(self, asked: set[str]) -> None:
        """Wait until each of these messages has a reply that no longer waits for its words."""

        def answered() -> bool:
            found = self.sandbox("GET", f"/sandbox/channels/{self.channel}/messages")
            replies = {
                (one.get("message_reference") or {}).get("message_id"): one["content"] for one in found
            }
            return all("coins" in replies.get(message, "") for message in asked)

        until(answered, "the bots did not answer")

    def world(self) -> dict[str, Any]:
        """Give the sandbox's state."""
        state: dict[str, Any] = self.sandbox("GET", "/sandbox/state")
        return state

    def sandbox(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the sandbox's control interface."""
        request = urllib.request.Request(  # noqa: S310 - loopback only
            self.page + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with _OPENER.open(request, timeout=10) as answer:
            return json.loads(answer.read())

    def _start_sandbox(self) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
        names = [{"username": f"bot{number}"} for number in range(self.bots)] + [{"username": "guardian"}]
        world = {
            "users": [{"username": "ada"}, {"username": "bob"}],
            "bots": names,
            "guilds": [{"name": "Bench", "owner": "ada", "members": ["bob"], "bots": names}],
        }
        (self.folder / "world.json").write_text(json.dumps(world))
        ready = self.folder / "ready.json"
        process = self._spawn(
            "droas-sandbox",
            *("--port", "0"),
            *("--world", str(self.folder / "world.json")),
            *("--ready-file", str(ready)),
        )
        until(lambda: ready.exists() and ready.stat().st_size > 0, "the sandbox did not start")
        return process, json.loads(ready.read_text())

    def _write_configuration(self, facts: dict[str, Any]) -> dict[str, str]:
        """Write a configuration; gives the environment that it needs."""
        (self.folder / "configs/bots").mkdir(parents=True)
        (self.folder / "configs/droas.yaml").write_text(
            'control_bot: {discord_token: "${GUARDIAN}"}\nhttp: {port: 0}\n' + self._more
        )
        environment = {
            "GUARDIAN": facts["bots"]["guardian"],
            "MODEL_BASE": facts["model_base"],
            "DROAS_DISCORD__API_BASE": facts["api_base"],
            "DROAS_RUNTIME_DIR": str(self.folder / "run"),
            "DROAS_DATA_DIR": str(self.folder / "data"),
        }
        for number in range(self.bots):
            (self.folder / f"configs/bots/bot{number}.yaml").write_text(BOT % number)
            environment[f"BOT_TOKEN_{number}"] = facts["bots"][f"bot{number}"]
        return environment

    def _spawn(
        self, program: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start one of our programs."""
        with (self.folder / f"{program}.log").open("wb") as log:
            return subprocess.Popen(
                [BIN / program, *arguments],
                env={**os.environ, **(environment or {})},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )


def until(reached: Callable[[], bool], what: str) -> None:
    """Look until this holds; ends the benchmark when it never does."""
    deadline = time.monotonic() + DEADLINE_S
    while not reached():
        if time.monotonic() > deadline:
            raise SystemExit(what)
        time.sleep(0.01)


def pss_mib(pid: int) -> float:
    """Give the memory of a process and all its descendants, shared pages counted once, in MiB."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return sum(one.memory_full_info().pss for one in family) / 2**20


def end(process: subprocess.Popen[bytes]) -> None:
    """End one of our programs in good order."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
