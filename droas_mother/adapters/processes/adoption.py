"""Finding the living children of an earlier mother.

A child names itself in its lock file and holds the lock as long as it lives. Its pid alone proves nothing,
because pids are given anew; with the start time it does, once a pidfd holds the process fast. That it is
whom it says it is, it proves by its CURVE key when it registers.
"""

import os
from pathlib import Path

from droas_common.life_record import LifeRecord, start_ticks
from droas_common.wire.heartbeats import PROTOCOL
from droas_mother.adapters.processes.bot_lock import BotLock
from droas_mother.adapters.processes.child_process import ChildProcess, started_at


def find(lock_path: Path) -> tuple[ChildProcess, LifeRecord] | None:
    """Give the living process that holds a bot's lock, with what it says of itself; None when there is none.

    Raises:
        OutsideError: the lock cannot be opened.
    """
    record = BotLock(lock_path).holder()
    if record is None:
        return None
    try:
        pidfd = os.pidfd_open(record.pid)
    except OSError:
        return None
    if start_ticks(record.pid) != record.start_ticks:
        os.close(pidfd)
        return None
    child = ChildProcess(
        pid=record.pid,
        pidfd=pidfd,
        started_at=started_at(record.pid),
        stacks_path=lock_path.with_suffix(".stacks"),
    )
    return child, record


def may_go_on(record: LifeRecord, *, digest: str) -> bool:
    """Say whether a child may go on under this mother: it speaks her language and runs today's settings."""
    return record.live_restore and record.protocol == PROTOCOL and record.digest == digest
