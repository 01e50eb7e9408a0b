"""The forkserver: one preloaded, frozen process from which all children are forked.

It is forked from the mother herself while she has imported nothing but what her children need, so that all
of them share those pages: 50 MiB that a forkserver of its own would hold a second time. One that has died
is started anew by multiprocessing, as a fresh process. The forkserver is tied to the thread that starts it
by PR_SET_PDEATHSIG (see `droas_common.process_bonds`): the first time the main thread, later one thread
that lives as long as the mother.

multiprocessing has no public way for any of this; what is used of its insides is the same in 3.12 and 3.13.
"""

import multiprocessing
import os
import signal
import socket
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from multiprocessing import connection, forkserver, resource_tracker
from multiprocessing.context import ForkServerContext
from typing import Any, NoReturn

from droas_common.process_bonds import FORKSERVER_NAME, die_with_parent, name_process

PRELOAD = ("droas_common.process_bonds", "droas_child.preload")


class Forkserver:
    """Starts the forkserver, and again when it has died.

    Args:
        preload: modules that it imports before it forks.
    """

    def __init__(self, preload: tuple[str, ...] = PRELOAD) -> None:
        self._preload = preload
        self.context: ForkServerContext = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(list(preload))
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")
        _do_without_tracker()
        _forget_main_script()

    def fork_off(self) -> None:
        """Import the preload here and fork the forkserver from this process, which has no other thread yet."""
        for name in self._preload:
            import_module(name)
        address = connection.arbitrary_address("AF_UNIX")  # type: ignore[attr-defined]
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            os.chmod(address, 0o600)  # noqa: PTH101 - a socket's address
            listener.listen()
            alive_r, alive_w = os.pipe()
            mother = os.getpid()
            pid = os.fork()
            if pid == 0:
                os.close(alive_w)
                _serve(listener.detach(), alive_r, mother)
        os.close(alive_r)
        server: Any = forkserver._forkserver  # noqa: SLF001
        server._forkserver_address = address  # noqa: SLF001
        server._forkserver_alive_fd = alive_w  # noqa: SLF001
        server._forkserver_pid = pid  # noqa: SLF001

    @property
    def pid(self) -> int | None:
        """Its process; None before it was started."""
        server: Any = forkserver._forkserver  # noqa: SLF001
        pid: int | None = server._forkserver_pid  # noqa: SLF001
        return pid

    def warm_up(self) -> "Future[None]":
        """Make sure that the forkserver runs; a fresh one's imports go on after the future is done."""
        return self.thread.submit(forkserver.ensure_running)

    def close(self) -> None:
        """Let the starting thread go; the forkserver ends with the mother."""
        self.thread.shutdown(wait=True, cancel_futures=True)

    def end(self) -> None:
        """End the forkserver itself, for a mother whose process lives on as another program.

        By itself it would stay: the children that it forked hold the pipe at whose end it goes.
        """
        if self.pid is not None:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)


def _serve(listener: int, alive: int, mother: int) -> NoReturn:
    """Be the forkserver until the mother is gone."""
    try:
        name_process(FORKSERVER_NAME)
        die_with_parent()
        if os.getppid() == mother:
            forkserver.main(listener, alive, [])
    finally:
        os._exit(0)


def _do_without_tracker() -> None:
    """Let /dev/null be multiprocessing's resource tracker.

    The tracker is a process of its own, 6 MiB, that cleans up after semaphores and shared memory; DROAS uses
    neither.
    """
    tracker: Any = resource_tracker._resource_tracker  # noqa: SLF001
    if tracker._fd is None:  # noqa: SLF001
        tracker._fd = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)  # noqa: SLF001


def _forget_main_script() -> None:
    """Keep multiprocessing from running the mother's script once more in every child: 2 MiB and 2 ms each."""
    vars(sys.modules["__main__"]).pop("__file__", None)
