"""Nobody is set free by a milder time-out than the one that he is under."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_mother.core.protection.decision import Decision, MessageRef
from droas_mother.core.protection.facts import MessageFacts
from droas_mother.flows.protection import silences
from droas_mother.flows.protection.inspector import Verdict
from droas_mother.flows.protection.silences import Silences

Live = Callable[[Any], Any]


class Discord:
    """Keeps what it was told last, when it has found the time to.

    Args:
        takes_s: what each request takes, one after another; nothing for those that follow.
        faults: what goes wrong with each, one after another.
    """

    def __init__(self, *takes_s: float, faults: Sequence[OutsideError | None] = ()) -> None:
        self.takes_s, self.faults = list(takes_s), list(faults)
        self.told: list[tuple[float, float]] = []

    async def time_out(self, guild_id: Snowflake, user_id: Snowflake, *, seconds: float, reason: str) -> None:
        """Silence."""
        await asyncio.sleep(self.takes_s.pop(0) if self.takes_s else 0)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        self.told.append((asyncio.get_running_loop().time(), seconds))

    async def delete_messages(
        self, channel_id: Snowflake, message_ids: Sequence[Snowflake], *, reason: str
    ) -> None:
        """Delete nothing: these tests do not ask for it."""


def offence(seconds: float, author: str = "9", *, at_s: float = 0.0) -> Verdict:
    """Give a verdict that silences for so long."""
    facts = MessageFacts(
        guild_id=Snowflake("1"),
        channel_id=Snowflake("2"),
        message_id=Snowflake("3"),
        author_id=Snowflake(author),
        author_name="spammer",
        at_s=at_s,
        text="",
    )
    delete = frozenset({MessageRef(Snowflake("2"), Snowflake("3"))})
    return Verdict(facts=facts, decision=Decision(delete=delete, time_out_s=seconds), policy="medium")


async def one_wave(silenced: Silences, group: asyncio.TaskGroup, *verdicts: Verdict) -> list[str | None]:
    """Carry out verdicts of one moment, then forget them; gives what went wrong with each."""
    for verdict in verdicts:
        silenced.begin(verdict, group)
    problems = [await silenced.end(verdict, group) for verdict in verdicts]
    for verdict in verdicts:
        silenced.forget(verdict)
    return [problem.words if problem is not None else None for problem in problems]


def test_who_writes_again_has_been_released(live: Live) -> None:
    """A moderator has lifted the time-out: a milder one is done then."""
    discord = Discord()

    async def story() -> None:
        silenced = Silences(discord)
        async with asyncio.TaskGroup() as group:
            await one_wave(silenced, group, offence(3600))
            await one_wave(silenced, group, offence(60, at_s=time.monotonic() + 60))

    live(story())
    assert [seconds for _, seconds in discord.told] == [3600, 60]


def test_a_milder_time_out_shortens_no_harsher_one(live: Live) -> None:
    """What would end sooner counts as done; what ends later is done."""
    discord = Discord()

    async def story() -> None:
        silenced = Silences(discord)
        async with asyncio.TaskGroup() as group:
            await one_wave(silenced, group, offence(3600))
            await asyncio.sleep(1)
            assert await one_wave(silenced, group, offence(60)) == [None]
            assert await one_wave(silenced, group, offence(3600)) == [None]
            await asyncio.sleep(3590)
            await one_wave(silenced, group, offence(60))

    live(story())
    assert discord.told == [(0, 3600), (1, 3600), (3591, 60)]


def test_a_harsher_time_out_waits_for_the_milder_one(live: Live) -> None:
    """However long that takes, Discord is told of the harsher one last."""
    discord = Discord(20.0, 1.0)

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            await one_wave(Silences(discord), group, offence(60), offence(600))

    live(story())
    assert discord.told == [(20, 60), (21, 600)]


def test_a_milder_time_out_waits_for_a_harsher_one_whose_verdict_gave_way(live: Live) -> None:
    """What was forgotten on its way is still on its way."""
    discord = Discord(20.0, 1.0)

    async def story() -> None:
        silenced = Silences(discord)
        async with asyncio.TaskGroup() as group:
            silenced.begin(offence(600), group)
            silenced.forget(offence(600))
            await one_wave(silenced, group, offence(60))
            assert not silenced._known

    live(story())
    assert discord.told == [(20, 600)]


def test_a_time_out_that_failed_shortens_nothing_and_is_no_excuse(live: Live) -> None:
    """Who was not silenced is silenced by the next one; a harsher one is not taken for done by a milder one."""
    discord = Discord(faults=[OutsideError("Discord answered 502", retry_after_s=5)])

    async def story() -> None:
        silenced = Silences(discord)
        async with asyncio.TaskGroup() as group:
            assert await one_wave(silenced, group, offence(3600)) == ["Discord answered 502"]
            silenced.begin(offence(60), group)
            assert await silenced.end(offence(3600), group) is None

    live(story())
    assert [seconds for _, seconds in discord.told] == [60, 3600]


def test_those_remembered_as_silenced_are_bounded(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one silenced longest ago is forgotten first."""
    monkeypatch.setattr(silences, "MAX_SILENCED", 2)
    discord = Discord()

    async def story() -> None:
        silenced = Silences(discord)
        async with asyncio.TaskGroup() as group:
            for author in ("7", "8", "9", "9", "8", "7"):
                await one_wave(silenced, group, offence(600 - len(discord.told), author))

    live(story())
    assert [seconds for _, seconds in discord.told] == [600, 599, 598, 597]
