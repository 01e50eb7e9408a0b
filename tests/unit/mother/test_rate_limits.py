"""Token buckets: never more than the burst and what came back since."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_mother.core.tools.rate_limits import Bucket, Rate, take

RATES = st.builds(Rate, per_s=st.floats(0.01, 1_000), burst=st.floats(1, 1_000))


@given(RATES, st.lists(st.floats(0, 5), max_size=200))
def test_never_more_than_burst_and_rate(rate: Rate, pauses: list[float]) -> None:
    """In any stretch of time so many calls are allowed: the burst, and the rate times its length."""
    bucket: Bucket | None = None
    now, allowed = 0.0, 0
    for pause in pauses:
        now += pause
        bucket, wait_s = take(bucket, rate, now=now)
        allowed += not wait_s
        assert allowed <= rate.burst + rate.per_s * now + 1e-6
        assert bucket.left >= -1e-9


@given(RATES, st.integers(0, 50))
def test_after_the_wait_it_may(rate: Rate, calls: int) -> None:
    """Who is told to wait and does so is let in."""
    bucket, wait_s = take(None, rate, now=0.0)
    assert not wait_s
    now = 0.0
    for _ in range(calls):
        bucket, wait_s = take(bucket, rate, now=now)
        if wait_s:
            now += wait_s * (1 + 1e-9) + 1e-9
            bucket, again_s = take(bucket, rate, now=now)
            assert not again_s


def test_words_of_a_small_example() -> None:
    """Two at once, then one a second."""
    rate = Rate(per_s=1, burst=2)
    bucket, first = take(None, rate, now=0)
    bucket, second = take(bucket, rate, now=0)
    bucket, third = take(bucket, rate, now=0.25)
    assert (first, second, third) == (0, 0, pytest.approx(0.75))
    assert take(bucket, rate, now=1)[1] == 0
