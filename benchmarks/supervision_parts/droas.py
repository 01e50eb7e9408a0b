"""DROAS itself: a mother with ten real bots, on a sandbox."""

import http.client
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import psutil
from stage import BIN, Stage

from supervision_parts.contestant import BOTS, DEADLINE_S, POLL_S, Contestant, alive

IDENTIFY_EVERY_S = 5.5
"""Discord, and so the sandbox, lets a token identify once in five seconds."""

SUPERVISION = "supervision: {stable_after_s: 5}\n"
"""A life of five seconds ends a row of crashes, so that every kill is a first one and is answered at once."""


class Droas(Contestant):
    """A mother on a stage of her own."""

    name = "droas"
    restarts_hung = True

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(BOTS, more=SUPERVISION)
        self._locks = self.stage.folder / "run/locks"
        self._seen: set[int] = set()
        self._identified_at = [0.0] * BOTS
        self._before = 0
        self._opened_before = 0

    def command(self) -> list[str]:
        """Give the mother's command; the stage starts her itself."""
        return [str(BIN / "droas-mother")]

    def status_command(self) -> list[str]:
        """Give droasctl's command."""
        return [str(BIN / "droasctl"), "--socket", str(self.stage.folder / "run/droas.sock"), "status"]

    def status_client(self) -> Callable[[], object]:
        """Give a request on one connection to the admin socket."""
        connection = http.client.HTTPConnection("droas")
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.connect(str(self.stage.folder / "run/droas.sock"))

        def ask() -> Any:
            connection.request("GET", "/v1/bots")
            return json.loads(connection.getresponse().read())["bots"]

        return ask

    def start(self) -> None:
        """Start the mother."""
        self._await_identify(range(BOTS))
        self.started_at = time.monotonic()
        self.supervisor = self.stage.start_mother()

    def wait_up(self) -> float:
        """Wait until all bots are READY; gives the seconds from the start."""
        self.stage.wait_ready()
        up_s = time.monotonic() - self.started_at
        self._identified_at = [time.monotonic()] * BOTS
        self.bots_alive()
        return up_s

    def wait_begun(self) -> None:
        """Wait until all bots are READY."""
        self.wait_up()

    def wait_worked(self) -> None:
        """Have every bot answer questions with calls of tools, several times."""
        self.stage.ask_all(4)
        time.sleep(1)

    def pid_of(self, bot: int) -> int:
        """Give the process that holds a bot's lock."""
        pid = self._holder(bot)
        if pid is None:
            raise RuntimeError(f"droas: bot {bot} has no process")
        return pid

    def wait_first_line(self, bot: int, since: float, timeout_s: float = DEADLINE_S) -> float:
        """Wait until a new process has opened the bot's file for stacks: the second thing that a child does."""
        deadline = since + timeout_s
        while time.monotonic() < deadline:
            if self._opened_at(bot) not in (0, self._opened_before):
                return time.monotonic()
            time.sleep(POLL_S)
        raise TimeoutError(f"droas: bot {bot} was not replaced")

    def before_kill(self, bot: int) -> None:
        """Wait until the bot's token may identify again, and remember who it is."""
        self._await_identify([bot])
        self._before = self.pid_of(bot)
        self._opened_before = self._opened_at(bot)

    def wait_ready(self, bot: int) -> float:
        """Wait until a replaced bot is READY; gives the moment, monotonic."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            _, told = self.stage.client.ask("GET", f"/v1/bots/bot{bot}")
            if told["state"] == "ready" and told["pid"] != self._before:
                self._identified_at[bot] = time.monotonic()
                return self._identified_at[bot]
            time.sleep(0.005)
        raise TimeoutError(f"droas: bot {bot} is not ready")

    def bots_alive(self) -> list[int]:
        """Give all living processes that are bots: those that hold a lock, and those that ever were seen."""
        self._seen |= {pid for bot in range(BOTS) if (pid := self._holder(bot))}
        return [pid for pid in self._seen if alive(pid)]

    def family(self) -> list[psutil.Process]:
        """Give the mother and all that descends from her."""
        found = super().family()
        self._seen |= {one.pid for one in found[2:]}
        return found

    def close(self) -> None:
        """End everything, and leave nothing behind."""
        self.end()
        self.stage.mother = None
        self.stage.__exit__()
        super().close()

    def _holder(self, bot: int) -> int | None:
        try:
            return int(json.loads((self._locks / f"bot{bot}.lock").read_bytes())["pid"])
        except (OSError, ValueError, KeyError):
            return None

    def _opened_at(self, bot: int) -> int:
        """Give when the file was opened, in nanoseconds; 0 while there is none."""
        try:
            return (self._locks / f"bot{bot}.stacks").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _await_identify(self, bots: Any) -> None:
        wait_s = max(self._identified_at[bot] for bot in bots) + IDENTIFY_EVERY_S - time.monotonic()
        time.sleep(max(0.0, wait_s))
