"""Token buckets: never more than the burst and what came back since."""

from hypothesis import given
from hypothesis import strategies as st

from droas_mother.core.tools.rate_limits import Buckets, Rate

RATES = st.builds(Rate, per_s=st.floats(0.01, 1_000), burst=st.integers(1, 1_000))
SECOND = 10**9


@given(RATES, st.lists(st.floats(0, 5), max_size=200))
def test_never_more_than_burst_and_rate(rate: Rate, pauses: list[float]) -> None:
    """In any stretch of time so many calls are allowed: the burst, and the rate times its length."""
    buckets, now, allowed = Buckets[str](10), SECOND, 0
    for pause in pauses:
        now += int(pause * SECOND)
        allowed += not buckets.take("a", rate, now)
        assert allowed <= rate.burst + (now - SECOND) / rate.interval_ns


@given(RATES, st.integers(0, 50))
def test_after_the_wait_it_may(rate: Rate, calls: int) -> None:
    """Who is told to wait and does so is let in, and who comes a moment sooner is not."""
    buckets, now = Buckets[str](10), SECOND
    for _ in range(calls):
        wait = buckets.take("a", rate, now)
        if wait:
            assert buckets.take("a", rate, now + wait - 1) == 1
            now += wait
            assert not buckets.take("a", rate, now)


def test_words_of_a_small_example() -> None:
    """Two at once, then one a second, and everybody has his own."""
    rate, buckets = Rate(per_s=1, burst=2), Buckets[str](10)
    waits = [buckets.take("a", rate, SECOND + moment) for moment in (0, 0, SECOND // 4, SECOND)]
    assert waits == [0, 0, 3 * SECOND // 4, 0]
    assert buckets.take("b", rate, SECOND) == 0


@given(st.integers(0, 2 * 10**18), st.integers(1, 2_000), st.floats(0.1, 100_000))
def test_the_whole_burst_may_be_made_at_once(now: int, burst: int, per_s: float) -> None:
    """And not one call more."""
    rate, buckets = Rate(per_s=per_s, burst=burst), Buckets[str](10)
    assert not any(buckets.take("a", rate, now) for _ in range(burst))
    assert buckets.take("a", rate, now) > 0


def test_a_raised_rate_holds_at_once() -> None:
    """Who has used up a low rate does not wait for it any more."""
    buckets, low, high = Buckets[str](10), Rate(per_s=0.01, burst=10), Rate(per_s=100, burst=10)
    for _ in range(10):
        assert not buckets.take("a", low, 10**18)
    assert buckets.take("a", high, 10**18) == high.interval_ns


def test_a_clock_that_is_set_back_shuts_nobody_out() -> None:
    """The longest wait is until one call comes back."""
    buckets, rate = Buckets[str](10), Rate(per_s=5, burst=40)
    assert not buckets.take("a", rate, 10**18)
    assert buckets.take("a", rate, 10**18 - 3600 * SECOND) <= rate.interval_ns


def test_the_lowest_rate_is_one_call_for_good() -> None:
    """A rate next to nothing is no fault."""
    buckets, rate = Buckets[str](10), Rate(per_s=1e-305, burst=1)
    assert not buckets.take("a", rate, SECOND)
    assert buckets.take("a", rate, 10**16) > 10**16


def test_buckets_that_are_empty_are_kept_longest() -> None:
    """Whoever calls so many others away does not get a new bucket by that."""
    rate, buckets = Rate(per_s=1, burst=5), Buckets[str](20)
    for _ in range(5):
        assert not buckets.take("greedy", rate, 100 * SECOND)
    for number in range(1_000):
        assert not buckets.take(f"other {number}", rate, 100 * SECOND)
    assert buckets.take("greedy", rate, 100 * SECOND) > 0
