"""Verdicts are carried out in good order: silence first, deletions joined, everything written down."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_common.wire.calls import Json
from droas_mother.core.bookkeeping.records import AuditRecord
from droas_mother.core.protection.decision import Decision, MessageRef
from droas_mother.core.protection.facts import MessageFacts
from droas_mother.flows.protection.action_executor import ActionExecutor
from droas_mother.flows.protection.inspector import Verdict

GUILD, CHANNEL = Snowflake("1"), Snowflake("2")


def young(number: int) -> Snowflake:
    """Give the id of a message of this minute."""
    return Snowflake(str((int((time.time() - 1_420_070_400) * 1000) << 22) + number))


class SlowDiscord:
    """A Discord whose deletions wait for a rate limit."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.may_delete = asyncio.Event()
        self.refuses = False

    async def delete_messages(
        self, channel_id: Snowflake, message_ids: Sequence[Snowflake], *, reason: str
    ) -> None:
        """Wait, then delete."""
        await self.may_delete.wait()
        self.done.append(f"delete {len(message_ids)}")

    async def time_out(self, guild_id: Snowflake, user_id: Snowflake, *, seconds: float, reason: str) -> None:
        """Silence."""
        if self.refuses:
            raise OutsideError("Discord refuses")
        self.done.append(f"silence {user_id} {seconds:g}")


class Books:
    """Keeps what is written and told."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []
        self.told: list[str] = []
        self.written = asyncio.Event()

    async def write(self, *records: AuditRecord, **_more: object) -> None:
        """Write down."""
        self.records += records
        self.written.set()

    def publish(self, topic: str, kind: str, data: Json, *, state: Json) -> int:
        """Tell the bots."""
        self.told.append(kind)
        return len(self.told)


def offence(message: int, *, time_out_s: float = 60, author: str = "9") -> Verdict:
    """Give a verdict on one message."""
    message_id = young(message)
    facts = MessageFacts(
        guild_id=GUILD,
        channel_id=CHANNEL,
        message_id=message_id,
        author_id=Snowflake(author),
        author_name="spammer",
        at_s=0.0,
        text="",
    )
    decision = Decision(
        delete=frozenset({MessageRef(CHANNEL, message_id)}),
        time_out_s=time_out_s,
        reasons=(("flood", "too much"),),
    )
    return Verdict(facts=facts, decision=decision, policy="medium")


class Scene:
    """An executor at work."""

    def __init__(self) -> None:
        self.discord, self.books = SlowDiscord(), Books()
        self.executor = ActionExecutor(self.discord, self.books, self.books, on_done=lambda *_: None)

    async def settled(self) -> None:
        """Wait until all that was submitted is written down."""
        while True:
            await self.books.written.wait()
            self.books.written.clear()
            if sum(1 for done in self.discord.done if done.startswith("delete")) == len(self.books.records):
                return


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """Give a running executor."""
    made = Scene()
    async with asyncio.timeout(5):
        task = asyncio.create_task(made.executor.run())
        await asyncio.sleep(0)
        yield made
        task.cancel()
        await asyncio.wait({task})


async def test_a_spammer_is_silenced_while_deletions_wait(scene: Scene) -> None:
    """The time-out leaves at once and once; the wave of deletions behind it is joined."""
    for message in range(10):
        scene.executor.submit(offence(message))
    while not scene.discord.done:
        await asyncio.sleep(0)
    assert scene.discord.done == ["silence 9 60"]
    assert scene.books.told.count("member_timed_out") == 10
    scene.discord.may_delete.set()
    await scene.settled()
    assert scene.discord.done[0] == "silence 9 60"
    assert sum(int(done.split()[1]) for done in scene.discord.done[1:]) == 10
    assert scene.discord.done.count("silence 9 60") == 1


async def test_a_harsher_silence_follows_a_milder_one(scene: Scene) -> None:
    """What is longer is done, too; what is shorter is not."""
    scene.executor.submit(offence(1, time_out_s=60))
    scene.executor.submit(offence(2, time_out_s=600))
    scene.executor.submit(offence(3, time_out_s=10))
    scene.discord.may_delete.set()
    await scene.settled()
    assert [done for done in scene.discord.done if done.startswith("silence")] == [
        "silence 9 60",
        "silence 9 600",
    ]


async def test_what_discord_refuses_is_written_down(scene: Scene) -> None:
    """A failed time-out does not keep the deletion from being done, and stands in the audit."""
    scene.discord.refuses = True
    scene.discord.may_delete.set()
    scene.executor.submit(offence(1))
    await scene.settled()
    (record,) = scene.books.records
    assert (record.outcome.value, "Discord refuses" in record.result) == ("failed", True)
    assert record.result_bytes == len(record.result)
