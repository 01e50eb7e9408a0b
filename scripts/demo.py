"""The whole road on one machine: a sandbox Discord, a mother, two bots, and a short scene.

Everything told on the terminal was observed: in the sandbox's state, in the audit, or by droasctl. With
--once it ends by itself, with 0 only if every step was seen.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
STEP_S = 20.0
Json = dict[str, Any]

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


class Scene:
    """One demo: its processes, and the ways to look at them."""

    def __init__(self, folder: Path, sandbox_port: int) -> None:
        self.folder = folder
        self.port = sandbox_port
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.page = ""
        self.users: dict[str, str] = {}
        self.channels: dict[str, str] = {}
        self.guilds: dict[str, str] = {}
        self.colour = sys.stdout.isatty()

    # --- processes ------------------------------------------------------------

    def start(self) -> None:
        """Start the sandbox and the mother."""
        world, ready = self.folder / "world.json", self.folder / "ready.json"
        world.write_text(json.dumps(WORLD))
        self._spawn(
            "sandbox",
            "droas-sandbox",
            "--port",
            str(self.port),
            "--world",
            str(world),
            "--ready-file",
            str(ready),
        )
        facts = self.until(
            lambda: json.loads(ready.read_text()) if ready.exists() and ready.stat().st_size else None
        )
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
        """End everything in good order."""
        for name in ("mother", "sandbox"):
            process = self.processes.get(name)
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def _spawn(
        self, name: str, program: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> None:
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [BIN / program, *arguments],
                env={**os.environ, **(environment or {})},
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours to pass on
            )

    def stay(self) -> None:
        """Wait until somebody interrupts; raises MissedError when a process ends by itself."""
        while True:
            self.check_processes()
            time.sleep(0.5)

    def check_processes(self) -> None:
        """Make sure that everything still runs; raises MissedError."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise MissedError(f"{name} has ended with {process.returncode}; see {self.folder / name}.log")

    # --- looking and acting ---------------------------------------------------

    def sandbox(self, method: str, path: str, body: Json | None = None) -> Any:
        """Ask the sandbox's control interface."""
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

    def ctl(self, *arguments: str) -> Any:
        """Ask droasctl, in JSON."""
        done = subprocess.run(
            [BIN / "droasctl", "--socket", str(self.folder / "run/droas.sock"), *arguments, "--json"],
            capture_output=True,
            check=False,
            timeout=60,
        )
        return json.loads(done.stdout) if done.stdout else None

    def until(self, look: Callable[[], Any], *, what: str = "", seconds: float = STEP_S) -> Any:
        """Look until something is seen; raises MissedError."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check_processes()
            seen = look()
            if seen:
                return seen
            time.sleep(0.02)
        raise MissedError(what or "something was not seen in time")

    def say(self, who: str, text: str, channel: str) -> Json:
        """Let a person say something."""
        body = {"author_id": self.users[who], "content": text}
        said: Json = self.sandbox("POST", f"/sandbox/channels/{self.channels[channel]}/messages", body)
        return said

    def reply_to(self, message: Json, who: str) -> Json:
        """Wait for the whole reply of a bot to a message: its text no longer grows."""
        channel = message["channel_id"]

        def look() -> Json | None:
            for found in self.sandbox("GET", f"/sandbox/channels/{channel}/messages"):
                reference = found.get("message_reference") or {}
                if found["author"]["id"] == self.users[who] and reference.get("message_id") == message["id"]:
                    return dict(found)
            return None

        seen = self.until(look, what=f"{who} did not answer")
        while True:
            time.sleep(0.3)
            again = look()
            if again is not None and again["content"] == seen["content"]:
                return dict(seen)
            seen = again or seen

    def bot(self, name: str) -> Json:
        """Give what droasctl says of a bot."""
        return self.ctl("status", name) or {}

    def _learn_world(self) -> None:
        state = self.sandbox("GET", "/sandbox/state")
        self.users = {user["username"]: user["id"] for user in state["users"]}
        for guild in state["guilds"]:
            self.guilds[guild["name"]] = guild["id"]
            for channel in guild["channels"]:
                self.channels[f"{guild['name']}/{channel['name']}"] = channel["id"]

    # --- telling --------------------------------------------------------------

    def tell(self, who: str, text: str) -> None:
        """Tell one thing that was seen."""
        name = f"\x1b[1m{who:>12}\x1b[0m" if self.colour else f"{who:>12}"
        first, *more = text.splitlines() or [""]
        print(f"{name}  {first}", flush=True)
        for line in more:
            print(f"{'':>12}  {line}", flush=True)


def play(scene: Scene) -> None:
    """Play the scene; raises MissedError at the first step that is not seen."""
    began = time.monotonic()
    scene.start()
    scene.tell("sandbox", f"Discord and a model listen on {scene.page}")
    scene.until(
        lambda: all(
            bot["state"] == "ready" for bot in (scene.ctl("status") or {"bots": [{"state": ""}]})["bots"]
        ),
        what="the bots did not become ready",
    )
    scene.until(lambda: all(bot["connected"] for bot in scene.sandbox("GET", "/sandbox/state")["bots"]))
    for bot in scene.ctl("status")["bots"]:
        scene.tell("droasctl", f"{bot['name']} is {bot['state']}, pid {bot['pid']}")
    scene.tell("", f"sandbox, mother and two bots were up after {time.monotonic() - began:.1f} s\n")
    greet(scene)
    pay(scene)
    spam(scene)
    kill(scene)


def greet(scene: Scene) -> None:
    """Two groups, two bots: a greeting and a question, answered by the model."""
    for who, text, bot, place in (
        ("ada", "hello there!", "helper", "Harbour/general"),
        ("linus", "which is the brightest star?", "guide", "Observatory/stars"),
    ):
        asked = scene.say(who, f"<@{scene.users[bot]}> {text}", place)
        scene.tell(who, f"@{bot} {text}   [{place}]")
        reply = scene.reply_to(asked, bot)
        scene.tell(bot, f"{reply['content']}   [{reply['edits']} edits while it was written]")


def pay(scene: Scene) -> None:
    """A question that needs a tool, and a transfer of coins, both found in the audit."""
    asked = scene.say("ada", f"<@{scene.users['helper']}> how many coins do I have?", "Harbour/coins")
    scene.tell("ada", "@helper how many coins do I have?   [Harbour/coins]")
    scene.tell("helper", scene.reply_to(asked, "helper")["content"])
    text = f"<@{scene.users['helper']}> give 30 coins to <@{scene.users['grace']}>"
    asked = scene.say("ada", text, "Harbour/coins")
    scene.tell("ada", "@helper give 30 coins to @grace")
    answer = scene.reply_to(asked, "helper")["content"].replace(f"<@{scene.users['grace']}>", "@grace")
    scene.tell("helper", answer)
    for record in audited(scene, "tool"):
        scene.tell(
            "audit",
            f"{record['outcome']}: {record['caller']} called {record['action']} {record['arguments']}",
        )
    transfers = [record for record in audited(scene, "tool") if record["action"] == "economy.transfer"]
    if [record["outcome"] for record in transfers] != ["ok"]:
        raise MissedError("the transfer is not in the audit")
    print()


def spam(scene: Scene) -> None:
    """A wave of spam: silenced, deleted, audited."""
    spammer, channel = "xx_free_nitro_xx", scene.channels["Harbour/general"]
    began, refused = time.monotonic(), 0
    for number in range(15):
        said = scene.say(spammer, f"FREE NITRO >>> discord.gg/free{number}", "Harbour/general")
        refused += int("refused" in said)
        time.sleep(0.03)
    scene.tell(spammer, "FREE NITRO >>> discord.gg/free…   (15 times)")

    def cleaned() -> list[Json] | None:
        messages = scene.sandbox("GET", f"/sandbox/channels/{channel}/messages")
        spam_messages = [message for message in messages if message["author"]["id"] == scene.users[spammer]]
        return spam_messages if spam_messages and all(one["deleted"] for one in spam_messages) else None

    deleted = scene.until(cleaned, what="the spam was not deleted")
    elapsed_s = time.monotonic() - began

    def silenced() -> str | None:
        state = scene.sandbox("GET", "/sandbox/state")
        guild = next(guild for guild in state["guilds"] if guild["id"] == scene.guilds["Harbour"])
        member = next(one for one in guild["members"] if one["user_id"] == scene.users[spammer])
        return str(member["communication_disabled_until"] or "") or None

    until = scene.until(silenced, what="the spammer was not silenced")
    scene.tell(
        "sandbox", f"{len(deleted)} messages deleted, the last {elapsed_s:.1f} s after the first was sent;"
    )
    scene.tell("", f"{spammer} is silenced until {until[11:19]} UTC; {refused} further messages were refused")
    record = scene.until(
        lambda: next((one for one in audited(scene, "protection") if one["action"] == "time_out"), None),
        what="the time-out is not in the audit",
    )
    scene.tell("audit", f"{record['outcome']}: {json.loads(record['arguments'])['why']}\n")


def kill(scene: Scene) -> None:
    """A bot's process is killed: it comes back, once, and answers again."""
    # Discord lets a bot identify once in five seconds; sooner, the wait would be Discord's and not the mother's.
    scene.until(lambda: newest_session_age_s(scene, "helper") > 5.0)
    before = scene.bot("bot_01")
    began = time.monotonic()
    os.kill(before["pid"], signal.SIGKILL)
    scene.tell("kill -9", f"bot_01, pid {before['pid']}")

    def back() -> Json | None:
        bot = scene.bot("bot_01")
        return bot if bot.get("state") == "ready" and bot["pid"] != before["pid"] else None

    after = scene.until(back, what="the bot did not come back")
    scene.tell(
        "droasctl", f"bot_01 is ready again after {time.monotonic() - began:.2f} s, pid {after['pid']}"
    )
    asked = scene.say(
        "grace", f"<@{scene.users['helper']}> hello again, how many coins do I have?", "Harbour/general"
    )
    scene.tell("grace", "@helper hello again, how many coins do I have?")
    scene.tell("helper", scene.reply_to(asked, "helper")["content"])
    overlaps = scene.sandbox("GET", "/sandbox/overlaps")
    if overlaps:
        raise MissedError(f"a bot was on the gateway twice: {overlaps}")
    scene.tell("sandbox", "no bot was ever on the gateway twice\n")


