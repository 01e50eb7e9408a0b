"""Durations of calls as Prometheus scrapes them: as its own histogram would tell them."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from droas_mother.adapters.call_times import BOUNDS_S, CallTimes

CALLS = st.lists(
    st.tuples(st.sampled_from(["bot:a", "client:b"]), st.floats(0, 10) | st.sampled_from(BOUNDS_S))
)


@given(CALLS)
def test_it_tells_what_the_librarys_histogram_tells(calls: list[tuple[str, float]]) -> None:
    """Buckets, sums, counts and their names are the same."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    words = "From reading a call to its answer."
    times, known = (
        CallTimes(ours),
        Histogram("droas_tool_call_seconds", words, ["caller"], buckets=BOUNDS_S, registry=theirs),
    )
    for caller, seconds in calls:
        times.note(caller, seconds)
        known.labels(caller).observe(seconds)
    told = [line for line in generate_latest(theirs).decode().splitlines() if "_created" not in line]
    assert generate_latest(ours).decode().splitlines() == told


def test_who_is_forgotten_is_not_told() -> None:
    """A bot that was removed has no durations any more; one that comes back begins anew."""
    registry = CollectorRegistry()
    times = CallTimes(registry)
    times.note("bot:a", 1.0)
    times.forget("bot:a")
    assert "bot:a" not in generate_latest(registry).decode()
    times.note("bot:a", 2.0)
    assert registry.get_sample_value("droas_tool_call_seconds_sum", {"caller": "bot:a"}) == 2.0
