"""What waits, taken in turn from everybody who waits, so that a flood of one holds up nobody else."""

from collections import OrderedDict
from collections.abc import Hashable

TURNS_BESIDE_OTHERS = 16
"""Turns of a caller in one group once somebody else has nothing left to wait for but the end of that group."""


class _Row[T]:
    """What waits of one caller: by name, with its weight."""

    __slots__ = ("items", "weight")

    def __init__(self) -> None:
        self.items: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self.weight = 0


class FairQueue[T]:
    """A bounded queue with a row for each caller.

    Args:
        limit: how much may wait in all, by weight; nobody's row gets more than his share of it once others wait.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._rows: OrderedDict[str, _Row[T]] = OrderedDict()
        self._weight = 0
        self._length = 0

    def __len__(self) -> int:
        """How many wait."""
        return self._length

    def put(self, caller: str, name: Hashable, item: T, weight: int = 1) -> bool:
        """Let one wait; False when there is no room for this caller.

        By its name it can be withdrawn; of two that have the same, that is the first.
        """
        rows = self._rows
        row = rows.get(caller)
        if self._weight + weight > self._limit:
            return False
        if row is None:
            row = rows[caller] = _Row()
        elif len(rows) > 1 and row.weight + weight > self._limit // len(rows):
            return False
        row.items[name if name not in row.items else object()] = (item, weight)
        row.weight += weight
        self._weight += weight
        self._length += 1
        return True

    def take(self, most: int) -> list[T]:
        """Give what is next: one of each row in turn; the first row begins the next time behind the last.

        No more are given once they weigh so much together, or less, so that whoever's row is empty by then does not
        wait long for the rows of others.
        """
        taken: list[T] = []
        rows = self._rows
        callers, bound, weight = len(rows), most, 0
        while rows and weight < bound:
            caller, row = next(iter(rows.items()))
            item, heavy = row.items.popitem(last=False)[1]
            taken.append(item)
            weight += heavy
            row.weight -= heavy
            if not row.items:
                del rows[caller]
                bound = min(most, callers * TURNS_BESIDE_OTHERS)
            elif callers > 1:
                rows.move_to_end(caller)
        self._weight -= weight
        self._length -= len(taken)
        return taken

    def withdraw(self, caller: str, name: Hashable) -> T | None:
        """Take one out of a caller's row; None when it does not wait there any more."""
        row = self._rows.get(caller)
        if row is None or name not in row.items:
            return None
        found, weight = row.items.pop(name)
        row.weight -= weight
        self._weight -= weight
        self._length -= 1
        if not row.items:
            del self._rows[caller]
        return found
