"""The whole road: people in groups, bots that answer, a mother that protects them."""

import asyncio
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.town import TOKENS, Town, alive, family, town, until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Give a town with two bots."""
    import tempfile  # noqa: PLC0415 - sockets need a short path

    with tempfile.TemporaryDirectory(prefix="droas-") as folder:
        async with town(Path(folder)) as made:
            yield made


async def test_a_mention_is_answered_through_the_model(place: Town) -> None:
    """Who mentions a bot gets a reply that pings nobody else."""
    question = await place.ask("ada", "helper", "hello")
    assert "Hello!" in await place.answer(question, "helper")


async def test_each_group_has_its_own_bot(place: Town) -> None:
    """The other bot answers in the other group, with code blocks whole."""
    question = await place.ask("grace", "guide", "what can you do?", "Observatory")
    answer = await place.answer(question, "guide", "Observatory", words="```")
    assert answer.count("```") == 2


async def test_a_direct_message_needs_no_mention(place: Town) -> None:
    """In a DM everything is for the bot."""
    dm = await place.control(
        "POST", "/dms", {"bot_id": place.users["helper"], "user_id": place.users["grace"]}
    )
    await place.say("grace", "hello", channel=dm["id"])
    await until(lambda: place.messages(by="helper", channel=dm["id"]), "no answer in the DM")


async def test_a_tool_is_called_for_the_one_who_asks(place: Town) -> None:
    """Coins move from the asker, as the gateway told who asks, and the audit says so."""
    question = await place.ask("ada", "helper", f"give 30 coins to <@{place.users['grace']}>")
    await place.answer(question, "helper", words="70 are left")
    _, audit, _ = await place.ctl("audit", "--kind", "tool")
    record = [row for row in audit["records"] if row["action"] == "economy.transfer"][-1]
    assert (record["user_id"], record["message_id"], record["outcome"]) == (
        place.users["ada"],
        question,
        "ok",
    )
    assert record["trace_id"]


async def test_a_tool_is_not_called_for_a_message_that_the_mother_never_saw(place: Town) -> None:
    """Her own gateway must have shown it to her; else the coins stay, and the audit says why."""
    unseen = {"bot_id": place.users["guardian"], "event": "MESSAGE_CREATE"}
    await place.fault("drop_events", for_s=60, match=unseen)
    question = await place.ask("ada", "helper", f"give 5 coins to <@{place.users['grace']}>")
    await place.answer(question, "helper", words="That did not work")
    await place.control("DELETE", "/faults")
    wanted = ("--user", place.users["ada"], "--action", "economy.transfer", "--outcome", "denied")
    _, audit, _ = await place.ctl("audit", "query", *wanted)
    assert {row["message_id"] for row in audit["records"]} == {question}
    assert {json.loads(row["result"])["data"]["kind"] for row in audit["records"]} == {"unproven"}
    who = ("--guild", place.guilds["Harbour"]["id"], "--user", place.users["ada"])
    _, told, _ = await place.ctl("tools", "call", "economy.balance", *who)
    assert told["structured_content"]["balance"] == 70


async def test_who_has_written_has_a_profile(place: Town) -> None:
    """The mother notes a member when she first sees him, and calls him by his name."""
    who = ("--guild", place.guilds["Harbour"]["id"], "--user", place.users["grace"])
    await place.say("grace", "good morning")

    async def known() -> dict[str, Any] | None:
        code, told, _ = await place.ctl(
            "tools", "call", "users.profile", f"user_id={place.users['ada']}", *who
        )
        return told["structured_content"] if code == 0 else None

    profile = await until(known, "the mother does not know ada")
    assert (profile["display_name"].lower(), profile["warnings"]) == ("ada", 0)
    assert profile["first_seen_unix_s"] <= time.time()


async def test_a_bot_may_call_what_its_configuration_lists(place: Town) -> None:
    """What was done for members was done with those tools; the records can be verified from outside."""
    _, bot, _ = await place.ctl("describe", "bot_01")
    assert bot["tools"] == ["economy.*", "users.profile"]
    for what in ("audit", "ledger"):
        code, verdict, _ = await place.ctl(what, "verify")
        assert (code, verdict["faults"]) == (0, [])


async def test_an_external_client_calls_with_its_credential_alone(place: Town) -> None:
    """The file that droasctl writes is all that a program needs."""
    out = place.folder / "shop.json"
    await place.ctl("client", "add", "shop", "--scope", "economy.balance", "--out", str(out))
    program = (sys.executable, Path(__file__).parents[2] / "docs/examples/client.py", out)
    who = ("economy.balance", "{}", place.guilds["Harbour"]["id"], place.users["grace"])
    process = await asyncio.create_subprocess_exec(*program, *who, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert (process.returncode, json.loads(said)["balance"]) == (0, 130)
    _, listed, _ = await place.ctl("client", "list")
    assert [one["name"] for one in listed["clients"]] == ["shop"]


async def test_talk_among_people_is_left_alone(place: Town) -> None:
    """A bot that is not meant says nothing and asks no model."""
    asked = len(await place.model_requests())
    await place.say("joan", "nice weather")
    question = await place.ask("joan", "helper", "hello")
    await place.answer(question, "helper")
    assert len(await place.model_requests()) == asked + 1


async def test_a_forbidden_word_is_taken_away(place: Town) -> None:
    """The message is deleted by the mother's own bot."""
    await place.say("joan", "a FORBIDDEN   word")

    async def deleted() -> bool:
        return bool((await place.newest("joan"))["deleted"])

    await until(deleted, "not deleted")
    audit = await place.control("GET", f"/audit/{place.guilds['Harbour']['id']}")
    assert (audit[-1]["user_id"], "keywords" in audit[-1]["reason"]) == (place.users["guardian"], True)


