"""What is remembered of Discord's refusals."""

from droas_mother.core.protection.refusals import MAX_REFUSALS, REFUSED_S, Refusals

NOW_S = 1_700_000_000.0


def test_a_refusal_is_believed_for_a_while() -> None:
    """Then Discord is asked again; what was not refused is not held back."""
    refusals = Refusals()
    refusals.note(("channel", "1"), NOW_S)
    assert refusals.hold(("channel", "1"), NOW_S + REFUSED_S - 1)
    assert not refusals.hold(("channel", "1"), NOW_S + REFUSED_S)
    assert not refusals.hold(("channel", "2"), NOW_S)


def test_refusals_are_bounded() -> None:
    """The oldest is forgotten first."""
    refusals = Refusals()
    for number in range(MAX_REFUSALS + 1):
        refusals.note(number, NOW_S)
    assert [refusals.hold(number, NOW_S) for number in (0, 1, MAX_REFUSALS)] == [False, True, True]
