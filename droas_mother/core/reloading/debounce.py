"""When files that are being written are read: once they are quiet, but not later than is bearable."""

from dataclasses import dataclass, replace

QUIET_S = 0.1
"""A file that nobody has touched for so long is taken as written."""

LONGEST_S = 0.5
"""Under a stream of writes that does not end, files are read at least this often."""


@dataclass(frozen=True, slots=True)
class Debounce:
    """What is known of a burst of changes; all moments are seconds of the monotonic clock.

    Args:
        first_at: when the first one came; None while nothing has changed.
        last_at: when the newest one came.
    """

    first_at: float | None = None
    last_at: float = 0.0

    @property
    def due_at(self) -> float | None:
        """Give when the files must be read; None while nothing has changed."""
        if self.first_at is None:
            return None
        return min(self.last_at + QUIET_S, self.first_at + LONGEST_S)

    def touched(self, now: float) -> "Debounce":
        """Something has changed."""
        return replace(self, first_at=now if self.first_at is None else self.first_at, last_at=now)
