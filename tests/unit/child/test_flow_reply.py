"""A reply grows early, at a pace, and ends exactly as the model said it."""

import asyncio
from itertools import pairwise
from typing import Any

from droas_child.core.replies import EDIT_EVERY_S, FIRST_AFTER_S
from droas_child.flows.reply import Reply
from droas_common.logs import start_logging
from droas_common.wire.records import LogRecord


async def _grow(reply: Reply, *steps: str | float, final: str) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(reply.keep_showing())
        for step in steps:
            if isinstance(step, str):
                reply.show(step)
            await asyncio.sleep(step if isinstance(step, float) else 0)
        reply.stop()
    await reply.finish(final)


def test_a_quick_answer_is_one_message(live: Any, speaker: Any, ask: Any) -> None:
    """What is whole before it would first be shown is sent once and never edited."""

    async def scene() -> None:
        await _grow(Reply(ask(), speaker), "Fine", 0.1, "Fine, thanks.", 0.1, final="Fine, thanks.")

    live(scene())
    assert [(what, text) for _, what, text in speaker.log] == [("say", "Fine, thanks.")]


def test_a_slow_answer_is_shown_although_the_model_is_silent(live: Any, speaker: Any, ask: Any) -> None:
    """The first words are shown after a moment even when no further piece comes to trigger it."""

    async def scene() -> None:
        await _grow(Reply(ask(), speaker), "Well", 5.0, final="Well, fine.")

    live(scene())
    assert speaker.times("say") == [FIRST_AFTER_S]
    assert speaker.done("change") == ["Well, fine."]


def test_a_first_sentence_is_shown_at_once(live: Any, speaker: Any, ask: Any) -> None:
    """A sentence and enough text need not wait."""
    text = "This is a whole sentence, and a long one too. And"

    async def scene() -> None:
        await _grow(Reply(ask(), speaker), text, 0.05, final=f"{text} more.")

    live(scene())
    assert speaker.times("say") == [0.0]


def test_edits_are_apart_and_only_the_newest_text_is_written(live: Any, speaker: Any, ask: Any) -> None:
    """A hundred pieces in ten seconds are a handful of edits, however slow Discord is."""
    speaker.takes_s = 0.3
    steps = [step for number in range(1, 101) for step in ("x" * number, 0.1)]

    async def scene() -> None:
        await _grow(Reply(ask(), speaker), *steps, final="x" * 100)

    live(scene())
    writes = speaker.times("say", "change")
    # The last one is the exact end, which need not wait.
    assert all(later - sooner >= EDIT_EVERY_S for sooner, later in pairwise(writes[:-1]))
    assert len(writes) <= 9
    assert list(speaker.messages.values()) == ["x" * 100]


def test_a_long_answer_ends_in_several_messages(live: Any, speaker: Any, ask: Any) -> None:
    """The first message is edited into its part, the others follow in order."""
    text = " ".join(f"word{number}" for number in range(1000))

    async def scene() -> None:
        await _grow(Reply(ask(), speaker), text[:900], 3.0, text[:3000], 3.0, final=text)

    live(scene())
    parts = list(speaker.messages.values())
    assert len(parts) > 3
    assert " ".join(parts) == text


def test_a_failing_preview_does_not_hurt_the_answer(live: Any, speaker: Any, ask: Any) -> None:
    """What could not be shown early is said in the end."""
    speaker.failing = ["say"]

    async def scene() -> None:
        await _grow(Reply(ask(), speaker), "Well", 0.9, final="Well, fine.")

    live(scene())
    assert list(speaker.messages.values()) == ["Well, fine."]


def test_a_lost_answer_of_discord_makes_no_second_message(live: Any, speaker: Any, ask: Any) -> None:
    """A try whose outcome is unknown is repeated with its nonce, and what it made is put right."""
    speaker.failing = ["say, answer lost"]

    async def scene() -> None:
        await _grow(Reply(ask(), speaker), "Well", 0.9, final="Well, fine.")

    live(scene())
    assert list(speaker.messages.values()) == ["Well, fine."]


def test_the_final_text_is_tried_twice(live: Any, speaker: Any, ask: Any) -> None:
    """One failure of Discord at the end is survived."""
    speaker.failing = ["say"]

    async def scene() -> None:
        await Reply(ask(), speaker).finish("Fine.")

    live(scene())
    assert list(speaker.messages.values()) == ["Fine."]


def test_an_abandoned_reply_writes_nothing_further_and_is_taken_back(
    live: Any, speaker: Any, ask: Any
) -> None:
    """What is under way when the question goes is finished, known, and deleted."""
    speaker.takes_s = 1.0

    async def scene() -> None:
        reply = Reply(ask(), speaker)
        async with asyncio.TaskGroup() as group:
            group.create_task(reply.keep_showing())
            reply.show("Well")
            await asyncio.sleep(FIRST_AFTER_S + 0.1)
            reply.show("Well, well")
            reply.abandon()
        await reply.take_back()

    live(scene())
    assert speaker.done("say") == ["Well"]
    assert speaker.messages == {}


def _take_back(live: Any, speaker: Any, ask: Any) -> list[str]:
    """Have a reply taken back; gives the events in the log."""
    told: list[LogRecord] = []

    async def scene() -> None:
        reply = Reply(ask(), speaker)
        await reply.finish("Well.")
        reply.abandon()
        await reply.take_back()

    start_logging([told.append])
    try:
        live(scene())
    finally:
        start_logging([])
    return [one.event for one in told]


def test_a_reply_is_taken_back_although_discord_fails_for_a_while(live: Any, speaker: Any, ask: Any) -> None:
    """Half a minute of failures is outlived, and nothing need be told."""
    speaker.failing = ["take_back"] * 4
    assert _take_back(live, speaker, ask) == []
    assert speaker.messages == {}
    assert 25 < speaker.times("take_back")[-1] < 35


def test_a_reply_that_cannot_be_taken_back_is_logged(live: Any, speaker: Any, ask: Any) -> None:
    """After a minute nobody tries any more, and the log says so once."""
    speaker.failing = ["take_back"] * 100
    assert _take_back(live, speaker, ask) == ["reply_not_taken_back"]
    assert 55 < speaker.times("take_back")[-1] < 65
