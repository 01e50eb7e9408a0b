"""Waits are bounded; trace ids survive their header."""

from hypothesis import given
from hypothesis import strategies as st

from droas_common.backoff import Backoff
from droas_common.ids import new_trace_id
from droas_common.tracing import current_trace_id, trace, trace_id_of, traceparent


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_bounded(failures: int, jitter: float) -> None:
    """No wait is negative or longer than the cap."""
    assert 0 <= Backoff(cap_s=60).delay_s(failures=failures, jitter=jitter) <= 60


def test_the_first_retry_is_at_once() -> None:
    """An eager back-off lets the first retry pass, a plain one does not."""
    assert Backoff().delay_s(failures=1, jitter=0.5) == 0
    assert Backoff(eager=False).delay_s(failures=1, jitter=0.5) > 0


def test_a_trace_id_survives_its_header() -> None:
    """What traceparent carries is what is read from it."""
    trace_id = new_trace_id()
    assert trace_id_of(traceparent(trace_id)) == trace_id


def test_bad_headers_give_no_trace() -> None:
    """Malformed and all-zero headers are ignored."""
    for header in (None, "", "garbage", f"00-{'0' * 32}-{'1' * 16}-01"):
        assert trace_id_of(header) is None


def test_work_has_a_trace_only_inside() -> None:
    """The trace id ends with the work."""
    with trace() as trace_id:
        assert current_trace_id() == trace_id
    assert current_trace_id() is None
