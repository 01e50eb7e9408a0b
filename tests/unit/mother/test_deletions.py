"""In which requests messages are deleted."""

from droas_common.ids import Snowflake
from droas_mother.core.protection.decision import MessageRef
from droas_mother.core.protection.deletions import MAX_BULK, deletions

NOW_S = 1_700_000_000.0
DAY_S = 86_400.0


def ref(channel: int, *, age_s: float = 0.0, number: int = 0) -> MessageRef:
    """Give a message of a channel, so many seconds old."""
    message_id = (int((NOW_S - age_s - 1_420_070_400) * 1000) << 22) + number
    return MessageRef(Snowflake(str(channel)), Snowflake(str(message_id)))


def sizes(refs: list[MessageRef]) -> list[tuple[str, int]]:
    """Give each request as its channel and its number of messages."""
    return [(one.channel_id, len(one.message_ids)) for one in deletions(refs, NOW_S)]


def test_an_old_message_spoils_no_bulk() -> None:
    """What is older than two weeks is deleted by itself, and last."""
    refs = [ref(1, number=number) for number in range(3)]
    old = [ref(1, age_s=14 * DAY_S + 1), ref(1, age_s=14 * DAY_S - 60)]
    found = deletions([*old, *refs], NOW_S)
    assert [one.refs for one in found[1:]] == [{old[0]}, {old[1]}]
    assert found[0].refs == set(refs)


def test_a_message_of_last_week_goes_with_the_others() -> None:
    """Only what Discord would refuse is kept apart."""
    assert sizes([ref(1), ref(1, age_s=13 * DAY_S)]) == [("1", 2)]


def test_bulks_are_of_one_channel_and_no_larger_than_allowed() -> None:
    """Each channel has its own requests of at most a hundred, the largest first; nothing is lost."""
    refs = [ref(2)] + [ref(10, number=number) for number in range(2 * MAX_BULK + 50)]
    assert sizes(refs) == [("10", 100), ("10", 100), ("10", 50), ("2", 1)]
    assert frozenset().union(*(one.refs for one in deletions(refs, NOW_S))) == set(refs)
