"""A bounded mailbox between what happens and one who follows it; who is too slow is cut off and told so."""

import asyncio
from collections import deque

CAPACITY = 256
"""Items that may wait for one follower."""

TOO_SLOW, STOPPING = "too_slow", "stopping"


class Mailbox[Item]:
    """Items for one follower, in order; used on one loop, but for `post_from_anywhere`.

    Args:
        capacity: most items that may wait; one more closes the mailbox.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._items: deque[Item] = deque()
        self._capacity = capacity
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.closed_for = ""
        """Why nothing comes any longer, "" while something may."""

    def post(self, item: Item) -> None:
        """Put an item in; closes the mailbox when it is full."""
        if self.closed_for:
            return
        if len(self._items) >= self._capacity:
            self.close(TOO_SLOW)
            return
        self._items.append(item)
        self._news.set()

    def post_from_anywhere(self, item: Item) -> None:
        """Put an item in from any thread."""
        self._loop.call_soon_threadsafe(self.post, item)

    def close(self, why: str) -> None:
        """Take nothing more; what waits may still be taken out."""
        self.closed_for = self.closed_for or why
        self._news.set()

    async def take(self, patience_s: float) -> list[Item] | None:
        """Give what waits, [] when nothing came in this time, None when closed and empty."""
        try:
            async with asyncio.timeout(patience_s):
                await self._news.wait()
        except TimeoutError:
            return []
        items = list(self._items)
        self._items.clear()
        if not self.closed_for:
            self._news.clear()
        return items or (None if self.closed_for else [])
