"""An event loop whose time is virtual."""

import asyncio
import selectors
from typing import Any


class _SkippingSelector(selectors.DefaultSelector):
    """Never waits: when nothing is ready, the time until the next timer has passed."""

    skipped_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        """Give what is ready, or let the time pass."""
        ready = super().select(0)
        if not ready and timeout:
            self.skipped_s += timeout
        if not ready and timeout is None:
            raise RuntimeError("everybody waits for ever")
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on which an hour takes a millisecond."""

    def __init__(self) -> None:
        self._skipping = _SkippingSelector()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Give the virtual seconds."""
        return self._skipping.skipped_s