async def test_a_wave_of_spam_is_stopped(place: Town) -> None:
    """The flood is deleted, its author silenced, the audit tells why."""
    for number in range(12):
        await place.say("eve", f"join discord.gg/free{number}")

    async def gone() -> bool:
        return all(one["deleted"] for one in await place.messages(by="eve"))

    async def silenced() -> bool:
        state = await place.control("GET", "/state")
        members = next(one for one in state["guilds"] if one["name"] == "Harbour")["members"]
        return any(
            one["user_id"] == place.users["eve"] and one["communication_disabled_until"] for one in members
        )

    async def audited() -> bool:
        _, audit, _ = await place.ctl("audit", "--kind", "protection")
        return any(row["action"] == "time_out" and row["outcome"] == "ok" for row in audit["records"])

    await until(gone, "spam is still there")
    await until(silenced, "not silenced")
    await until(audited, "not in the audit")


async def test_work_on_a_deleted_question_is_dropped(place: Town) -> None:
    """When the question goes while it is answered, the model is left and nothing of the answer stays."""
    await place.fault("model_drip", interval_s=0.3)
    question = await place.ask("mary", "helper", "what can you do?")

    async def begun() -> bool:
        newest = await place.newest("helper")
        return (newest.get("message_reference") or {}).get("message_id") == question

    async def left() -> bool:
        return bool((await place.model_requests())[-1]["aborted"])

    async def taken_back() -> bool:
        return bool((await place.newest("helper"))["deleted"])

    await until(begun, "no preview")
    await place.control("DELETE", f"/channels/{place.channel()}/messages/{question}")
    await until(left, "the model was not left")
    await until(taken_back, "a partial answer is still there")


async def test_the_mother_tells_the_bots_what_she_removes(place: Town) -> None:
    """A question that she takes away is not answered, though Discord never tells the bot that it is gone."""
    gone = {"bot_id": place.users["helper"], "event": "MESSAGE_DELETE"}
    await place.fault("drop_events", for_s=60, match=gone)
    await place.fault("model_drip", interval_s=0.3)
    question = await place.ask("mary", "helper", "what can you do, forbidden word?")

    async def removed() -> bool:
        return any(one["id"] == question and one["deleted"] for one in await place.messages(by="mary"))

    await until(removed, "she did not take it away")
    # Questions of a channel are answered one after another: with this one the first is over, one way or the other.
    await place.answer(await place.ask("mary", "helper", "hello"), "helper")
    replies = [one for one in await place.messages(by="helper") if not one["deleted"]]
    assert question not in {(one.get("message_reference") or {}).get("message_id") for one in replies}
    await place.control("DELETE", "/faults")


async def test_a_failing_model_is_said_in_plain_words(place: Town) -> None:
    """The asker learns that it failed, with a reference and without the provider's words."""
    place.sandbox.faults.add(
        "model_error", {"status": 401, "body": {"error": {"message": "key sk-abc is bad"}}}
    )
    answer = await place.answer(await place.ask("mary", "helper", "hello"), "helper")
    assert "reference" in answer
    assert "sk-" not in answer


