"""A small town: a sandbox in the test's own process, and a real mother with real children beside it."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from droas_mother.ctl.client import Client
from droas_mother.ctl.exit_codes import UNAVAILABLE
from droas_sandbox.server import Sandbox
from droas_sandbox.settings import SandboxSettings

BIN = Path(sys.executable).parent
Json = dict[str, Any]
STEP_S = 15.0

TOKENS = {
    "helper": "MTAwMDAwMDAwMDAwMDAwMDAx.GaBcDe.helperhelperhelperhelperhelperhelper01",
    "guide": "MTAwMDAwMDAwMDAwMDAwMDAy.GaBcDe.guideguideguideguideguideguideguide002",
    "guardian": "MTAwMDAwMDAwMDAwMDAwMDAz.GaBcDe.guardianguardianguardianguardian00003",
}
"""Of the shape of real tokens; they open nothing but the sandbox."""

WORLD: Json = {
    "users": [{"username": name} for name in ("ada", "grace", "eve", "joan", "mary")],
    "bots": [{"username": username, "token": token} for username, token in TOKENS.items()],
    "guilds": [
        {
            "name": "Harbour",
            "owner": "ada",
            "channels": ["general"],
            "members": ["grace", "eve", "joan", "mary"],
            "bots": [
                {"username": "helper"},
                {"username": "guardian", "permissions": ["manage_messages", "moderate_members"]},
            ],
        },
        {
            "name": "Observatory",
            "owner": "grace",
            "channels": ["general"],
            "members": ["ada", "eve", "joan", "mary"],
            "bots": [{"username": "guide"}, {"username": "guardian", "permissions": ["manage_messages"]}],
        },
    ],
}

MOTHER_FILE = """
control_bot: {discord_token: "${GUARDIAN_TOKEN}"}
discord: {api_base: "${API_BASE}"}
http: {port: 0}
protection: {keywords: ["forbidden word"]}
supervision: {heartbeat_interval_s: 0.2, heartbeat_timeout_s: 1.5, identify_spacing_s: 0}
"""

BOT_FILE = """
bot_config:
  discord_token: "${%s}"
  llm_config:
    base_url: "${MODEL_BASE}"
    api_key: "test-key-of-no-value"
  system_prompt: "You are a helpful assistant..."
  protection_level: "medium"
  tools: ["economy.*", "users.profile"]
