"""From what is known of a child to a verdict: well, not ready, or dead though it lives."""

from dataclasses import dataclass
from enum import StrEnum

from droas_common.wire.heartbeats import GatewayState, Heartbeat

GAP_S = 0.75
"""A turn later than this is a gap of the mother's own; children are not punished for it."""


class Verdict(StrEnum):
    """What the mother makes of a living child."""

    WAIT = "wait"
    READY = "ready"
    NOT_READY = "not_ready"
    HUNG = "hung"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is known of a child at one moment; all times are seconds of the monotonic clock.

    Args:
        started_at: when its process was started.
        registered: whether it has registered.
        last_beat_at: when its last message came; None before the first.
        beat: its last heartbeat; None before the first.
    """

    started_at: float
    registered: bool
    last_beat_at: float | None
    beat: Heartbeat | None


def own_gap_s(*, slept_s: float, meant_s: float) -> float:
    """Give for how long the mother herself was away: stopped, suspended, starved.

    Args:
        slept_s: how long a turn of hers took.
        meant_s: how long it should have taken at most.

    Returns:
        Seconds in which she could hear nobody; 0 when she was only a little late.
    """
    late_s = slept_s - meant_s
    return late_s if late_s > GAP_S else 0.0


def judge(signs: Signs, *, now: float, startup_timeout_s: float, heartbeat_timeout_s: float) -> Verdict:
    """Judge a living child.

    Before it registers only the start-up deadline counts; afterwards silence longer than the heartbeat
    timeout means that its event loop no longer runs. Readiness is apart from liveness: a child that has
    lost Discord is not killed for it.
    """
    if not signs.registered or signs.last_beat_at is None:
        return Verdict.HUNG if now - signs.started_at > startup_timeout_s else Verdict.WAIT
    if now - signs.last_beat_at > heartbeat_timeout_s:
        return Verdict.HUNG
    if signs.beat is None or signs.beat.gateway is GatewayState.CONNECTING:
        return Verdict.WAIT
    return Verdict.READY if signs.beat.gateway is GatewayState.READY else Verdict.NOT_READY
