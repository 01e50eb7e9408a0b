"""Callers that wait: bounded, in turn, in order."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from droas_mother.core.tools.fair_queue import TURNS_BESIDE_OTHERS, FairQueue

CALLERS = st.sampled_from("abcde")


@given(st.lists(st.one_of(CALLERS, st.integers(1, 6)), max_size=200), st.integers(1, 20))
def test_it_is_bounded_and_loses_nothing(steps: list[str | int], limit: int) -> None:
    """Never more than the limit waits; what was let in comes out once, in its caller's order."""
    waiting: FairQueue[tuple[str, int]] = FairQueue(limit)
    came: dict[str, list[int]] = defaultdict(list)
    went: dict[str, list[int]] = defaultdict(list)
    for number, step in enumerate(steps):
        if isinstance(step, str):
            if waiting.put(step, number, (step, number)):
                came[step].append(number)
        else:
            for caller, item in waiting.take(step):
                went[caller].append(item)
        assert len(waiting) <= limit
    for caller, item in waiting.take(limit):
        went[caller].append(item)
    assert len(waiting) == 0
    assert went == came


@given(st.dictionaries(CALLERS, st.integers(1, 40), min_size=1), st.integers(1, 10))
def test_nobody_starves(lengths: dict[str, int], most: int) -> None:
    """While two callers wait, neither gets two more turns than the other."""
    waiting: FairQueue[str] = FairQueue(1_000)
    left = dict(lengths)
    for caller, length in lengths.items():
        for number in range(length):
            assert waiting.put(caller, number, caller)
    served = dict.fromkeys(lengths, 0)
    while len(waiting):
        for caller in waiting.take(most):
            served[caller] += 1
            left[caller] -= 1
            turns = [served[one] for one in left if left[one]]
            assert not turns or max(turns) - min(turns) <= 1


def test_a_flood_leaves_room_for_others() -> None:
    """When others wait, a caller has no more than his share; when he is alone, he has all."""
    waiting: FairQueue[int] = FairQueue(10)
    assert all(waiting.put("flood", number, number) for number in range(9))
    assert waiting.put("quiet", 0, 0)
    assert not waiting.put("flood", 9, 9)
    assert not waiting.put("quiet", 1, 1)
    waiting.take(4)
    assert waiting.put("quiet", 1, 1)
    assert not waiting.put("flood", 9, 9)


def test_one_that_waits_can_be_withdrawn() -> None:
    """It does not come out any more; another caller's, or one that has gone, is not found."""
    waiting: FairQueue[int] = FairQueue(10)
    for number in range(3):
        waiting.put("a", f"r{number}", number)
    assert waiting.withdraw("b", "r1") is None
    assert waiting.withdraw("a", "r1") == 1
    assert waiting.withdraw("a", "r1") is None
    assert waiting.take(10) == [0, 2]
    waiting.put("a", "r", 7)
    waiting.put("a", "r", 8)
    assert waiting.withdraw("a", "r") == 7
    assert waiting.withdraw("a", "r") is None
    assert waiting.take(1) == [8]
    assert len(waiting) == 0
    assert waiting.take(1) == []


def test_heavy_ones_come_in_smaller_groups_and_fewer_may_wait() -> None:
    """A group ends when it weighs enough; one that is too heavy for any group comes alone."""
    waiting: FairQueue[int] = FairQueue(100)
    for number, item in enumerate((3, 3, 1, 85, 2)):
        assert waiting.put("a", number, item, item)
    assert waiting.put("b", 0, 5, 5)
    assert not waiting.put("c", 0, 2, 2)
    assert waiting.take(6) == [3, 5]
    assert not waiting.put("b", 0, 51, 51)
    assert waiting.take(6) == [3, 1, 85]
    assert waiting.take(6) == [2]
    assert waiting.put("c", 0, 100, 100)


def test_a_quiet_caller_waits_for_a_short_group() -> None:
    """Beside one whose last request is in it, a flood has few turns in a group; alone or among its like it has all."""
    waiting: FairQueue[str] = FairQueue(1_000)
    for number in range(200):
        waiting.put("flood", number, "flood")
    assert len(waiting.take(50)) == 50
    waiting.put("quiet", 0, "quiet")
    group = waiting.take(100)
    assert group.count("quiet") == 1
    assert group.count("flood") == 2 * TURNS_BESIDE_OTHERS - 1
    for number in range(200):
        waiting.put("other flood", number, "other flood")
    assert len(waiting.take(100)) == 100
