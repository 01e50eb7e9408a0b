"""The forkserver: one preloaded, frozen process from which all children are forked.

Imports next to nothing itself, so that it can be started before the mother's own imports. A forkserver is
tied to the thread that starts it by PR_SET_PDEATHSIG (see `droas_common.process_bonds`), so all starting
is done in one thread that lives as long as the mother.
"""

import multiprocessing
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.context import ForkServerContext

PRELOAD = ("droas_common.process_bonds", "droas_child.preload")


class Forkserver:
    """Starts the forkserver, and again when it has died.

    Args:
        preload: modules that it imports before it forks.
    """

    def __init__(self, preload: tuple[str, ...] = PRELOAD) -> None:
        self.context: ForkServerContext = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(list(preload))
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

    def warm_up(self) -> "Future[None]":
        """Make sure that the forkserver runs; its imports go on after the future is done."""
        return self.thread.submit(_ensure_running)

    def close(self) -> None:
        """Let the starting thread go; the forkserver ends with the mother."""
        self.thread.shutdown(wait=True, cancel_futures=True)


def _ensure_running() -> None:
    from multiprocessing.forkserver import ensure_running  # noqa: PLC0415 - forks only once it is called

    ensure_running()
