"""One child process in a small world: it answers, follows the mother, and leaves in order."""

import asyncio
import fcntl
import json
import os
import signal
from typing import Any

import httpx
import pytest

from droas_common.wire.heartbeats import Goodbye, Guilds, Heartbeat, Register
from tests.support.town import until


async def test_a_mention_gets_a_growing_answer(home: Any, ask: Any) -> None:
    """The reply comes before the model has ended, grows, ends exactly, and pings nobody else."""
    await home.ready()
    question = await ask("tell me slowly")
    reply = (await until(lambda: home.replies(question), "no reply"))[0]
    assert len(reply.data["content"]) < 120
    await until(lambda: reply.data["content"].endswith("@everyone last."), "the reply does not end")
    assert reply.data["content"] == "One. " + "word " * 24 + "@everyone last."
    assert reply.edits >= 1
    assert len(home.replies(question)) == 1
    assert not reply.data["mention_everyone"]
    assert [user["username"] for user in reply.data["mentions"]] == ["ada"]
    await until(lambda: home.heard(Heartbeat)[-1].answered == 1, "the answer is not counted")
    assert home.heard(Guilds)[-1].guild_ids == [home.guild["id"]]
    assert home.heard(Register)[0].preloaded


async def test_a_tool_is_called_in_the_name_of_the_asker(home: Any, ask: Any) -> None:
    """The call goes to the mother with actor, key, deadline and trace, and its result into the answer."""
    await home.ready()
    question = await ask("how many coins have I?", who="eve")
    reply = (await until(lambda: home.replies(question), "no reply"))[0]
    assert reply.data["content"] == "You have 42."
    (call,) = home.calls
    assert call.name == "economy.balance"
    actor = call.meta.actor
    assert (actor.user_id, actor.guild_id) == (home.user_id("eve"), home.guild["id"])
    assert (actor.channel_id, actor.message_id) == (home.channel_id, question)
    assert call.meta.idempotency_key == f"{question}.0.0"
    assert call.meta.deadline_unix_ms
    trace_id = call.meta.traceparent.split("-")[1]
    answered = await until(
        lambda: [one for one in home.records if one.event == "answered"], "the answer is not in the log"
    )
    assert answered[0].trace_id == trace_id


@pytest.mark.parametrize("way", ["deleted", "message_removed", "member_timed_out"])
async def test_a_question_that_goes_takes_its_answer_along(home: Any, ask: Any, way: str) -> None:
    """Whoever takes it away: the model's request is aborted and the partial reply deleted."""
    await home.ready()
    question = await ask("talk for ever", who="eve")
    reply = (await until(lambda: home.replies(question), "no reply"))[0]
    assert not home.asked()[-1]["aborted"]
    if way == "deleted":
        async with httpx.AsyncClient(base_url=home.sandbox.url, trust_env=False) as client:
            await client.delete(f"/sandbox/channels/{home.channel_id}/messages/{question}")
    else:
        home.publish_protection(way, message_id=question, user_id=home.user_id("eve"))
    await until(lambda: home.asked()[-1]["aborted"], "not aborted")
    await until(lambda: reply.deleted, "the reply still stands")
    await until(lambda: home.heard(Heartbeat)[-1].in_flight == 0, "something is still under way")


async def test_hot_settings_apply_to_the_next_answer(home: Any, ask: Any) -> None:
    """The new persona reaches the model, the revision the mother."""
    await home.ready(config_revision=1)
    home.publish_settings(revision=2, system_prompt="Speak like a sailor.")
    await until(lambda: home.heard(Heartbeat)[-1].config_revision == 2, "the revision does not come")
    question = await ask("hello")
    await until(lambda: home.replies(question), "no reply")
    assert home.asked()[-1]["body"]["messages"][0]["content"] == "Speak like a sailor."


async def test_missed_events_are_made_good(home: Any) -> None:
    """When a number is missing the state is asked for anew on the same socket, and following goes on."""
    await home.ready()
    home.publish_settings(revision=2)
    await until(lambda: home.heard(Heartbeat)[-1].config_revision == 2, "the first change does not come")
    topic = home.publisher._topics["config.helper"]
    topic.sequence += 3  # as if three had been lost
    home.publish_settings(revision=7)
    await until(lambda: [one for one in home.records if one.event == "events_missed"], "no gap is seen")
    await until(lambda: home.heard(Heartbeat)[-1].config_revision == 7, "the change behind the gap is lost")
    home.publish_settings(revision=8)
    await until(lambda: home.heard(Heartbeat)[-1].config_revision == 8, "it follows no longer")
    assert len([one for one in home.records if one.event == "events_missed"]) == 1


