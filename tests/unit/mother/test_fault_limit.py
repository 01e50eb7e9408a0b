"""Faulty frames are borne up to a rate; whoever sends more is not read for a while, and nobody else notices."""

from droas_mother.core.tools.fault_limit import FAULTS, PAUSE_S, FaultLimit


def test_too_many_faults_end_in_a_pause_of_that_caller() -> None:
    """The burst is borne, one more is not; after the pause some more are."""
    limit = FaultLimit()
    assert all(limit.bears("a", now=10.0) for _ in range(int(FAULTS.burst)))
    assert limit.listens("a", now=10.0)
    assert not limit.bears("a", now=10.0)
    assert not limit.listens("a", now=10.0 + PAUSE_S - 0.01)
    assert limit.listens("b", now=10.0)
    assert limit.bears("b", now=10.0)
    assert limit.listens("a", now=10.0 + PAUSE_S)
    assert limit.bears("a", now=10.0 + PAUSE_S)


def test_a_fault_now_and_then_is_always_borne() -> None:
    """Below the rate nobody is ever paused."""
    limit = FaultLimit()
    assert all(limit.bears("a", now=number / FAULTS.per_s) for number in range(1_000))