async def test_health_and_metrics_answer(place: Town) -> None:
    """All is well, every bot is ready, and Prometheus can read it."""
    port = next(
        json.loads(line)["fields"]["http_port"]
        for line in place.log().splitlines()
        if "mother_started" in line
    )

    def get(path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    async def ready() -> bool:
        with suppress(urllib.error.HTTPError):  # 503 until the model that failed a moment ago is found well
            return bool(json.loads(await asyncio.to_thread(get, "/ready"))["ready"])
        return False

    assert json.loads(await asyncio.to_thread(get, "/health"))["status"] == "ok"
    await until(ready, "not ready")
    text = await asyncio.to_thread(get, "/metrics")
    assert 'droas_bot_state{bot="bot_02",state="ready"} 1.0' in text


async def test_droasctl_commands_one_bot(place: Town) -> None:
    """Stop, start and restart reach their state and leave the other bot alone."""
    before = await place.all_ready()
    code, answer, _ = await place.ctl("stop", "bot_01")
    assert (code, answer["bot"]["state"], await place.connected("helper")) == (0, "stopped", False)
    assert (await place.ctl("status"))[0] == 0
    code, answer, _ = await place.ctl("start", "bot_01")
    assert (code, answer["bot"]["state"]) == (0, "ready")
    code, answer, _ = await place.ctl("restart", "bot_01")
    assert (code, answer["bot"]["state"]) == (0, "ready")
    after = await place.all_ready()
    assert after["bot_02"]["pid"] == before["bot_02"]["pid"]
    assert (await place.ctl("stop", "nobody"))[0] == 4
    assert (await place.ctl("logs", "bot_01"))[1]["records"]


async def test_a_slow_bot_delays_no_command_to_another(place: Town) -> None:
    """While one bot finishes an answer before it stops, another is restarted; the answer is whole."""
    await place.all_ready()
    await place.fault("model_drip", interval_s=0.3)
    question = await place.ask("grace", "helper", "hello")

    async def begun() -> bool:
        newest = await place.newest("helper")
        return (newest.get("message_reference") or {}).get("message_id") == question

    await until(begun, "no preview")
    slow = asyncio.create_task(place.ctl("stop", "bot_01"))
    assert (await place.ctl("restart", "bot_02"))[0] == 0
    assert not slow.done()
    assert (await slow)[0] == 0
    assert (await place.newest("helper"))["content"].endswith("What can I do for you?")
    assert (await place.ctl("start", "bot_01"))[0] == 0


async def test_a_rolling_restart_keeps_the_others_up(place: Town) -> None:
    """All bots get fresh processes, one after another: whenever one is away, the other is there."""
    before = await place.all_ready()
    rolling = asyncio.create_task(place.ctl("restart", "--all"))
    away: list[list[str]] = []
    while not rolling.done():
        away.append([name for name in place.names if not await place.connected(name)])
    code, answer, _ = await rolling
    assert (code, [one["bot"]["state"] for one in answer["bots"]]) == (0, ["ready", "ready"])
    assert max(len(names) for names in away) == 1
    after = await place.all_ready()
    assert not {bot["pid"] for bot in before.values()} & {bot["pid"] for bot in after.values()}


async def test_what_happens_is_told_as_events(place: Town) -> None:
    """A kill, the command of a user and what came of both stand among the events, in order."""
    before = await place.all_ready()
    os.kill(before["bot_02"]["pid"], signal.SIGKILL)

    async def replaced() -> bool:
        _, bot, _ = await place.ctl("status", "bot_02")
        return bool(bot["state"] == "ready" and bot["pid"] != before["bot_02"]["pid"])

    await until(replaced, "bot_02 was not replaced")
    await place.ctl("restart", "bot_02")
    events = await place.events("bot_02", "-n", "8")
    assert [one.get("state", one.get("verb")) for one in events] == [
        *("backoff", "starting", "ready"),
        *("restart", "stopping", "stopped", "starting", "ready"),
    ]
    assert next(one for one in events if one["kind"] == "command")["uid"] == os.getuid()
    _, bot, _ = await place.ctl("describe", "bot_02")
    assert "killed by SIGKILL" in bot["exits"][-2]["words"]


async def test_no_secret_is_in_the_log(place: Town) -> None:
    """Neither a token nor a key was written anywhere."""
    text = place.log()
    for secret in [*TOKENS.values(), "test-key-of-no-value"]:
        assert secret not in text
        assert secret.rpartition(".")[2] not in text


async def test_the_end_leaves_nobody_behind(place: Town) -> None:
    """SIGTERM ends everything in good order: exit code 0, sessions closed with 1000, no process left."""
    assert place.process is not None
    processes = family(place.process.pid)
    assert await place.stop_mother() == 0
    await until(lambda: not alive(processes), "somebody is left")
    last = {one["bot_id"]: one["close_code"] for one in await place.control("GET", "/sessions")}
    assert set(last.values()) == {1000}
    assert not await place.overlaps()
    code, _, words = await place.ctl("status")
    assert code == 69
    assert "no mother runs" in words