async def test_the_state_is_there_before_the_first_question(home: Any) -> None:
    """What was published before the child was born is known when it is ready."""
    home.publish_settings(revision=7, system_prompt="Be brief.")
    await home.ready()
    assert home.heard(Heartbeat)[-1].config_revision == 7


async def test_a_silent_reply_is_a_question(home: Any, ask: Any) -> None:
    """Who replies to the bot without a ping means the bot all the same."""
    await home.ready()
    first = await ask("hello")
    reply = (await until(lambda: home.replies(first), "no reply"))[0]
    async with httpx.AsyncClient(base_url=home.sandbox.url, trust_env=False) as client:
        answer = await client.post(
            f"/sandbox/channels/{home.channel_id}/messages",
            json={
                "author_id": home.user_id("ada"),
                "content": "and how are you?",
                "reply_to": reply.data["id"],
            },
        )
    await until(lambda: home.replies(answer.json()["id"]), "no reply to the reply")


async def test_a_failing_model_is_told_in_own_words(home: Any, ask: Any) -> None:
    """The asker gets an honest sentence, the log the trace."""
    home.sandbox.faults.add(
        "model_error", {"status": 401, "body": {"error": {"message": "sk-upstream-words"}}}
    )
    await home.ready(
        bot={"llm_config": {"base_url": home.sandbox.model_base, "api_key": "k", "model": "sandbox-1"}}
    )
    question = await ask("hello")
    reply = (await until(lambda: home.replies(question), "no reply"))[0]
    assert "reference" in reply.data["content"]
    assert "upstream" not in reply.data["content"]
    failed = await until(lambda: [one for one in home.records if one.event == "model_failed"], "no log line")
    assert failed[0].trace_id[:8] in reply.data["content"]


async def test_it_stops_in_order(home: Any, ask: Any) -> None:
    """The answer in flight is finished, the gateway left with 1000, the goodbye said."""
    process = await home.ready()
    question = await ask("tell me slowly")
    await until(lambda: home.replies(question), "no reply")
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(8):
        assert await process.wait() == 0
    assert home.replies(question)[0].data["content"].startswith("One. word")
    # What it said last may still be on its way when the kernel tells that it has ended.
    await until(lambda: home.words[-1] == Goodbye(reason="asked to stop"), "no goodbye")
    assert not home.sandbox.hub.live(home.user_id("helper"))


async def test_a_second_sigterm_ends_it_at_once(home: Any, ask: Any) -> None:
    """Who asks twice does not want to wait for answers."""
    process = await home.ready(drain_grace_s=60)
    question = await ask("talk for ever")
    await until(lambda: home.replies(question), "no reply")
    process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.2)
    assert process.returncode is None
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(8):  # far less than the grace
        assert await process.wait() == 75


async def test_a_refused_token_is_fatal(home: Any) -> None:
    """The mother hears why, before the process ends with the code of a wrong configuration."""
    process = await home.spawn(
        home.settings(bot={"discord_token": "MTAwMDAwMDAwMDAwMDAwMDA5.GaBcDe." + "x" * 38})
    )
    async with asyncio.timeout(8):
        assert await process.wait() == 78
    (goodbye,) = await until(lambda: home.heard(Goodbye), "no goodbye")
    assert goodbye.fatal
    assert "4004" in goodbye.reason
    await until(
        lambda: [one for one in home.records if one.event == "child_ended"], "no last words in the log"
    )


async def test_a_bot_is_never_twice(home: Any) -> None:
    """Who finds the lock held goes, and has not been on the gateway."""
    settings = home.settings()
    handle = os.open(settings.lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    process = await home.spawn(settings)
    async with asyncio.timeout(8):
        assert await process.wait() == 75
    os.close(handle)
    assert home.heard(Register) == []


async def test_it_dies_with_its_mother(home: Any) -> None:
    """When the lifeline ends the process is gone at once, and its lock is free."""
    process = await home.ready()
    with open(home.settings().lock_path) as lock:  # noqa: ASYNC230, PTH123 - a few bytes
        assert json.loads(lock.read())["pid"] == process.pid
        home.lifeline.close()
        async with asyncio.timeout(8):
            assert await process.wait() == -signal.SIGKILL
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


async def test_a_flood_of_questions_is_bounded(home: Any, ask: Any) -> None:
    """So many are answered and wait as may; one polite word goes to the rest."""
    await home.ready(
        bot={
            "llm_config": {"base_url": home.sandbox.model_base, "api_key": "k"},
            "max_waiting_questions": 2,
        }
    )
    questions = [await ask(f"tell me slowly {number}") for number in range(8)]
    await until(lambda: any(home.replies(one) for one in questions[3:]), "nobody is told")
    busy = [kept.data["content"] for one in questions[3:] for kept in home.replies(one)]
    assert busy == ["I have more questions than I can answer right now. Please ask again in a moment."]
