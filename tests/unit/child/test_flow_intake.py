"""Questions wait in order, within bounds, and go when they are taken away."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from droas_child.flows.answer import Ending
from droas_child.flows.intake import BUSY_WORDS, Intake, Remembered
from droas_common.errors import OutsideError
from droas_common.ids import Snowflake


@dataclass
class FakeAnswer:
    """Takes a second, or raises."""

    question: Any
    diary: list[tuple[str, str]]
    raising: Exception | None = None
    ending: Ending = Ending.ANSWERED
    dropped: asyncio.Event = field(default_factory=asyncio.Event)

    def drop(self) -> None:
        """Note it."""
        self.dropped.set()

    async def give(self) -> Ending:
        """Give the ending that the test wants."""
        self.diary.append(("begin", self.question.message_id))
        if self.raising is not None:
            raise self.raising
        try:
            async with asyncio.timeout(1):
                await self.dropped.wait()
        except TimeoutError:
            self.diary.append(("end", self.question.message_id))
            return self.ending
        self.diary.append(("drop", self.question.message_id))
        return Ending.DROPPED


class Desk:
    """An intake at work, and what it did."""

    def __init__(self, settings: Any, speaker: Any) -> None:
        self.diary: list[tuple[str, str]] = []
        self.more: dict[str, Any] = {}
        self.intake = Intake(settings=lambda: settings, speaker=speaker, make_answer=self._make)

    def _make(self, question: Any, removed: Remembered) -> Any:
        return FakeAnswer(question, self.diary, **self.more)


@pytest.fixture
def run(live: Any, speaker: Any, settings: Any) -> Any:
    """Give a function that plays a scene at a desk."""

    def play(scene: Any, **changes: Any) -> Desk:
        async def whole() -> Desk:
            desk = Desk(settings.model_copy(update=changes), speaker)
            running = asyncio.ensure_future(desk.intake.run())
            await asyncio.sleep(0)
            await scene(desk)
            running.cancel()
            await asyncio.wait({running})
            return desk

        desk: Desk = live(whole())
        return desk

    return play


def test_a_channel_keeps_its_order_and_channels_do_not_wait_for_one_another(run: Any, ask: Any) -> None:
    """One answer at a time in a channel, several in several."""

    async def scene(desk: Desk) -> None:
        for number, channel in ((1, "a"), (2, "a"), (3, "b")):
            desk.intake.ask(ask(number, channel_id=channel))
        await asyncio.sleep(0.5)
        assert desk.intake.in_flight == 2
        await asyncio.sleep(5)

    desk = run(scene)
    assert [who for what, who in desk.diary if what == "begin"] == ["1", "3", "2"]
    assert desk.intake.answered == 3


def test_a_question_that_comes_twice_is_answered_once(run: Any, ask: Any) -> None:
    """The gateway may repeat itself after a resume."""

    async def scene(desk: Desk) -> None:
        desk.intake.ask(ask(1))
        desk.intake.ask(ask(1))
        await asyncio.sleep(5)

    assert run(scene).intake.answered == 1


@pytest.mark.parametrize(("waiting", "told"), [(2, 1), (0, 1)])
def test_too_many_questions_are_told_so_once(
    run: Any, ask: Any, speaker: Any, waiting: int, told: int
) -> None:
    """So many wait as may; the others are told to come back, not each of them."""

    async def scene(desk: Desk) -> None:
        for number in range(1, 8):
            desk.intake.ask(ask(number))
        await asyncio.sleep(10)

    desk = run(scene, max_waiting_questions=waiting)
    assert desk.intake.answered == 1 + waiting
    assert speaker.done("say") == [BUSY_WORDS] * told


def test_no_more_run_side_by_side_than_may(run: Any, ask: Any) -> None:
    """The bound holds over all channels."""

    async def scene(desk: Desk) -> None:
        for number in range(1, 8):
            desk.intake.ask(ask(number, channel_id=str(number)))
        await asyncio.sleep(0.5)
        assert desk.intake.in_flight == 3
        await asyncio.sleep(10)

    assert run(scene, max_parallel_answers=3).intake.answered == 7


def test_removed_questions_are_dropped_wherever_they_are(run: Any, ask: Any) -> None:
    """Being answered, waiting, or not even arrived."""

    async def scene(desk: Desk) -> None:
        for number in (1, 2, 3):
            desk.intake.ask(ask(number))
        await asyncio.sleep(0.1)
        for gone in ("1", "2", "4"):
            desk.intake.remove(Snowflake(gone))
        desk.intake.ask(ask(4))
        await asyncio.sleep(5)

    assert run(scene).diary == [("begin", "1"), ("drop", "1"), ("begin", "3"), ("end", "3")]


def test_a_removed_member_takes_his_questions_along(run: Any, ask: Any) -> None:
    """His in this group; not those of others, nor his own elsewhere."""

    async def scene(desk: Desk) -> None:
        desk.intake.ask(ask(1))
        desk.intake.ask(ask(2))
        desk.intake.ask(ask(3, author_id="8"))
        desk.intake.ask(ask(4, guild_id="11", channel_id="21"))
        await asyncio.sleep(0.1)
        desk.intake.remove_member(Snowflake("10"), Snowflake("7"))
        await asyncio.sleep(5)

    diary = run(scene).diary
    assert ("drop", "1") in diary
    assert ("begin", "2") not in diary
    assert {("end", "3"), ("end", "4")} <= set(diary)


@pytest.mark.parametrize(
    ("error", "said"), [(OutsideError("Discord is away"), 0), (ValueError("a bug of ours"), 2)]
)
def test_one_answer_that_dies_does_not_end_the_bot(
    run: Any, ask: Any, speaker: Any, error: Exception, said: int
) -> None:
    """It is counted, the asker hears of a bug, and the next question has its turn."""

    async def scene(desk: Desk) -> None:
        desk.more["raising"] = error
        desk.intake.ask(ask(1))
        desk.intake.ask(ask(2))
        await asyncio.sleep(5)

    assert run(scene).intake.failed == 2
    assert len(speaker.done("say")) == said


@pytest.mark.parametrize("waiting", [0, 5], ids=["while busy", "for an answer that died"])
def test_an_excuse_that_fails_does_not_end_the_bot(
    run: Any, ask: Any, speaker: Any, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    """Whatever is raised while it is said, the next question has its turn."""

    async def say(*_given: Any, **_more: Any) -> Snowflake:
        raise ValueError("a bug of the library")

    monkeypatch.setattr(speaker, "say", say)

    async def scene(desk: Desk) -> None:
        desk.more["raising"] = None if waiting == 0 else ValueError("a bug of ours")
        desk.intake.ask(ask(1))
        desk.intake.ask(ask(2))
        await asyncio.sleep(3)
        desk.more["raising"] = None
        desk.intake.ask(ask(3))
        await asyncio.sleep(3)

    assert ("end", "3") in run(scene, max_waiting_questions=waiting).diary


def test_how_the_model_does_is_known(run: Any, ask: Any) -> None:
    """A failure of the model shows in the counters and in its state."""

    async def scene(desk: Desk) -> None:
        assert desk.intake.model_ok is None
        desk.more["ending"] = Ending.MODEL_FAILED
        desk.intake.ask(ask(1))
        await asyncio.sleep(2)

    intake = run(scene).intake
    assert (intake.model_ok, intake.failed, intake.answered) == (False, 1, 0)


def test_draining_finishes_what_runs_and_takes_nothing_new(run: Any, ask: Any) -> None:
    """Answers in flight have their grace; what waits is left."""

    async def scene(desk: Desk) -> None:
        desk.intake.ask(ask(1))
        desk.intake.ask(ask(2))
        await desk.intake.drain(5)
        desk.intake.ask(ask(3))
        await asyncio.sleep(5)

    assert run(scene).diary == [("begin", "1"), ("end", "1")]


def test_draining_does_not_wait_longer_than_its_grace(run: Any, ask: Any) -> None:
    """A stop is a stop."""

    async def scene(desk: Desk) -> None:
        desk.intake.ask(ask(1))
        begun = asyncio.get_running_loop().time()
        await desk.intake.drain(0.2)
        assert asyncio.get_running_loop().time() - begun < 0.3

    assert run(scene).diary == [("begin", "1")]


def test_only_so_much_is_remembered() -> None:
    """Ids do not fill the memory; the newest stay."""
    remembered = Remembered(size=3)
    for number in range(5):
        assert remembered.add(Snowflake(str(number)))
    assert not remembered.add(Snowflake("4"))
    assert ("1" in remembered, "2" in remembered) == (False, True)
