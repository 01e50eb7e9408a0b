"""How many IDENTIFYs a token may still send today.

Discord ends all sessions of a bot that sends 1,000 in 24 hours, resets its token and writes to its owner.
So a bot stops far below that, whatever makes it connect again and again.

Source: Discord API reference, Gateway, session_start_limit.
"""

from collections.abc import Sequence

WINDOW_S = 86_400.0
WARN_AT = 0.5
"""From this part of the limit on it is said in the log."""


def spent(moments: Sequence[float], *, now: float) -> int:
    """Count the moments (unix seconds) of the last 24 hours."""
    return sum(now - at < WINDOW_S for at in moments)


def wait_s(moments: Sequence[float], *, now: float, limit: int) -> float:
    """Give the seconds until one more is within the limit; 0 when it is now.

    Args:
        moments: earlier identifies in unix seconds, oldest first.
        now: the present moment.
        limit: most within 24 hours, 1 or more.
    """
    recent = [at for at in moments if now - at < WINDOW_S]
    return 0.0 if len(recent) < limit else recent[-limit] + WINDOW_S - now