"""


@dataclass(slots=True)
class Town:
    """A sandbox and a mother.

    Args:
        folder: configuration, sockets, data and logs.
    """

    sandbox: Sandbox
    folder: Path
    process: asyncio.subprocess.Process | None = None
    environment: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    guilds: dict[str, Json] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    # --- the mother -----------------------------------------------------------

    def configure(self, bots: dict[str, str]) -> None:
        """Write a configuration: bots by file name, with the sandbox's name of each."""
        configs = self.folder / "configs"
        self.names = list(bots.values())
        (configs / "bots").mkdir(parents=True, exist_ok=True)
        (configs / "droas.yaml").write_text(MOTHER_FILE)
        self.environment = {
            "API_BASE": self.sandbox.api_base,
            "MODEL_BASE": self.sandbox.model_base,
            "GUARDIAN_TOKEN": TOKENS["guardian"],
            "DROAS_RUNTIME_DIR": str(self.folder / "run"),
            "DROAS_DATA_DIR": str(self.folder / "data"),
        }
        for name, username in bots.items():
            variable = f"{name.upper()}_TOKEN"
            self.environment[variable] = TOKENS[username]
            (configs / "bots" / f"{name}.yaml").write_text(BOT_FILE % variable)

    async def start_mother(self, *through: str) -> None:
        """Start her, through another program perhaps; her log grows over several starts."""
        with (self.folder / "mother.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *through,
                BIN / "droas-mother",
                "--config",
                str(self.folder / "configs"),
                env={**os.environ, **self.environment},
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def stop_mother(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End her with a signal and give her exit code."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        async with asyncio.timeout(STEP_S):
            return await self.process.wait()

    async def ctl(self, *arguments: str) -> tuple[int, Any, str]:
        """Run droasctl; gives its exit code, its JSON (None where no mother has answered), and its complaint."""
        code, out, err = await self._droasctl(*arguments)
        value = json.loads(out) if out.strip() else None
        unanswered = code == UNAVAILABLE and value["status"] is None
        return code, None if unanswered else value, err

    async def asked(self, path: str) -> Any:
        """Ask the admin interface, as quickly as can be."""

        def ask() -> Any:
            with Client(self.folder / "run/droas.sock") as client:
                return client.get(path)

        return await asyncio.to_thread(ask)

    async def events(self, *arguments: str) -> list[Json]:
        """Give what `droasctl events` says."""
        _, out, _ = await self._droasctl("events", *arguments)
        return [json.loads(line) for line in out.splitlines()]

    async def _droasctl(self, *arguments: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            BIN / "droasctl",
            "--socket",
            str(self.folder / "run/droas.sock"),
            *arguments,
            "--json",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async def all_ready(self) -> dict[str, Json]:
        """Wait until every bot is ready and on the gateway; gives them by name."""
        while True:
            code, answer, _ = await self.ctl("status")
            if code == 0 and all([await self.connected(name) for name in self.names]):
                return {bot["name"]: bot for bot in answer["bots"]}
            await asyncio.sleep(0.05)

    def log(self) -> str:
        """Give what the mother logged."""
        return (self.folder / "mother.log").read_text(errors="replace")

    # --- the world ------------------------------------------------------------

    async def control(self, method: str, path: str, body: Json | None = None) -> Any:
        """Ask the sandbox's control interface."""
        async with httpx.AsyncClient(base_url=self.sandbox.url, trust_env=False) as client:
            answer = await client.request(method, f"/sandbox{path}", json=body or {})
            answer.raise_for_status()
            return answer.json()

    async def learn(self) -> None:
        """Learn who and what there is."""
        state = await self.control("GET", "/state")
        self.users = {one["username"]: one["id"] for one in state["users"]}
        self.guilds = {one["name"]: one for one in state["guilds"]}

    def channel(self, guild: str = "Harbour") -> str:
        """Give a group's first channel."""
        return str(self.guilds[guild]["channels"][0]["id"])

    async def connected(self, username: str) -> bool:
        """Whether a bot is on the gateway."""
        bots = (await self.control("GET", "/state"))["bots"]
        return any(one["id"] == self.users[username] and one["connected"] for one in bots)

    async def say(self, who: str, text: str, guild: str = "Harbour", *, channel: str | None = None) -> str:
        """Let somebody say something; gives the message's id.

        Eight messages within five seconds are a flood, five equal ones within a minute spam: then they are deleted.
        """
        body = {"author_id": self.users[who], "content": text}
        said = await self.control(
            "POST", f"/channels/{channel or self.channel(guild)}/messages?force=1", body
        )
        return str(said["id"])

    async def ask(self, who: str, bot: str, text: str, guild: str = "Harbour") -> str:
        """Let somebody ask a bot."""
        return await self.say(who, f"<@{self.users[bot]}> {text}", guild)

    async def messages(
        self, guild: str = "Harbour", *, by: str | None = None, channel: str | None = None
    ) -> list[Json]:
        """Give a channel's messages, deleted ones too, oldest first."""
        kept = await self.control("GET", f"/channels/{channel or self.channel(guild)}/messages?limit=500")
        return [one for one in kept if by is None or one["author"]["id"] == self.users[by]]

    async def newest(self, by: str) -> Json:
        """Give somebody's newest message in the first group."""
        found = await self.messages(by=by)
        return found[-1] if found else {"deleted": False, "edits": 0}

    async def answer(
        self,
        question_id: str,
        bot: str,
        guild: str = "Harbour",
        *,
        words: str = "",
        seconds: float = STEP_S,
    ) -> str:
        """Wait for a bot's reply to a question and give its text, once it has these words: it may still grow."""

        async def look() -> str | None:
            for message in await self.messages(guild, by=bot):
                reference = message.get("message_reference") or {}
                answers = reference.get("message_id") == question_id and not message["deleted"]
                if answers and words in message["content"]:
                    return str(message["content"])
            return None

        found: str = await until(look, f"{bot} did not answer", seconds=seconds)
        return found

    async def fault(self, kind: str, **options: Any) -> None:
        """Arm a fault."""
        await self.control("POST", "/faults", {"kind": kind, **options})

    async def overlaps(self) -> list[Json]:
        """Give the moments at which a bot was on the gateway twice."""
        found: list[Json] = await self.control("GET", "/overlaps")
        return found

    async def model_requests(self) -> list[Json]:
        """Give what the model was asked."""
        found: list[Json] = await self.control("GET", "/model/requests")
        return found


async def until(look: Callable[[], Awaitable[Any] | Any], what: str, *, seconds: float = STEP_S) -> Any:
    """Wait until something is seen; fails with words when it is not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = look()
        if isinstance(seen, Awaitable):
            seen = await seen
        if seen:
            return seen
        await asyncio.sleep(0.01)
    raise AssertionError(what)


def family(pid: int) -> list[psutil.Process]:
    """Give a mother's descendants: forkserver, children, resource tracker."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def runs(pid: int) -> bool:
    """Say whether a process runs; a zombie, whom nobody has reaped yet, does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Give those of some processes that still run."""
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@asynccontextmanager
async def town(
    folder: Path,
    *,
    bots: dict[str, str] | None = None,
    settings: SandboxSettings | None = None,
    start: bool = True,
) -> AsyncIterator[Town]:
    """Found a town; nobody of it is left at the end."""
    # Tests kill and start bots faster than Discord lets them identify.
    async with Sandbox(settings=settings or SandboxSettings(identify_window_s=0.0)) as sandbox:
        sandbox.plant(WORLD)
        made = Town(sandbox, folder)
        await made.learn()
        made.configure(bots or {"bot_01": "helper", "bot_02": "guide"})
        try:
            if start:
                await made.start_mother()
                async with asyncio.timeout(STEP_S):
                    await made.all_ready()
            yield made
        except (AssertionError, TimeoutError):
            print(made.log()[-6000:])
            raise
        finally:
            process = made.process
            if process is not None and process.returncode is None:
                left = family(process.pid)
                await made.stop_mother()
                for one in alive(left):
                    one.kill()