def newest_session_age_s(scene: Scene, bot: str) -> float:
    """Give how long ago a bot last identified, in seconds."""
    sessions = scene.sandbox("GET", "/sandbox/sessions")
    opened = [float(one["opened_at"]) for one in sessions if one["bot_id"] == scene.users[bot]]
    return time.time() - max(opened)


def audited(scene: Scene, kind: str) -> list[Json]:
    """Give the audit's records of one kind."""
    answer = scene.ctl("audit", "--kind", kind, "-n", "200") or {"records": []}
    return list(answer["records"])


def main() -> int:
    """Play the demo; gives the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end when the scene is over")
    parser.add_argument(
        "--port", type=int, default=None, help="port of the page (default 8080, with --once a free one)"
    )
    arguments = parser.parse_args()
    port = arguments.port if arguments.port is not None else (0 if arguments.once else 8080)
    folder = Path(tempfile.mkdtemp(prefix="droas-demo-"))
    scene = Scene(folder, port)
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    failed = False
    try:
        play(scene)
        print("Everything above was seen in the sandbox's state, in the audit, or by droasctl.")
        if not arguments.once:
            print(f"\nThe page is at {scene.page} - write to @helper there, or press Spam. Ctrl-C ends it.")
            print(f"In another terminal: {BIN / 'droasctl'} --socket {folder / 'run/droas.sock'} status")
            scene.stay()
    except KeyboardInterrupt:
        print()
    except MissedError as error:
        failed = True
        print(f"demo: {error}; the logs are in {folder}", file=sys.stderr)
    finally:
        scene.stop()
        if not failed:
            shutil.rmtree(folder, ignore_errors=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
