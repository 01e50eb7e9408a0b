"""A bot neither connects nor identifies more often than it may."""

import asyncio
import itertools
import time

import pytest

from droas_common import connection_limits
from droas_common.backoff import Backoff
from droas_common.connection_limits import Governor, IdentifyBudgetError, IdentifyMeter
from droas_common.wire.heartbeats import StartLimit


def meter(allowance: int, told: list[str], *, first_after_s: float = 0.0) -> IdentifyMeter:
    """Give a meter that tells what it passes on."""
    return IdentifyMeter(
        lambda sent: allowance - sent,
        lambda: told.append("identify"),
        on_limit=lambda limit: told.append(f"{limit.remaining} left"),
        first_after_s=first_after_s,
    )


async def test_an_identify_is_counted_before_it_is_sent() -> None:
    """Whatever follows, the mother has been told of it."""
    told: list[str] = []
    await meter(1, told).admit(refused=0)
    assert told == ["identify"]


async def test_no_more_are_sent_than_allowed() -> None:
    """The one beyond the allowance is an error in words, and is not counted."""
    told: list[str] = []
    full = meter(0, told)
    with pytest.raises(IdentifyBudgetError, match="are spent"):
        await full.admit(refused=0)
    assert told == []


async def test_what_was_sent_yesterday_counts_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bot that lives for weeks is not held to the IDENTIFYs of one day."""
    kept, real = meter(1, []), time.monotonic
    monkeypatch.setattr(connection_limits, "_IDENTIFY_WAIT_S", 0.0)
    await kept.admit(refused=0)
    with pytest.raises(IdentifyBudgetError):
        await kept.admit(refused=0)
    monkeypatch.setattr(time, "monotonic", lambda: real() + 86_401)
    await kept.admit(refused=0)
    assert kept.sent == 2


async def test_the_last_tenth_of_discords_total_is_not_touched() -> None:
    """When others have used the token up, this bot does not send the one that resets it."""
    told: list[str] = []
    kept = meter(500, told)
    kept.note_limit(StartLimit(total=1000, remaining=100, reset_after_s=60))
    with pytest.raises(IdentifyBudgetError, match="100 of 1000"):
        await kept.admit(refused=0)
    assert told == ["100 left"]


async def test_the_first_one_waits_for_its_moment() -> None:
    """A bot that identified a moment ago in an earlier life waits until Discord takes the next one."""
    began = time.monotonic()
    await meter(1, [], first_after_s=0.05).admit(refused=0)
    assert time.monotonic() - began >= 0.05


async def test_connections_come_the_slower_the_more_of_them_fail() -> None:
    """The first is at once, the second after a crash too, then the waits grow to the cap."""
    governor, moments = Governor(Backoff(first_s=0.02, factor=2, cap_s=0.04, eager=False)), []
    for _ in range(5):
        await governor.admit()
        moments.append(asyncio.get_running_loop().time())
    waits = [after - before for before, after in itertools.pairwise(moments)]
    assert all(wait >= least for wait, least in zip(waits, [0.01, 0.02, 0.02, 0.02], strict=True))
