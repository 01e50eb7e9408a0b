"""Where the demo plays: its processes, and the ways to look at them."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from droas_common.process_bonds import die_with_parent

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
STEP_S = 20.0
_ANSWERED = (0, 3)
"""What droasctl ends with when she has answered: all is well, or a bot is not ready."""

Json = dict[str, Any]

BOTS = {"helper": "bot_01", "guide": "bot_02"}
"""What droasctl calls the bots that people in the groups know by other names."""

WORLD: Json = {
    "users": [
        {"username": "ada", "global_name": "Ada"},
        {"username": "grace", "global_name": "Grace"},
        {"username": "linus", "global_name": "Linus"},
        {"username": "xx_free_nitro_xx"},
    ],
    "bots": [{"username": "helper"}, {"username": "guide"}, {"username": "guardian"}],
    "guilds": [
        {
            "name": "Harbour",
            "owner": "ada",
            "channels": ["general", "coins"],
            "members": ["grace", "linus", "xx_free_nitro_xx"],
            "bots": [
                {"username": "helper"},
                {"username": "guardian", "permissions": ["manage_messages", "moderate_members"]},
            ],
        },
        {
            "name": "Observatory",
            "owner": "grace",
            "channels": ["general", "stars"],
            "members": ["ada", "linus"],
            "bots": [
                {"username": "guide"},
                {"username": "guardian", "permissions": ["manage_messages", "moderate_members"]},
            ],
        },
    ],
    "model": {
        "rules": [
            {
                "when": "brightest star",
                "say": "That is **Sirius**, in the Great Dog. Look south-east on a winter evening.",
                "pause_ms": 60,
            }
        ]
    },
}


class MissedError(Exception):
    """Something that should have been observed was not."""


class Stage:
    """One demo's sandbox and mother.

    Args:
        folder: for sockets, data and logs.
        port: the page's port, 0 for a free one.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.page = ""
        self.users: dict[str, str] = {}
        self.channels: dict[str, str] = {}
        self.guilds: dict[str, str] = {}
        self._port = port
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._colour = sys.stdout.isatty()

    # --- processes ------------------------------------------------------------

    def start(self) -> None:
        """Start the sandbox and the mother; raises MissedError when the sandbox cannot."""
        world, ready = self.folder / "world.json", self.folder / "ready.json"
        world.write_text(json.dumps(WORLD))
        where = ("--port", str(self._port), "--world", str(world), "--ready-file", str(ready))
        self._spawn("sandbox", "droas-sandbox", *where)
        self.until(ready.exists, what="the sandbox did not start")
        facts = json.loads(ready.read_text())
        self.page = facts["page"]
        self._learn_world()
        environment = {
            "MOTHER_BOT_TOKEN": facts["bots"]["guardian"],
            "CHILD_BOT_01_TOKEN": facts["bots"]["helper"],
            "CHILD_BOT_02_TOKEN": facts["bots"]["guide"],
            "LLM_BASE_URL": facts["model_base"],
            "LLM_API_KEY": "any-text-will-do",
            "DISCORD_API_BASE": facts["api_base"],
            "DROAS_RUNTIME_DIR": str(self.folder / "run"),
            "DROAS_DATA_DIR": str(self.folder / "data"),
            "DROAS_HTTP__PORT": "0",
        }
        self._spawn("mother", "droas-mother", "--config", str(ROOT / "configs"), environment=environment)

    def stop(self) -> None:
        """End everything in good order, whatever signals come meanwhile."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for name in ("mother", "sandbox"):
            process = self._processes.get(name)
            if process is None or process.poll() is not None:
                continue
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def stay(self) -> None:
        """Wait until somebody interrupts; raises MissedError when a process ends by itself."""
        while True:
            self.check_processes()
            time.sleep(0.5)

    def check_processes(self) -> None:
        """Make sure that everything still runs; raises MissedError."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise MissedError(f"the {name} {self._end_of(name, process.returncode)}")

    def _end_of(self, name: str, code: int) -> str:
        """Say how a process has ended, in its own last words when it ended by itself."""
        if code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        *_, last = (self.folder / f"{name}.log").read_text().splitlines() or [""]
        hint = (
            "\ndemo: make demo ARGS='--port 0' takes a free port" if (name, code) == ("sandbox", 69) else ""
        )
        return f"has ended with {code}: {last[:300]}{hint}"

    def _spawn(
        self, name: str, program: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                [BIN / program, *arguments],
                env={**os.environ, **(environment or {})},
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to pass on
                preexec_fn=die_with_parent,  # noqa: PLW1509 - there is one thread; nobody outlives a killed demo
            )

    # --- looking and acting ---------------------------------------------------

    def sandbox(self, method: str, path: str, body: Json | None = None) -> Any:
        """Ask the sandbox's control interface; raises MissedError when nobody answers."""
        request = urllib.request.Request(  # noqa: S310 - loopback only
            self.page + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=10) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return {"refused": error.code, **json.loads(error.read())}
        except OSError as error:
            with suppress(subprocess.TimeoutExpired):
                self._processes["sandbox"].wait(timeout=1)
            self.check_processes()
            raise MissedError(f"the sandbox does not answer: {error}") from error

    def ctl(self, *arguments: str) -> Any:
        """Ask droasctl, in JSON; None when she does not answer."""
        socket = str(self.folder / "run/droas.sock")
        command = [str(BIN / "droasctl"), "--socket", socket, *arguments, "--json"]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=STEP_S)
        except subprocess.TimeoutExpired:
            return None
        return json.loads(done.stdout) if done.returncode in _ANSWERED else None

    def bot(self, name: str) -> Json:
        """Give what droasctl says of a bot."""
        return self.ctl("status", name) or {}

    def audited(self, kind: str) -> list[Json]:
        """Give the audit's records of one kind."""
        answer = self.ctl("audit", "--kind", kind, "-n", "200") or {"records": []}
        return list(answer["records"])

    def until(self, look: Callable[[], Any], *, what: str, seconds: float = STEP_S) -> Any:
        """Look until something is seen; raises MissedError."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check_processes()
            seen = look()
            if seen:
                return seen
            time.sleep(0.02)
        raise MissedError(what)

    def messages(self, channel_id: str) -> list[Json]:
        """Give what stands in a channel, deleted messages too."""
        return list(self.sandbox("GET", f"/sandbox/channels/{channel_id}/messages"))

    def say(self, who: str, text: str, place: str) -> Json:
        """Let a person say something."""
        body = {"author_id": self.users[who], "content": text}
        said: Json = self.sandbox("POST", f"/sandbox/channels/{self.channels[place]}/messages", body)
        return said

    def reply_to(self, message: Json, who: str) -> Json:
        """Wait until a bot has done with a question, as its log says; give its reply, as the sandbox shows it."""

        def answered() -> bool:
            told = (self.ctl("logs", BOTS[who], "-n", "50") or {"records": []})["records"]
            return any(
                one["event"] == "answered" and one["fields"].get("message") == message["id"] for one in told
            )

        def shown() -> Json | None:
            for found in self.messages(message["channel_id"]):
                reference = found.get("message_reference") or {}
                if found["author"]["id"] == self.users[who] and reference.get("message_id") == message["id"]:
                    return found
            return None

        self.until(answered, what=f"{who} did not answer")
        return dict(self.until(shown, what=f"the answer of {who} is not in the channel"))

    def _learn_world(self) -> None:
        state = self.sandbox("GET", "/sandbox/state")
        self.users = {user["username"]: user["id"] for user in state["users"]}
        for guild in state["guilds"]:
            self.guilds[guild["name"]] = guild["id"]
            for channel in guild["channels"]:
                self.channels[f"{guild['name']}/{channel['name']}"] = channel["id"]

    # --- telling --------------------------------------------------------------

    def tell(self, who: str, text: str) -> None:
        """Tell one thing that was seen, people by their names."""
        for username, user_id in self.users.items():
            text = text.replace(f"<@{user_id}>", f"@{username}").replace(user_id, f"@{username}")
        name = f"\x1b[1m{who:>16}\x1b[0m" if self._colour else f"{who:>16}"
        first, *more = text.splitlines() or [""]
        print(f"{name}  {first}", flush=True)
        for line in more:
            print(f"{'':>16}  {line}", flush=True)
