"""The lock that makes a process a bot: who holds it is found, and ended, though it names itself late."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from droas_child.adapters.process import LifeLock
from droas_common.errors import OutsideError
from droas_common.life_record import LifeRecord, start_ticks, written
from droas_mother.adapters.processes.bot_lock import BotLock


def record_of(pid: int) -> LifeRecord:
    """Give what a process writes into its lock."""
    return LifeRecord(pid=pid, start_ticks=start_ticks(pid) or 0)


HOLDER = """
import fcntl, sys, time
handle = open(sys.argv[1], "w")
fcntl.flock(handle, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


async def test_a_holder_that_names_itself_late_is_ended(tmp_path: Path) -> None:
    """It had taken the lock and was about to write its name when somebody else looked."""
    path = tmp_path / "bot.lock"
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    await holder.stdout.readline()
    lock = BotLock(path)
    assert lock.holder() is None
    asyncio.get_running_loop().call_later(0.1, path.write_bytes, written(record_of(holder.pid)))
    assert await lock.evict_holder(timeout_s=3) == holder.pid
    assert await holder.wait() == -signal.SIGKILL


def test_a_lock_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    """The disk is full or the path leads nowhere: the world's fault, no traceback."""
    with pytest.raises(OutsideError, match="the lock cannot be written: Is a directory"):
        LifeLock(tmp_path, record_of(os.getpid()))
