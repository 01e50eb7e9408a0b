"""What is remembered of Discord's refusals."""

import pytest

from droas_mother.core.protection.refusals import (
    MAX_REFUSALS,
    REFUSED_S,
    SHUT_OUT_S,
    Refusals,
    shut_out_s,
)

NOW_S = 1_700_000_000.0


def test_a_refusal_is_believed_for_a_while() -> None:
    """Then Discord is asked again; what was not refused is not held back."""
    refusals = Refusals()
    refusals.note(("channel", "1"), NOW_S)
    assert refusals.hold_s(("channel", "1"), NOW_S + REFUSED_S - 1) == 1
    assert not refusals.hold_s(("channel", "1"), NOW_S + REFUSED_S)
    assert not refusals.hold_s(("channel", "2"), NOW_S)


def test_the_longer_refusal_counts() -> None:
    """What was on its way when Discord said for how long shortens nothing."""
    refusals = Refusals()
    refusals.note("anybody", NOW_S, 600)
    refusals.note("anybody", NOW_S + 1, 5)
    assert refusals.hold_s("anybody", NOW_S + 1) == 599


def test_refusals_are_bounded() -> None:
    """The oldest is forgotten first."""
    refusals = Refusals()
    for number in range(MAX_REFUSALS + 1):
        refusals.note(number, NOW_S)
    held = [refusals.hold_s(number, NOW_S) > 0 for number in (0, 1, MAX_REFUSALS)]
    assert held == [False, True, True]


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("3600", 3600),
        ("0.25", 0.25),
        ("999999999", SHUT_OUT_S),
        ("", 5),
        ("-1", 5),
        ("nan", 5),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 5),
    ],
)
def test_for_how_long_an_address_is_shut_out_is_read(said: str, seconds: float) -> None:
    """Within bounds; what cannot be read counts as not said."""
    assert shut_out_s(said, 5) == seconds
