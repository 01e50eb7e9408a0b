"""When files are read: once they are quiet, and never later than is bearable."""

from hypothesis import given
from hypothesis import strategies as st

from droas_mother.core.reloading.debounce import LONGEST_S, QUIET_S, Debounce


@given(st.lists(st.floats(0, 10), min_size=1))
def test_a_burst_is_read_when_it_is_quiet_or_has_lasted_long(moments: list[float]) -> None:
    """Due a little after the last change, and at most so long after the first."""
    moments.sort()
    seen = Debounce()
    for moment in moments:
        seen = seen.touched(moment)
    assert seen.due_at == min(moments[-1] + QUIET_S, moments[0] + LONGEST_S)


def test_nothing_is_due_before_anything_happens() -> None:
    """A quiet folder is never read."""
    assert Debounce().due_at is None
