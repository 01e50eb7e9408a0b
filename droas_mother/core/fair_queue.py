"""What waits, taken in turn from everybody who waits, so that a flood of one holds up nobody else."""

import sys
from collections import OrderedDict, deque
from collections.abc import Callable

TURNS_BESIDE_OTHERS = 16
"""Turns of a caller in one group once somebody else has nothing left to wait for but the end of that group."""


class FairQueue[T]:
    """A bounded queue with a row for each caller.

    Args:
        limit: most that may wait in all; nobody's row gets more than his share of it once others wait.
        weigh: gives how heavy one is.
    """

    def __init__(self, limit: int, weigh: Callable[[T], int] = lambda _: 1) -> None:
        self._limit = limit
        self._weigh = weigh
        self._rows: OrderedDict[str, deque[T]] = OrderedDict()
        self._count = 0

    def __len__(self) -> int:
        """How many wait."""
        return self._count

    def put(self, caller: str, item: T) -> bool:
        """Let one wait; False when there is no room for this caller."""
        row = self._rows.get(caller)
        share = self._limit // (len(self._rows) + (row is None))
        if self._count >= self._limit or (row is not None and len(row) >= share and len(self._rows) > 1):
            return False
        if row is None:
            row = self._rows[caller] = deque()
        row.append(item)
        self._count += 1
        return True

    def take(self, most: int, heaviest: int = sys.maxsize) -> list[T]:
        """Give what is next: one of each row in turn; the first row begins the next time behind the last.

        Whoever's row is empty by then does not wait long for the rows of others.

        Args:
            most: how many are given at most.
            heaviest: no more are given once these weigh so much together.
        """
        taken: list[T] = []
        callers = len(self._rows)
        enough = min(most, callers * TURNS_BESIDE_OTHERS)
        while self._rows and heaviest > 0 and len(taken) < (most if len(self._rows) == callers else enough):
            caller, row = self._rows.popitem(last=False)
            item = row.popleft()
            taken.append(item)
            heaviest -= self._weigh(item)
            if row:
                self._rows[caller] = row
        self._count -= len(taken)
        return taken

    def withdraw(self, caller: str, wanted: Callable[[T], bool]) -> T | None:
        """Take one out of a caller's row; None when it does not wait there any more."""
        row = self._rows.get(caller)
        found = next((item for item in row or () if wanted(item)), None)
        if row is None or found is None:
            return None
        row.remove(found)
        self._count -= 1
        if not row:
            del self._rows[caller]
        return found
