"""The lock that a child holds for its life: a token is never online twice."""

import asyncio
import fcntl
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from droas_common.errors import OutsideError


class BotLock:
    """The lock that a child holds for its life, looked at from outside.

    Args:
        path: the lock file; its text is `pid start-time-ticks`, written by the holder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def evict_holder(self, *, timeout_s: float = 5.0) -> int | None:
        """End the process that still holds the lock, if there is one; gives its pid.

        Raises:
            OutsideError: the holder could not be ended in time.
        """
        if self._free():
            return None
        holder = self._holder()
        if holder is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(holder, signal.SIGKILL)
        deadline = time.monotonic() + timeout_s
        while not self._free():
            if time.monotonic() > deadline:
                raise OutsideError(
                    f"{self._path}: another process (pid {holder}) still runs this bot; end it"
                )
            await asyncio.sleep(0.01)
        return holder

    def _free(self) -> bool:
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OutsideError(f"{self._path}: the lock cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(handle)
        return True

    def _holder(self) -> int | None:
        """Give the pid of the holder, if the process of that pid is still the one that wrote it."""
        with suppress(OSError, ValueError, IndexError):
            pid, started = self._path.read_text().split()[:2]
            if start_ticks(int(pid)) == int(started):
                return int(pid)
        return None


def start_ticks(pid: int) -> int | None:
    """Give a process's start time in clock ticks since boot (field 22 of /proc/pid/stat); None when gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])
