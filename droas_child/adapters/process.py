"""This process: its bonds, its lock, its signals."""

import faulthandler
import fcntl
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

from droas_common.errors import OutsideError
from droas_common.process_bonds import die_with_lifeline


def bind(lifeline: Connection) -> None:
    """Make this process a leader of its own group that dies with the mother, whatever state it is in."""
    if os.getpgrp() != os.getpid():
        os.setsid()
    os.umask(0o077)
    die_with_lifeline(lifeline.fileno())


def write_stacks_when_asked(path: Path) -> None:
    """Write the stacks of all threads into a file at SIGUSR1, even while the event loop hangs.

    The handler is C and runs at once; it needs a descriptor that stays open, which faulthandler keeps.
    """
    handle = path.open("w")
    faulthandler.register(signal.SIGUSR1, file=handle, all_threads=True)


class LifeLock:
    """The lock that says: this process is this bot. Held until the process ends, by the kernel.

    Args:
        path: the lock file.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutsideError(f"{path}: another process is this bot already") from None
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()} {_start_ticks()}\n".encode())


def _start_ticks() -> str:
    """Give this process's start time (field 22 of /proc/self/stat), by which a reused pid is told apart."""
    return Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
