"""From what is known of a child to a verdict: well, not ready, or dead though it lives.

Three questions, kept apart. Start-up: did it register in time? Liveness: does its event loop still run?
Readiness: can it do its work? A child that has lost Discord or its model is not ready, and lives on.
"""

from dataclasses import dataclass
from enum import StrEnum

from droas_common.wire.heartbeats import GatewayState, Heartbeat

GAP_S = 0.75
"""A turn later than this is a gap of the mother's own; children are not punished for it."""

MAX_ACK_AGE_S = 60.0
"""Discord acknowledges every 41.25 s; the child itself reconnects ten seconds after a missing one."""

CONFIRM_S = 3.0
"""So long a child may take to confirm a configuration before it counts as running a wrong one."""

LATE_LOOP_MS = 1_000.0
"""An event loop that wakes this late answers people too late."""

_STOPPED = "stopped"
"""The system's word for a process that a signal has stopped. A zombie needs no word: its pidfd tells."""


class Verdict(StrEnum):
    """What the mother makes of a living child."""

    WAIT = "wait"
    READY = "ready"
    NOT_READY = "not_ready"
    HUNG = "hung"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and its reason in words, "" when there is nothing to say."""

    verdict: Verdict
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long what is borne, in seconds.

    Args:
        heartbeat_s: silence of a registered child.
        busy_s: a whole core in use without a pause.
    """

    heartbeat_s: float
    busy_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is known of a child at one moment; all times are seconds of the monotonic clock.

    Args:
        register_by: when it must have registered.
        registered: whether it has.
        last_beat_at: when its last message came; None before the first.
        beat: its last heartbeat; None before the first.
        revision: the configuration that it should run.
        revision_at: since when.
        status: the system's word about its process, "" when unknown.
        busy_since: since when it uses a whole core, None when it does not.
    """

    register_by: float
    registered: bool
    last_beat_at: float | None
    beat: Heartbeat | None
    revision: int = 0
    revision_at: float = 0.0
    status: str = ""
    busy_since: float | None = None


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


def judge(signs: Signs, patience: Patience, *, now: float) -> Judgement:
    """Judge a living child."""
    hung = _why_hung(signs, patience, now)
    if hung:
        return Judgement(Verdict.HUNG, hung)
    if not signs.registered or signs.beat is None:
        return Judgement(Verdict.WAIT)
    if signs.beat.gateway is GatewayState.CONNECTING:
        return Judgement(Verdict.WAIT, signs.beat.detail)
    due = now - signs.revision_at > CONFIRM_S
    missing = _why_not_ready(signs.beat, signs.revision if due else signs.beat.config_revision)
    return Judgement(Verdict.NOT_READY, missing) if missing else Judgement(Verdict.READY)


def _why_hung(signs: Signs, patience: Patience, now: float) -> str:
    """Say why a child does not live, "" when it does."""
    if signs.status == _STOPPED:
        return "it is stopped by a signal"
    if not signs.registered or signs.last_beat_at is None:
        return "it did not register in time" if now >= signs.register_by else ""
    if now - signs.last_beat_at > patience.heartbeat_s:
        return f"no heartbeat for {patience.heartbeat_s:g} s"
    if signs.busy_since is not None and now - signs.busy_since > patience.busy_s:
        return f"it has used a whole core for {patience.busy_s:g} s"
    return ""


def _why_not_ready(beat: Heartbeat, revision: int) -> str:
    """Say what a living child lacks to do its work, "" when nothing."""
    if beat.gateway is not GatewayState.READY:
        return beat.detail or "it is not connected to Discord"
    if beat.gateway_ack_age_s is not None and beat.gateway_ack_age_s > MAX_ACK_AGE_S:
        return f"Discord has not acknowledged a heartbeat for {beat.gateway_ack_age_s:.0f} s"
    if beat.config_revision != revision:
        return f"it runs configuration {beat.config_revision}, not {revision}"
    if beat.model_ok is False:
        return "its model service does not answer"
    if beat.loop_lag_ms > LATE_LOOP_MS:
        return f"its event loop is {beat.loop_lag_ms:.0f} ms late"
    return ""
