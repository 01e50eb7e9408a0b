"""How long a caller is listened to whose frames cannot be read."""

from droas_mother.core.tools.rate_limits import Buckets, Rate

FAULTS = Rate(per_s=100, burst=200)
"""Frames of one caller that may be faulty; a program that sends more of them is broken, or means harm."""

PAUSE_S = 1.0
"""How long nothing is read of a caller who has used them up."""

_MAX_CALLERS = 1_000


class FaultLimit:
    """Counts each caller's faulty frames."""

    def __init__(self) -> None:
        self._faults: Buckets[str] = Buckets(_MAX_CALLERS)
        self._deaf_until: dict[str, float] = {}

    def listens(self, caller: str, *, now: float) -> bool:
        """Give whether a frame of this caller is read; `now` is in seconds, as everywhere here."""
        if self._deaf_until and self._deaf_until.get(caller, now) > now:
            return False
        if self._deaf_until:
            self._deaf_until.pop(caller, None)
        return True

    def bears(self, caller: str, *, now: float) -> bool:
        """Count a faulty frame; False when it was one too many, and nothing more is read for a while."""
        if not self._faults.take(caller, FAULTS, int(now * 1e9)):
            return True
        self._deaf_until[caller] = now + PAUSE_S
        return False
