"""How many IDENTIFYs a token may still send today.

Discord ends all sessions of a bot that sends 1,000 in 24 hours, resets its token and writes to its owner.
So a bot stops at half of a day's, whatever makes it connect again and again; and when others use the same
token, at the last tenth.

Source: Discord API reference, Gateway, session_start_limit and "Identifying".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from droas_common.wire.heartbeats import StartLimit

WINDOW_S = 86_400.0
USUAL_TOTAL = 1_000
"""What Discord allows in a day, as long as it has told nothing else."""

WARN_AT = (0.5, 0.75, 0.9, 1.0)
"""Parts of our share; passing one of them is told."""

_OUR_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Told:
    """What Discord told of a token, and when, in unix seconds."""

    limit: StartLimit
    at: float


def ceiling(setting: int, told: Told | None) -> int:
    """Give the most IDENTIFYs of a day: what is configured, and never more than half of Discord's own."""
    total = told.limit.total if told is not None else USUAL_TOTAL
    return max(1, min(setting, int(total * _OUR_SHARE)))


def spent(moments: Sequence[float], *, now: float) -> int:
    """Count the moments (unix seconds) of the last 24 hours."""
    return sum(now - at < WINDOW_S for at in moments)


def wait_s(moments: Sequence[float], told: Told | None, *, now: float, most: int) -> float:
    """Give the seconds until one more may be sent; 0 when it may be now.

    Args:
        moments: earlier identifies in unix seconds, oldest first.
        told: what Discord told last, None when nothing yet.
        now: the present moment.
        most: the ceiling, 1 or more.
    """
    recent = [at for at in moments if now - at < WINDOW_S]
    own_s = 0.0 if len(recent) < most else recent[-most] + WINDOW_S - now
    return max(own_s, _reserve_wait_s(recent, told, now))


def _reserve_wait_s(recent: Sequence[float], told: Told | None, now: float) -> float:
    """Wait for Discord's reset when nearly all are spent, by us or by somebody else with this token."""
    if told is None:
        return 0.0
    resets_at = min(told.at, now) + told.limit.reset_after_s
    left = told.limit.remaining - sum(at > told.at for at in recent)
    return max(0.0, resets_at - now) if left <= told.limit.reserve else 0.0


def spacing_s(moments: Sequence[float], *, now: float, apart_s: float) -> float:
    """Give the seconds until one more is far enough from the last one; 0 when it is now."""
    return max(0.0, moments[-1] + apart_s - now) if moments else 0.0


def passed(before: int, after: int, most: int) -> float | None:
    """Give the highest part of the ceiling that was passed between two counts, None when none was."""
    found = [part for part in WARN_AT if before < part * most <= after]
    return found[-1] if found else None
