"""Time as a thing that is handed in, so that decisions can be tested without waiting."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def monotonic(self) -> float:
        """Give seconds that never jump; for durations and deadlines."""
        ...

    def wall(self) -> float:
        """Give unix seconds; for records that people read."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic(self) -> float:
        """Give seconds of CLOCK_MONOTONIC."""
        return time.monotonic()

    def wall(self) -> float:
        """Give unix seconds of the wall clock."""
        return time.time()
