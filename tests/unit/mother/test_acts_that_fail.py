"""What Discord forbids, fails to do or does too slowly: nothing else suffers, and what may still be done is done."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_common.wire.calls import Json
from droas_mother.core.bookkeeping.records import AuditRecord, Profile
from droas_mother.core.protection.decision import Decision, MessageRef
from droas_mother.core.protection.deletions import PartlyDeletedError
from droas_mother.core.protection.facts import MessageFacts
from droas_mother.flows.protection.action_executor import ActionExecutor
from droas_mother.flows.protection.inspector import Verdict
from droas_mother.flows.protection.silences import MAX_AT_ONCE
from droas_mother.flows.protection.waiting_line import MAX_WAITING, Waiting, WaitingLine

GUILD = Snowflake("1")
BROKEN = OutsideError("Discord answered 502", retry_after_s=5)
FORBIDDEN = OutsideError("Discord forbids it")


class Discord:
    """Does what it is told, unless something was prepared to go wrong.

    Args:
        deletions: what is raised for a deletion in a channel, one after another.
        time_outs: what is raised for time-outs, one after another.
    """

    def __init__(self, deletions: dict[str, list[Exception]], time_outs: list[Exception]) -> None:
        self.deletions = {channel: iter(faults) for channel, faults in deletions.items()}
        self.time_outs = iter(time_outs)
        self.tried: list[tuple[float, str]] = []
        self.done: list[str] = []
        self.takes_s = 0.0
        self.at_once = 0
        self.most_at_once = 0

    async def delete_messages(
        self, channel_id: Snowflake, message_ids: Sequence[Snowflake], *, reason: str
    ) -> None:
        """Delete."""
        await self._do(f"delete {len(message_ids)} in {channel_id}", self.deletions.get(channel_id, iter(())))

    async def time_out(self, guild_id: Snowflake, user_id: Snowflake, *, seconds: float, reason: str) -> None:
        """Silence."""
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await self._do(f"silence {user_id}", self.time_outs)
        finally:
            self.at_once -= 1

    async def _do(self, what: str, faults: Iterator[Exception]) -> None:
        self.tried.append((asyncio.get_running_loop().time(), what))
        await asyncio.sleep(self.takes_s)
        fault = next(faults, None)
        if fault is not None:
            raise fault
        self.done.append(what)


class Scene:
    """An executor, and all that it touches."""

    def __init__(
        self, deletions: dict[str, list[Exception]] | None = None, time_outs: Sequence[Exception] = ()
    ) -> None:
        self.discord = Discord(deletions or {}, list(time_outs))
        self.records: list[AuditRecord] = []
        self.warnings: list[int] = []
        self.counted: list[str] = []
        self.standing: list[list[str]] = []
        self.executor = ActionExecutor(self.discord, self, self, on_done=self.note)

    def note(self, _verdict: Verdict, outcome: str, _seconds: float, standing: frozenset[MessageRef]) -> None:
        """Count."""
        self.counted.append(outcome)
        self.standing.append(sorted(ref.message_id for ref in standing))

    async def write(self, *records: AuditRecord, rows: Sequence[Profile] = ()) -> None:
        """Write down."""
        self.records += records
        self.warnings += [row.warnings for row in rows]

    def publish(self, topic: str, kind: str, data: Json, *, state: Json) -> int:
        """Tell the bots."""
        return 0

    @property
    def outcomes(self) -> list[str]:
        """How the verdicts ended, as the audit has it."""
        return [record.outcome.value for record in self.records]

    @asynccontextmanager
    async def at_work(self) -> Any:
        """Let the executor run; it must still do so at the end."""
        task = asyncio.create_task(self.executor.run())
        await asyncio.sleep(0)
        yield
        assert not task.done()
        task.cancel()
        await asyncio.wait({task})


def young(number: int) -> Snowflake:
    """Give the id of a message of this minute."""
    return Snowflake(str((int((time.time() - 1_420_070_400) * 1000) << 22) + number))


def offence(
    *numbers: int, author: str = "9", channels: Sequence[str] = ("2",), time_out_s: float = 60
) -> Verdict:
    """Give a verdict on some messages, each of them in each of the channels."""
    refs = frozenset(MessageRef(Snowflake(channel), young(n)) for channel in channels for n in numbers)
    facts = MessageFacts(
        guild_id=GUILD,
        channel_id=Snowflake(channels[0]),
        message_id=young(numbers[0]),
        author_id=Snowflake(author),
        author_name="spammer",
        at_s=time.monotonic(),
        text="",
    )
    decision = Decision(delete=refs, time_out_s=time_out_s, reasons=(("flood", "too much"),))
    return Verdict(facts=facts, decision=decision, policy="medium")


Live = Callable[[Any], Any]


def test_a_channel_that_forbids_shields_no_other(live: Live) -> None:
    """Where the bot may delete it does, whatever it may not do elsewhere."""
    scene = Scene({"10": [FORBIDDEN]})

    async def story() -> None:
        async with scene.at_work():
            scene.executor.submit(offence(1, 2, channels=("10", "20", "30"), time_out_s=0))
            await asyncio.sleep(300)

    live(story())
    assert scene.discord.done == ["delete 2 in 20", "delete 2 in 30"]
    assert scene.outcomes == ["failed"]


def test_a_part_that_fails_keeps_back_no_other(live: Live) -> None:
    """Of more messages than one request takes, the others are deleted at once."""
    scene = Scene({"2": [FORBIDDEN]})

    async def story() -> None:
        async with scene.at_work():
            scene.executor.submit(offence(*range(250), time_out_s=0))
            await asyncio.sleep(300)

    live(story())
    assert scene.discord.done == ["delete 100 in 2", "delete 50 in 2"]


def test_a_defect_ends_one_act_only(live: Live) -> None:
    """An error that nobody knows is written down; the other acts and the executor go on."""
    scene = Scene({"10": [ValueError("no JSON")]}, [KeyError("bucket")])

    async def story() -> None:
        async with scene.at_work():
            scene.executor.submit(offence(1, channels=("10", "20")))
            await asyncio.sleep(100)
            scene.executor.submit(offence(2, channels=("10",)))
            await asyncio.sleep(100)

    live(story())
    assert scene.discord.done == ["delete 1 in 20", "silence 9", "delete 1 in 10"]
    assert scene.outcomes == ["failed", "ok"]


def test_an_audit_that_dies_ends_nothing(live: Live) -> None:
    """What cannot be written down was done, and what comes next is done, too."""
    scene = Scene()

    async def dies(*_records: AuditRecord, **_more: object) -> None:
        raise RuntimeError("no disk")

    async def story() -> None:
        async with scene.at_work():
            scene.executor._audit.write = dies  # type: ignore[method-assign]
            scene.executor.submit(offence(1))
            await asyncio.sleep(1)
            scene.executor.submit(offence(2))
            await asyncio.sleep(1)

    live(story())
    assert scene.counted == ["ok", "ok"]


def test_what_failed_is_tried_again(live: Live) -> None:
    """Later and later, and only what is left; each try is in the audit."""
    scene = Scene({"10": [BROKEN, BROKEN]})

    async def story() -> None:
        async with scene.at_work():
            scene.executor.submit(offence(1, channels=("10", "20")))
            await asyncio.sleep(100)

    live(story())
    assert scene.discord.tried == [
        (0, "silence 9"),
        (0, "delete 1 in 10"),
        (0, "delete 1 in 20"),
        (5, "delete 1 in 10"),
        (20, "delete 1 in 10"),
    ]
    assert scene.outcomes == ["failed", "failed", "ok"]
    assert '"tries":3' in scene.records[-1].arguments
    assert scene.warnings == [1, 0, 0]
    assert scene.standing == [[], [], []]  # a try is to come, or it was deleted


def test_what_discord_names_is_waited_for_and_no_longer(live: Live) -> None:
    """The waits of our own grow with each try; the one that Discord asks for is its own."""
    scene = Scene({"2": [BROKEN, OutsideError("shut out", retry_after_s=3600)]})

    async def story() -> None:
        async with scene.at_work():
            scene.executor.submit(offence(1, time_out_s=0))
            await asyncio.sleep(20_000)

    live(story())
    assert [at_s for at_s, _ in scene.discord.tried] == [0, 5, 3605]


def test_what_nobody_will_delete_is_told(live: Live) -> None:
    """It may be judged again; what is deleted, or still to be, may not, whatever became of the time-out."""
    scene = Scene({"20": [FORBIDDEN]}, time_outs=[FORBIDDEN])

    async def story() -> None:
        async with scene.at_work():
            scene.executor.submit(offence(1, channels=("10", "20")))
            await asyncio.sleep(100)

    live(story())
    (standing,) = scene.standing
    assert len(standing) == 1


def test_the_audit_tells_what_was_deleted_and_what_is_left(live: Live) -> None:
    """Only what is gone counts as deleted, try by try; only what may still be deleted is tried again."""
    gone, stays, forbidden = (ref.message_id for ref in sorted(offence(1, 2, 3).decision.delete, key=repr))
    faults = {
        "10": [PartlyDeletedError("Discord answered 503", left=frozenset({stays}), retry_after_s=5)],
        "20": [FORBIDDEN],
    }
    refs = [("10", gone), ("10", stays), ("20", forbidden)]
    delete = frozenset(MessageRef(Snowflake(channel), message_id) for channel, message_id in refs)
    verdict = offence(1, time_out_s=0)
    scene = Scene(faults)

    async def story() -> None:
        async with scene.at_work():
            scene.executor.submit(replace(verdict, decision=replace(verdict.decision, delete=delete)))
            await asyncio.sleep(100)

    live(story())
    told = [json.loads(record.arguments) for record in scene.records]
    assert [(one["deleted"], one["left"]) for one in told] == [
        ([gone], [stays, forbidden]),
        ([stays], []),
    ]


def test_a_time_out_that_failed_is_tried_again(live: Live) -> None:
    """The messages that are gone are not deleted once more."""
    scene = Scene(time_outs=[BROKEN])

    async def story() -> None:
        async with scene.at_work():
            scene.executor.submit(offence(1))
            await asyncio.sleep(100)

    live(story())
    assert scene.discord.tried == [(0, "silence 9"), (0, "delete 1 in 2"), (5, "silence 9")]
    assert scene.outcomes == ["failed", "ok"]


def test_retries_have_an_end(live: Live) -> None:
    """After the third it stays undone; what Discord forbids is not tried again at all."""
    scene = Scene({"2": [BROKEN] * 9, "3": [FORBIDDEN] * 9})

    async def story() -> None:
        async with scene.at_work():
            scene.executor.submit(offence(1, time_out_s=0))
            scene.executor.submit(offence(1, author="8", channels=("3",), time_out_s=0))
            await asyncio.sleep(1000)

    live(story())
    assert [at for at, what in scene.discord.tried if what.endswith("in 2")] == [0, 5, 20, 65]
    assert [at for at, what in scene.discord.tried if what.endswith("in 3")] == [0]


def test_a_retry_neither_waits_for_a_new_offence_nor_holds_it_up(live: Live) -> None:
    """Who goes on is dealt with at once, and silenced again once his time-out was carried out."""
    scene = Scene({"2": [BROKEN]})

    async def story() -> None:
        async with scene.at_work():
            scene.executor.submit(offence(1))
            await asyncio.sleep(3)
            scene.executor.submit(offence(2))
            await asyncio.sleep(100)

    live(story())
    assert scene.discord.tried == [
        (0, "silence 9"),
        (0, "delete 1 in 2"),
        (3, "silence 9"),
        (3, "delete 1 in 2"),
        (5, "delete 1 in 2"),
    ]


def test_who_goes_on_is_silenced_as_soon_as_discord_can(live: Live) -> None:
    """A time-out that failed counts as none, even while deletions keep the verdict waiting."""
    scene = Scene(time_outs=[FORBIDDEN] * 5)

    async def story() -> None:
        async with scene.at_work():
            scene.discord.takes_s = 60
            scene.executor.submit(offence(1, author="8", time_out_s=0))
            await asyncio.sleep(1)
            scene.discord.takes_s = 0
            for number in range(100):
                scene.executor.submit(offence(number))
                await asyncio.sleep(0.1)

    live(story())
    assert scene.discord.done == ["silence 9"]
    assert sum(what == "silence 9" for _, what in scene.discord.tried) == 6


def test_a_verdict_in_the_moment_of_falling_asleep_is_carried_out(live: Live) -> None:
    """The worker that has waited long enough looks once more before it goes."""
    scene = Scene()

    async def story() -> None:
        async with scene.at_work():
            loop = asyncio.get_running_loop()
            scene.executor.submit(offence(1))
            loop.call_at(30, scene.executor.submit, offence(2))
            await asyncio.sleep(100)

    live(story())
    assert scene.outcomes == ["ok", "ok"]


def test_a_flood_of_one_member_drops_nothing(live: Live) -> None:
    """However many verdicts on him wait, they are one."""
    scene = Scene()

    async def story() -> None:
        async with scene.at_work():
            scene.executor.submit(offence(0))
            await asyncio.sleep(0)
            for number in range(1, 2 * MAX_WAITING + 1):
                scene.executor.submit(offence(number))
            await asyncio.sleep(100)

    live(story())
    assert sum(int(what.split()[1]) for what in scene.discord.done if what.startswith("delete")) == (
        2 * MAX_WAITING + 1
    )
    assert set(scene.outcomes) == {"ok"}


def test_what_gives_way_is_written_down_and_forgotten(live: Live) -> None:
    """A verdict that found no room is audited and counted, and its member's next offence silences him anew."""
    scene = Scene()
    scene.discord.takes_s = 1

    async def story() -> None:
        async with scene.at_work():
            for number in range(MAX_WAITING + 2):
                scene.executor.submit(offence(number, author=str(number)))
            await asyncio.sleep(1000)
            scene.executor.submit(offence(1, author="0"))
            await asyncio.sleep(10)

    live(story())
    lost = [record for record in scene.records if record.outcome.value == "limited"]
    assert [record.user_id for record in lost] == ["0", "1"]
    assert (scene.counted.count("limited"), scene.counted.count("ok")) == (2, MAX_WAITING + 1)
    assert sum(what == "silence 0" for what in scene.discord.done) == 2


