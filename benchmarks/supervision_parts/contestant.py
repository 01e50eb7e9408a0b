"""What every contestant can be asked for, and how children that tell by lines are looked at."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

import psutil

BOTS = 10
BOT = Path(__file__).with_name("bot.py")
DEADLINE_S = 60.0
POLL_S = 0.0005


class Contestant(ABC):
    """One supervisor with ten bots.

    Attributes:
        name: what its metrics begin with.
        restarts_hung: whether it can notice a child that hangs.
    """

    name: str
    restarts_hung = False

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="droas-rival-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self.supervisor: subprocess.Popen[bytes] | None = None
        self._known: set[int] = set()
        self.started_at = 0.0

    @abstractmethod
    def command(self) -> list[str]:
        """Give the command that starts the supervisor in the foreground."""

    def status_command(self) -> list[str] | None:
        """Give the command that asks for the state of all bots; None when there is none."""
        return None

    def status_client(self) -> Callable[[], object] | None:
        """Give a function that asks for the state of all bots over one open connection; None when there is none."""
        return None

    def start(self) -> None:
        """Start the supervisor."""
        with (self.folder / "supervisor.log").open("ab") as log:
            self.started_at = time.monotonic()
            self.supervisor = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(BOT.parents[1])},
                stdout=log,
                stderr=log,
            )

    def wait_up(self) -> float:
        """Wait until all bots are at work; gives the seconds from the start."""
        up_at = [self._await(bot, "imported", self.started_at)[0] for bot in range(BOTS)]
        return max(up_at) - self.started_at

    def wait_begun(self) -> None:
        """Wait until all bots have begun."""
        for bot in range(BOTS):
            self._await(bot, "first", self.started_at)

    def wait_worked(self) -> None:
        """Wait until all bots have done their work."""
        for bot in range(BOTS):
            self._await(bot, "worked", self.started_at)

    def pid_of(self, bot: int) -> int:
        """Give the newest process of a bot."""
        return self._lines(bot, "first")[-1][1]

    def wait_first_line(self, bot: int, since: float, timeout_s: float = DEADLINE_S) -> float:
        """Wait for the first line of a process that replaces a bot's; gives its moment, monotonic."""
        return self._await(bot, "first", since, timeout_s)[0]

    def family(self) -> list[psutil.Process]:
        """Give the supervisor and all that descends from it."""
        assert self.supervisor is not None
        top = psutil.Process(self.supervisor.pid)
        found = [top, *top.children(recursive=True)]
        self._known |= {one.pid for one in found}
        return found

    def bots_alive(self) -> list[int]:
        """Give all living processes that are bots, of whichever supervisor's life."""
        pids = {pid for bot in range(BOTS) for _, pid in self._lines(bot, "first")}
        return [pid for pid in pids if alive(pid)]

    def kill_supervisor(self) -> None:
        """Kill the supervisor without warning."""
        assert self.supervisor is not None
        self.family()
        self.supervisor.kill()
        self.supervisor.wait()

    def end(self) -> None:
        """End everything that was started; what does not go is killed."""
        if self.supervisor is not None and self.supervisor.poll() is None:
            self.family()
            self.supervisor.send_signal(signal.SIGTERM)
            try:
                self.supervisor.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.supervisor.kill()
                self.supervisor.wait()
        self._known |= set(self.bots_alive())
        for pid in self._known:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        self._known.clear()

    def close(self) -> None:
        """End everything, and leave nothing behind."""
        self.end()
        self._temporary.cleanup()

    def lines_path(self, bot: int) -> Path:
        """Give the file into which a bot writes its lines."""
        return self.folder / f"bot{bot}.lines"

    def bot_command(self, bot: int) -> list[str]:
        """Give the command of a bot."""
        return [sys.executable, str(BOT), str(self.lines_path(bot))]

    def _lines(self, bot: int, event: str) -> list[tuple[float, int]]:
        try:
            rows = [line.split() for line in self.lines_path(bot).read_text().splitlines()]
        except OSError:
            return []
        return [(float(row[1]), int(row[2])) for row in rows if len(row) == 3 and row[0] == event]

    def _await(self, bot: int, event: str, since: float, timeout_s: float = DEADLINE_S) -> tuple[float, int]:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            newest = self._lines(bot, event)
            if newest and newest[-1][0] > since:
                return newest[-1]
            time.sleep(0.005)
        raise TimeoutError(f"{self.name}: bot {bot} told of no {event}")


def alive(pid: int) -> bool:
    """Say whether a process runs."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
