"""Whether bots of an earlier mother live on, found out before anything of the configuration is known.

A child is forked and never runs another program, so its command line is that of the mother who had it, or of a
forkserver that was started later; and whoever lost both has been given another parent by the kernel.

Source: proc(5), `/proc/PID/cmdline` and `/proc/PID/stat`.
"""

import os
from pathlib import Path

from droas_common.process_bonds import FORKSERVER_NAME
from droas_mother.adapters.processes.forkserver import PRELOAD

_PROC = Path("/proc")


def any_survivor(mark: bytes = PRELOAD[0].encode()) -> bool:
    """Say whether a bot lives whose mother was started by the very command of this process, and is gone.

    Args:
        mark: stands in the command line of every forkserver that was started as a program.
    """
    own = os.getpid()
    mothers = _arguments(own)
    pids = (int(one) for one in os.listdir(_PROC) if one.isdigit())  # noqa: PTH208 - 5 ms less than a Path each
    return any(_descends(pid, mothers, mark) and _is_orphan(pid) for pid in pids if pid != own)


def _descends(pid: int, mothers: list[bytes], mark: bytes) -> bool:
    arguments = _arguments(pid)
    return bool(arguments) and (arguments == mothers or any(mark in one for one in arguments))


def _arguments(pid: int) -> list[bytes]:
    """Give a process's command line without the program, which may be named in several ways."""
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")[1:]
    except OSError:
        return []


def _is_orphan(pid: int) -> bool:
    try:
        after_name = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2]
        parent = (_PROC / after_name.split()[1] / "comm").read_text().strip()
    except (OSError, IndexError):
        return False
    return parent != FORKSERVER_NAME
