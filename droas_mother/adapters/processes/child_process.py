"""One running child: a pidfd says whether it lives, signals reach exactly it.

`multiprocessing`'s own idea of a child dies with its forkserver (it then reports 255 for a child that
lives), and it has none of a child that an earlier mother started; so the truth is the pidfd.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import psutil

_EXIT_CODE_WAIT_S = 0.2
_STACKS_WAIT_S = 0.3
_STACKS_BYTES = 16 * 1024
_UNKNOWN_EXIT = 255
"""What multiprocessing reports when the forkserver that knew the code is gone."""


@dataclass(slots=True, eq=False, kw_only=True)
class ChildProcess:
    """One running child.

    Args:
        pid: its process id.
        pidfd: names exactly this process, whoever gets its pid later.
        started_at: its start, in seconds of the monotonic clock.
        stacks_path: where it writes its stacks when asked.
        process: multiprocessing's handle; None for a child that an earlier mother started.
        lifeline: the pipe whose end it takes for the mother's; None when it needs none.
    """

    pid: int
    pidfd: int
    started_at: float
    stacks_path: Path | None
    process: ForkServerProcess | None = None
    lifeline: Connection | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _tell: Callable[[], None] | None = None

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Notice the end of the process on this loop, at once."""
        loop.add_reader(self.pidfd, self._note_end, loop)

    def on_end(self, tell: Callable[[], None]) -> None:
        """Have this called once when the process has ended."""
        self._tell = tell
        if self.ended.is_set():
            tell()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to exactly this process."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, number)

    def kill(self) -> None:
        """End the process and everything that it started, without asking."""
        if not self.ended.is_set():
            # While the pidfd says that it lives, its pid and its group are its own.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self.signal(signal.SIGKILL)

    async def ask_stacks(self) -> str:
        """Ask the process where it stands; gives the stacks of its threads, "" when it cannot tell.

        A process that is stopped tells nothing; one whose event loop hangs does.
        """
        if self.stacks_path is None:
            return ""
        self.signal(signal.SIGUSR1)
        deadline = time.monotonic() + _STACKS_WAIT_S
        text = ""
        while time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            newer = _read_tail(self.stacks_path)
            if newer and newer == text:
                break
            text = newer
        return text

    async def exit_code(self) -> int | None:
        """Give the exit code once it has ended (negative for a signal); None when nobody knows it."""
        await self.ended.wait()
        if self.process is None:
            return None
        deadline = time.monotonic() + _EXIT_CODE_WAIT_S
        while self.process.exitcode is None and time.monotonic() < deadline:  # noqa: ASYNC110 - a pipe tells it
            await asyncio.sleep(0.002)  # the forkserver reaps it a moment after the pidfd speaks
        code = self.process.exitcode
        return None if code == _UNKNOWN_EXIT else code

    def release(self) -> None:
        """Give back what the mother holds of an ended child."""
        asyncio.get_running_loop().remove_reader(self.pidfd)
        if self.lifeline is not None:
            self.lifeline.close()
        os.close(self.pidfd)
        if self.process is not None:
            with suppress(ValueError):  # multiprocessing believes it alive when its forkserver died
                self.process.close()

    def _note_end(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self.pidfd)
        self.ended.set()
        if self._tell is not None:
            self._tell()


def started_at(pid: int) -> float:
    """Give when a process was started, in seconds of the monotonic clock; now, when nobody can say."""
    try:
        age_s = time.time() - psutil.Process(pid).create_time()
    except psutil.Error:
        age_s = 0.0
    return time.monotonic() - max(0.0, age_s)


def _read_tail(path: Path) -> str:
    try:
        return path.read_bytes()[-_STACKS_BYTES:].decode(errors="replace")
    except OSError:
        return ""
