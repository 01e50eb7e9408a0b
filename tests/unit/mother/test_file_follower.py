"""What is followed goes on, whatever is wrong with it."""

import asyncio
from collections.abc import Callable

from droas_common.errors import RequestError
from droas_mother.flows.mother import Mother, Part
from droas_mother.flows.reloading.file_follower import FileFollower


class BrokenWatch:
    """Looks at files that surprise."""

    def start(self, on_change: Callable[[], None]) -> None:
        """Watch nothing."""

    def follow(self) -> None:
        """Fail."""
        raise RuntimeError("a loop of links")

    def signature(self) -> None:
        """Fail."""
        raise PermissionError("may not be entered")

    def stop(self) -> None:
        """Watch no longer."""


async def test_a_surprise_in_the_files_ends_nothing() -> None:
    """Neither the slow look nor a reading that fails ends the following."""
    readings: asyncio.Queue[float] = asyncio.Queue()

    async def read(first_at: float, _changing: Callable[[], bool]) -> None:
        readings.put_nowait(first_at)
        raise UnicodeError("no name")

    async def settled() -> None:
        return

    follower = FileFollower(BrokenWatch(), read, settled=settled)
    following = asyncio.create_task(follower.run())
    async with asyncio.timeout(5):
        await readings.get()
        follower.ring()
        await readings.get()
    assert not following.done()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def test_a_part_of_several_tasks_that_is_not_vital_may_end() -> None:
    """What it raises comes as a group; the others go on."""
    ended = asyncio.Event()

    async def run() -> None:
        try:
            async with asyncio.TaskGroup():
                raise RequestError("wrong")
        finally:
            ended.set()

    whole = Mother([Part(name="files", run=run, vital=False)], lambda: None, lambda: None)
    living = asyncio.create_task(whole.run())
    async with asyncio.timeout(5):
        await ended.wait()
        whole.ask_stop()
        await living
