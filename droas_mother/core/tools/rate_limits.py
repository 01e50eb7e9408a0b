"""How often somebody may call: token buckets, each kept as the one moment at which it is full again.

Moments are whole nanoseconds: as floats, those of today are too coarse to be summed up call by call.
Source of the algorithm: the generic cell rate algorithm, ITU-T I.371, in its virtual scheduling form.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field

_LONGEST_NS = 1e18
"""Thirty years, for rates next to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How much is allowed.

    Args:
        per_s: calls that come back each second.
        burst: calls that may be made at once.

    Attributes:
        interval_ns: in which one call comes back.
        window_ns: in which an empty bucket is full again.
    """

    per_s: float
    burst: int
    interval_ns: int = field(init=False)
    window_ns: int = field(init=False)

    def __post_init__(self) -> None:
        """Work out once what every call needs."""
        object.__setattr__(self, "interval_ns", round(min(1e9 / self.per_s, _LONGEST_NS)))
        object.__setattr__(self, "window_ns", self.burst * self.interval_ns)


class Buckets[Who: Hashable]:
    """A bucket for everybody who calls; bounded.

    Args:
        most: buckets that are kept. When there are more, the full ones go, which are as good as new, and if those are
            too few, so many as were nearest to it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._full_at: dict[Who, int] = {}

    def take(self, who: Who, rate: Rate, now: int) -> int:
        """Take one call.

        Args:
            who: whose call it is.
            rate: how much is allowed.
            now: the present moment.

        Returns:
            The nanoseconds until the call may be made, 0 when it may now.
        """
        # No bucket is emptier than empty: so a rate that was raised, or a clock that was set back, shuts nobody out.
        full_at = min(self._full_at.get(who, 0), now + rate.window_ns)
        after = max(full_at, now) + rate.interval_ns
        wait = after - rate.window_ns - now
        if wait > 0:
            return wait
        self._full_at[who] = after
        if len(self._full_at) > self._most:
            self._drop(now)
        return 0

    def _drop(self, now: int) -> None:
        kept = [(full_at, who) for who, full_at in self._full_at.items() if full_at > now]
        if len(kept) > self._most // 2:
            kept = sorted(kept, key=lambda one: one[0])[-(self._most // 2) :]
        self._full_at = {who: full_at for full_at, who in kept}
