"""This process: its bonds, its lock, its signals, and how the mother's process is."""

import faulthandler
import fcntl
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

from droas_child.core.bond import Sight
from droas_common.errors import OutsideError
from droas_common.life_record import LifeRecord, read_beacon, start_ticks, written
from droas_common.process_bonds import die_with_lifeline


def bind(lifeline: Connection, *, lease_s: float) -> None:
    """Make this process a leader of its own group; without a lease it dies with the mother, whatever state it is in."""
    if os.getpgrp() != os.getpid():
        os.setsid()
    os.umask(0o077)
    if lease_s <= 0:
        die_with_lifeline(lifeline.fileno())


def write_stacks_when_asked(path: Path) -> None:
    """Write the stacks of all threads into a file at SIGUSR1, even while the event loop hangs, and at a fault.

    The handler is C and runs at once; it needs a descriptor that stays open, which faulthandler keeps.
    """
    handle = path.open("w")
    faulthandler.enable(file=handle)
    faulthandler.register(signal.SIGUSR1, file=handle, all_threads=True)


class LifeLock:
    """The lock that says: this process is this bot. Held until the process ends, by the kernel.

    Args:
        path: the lock file.
        record: what is written into it; pid and start time are this process's.

    Raises:
        OutsideError: another process holds it, or it cannot be written.
    """

    def __init__(self, path: Path, record: LifeRecord) -> None:
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(self._handle, 0)
            os.write(self._handle, written(record))
        except BlockingIOError:
            raise OutsideError(f"{path}: another process is this bot already") from None
        except OSError as error:
            raise OutsideError(f"{path}: the lock cannot be written: {error.strerror}") from error


def own_start_ticks() -> int:
    """Give this process's start time, by which a reused pid is told apart."""
    return start_ticks(os.getpid()) or 0


class MotherSight:
    """Looks whether a mother lives, and which key her sockets have.

    Args:
        beacon_path: the file in which she says so.
    """

    def __init__(self, beacon_path: Path) -> None:
        self._path = beacon_path

    def look(self) -> Sight:
        """Give what can be seen now; reads two small files of the kernel and of the runtime folder."""
        beacon = read_beacon(self._path)
        if beacon is None or start_ticks(beacon.pid) != beacon.start_ticks:
            return Sight(alive=False, server_key="")
        return Sight(alive=True, server_key=beacon.server_key)
