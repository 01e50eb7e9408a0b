"""The daily budget of IDENTIFYs is never overspent."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from droas_common.wire.heartbeats import StartLimit
from droas_mother.core.bookkeeping.records import Identify
from droas_mother.core.supervision.identify_budget import WINDOW_S, Told, ceiling, passed, spacing_s, wait_s
from droas_mother.flows.supervision.identify_desk import IdentifyDesk, digest_of


def told(*, total: int = 1000, remaining: int = 900, reset_after_s: float = 3600) -> Told:
    """Give what Discord told at moment 0."""
    return Told(
        StartLimit(total=total, remaining=remaining, reset_after_s=reset_after_s),
        0.0,
    )


@given(
    st.lists(st.floats(0, 4 * WINDOW_S), max_size=60),
    st.integers(1, 10),
)
def test_no_window_sees_more_than_the_ceiling(asked: list[float], most: int) -> None:
    """Whoever asks whenever: who waits as told never sends more than allowed within any 24 hours."""
    sent: list[float] = []
    for moment in sorted(asked):
        now = max(moment, sent[-1] if sent else 0.0)
        now += wait_s(sent, None, now=now, most=most)
        sent.append(now)
    for start in sent:
        assert sum(start <= one < start + WINDOW_S - 1e-3 for one in sent) <= most


@pytest.mark.parametrize(
    ("setting", "what_discord_told", "most"),
    [(500, None, 500), (100, None, 100), (500, told(total=200), 100)],
)
def test_the_ceiling_is_half_of_discords_at_most(
    setting: int, what_discord_told: Told | None, most: int
) -> None:
    """What is configured holds, and never more than half of what Discord allows."""
    assert ceiling(setting, what_discord_told) == most


def test_the_last_tenth_is_not_touched_whoever_spent_the_rest() -> None:
    """When others used the same token up, it waits for Discord's reset."""
    assert wait_s([], told(remaining=101), now=10, most=500) == 0
    assert wait_s([], told(remaining=100), now=10, most=500) == 3590
    assert wait_s([5.0], told(remaining=101), now=10, most=500) == 3590


def test_what_discord_told_before_the_clock_was_set_back_holds_nobody_for_longer() -> None:
    """It counts as told now: the reset is as far away as Discord said, not as the clock ran ahead."""
    assert wait_s([], told(remaining=100), now=-WINDOW_S, most=500) == 3600


@pytest.mark.parametrize(("moments", "seconds"), [([], 0.0), ([3.0, 7.0], 2.0), ([5.0], 0.0)])
def test_identifies_are_spaced_as_discord_asks(moments: list[float], seconds: float) -> None:
    """Within five seconds there is only one."""
    assert spacing_s(moments, now=10, apart_s=5) == seconds


@pytest.mark.parametrize(
    ("before", "after", "part"), [(0, 1, None), (4, 5, 0.5), (7, 10, 1.0), (10, 11, None)]
)
def test_a_draining_budget_is_told_once_a_mark(before: int, after: int, part: float | None) -> None:
    """Half, three quarters, nine tenths and the end are told, each once."""
    assert passed(before, after, 10) == part


def test_the_desk_counts_over_restarts_and_writes_down() -> None:
    """What an earlier mother counted is counted; what is new is written; the token itself is not."""
    token, written = SecretStr("a-secret-token"), []
    first = IdentifyDesk(3, [], written.append)
    first.note("helper", token, 2)
    assert all(isinstance(one, Identify) and "secret" not in one.token_digest for one in written)
    second = IdentifyDesk(3, written, written.append)
    assert (second.remaining(token), second.wait_s(token)) == (1, 0)
    second.note("helper", token, 1)
    assert second.remaining(token) == 0
    assert second.wait_s(token) == pytest.approx(WINDOW_S, abs=5)
    assert second.wait_s(SecretStr("another")) == 0


def test_a_clock_that_ran_ahead_holds_nobody() -> None:
    """What was noted before the clock was set back counts as now: it is spaced and counted as any other."""
    token = SecretStr("a-token")
    later_us = int((time.time() + 365 * WINDOW_S) * 1e6)
    desk = IdentifyDesk(
        2, [Identify(token_digest=digest_of(token), at_us=later_us)], lambda _identify: None, apart_s=5.0
    )
    assert 0 < desk.spacing_s(token) <= 5.0
    assert desk.remaining(token) == 1
    desk.note("bot_01", token, 1)
    assert desk.wait_s(token) <= WINDOW_S
