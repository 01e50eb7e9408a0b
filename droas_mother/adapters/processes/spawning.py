"""Children as OS processes: a preloaded forkserver, pidfds, process groups.

`multiprocessing`'s own idea of a child dies with its forkserver (it then reports 255 for a child that
lives), so the truth about life and death is the pidfd. Starting a child blocks until the forkserver has
forked, so it is done in the forkserver's own thread.
"""

import asyncio
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psutil

from droas_common.errors import OutsideError
from droas_common.settings import ChildSettings
from droas_mother.adapters.processes.forkserver import Forkserver

CHILD = "droas_child.worker:run"

_EXIT_CODE_WAIT_S = 0.2
_STACKS_WAIT_S = 0.3
_STACKS_BYTES = 16 * 1024
_UNKNOWN_EXIT = 255
"""What multiprocessing reports when the forkserver that knew the code is gone."""


@dataclass(frozen=True, slots=True)
class ByName:
    """A function named as `module:function`, imported only in the process that calls it."""

    name: str

    def __call__(self, *arguments: Any) -> None:
        """Import the function and call it."""
        module, _, function = self.name.partition(":")
        getattr(import_module(module), function)(*arguments)


@dataclass(slots=True, eq=False)
class ChildProcess:
    """One running child.

    Args:
        pid: its process id.
        pidfd: names exactly this process, whoever gets its pid later.
        created_at: its start time in unix seconds, as psutil tells it.
    """

    process: ForkServerProcess
    pid: int
    pidfd: int
    lifeline: Connection
    created_at: float | None
    stacks_path: Path | None
    started_at: float = field(default_factory=time.monotonic)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

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
        deadline = time.monotonic() + _EXIT_CODE_WAIT_S
        while self.process.exitcode is None and time.monotonic() < deadline:  # noqa: ASYNC110 - a pipe tells it
            await asyncio.sleep(0.005)  # the forkserver reaps it a moment after the pidfd speaks
        code = self.process.exitcode
        return None if code == _UNKNOWN_EXIT else code

    def release(self) -> None:
        """Give back what the mother holds of an ended child."""
        asyncio.get_running_loop().remove_reader(self.pidfd)
        self.lifeline.close()
        os.close(self.pidfd)
        with suppress(ValueError):  # multiprocessing believes it alive when its forkserver died
            self.process.close()


class Spawner:
    """Starts children from the forkserver.

    Args:
        forkserver: where processes are forked.
        target: what a child runs, `module:function`.
    """

    def __init__(self, forkserver: Forkserver, *, target: str = CHILD) -> None:
        self._forkserver = forkserver
        self._target = ByName(target)

    async def warm_up(self) -> None:
        """Wait until the forkserver runs."""
        await asyncio.wrap_future(self._forkserver.warm_up())

    async def spawn(self, settings: ChildSettings) -> ChildProcess:
        """Start one child.

        Raises:
            OutsideError: the system has no room for another process.
        """
        loop = asyncio.get_running_loop()
        try:
            child = await loop.run_in_executor(self._forkserver.thread, self._start, settings)
        except (OSError, EOFError) as error:
            raise OutsideError(f"no process could be started for {settings.name}: {error}") from error
        loop.add_reader(child.pidfd, _note_end, loop, child)
        return child

    def close(self) -> None:
        """Let the starting thread go; the forkserver ends with the mother."""
        self._forkserver.close()

    def _start(self, settings: ChildSettings) -> ChildProcess:
        context = self._forkserver.context
        child_end, mother_end = context.Pipe(duplex=False)
        process = context.Process(
            target=self._target, args=(settings, child_end), name=f"droas-{settings.name}", daemon=False
        )
        try:
            process.start()
        finally:
            child_end.close()
        pid = process.pid
        if pid is None:
            raise OutsideError("the forkserver gave no process id")
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError as error:
            raise OutsideError(f"{settings.name} ended before it began") from error
        return ChildProcess(
            process=process,
            pid=pid,
            pidfd=pidfd,
            lifeline=mother_end,
            created_at=_created_at(pid),
            stacks_path=Path(settings.stacks_path) if settings.stacks_path else None,
        )


def _note_end(loop: asyncio.AbstractEventLoop, child: ChildProcess) -> None:
    loop.remove_reader(child.pidfd)
    child.ended.set()


def _read_tail(path: Path) -> str:
    try:
        return path.read_bytes()[-_STACKS_BYTES:].decode(errors="replace")
    except OSError:
        return ""


def _created_at(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None
