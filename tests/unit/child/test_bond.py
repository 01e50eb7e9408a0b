"""A child without a mother: it stays within its lease, follows a new one, or leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_child.core.bond import Follow, Leave, Sight, Stay, next_of_kin
from droas_child.core.crashes import crash_of

OURS, NEW = Sight(alive=True, server_key="ours"), Sight(alive=True, server_key="new")
NOBODY = Sight(alive=False, server_key="")


@pytest.mark.parametrize(
    ("sight", "alone_since", "may_follow", "step"),
    [
        (OURS, None, True, Stay(None)),
        (OURS, 8.0, True, Follow("ours")),
        (OURS, 8.0, False, Follow("ours")),
        (NOBODY, None, True, Stay(10.0)),
        (NOBODY, 8.0, True, Stay(8.0)),
        (NOBODY, 5.0, True, Leave("the mother has been gone for 5 s")),
        (NEW, None, True, Follow("new")),
        (NEW, 5.0, True, Follow("new")),
        (NEW, None, False, Stay(10.0)),
        (NEW, 4.0, False, Leave("the mother has been gone for 5 s")),
    ],
)
def test_what_is_seen_decides(
    sight: Sight, alone_since: float | None, *, may_follow: bool, step: Stay | Follow | Leave
) -> None:
    """A living mother is stayed with, a new one followed when that is allowed, and alone it leaves in time.

    Ours who was out of sight is met anew: what was kept for her meanwhile must reach her.
    """
    decided = next_of_kin(
        sight, known_key="ours", alone_since=alone_since, now=10.0, lease_s=5.0, may_follow=may_follow
    )
    assert decided == step


@given(st.lists(st.sampled_from([OURS, NOBODY]), max_size=60), st.integers(1, 8))
def test_it_never_stays_alone_beyond_its_lease(sights: list[Sight], lease_s: int) -> None:
    """Looked at once a second, it leaves exactly when the mother was away for a whole lease."""
    alone_since, alone_for = None, 0
    for now, sight in enumerate(sights):
        step = next_of_kin(
            sight, known_key="ours", alone_since=alone_since, now=float(now), lease_s=lease_s, may_follow=True
        )
        alone_for = 0 if sight is OURS else alone_for + 1
        if isinstance(step, Leave):
            assert alone_for == lease_s + 1
            return
        assert alone_for <= lease_s
        assert isinstance(step, Stay) or sight is OURS
        alone_since = step.alone_since if isinstance(step, Stay) else None


def _fail(text: str) -> None:
    raise ValueError(text)


def _crash(text: str) -> BaseException:
    try:
        _fail(text)
    except ValueError as error:
        return error
    raise AssertionError


def test_the_same_defect_has_the_same_fingerprint() -> None:
    """The place and the type make it, not the text; a group counts as its first error."""
    one, two = crash_of(_crash("a")), crash_of(ExceptionGroup("all", [_crash("b")]))
    assert one.fingerprint == two.fingerprint
    assert one.words.startswith("ValueError: a (child/test_bond.py:")
    assert crash_of(RuntimeError("a")).fingerprint != one.fingerprint
