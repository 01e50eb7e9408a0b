"""The ring of events and the mailbox of one who follows."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from droas_mother.core.supervision.events import Commanded, EventRing, Missed
from droas_mother.flows.mailbox import STOPPING, TOO_SLOW, Mailbox


def filled(capacity: int, bots: list[str]) -> EventRing:
    """Give a ring in which something happened to these bots, one after another."""
    ring = EventRing(capacity)
    for bot in bots:
        ring.add(Commanded(id=ring.next_id, at=0.0, bot=bot, verb="start", uid=0))
    return ring


@given(capacity=st.integers(1, 8), bots=st.lists(st.sampled_from("ab"), max_size=30), last=st.integers(0, 40))
def test_nothing_is_lost_in_silence(capacity: int, bots: list[str], last: int) -> None:
    """After any number come all later events in order, or first how many of them are gone."""
    ring = filled(capacity, bots)
    found = ring.after(last)
    told = sum(one.count if isinstance(one, Missed) else 1 for one in found)
    assert told == (len(bots) - last if last <= len(bots) else len(bots))
    assert [one.id for one in found] == sorted(one.id for one in found)
    assert sum(isinstance(one, Commanded) for one in found) <= capacity


@given(capacity=st.integers(1, 8), bots=st.lists(st.sampled_from("ab"), max_size=30), count=st.integers(0, 9))
def test_the_newest_of_one_bot_are_given(capacity: int, bots: list[str], count: int) -> None:
    """They are the last of those kept, oldest first, and of no other bot."""
    ring = filled(capacity, bots)
    kept = [number for number, bot in enumerate(bots, 1) if bot == "a" and number > len(bots) - capacity]
    assert [one.id for one in ring.newest(count, bot="a")] == (kept[-count:] if count else [])


async def test_a_full_mailbox_is_closed_and_gives_what_it_has() -> None:
    """Who does not keep up gets what was kept for him, in order, then the end; nothing grows."""
    mailbox: Mailbox[int] = Mailbox(3)
    for number in range(10):
        mailbox.post(number)
    assert await mailbox.take(1) == [0, 1, 2]
    assert await mailbox.take(1) is None
    assert mailbox.closed_for == TOO_SLOW


async def test_silence_is_told_as_a_sign_of_life() -> None:
    """When nothing comes, an empty batch does; the end comes after what still waits."""
    mailbox: Mailbox[int] = Mailbox(3)
    assert await mailbox.take(0) == []
    mailbox.post(1)
    mailbox.close(STOPPING)
    mailbox.post(2)
    assert [await mailbox.take(1), await mailbox.take(1)] == [[1], None]


async def test_other_threads_may_post() -> None:
    """What a thread posts wakes the one who waits on the loop."""
    mailbox: Mailbox[int] = Mailbox()
    waiting = asyncio.create_task(mailbox.take(5))
    await asyncio.to_thread(mailbox.post_from_anywhere, 7)
    assert await waiting == [7]
