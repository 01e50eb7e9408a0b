"""Token buckets: never more than the burst and what came back since."""

from hypothesis import given
from hypothesis import strategies as st

from droas_mother.core.tools.rate_limits import Buckets, Rate, take

RATES = st.builds(Rate, per_s=st.floats(0.01, 1_000), burst=st.integers(1, 1_000))
SECOND = 10**9


@given(RATES, st.lists(st.floats(0, 5), max_size=200))
def test_never_more_than_burst_and_rate(rate: Rate, pauses: list[float]) -> None:
    """In any stretch of time so many calls are allowed: the burst, and the rate times its length."""
    full_at, now, allowed = 0, 0, 0
    for pause in pauses:
        now += int(pause * SECOND)
        full_at, wait = take(full_at, rate, now=now)
        allowed += not wait
        assert allowed <= rate.burst + now / rate.interval_ns
        assert full_at - now <= rate.window_ns


@given(RATES, st.integers(0, 50))
def test_after_the_wait_it_may(rate: Rate, calls: int) -> None:
    """Who is told to wait and does so is let in, and who comes a moment sooner is not."""
    full_at, wait = take(0, rate, now=0)
    assert not wait
    now = 0
    for _ in range(calls):
        full_at, wait = take(full_at, rate, now=now)
        if wait:
            assert take(full_at, rate, now=now + wait - 1)[1] == 1
            now += wait
            full_at, again = take(full_at, rate, now=now)
            assert not again


def test_words_of_a_small_example() -> None:
    """Two at once, then one a second."""
    rate = Rate(per_s=1, burst=2)
    full_at, first = take(0, rate, now=0)
    full_at, second = take(full_at, rate, now=0)
    full_at, third = take(full_at, rate, now=SECOND // 4)
    assert (first, second, third) == (0, 0, 3 * SECOND // 4)
    assert take(full_at, rate, now=SECOND)[1] == 0


@given(st.integers(0, 2 * 10**18), st.integers(1, 2_000), st.floats(0.1, 100_000))
def test_the_whole_burst_may_be_made_at_once(now: int, burst: int, per_s: float) -> None:
    """And not one call more."""
    rate, buckets = Rate(per_s=per_s, burst=burst), Buckets[str](10)
    assert not any(buckets.take("a", rate, now) for _ in range(burst))
    assert buckets.take("a", rate, now) > 0


def test_buckets_that_are_empty_are_kept_longest() -> None:
    """Whoever calls so many others away does not get a new bucket by that."""
    rate, buckets = Rate(per_s=1, burst=5), Buckets[str](20)
    for _ in range(5):
        assert not buckets.take("greedy", rate, 100 * SECOND)
    for number in range(1_000):
        assert not buckets.take(f"other {number}", rate, 100 * SECOND)
    assert buckets.take("greedy", rate, 100 * SECOND) > 0
