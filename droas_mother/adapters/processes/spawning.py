"""Starting children from the preloaded forkserver.

Starting one blocks until the forkserver has forked, so it is done in the forkserver's own thread.
"""

import asyncio
import os
import time
from pathlib import Path

from droas_common.by_name import ByName
from droas_common.errors import OutsideError
from droas_common.logs import log
from droas_common.settings import ChildSettings
from droas_mother.adapters.processes.child_process import ChildProcess
from droas_mother.adapters.processes.forkserver import Forkserver

CHILD = "droas_child.worker:run"


class Spawner:
    """Starts children from the forkserver.

    Args:
        forkserver: where processes are forked.
        target: what a child runs, `module:function`.
    """

    def __init__(self, forkserver: Forkserver, *, target: str = CHILD) -> None:
        self._forkserver = forkserver
        self._target = ByName(target)

    async def warm_up(self) -> None:
        """Wait until the forkserver runs."""
        await asyncio.wrap_future(self._forkserver.warm_up())

    async def spawn(self, settings: ChildSettings) -> ChildProcess:
        """Start one child.

        Raises:
            OutsideError: the system has no room for another process.
        """
        loop = asyncio.get_running_loop()
        try:
            child = await loop.run_in_executor(self._forkserver.thread, self._start, settings)
        except (OSError, EOFError) as error:
            raise OutsideError(f"no process could be started for {settings.name}: {error}") from error
        child.watch(loop)
        return child

    def close(self) -> None:
        """Let the starting thread go; the forkserver ends with the mother."""
        self._forkserver.close()

    def _start(self, settings: ChildSettings) -> ChildProcess:
        context = self._forkserver.context
        child_end, mother_end = context.Pipe(duplex=False)
        process = context.Process(
            target=self._target, args=(settings, child_end), name=f"droas-{settings.name}", daemon=False
        )
        stacks_path = Path(settings.stacks_path) if settings.stacks_path else None
        if stacks_path is not None:
            # A life that hangs at once must not be shown where the last one hung.
            stacks_path.unlink(missing_ok=True)
        began, server = time.monotonic(), self._forkserver.pid
        try:
            process.start()
        finally:
            child_end.close()
        if server not in (None, self._forkserver.pid):
            log.warning("forkserver_replaced", ended=server, pid=self._forkserver.pid)
        pid = process.pid
        if pid is None:
            raise OutsideError("the forkserver gave no process id")
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError as error:
            raise OutsideError(f"{settings.name} ended before it began") from error
        return ChildProcess(
            pid=pid,
            pidfd=pidfd,
            started_at=began,
            stacks_path=stacks_path,
            process=process,
            lifeline=mother_end,
        )
