"""Bonds between processes that the kernel keeps: who dies with whom.

Preloaded in the forkserver, which then dies with the mother's starting thread, and forgets the secrets in her
environment. Children do not die with the forkserver: they are bound to the mother herself by a lifeline, a pipe
whose other end only she holds.

Source: prctl(2) PR_SET_PDEATHSIG; fcntl(2) F_SETSIG, F_SETOWN, O_ASYNC; pipe(7).
"""

import ctypes
import fcntl
import os
import select
import signal
import sys

from droas_common.environment import forget

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15

FORKSERVER_NAME = "droas-forks"
"""What `ps` and `top` show as the forkserver's name."""


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def name_process(name: str) -> None:
    """Give this process the name that `ps` and `top` show; 15 characters at most."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def die_with_lifeline(fd: int) -> None:
    """Have the kernel kill this process when the last writer of this pipe is gone.

    The signal is sent by the kernel when the pipe's writing end closes, so it also ends a process that is
    stopped or whose event loop hangs. Nothing may ever be written to the pipe.
    """
    fcntl.fcntl(fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    # The writer may have gone before the bond was made.
    if select.select([fd], [], [], 0)[0]:
        os.kill(os.getpid(), signal.SIGKILL)


def _is_forkserver() -> bool:
    """Say whether this process is a multiprocessing forkserver that imports its preload."""
    return any("multiprocessing.forkserver" in argument for argument in sys.orig_argv)


if _is_forkserver():
    die_with_parent()
    name_process(FORKSERVER_NAME)
    forget()
