"""The mother's day: start order, work, stop order.

Started from the ground up (store, sockets, admin interface, children, Discord) and ended the other way
round. Whatever ends the day, no child is left behind.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from droas_common.errors import OutsideError, RequestError
from droas_common.logs import log

STOP_DEADLINE_S = 20.0
"""The whole farewell takes no longer; what is then still there is killed."""


@dataclass(slots=True, kw_only=True)
class Part:
    """A part of the mother with its own life.

    Args:
        name: for the log.
        start: makes it ready; None when there is nothing to do.
        run: what it does until cancelled; None when it lives by callbacks or in a thread.
        stop: ends it in good order.
        vital: whether the mother ends when `run` fails for no defect of ours; such a part is logged otherwise.
    """

    name: str
    start: Callable[[], Awaitable[None] | None] | None = None
    run: Callable[[], Awaitable[None]] | None = None
    stop: Callable[[], Awaitable[None] | None] | None = None
    vital: bool = True


@dataclass(slots=True)
class Mother:
    """All parts in the order of their start.

    Args:
        parts: from the ground up.
        on_started: told when all have started.
        on_stopping: told when the farewell begins.
    """

    parts: list[Part]
    on_started: Callable[[], None]
    on_stopping: Callable[[], None]
    handing_over: bool = False
    """Whether she ends only to make room for a new mother, who takes the children over."""
    _stop_asked: asyncio.Event = field(default_factory=asyncio.Event)

    def ask_stop(self) -> None:
        """End the day; may be called from a signal handler."""
        self._stop_asked.set()

    def ask_hand_over(self) -> None:
        """End the day, but leave the children to a new mother; may be called from a signal handler."""
        self.handing_over = True
        self._stop_asked.set()

    async def run(self) -> None:
        """Start everything, work until asked to stop, end everything."""
        async with AsyncExitStack() as started, asyncio.TaskGroup() as group:
            tasks = []
            for part in self.parts:
                await _call(part.start)
                if part.stop is not None:
                    started.push_async_callback(_stop_part, part)
                if part.run is not None:
                    tasks.append(group.create_task(_run_part(part), name=part.name))
            self.on_started()
            await self._stop_asked.wait()
            self.on_stopping()
            await started.aclose()
            for task in tasks:
                task.cancel()


async def _run_part(part: Part) -> None:
    """Run a part; the others go on without one that is not vital."""
    if part.run is None:
        return
    try:
        await part.run()
    except* (RequestError, OutsideError) as group:  # a part of several tasks gives a group
        if part.vital:
            raise
        log.error("part_ended", part=part.name, why="; ".join(map(str, _leaves(group))))


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


async def _stop_part(part: Part) -> None:
    try:
        async with asyncio.timeout(STOP_DEADLINE_S):
            await _call(part.stop)
    except TimeoutError:
        log.error("part_stop_timed_out", part=part.name)
    except Exception as error:  # noqa: BLE001 - border of the part: the farewell of the others goes on
        log.opt(exception=error).error("part_stop_failed", part=part.name)


async def _call(function: Callable[[], Awaitable[None] | None] | None) -> None:
    result = function() if function is not None else None
    if result is not None:
        await result
