"""What waits, taken in turn from everybody who waits, so that a flood of one holds up nobody else."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

TURNS_BESIDE_OTHERS = 16
"""Turns of a caller in one group once somebody else has nothing left to wait for but the end of that group."""


class FairQueue[T]:
    """A bounded queue with a row for each caller.

    Args:
        limit: how much may wait in all; nobody's row gets more than his share of it once others wait.
        weigh: gives how much of the limit one takes up.
    """

    def __init__(self, limit: int, weigh: Callable[[T], int] = lambda _: 1) -> None:
        self._limit = limit
        self._weigh = weigh
        self._rows: OrderedDict[str, OrderedDict[Hashable, T]] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._weight = 0

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._rows.values()))

    def put(self, caller: str, name: Hashable, item: T) -> bool:
        """Let one wait; False when there is no room for this caller.

        By its name it can be withdrawn; of two that have the same, that is the first.
        """
        weight = self._weigh(item)
        row = self._rows.get(caller)
        callers = len(self._rows) + (row is None)
        mine = self._weights.get(caller, 0) + weight
        if self._weight + weight > self._limit or (callers > 1 and row and mine > self._limit // callers):
            return False
        if row is None:
            row = self._rows[caller] = OrderedDict()
        row[name if name not in row else object()] = item
        self._weights[caller] = mine
        self._weight += weight
        return True

    def take(self, most: int) -> list[T]:
        """Give what is next: one of each row in turn; the first row begins the next time behind the last.

        No more are given once they weigh so much together, or less, so that whoever's row is empty by then does not
        wait long for the rows of others.
        """
        taken: list[T] = []
        callers = len(self._rows)
        few = min(most, callers * TURNS_BESIDE_OTHERS)
        weight = 0
        while self._rows and weight < (most if len(self._rows) == callers else few):
            caller, row = self._rows.popitem(last=False)
            item = row.popitem(last=False)[1]
            taken.append(item)
            weight += self._leave(caller, item)
            if row:
                self._rows[caller] = row
        return taken

    def withdraw(self, caller: str, name: Hashable) -> T | None:
        """Take one out of a caller's row; None when it does not wait there any more."""
        row = self._rows.get(caller)
        if row is None or name not in row:
            return None
        found = row.pop(name)
        self._leave(caller, found)
        if not row:
            del self._rows[caller]
        return found

    def _leave(self, caller: str, item: T) -> int:
        """Count one out; gives its weight."""
        weight = self._weigh(item)
        self._weight -= weight
        self._weights[caller] -= weight
        if not self._weights[caller]:
            del self._weights[caller]
        return weight
