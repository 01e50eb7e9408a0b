"""Faulty frames are borne up to a rate; whoever sends more is not read for a while, and nobody else notices."""

from droas_mother.core.tools.patience import FAULTS, PAUSE_S, Patience


def test_too_many_faults_end_in_a_pause_of_that_caller() -> None:
    """The burst is borne, one more is not; after the pause some more are."""
    patience = Patience()
    assert all(patience.bears("a", now=10.0) for _ in range(int(FAULTS.burst)))
    assert patience.listens("a", now=10.0)
    assert not patience.bears("a", now=10.0)
    assert not patience.listens("a", now=10.0 + PAUSE_S - 0.01)
    assert patience.listens("b", now=10.0)
    assert patience.bears("b", now=10.0)
    assert patience.listens("a", now=10.0 + PAUSE_S)
    assert patience.bears("a", now=10.0 + PAUSE_S)


def test_a_fault_now_and_then_is_always_borne() -> None:
    """Below the rate nobody is ever paused."""
    patience = Patience()
    assert all(patience.bears("a", now=number / FAULTS.per_s) for number in range(1_000))
