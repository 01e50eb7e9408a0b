"""The lock that a child holds for its life: a token is never online twice."""

import asyncio
import fcntl
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from droas_common.errors import OutsideError
from droas_common.life_record import LifeRecord, read_life_record, start_ticks


class BotLock:
    """The lock that a child holds for its life, looked at from outside.

    Args:
        path: the lock file; its text is the holder's LifeRecord.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def holder(self) -> LifeRecord | None:
        """Give who holds it, if somebody does and is still the process that wrote it."""
        return None if self._free() else self._written()

    async def evict_holder(self, *, timeout_s: float = 5.0) -> int | None:
        """End the process that still holds the lock, if there is one; gives its pid.

        Raises:
            OutsideError: the holder could not be ended in time.
        """
        holder = None
        deadline = time.monotonic() + timeout_s
        while not self._free():
            if holder is None and (holder := self._written()):  # it may be about to write its name
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(holder.pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                who = (
                    f"another process (pid {holder.pid})" if holder else "a process that does not name itself"
                )
                raise OutsideError(f"{self._path}: {who} still runs this bot; end it")
            await asyncio.sleep(0.01)
        return holder.pid if holder is not None else None

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

    def _written(self) -> LifeRecord | None:
        record = read_life_record(self._path)
        return record if record is not None and start_ticks(record.pid) == record.start_ticks else None