def test_a_retry_drives_nobody_out() -> None:
    """When the line is full, what was tried already gives way to what was not."""
    line = WaitingLine()
    for number in range(MAX_WAITING):
        assert line.add(Waiting(verdict=offence(number, author=str(number)))) is None
    retry = Waiting(verdict=offence(1, author="x"), tries=1, due_s=5)
    assert line.add(retry) is retry
    new = Waiting(verdict=offence(1, author="x"))
    oldest = line.add(new)
    assert oldest is not None
    assert oldest.verdict.facts.author_id == "0"
    assert len(line) == MAX_WAITING


def test_time_outs_wait_where_no_deadline_runs(live: Live) -> None:
    """In a raid Discord is asked for a few time-outs at once, and in the end for all."""
    scene = Scene()
    scene.discord.takes_s = 1

    async def story() -> None:
        async with scene.at_work():
            for number in range(50):
                scene.executor.submit(offence(number, author=str(number)))
            await asyncio.sleep(1000)

    live(story())
    assert scene.discord.most_at_once == MAX_AT_ONCE
    assert sum(what.startswith("silence") for what in scene.discord.done) == 50


def test_what_came_before_the_start_is_carried_out(live: Live) -> None:
    """A verdict that was quicker than the executor waits for it."""
    scene = Scene()

    async def story() -> None:
        scene.executor.submit(offence(1))
        async with scene.at_work():
            await asyncio.sleep(1)

    live(story())
    assert scene.discord.done == ["delete 1 in 2", "silence 9"]
