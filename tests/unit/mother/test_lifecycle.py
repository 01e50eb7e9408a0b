"""The table of states: every pair is a row or an error."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_common.backoff import Backoff
from droas_common.errors import DefectError, ExitCode
from droas_common.wire.heartbeats import GatewayState, Heartbeat
from droas_mother.core.health import Signs, Verdict, judge, own_gap_s
from droas_mother.core.lifecycle import STEPS, Event, State, step
from droas_mother.core.restarts import Exit, GiveUp, Restart, after_exit


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair_is_a_row_or_an_error(state: State, event: Event) -> None:
    """An unlisted pair raises; a listed one gives its row."""
    if (state, event) in STEPS:
        assert step(state, event) is STEPS[state, event]
    else:
        with pytest.raises(DefectError):
            step(state, event)


def test_every_state_can_be_reached_and_left() -> None:
    """No state is a dead end or an island."""
    assert set(STEPS.values()) == set(State)
    assert {state for state, _ in STEPS} == set(State)


def _exit(code: int | None = -9, lived_s: float = 5.0, fatal: str = "") -> Exit:
    return Exit(code=code, lived_s=lived_s, fatal=fatal)


def test_the_first_crash_restarts_at_once() -> None:
    """A bot that crashes for the first time does not wait."""
    decision = after_exit(_exit(), crashes=0, backoff=Backoff(), stable_after_s=60, jitter=0.9)
    assert decision == Restart(after_s=0.0, crashes=1)


@given(st.integers(1, 500), st.floats(0, 1, exclude_max=True))
def test_further_crashes_wait_within_the_cap(crashes: int, jitter: float) -> None:
    """A crash loop slows down and stays bounded."""
    decision = after_exit(
        _exit(), crashes=crashes, backoff=Backoff(cap_s=60), stable_after_s=60, jitter=jitter
    )
    assert isinstance(decision, Restart)
    assert 0 < decision.after_s <= 60


def test_a_stable_life_ends_the_row() -> None:
    """After a long life the next crash counts as the first."""
    decision = after_exit(_exit(lived_s=61), crashes=9, backoff=Backoff(), stable_after_s=60, jitter=0.5)
    assert decision == Restart(after_s=0.0, crashes=1)


@pytest.mark.parametrize(
    "ended", [_exit(code=ExitCode.CONFIGURATION), _exit(fatal="Discord refuses the token")]
)
def test_fatal_causes_are_not_retried(ended: Exit) -> None:
    """A refused token waits for a person instead of burning identifies."""
    assert isinstance(after_exit(ended, crashes=0, backoff=Backoff(), stable_after_s=60, jitter=0), GiveUp)


def _signs(
    *, registered: bool = True, last: float | None = 10.0, gateway: GatewayState | None = None
) -> Signs:
    beat = Heartbeat(sequence=1, loop_lag_ms=0, gateway=gateway) if gateway else None
    return Signs(started_at=0.0, registered=registered, last_beat_at=last, beat=beat)


@pytest.mark.parametrize(
    ("signs", "now", "verdict"),
    [
        (_signs(registered=False, last=None), 5, Verdict.WAIT),
        (_signs(registered=False, last=None), 21, Verdict.HUNG),
        (_signs(gateway=GatewayState.CONNECTING), 11, Verdict.WAIT),
        (_signs(gateway=GatewayState.READY), 11, Verdict.READY),
        (_signs(gateway=GatewayState.LOST), 11, Verdict.NOT_READY),
        (_signs(gateway=GatewayState.READY), 13.5, Verdict.HUNG),
    ],
)
def test_signs_lead_to_a_verdict(signs: Signs, now: float, verdict: Verdict) -> None:
    """Silence means hung; a lost gateway alone does not."""
    assert judge(signs, now=now, startup_timeout_s=20, heartbeat_timeout_s=3) is verdict


@pytest.mark.parametrize(("slept_s", "gap_s"), [(0.25, 0.0), (0.9, 0.0), (10.25, 10.0)])
def test_the_mothers_own_gaps_are_noticed(slept_s: float, gap_s: float) -> None:
    """A turn a little late is nothing; a long one is time in which nobody could be heard."""
    assert own_gap_s(slept_s=slept_s, meant_s=0.25) == gap_s
