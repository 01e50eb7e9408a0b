"""From what is known of a child to a verdict: well, not ready, or dead though it lives."""

from dataclasses import dataclass
from enum import StrEnum

from droas_common.wire.heartbeats import GatewayState, Heartbeat


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
