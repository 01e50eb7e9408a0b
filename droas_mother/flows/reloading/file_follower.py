"""Follows the configuration's files: told by the system, gathered while they are being written, and a slow look."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from droas_common.logs import log
from droas_mother.core.reloading.debounce import Debounce
from droas_mother.ports.configuration import FileWatch

LOOK_S = 2.0
"""For file systems that tell nothing, and for changes of permissions."""


class FileFollower:
    """Calls for a reading when files have changed.

    Args:
        watch: tells of changes.
        read: reads them; gets the moment (monotonic clock) of the first change, and what says whether more came.
        settled: waits until the mother has time for it.
    """

    def __init__(
        self,
        watch: FileWatch,
        read: Callable[[float, Callable[[], bool]], Awaitable[None]],
        *,
        settled: Callable[[], Awaitable[None]],
    ) -> None:
        self._watch = watch
        self._read = read
        self._settled = settled
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = False
        self._changed = asyncio.Event()
        self._debounce = Debounce()
        self._seen: Any = None
        self._failed = ""

    def ring(self) -> None:
        """Something has changed; any thread may tell, as often as it likes."""
        if not self._rung and self._loop is not None:
            self._rung = True
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._touch)

    async def run(self) -> None:
        """Follow until cancelled."""
        self._loop = asyncio.get_running_loop()
        await self._settled()
        try:
            await asyncio.to_thread(self._watch.start, self.ring)
        except OSError as error:
            log.error("files_not_watched", why=str(error), instead=f"they are looked at every {LOOK_S:g} s")
        try:
            self._touch()  # for what changed before
            async with asyncio.TaskGroup() as group:
                group.create_task(self._look(), name="look-at-files")
                group.create_task(self._follow(), name="follow-files")
        finally:
            await asyncio.to_thread(self._watch.stop)

    def _touch(self) -> None:
        self._rung = False
        self._debounce = self._debounce.touched(time.monotonic())
        self._changed.set()

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            first_at = await self._quiet()
            await self._guarded(self._read(first_at, self._changed.is_set))
            await self._guarded(asyncio.to_thread(self._watch.follow))

    async def _quiet(self) -> float:
        """Wait until the files are quiet, or long enough; give the moment of the first change."""
        while True:
            left_s = (self._debounce.due_at or 0.0) - time.monotonic()
            if left_s <= 0:
                break
            await asyncio.sleep(left_s)
        first_at = self._debounce.first_at or time.monotonic()
        self._debounce = Debounce()
        self._changed.clear()
        return first_at

    async def _look(self) -> None:
        while True:
            seen = await self._guarded(asyncio.to_thread(self._watch.signature))
            if seen != self._seen and self._seen is not None and not self._changed.is_set():
                self._touch()
            self._seen = seen
            await asyncio.sleep(LOOK_S)

    async def _guarded(self, work: Awaitable[Any]) -> Any:
        """Wait for some work on the files; None when it fails, which is logged once."""
        try:
            result = await work
        except Exception as error:  # noqa: BLE001 - border of the files: whatever is wrong with them, the mother goes on
            words = f"{type(error).__name__}: {error}"
            if words != self._failed:
                log.opt(exception=error).error("files_not_followed", why=words)
            self._failed = words
            return None
        self._failed = ""
        return result
