"""From a question through model and tools to words in Discord."""

import asyncio
import json
from typing import Any

import pytest

from droas_child.core.conversation import Said
from droas_child.core.failures import Failure
from droas_child.flows.answer import MAX_ANSWER_CHARACTERS, MAX_TEXT_CHARACTERS, Answer, Ending
from droas_child.flows.toolbox import MAX_CALLS, Toolbox
from droas_child.ports import ModelFailedError
from droas_common.errors import OutsideError, RequestError
from droas_common.ids import Snowflake
from droas_common.tool_retries import RetryingTools
from droas_common.wire.calls import Actor


def test_a_question_is_answered(give: Any, speaker: Any, model: Any) -> None:
    """The model gets persona, past and question; Discord gets its words."""
    speaker.past = [Said(message_id=Snowflake("1"), author_name="Eve", text="hi", mine=False)]
    model.scripts = [["I am ", "fine."]]
    assert give() is Ending.ANSWERED
    assert speaker.shown() == ["I am fine."]
    messages, offered = model.requests[0]
    assert [message["content"] for message in messages] == ["be kind", "Eve: hi", "Ada: how are you?"]
    assert [tool["function"]["name"] for tool in offered] == ["economy__balance"]
    assert speaker.done("typing") == [""]


def test_without_past_tools_and_typing_there_is_still_an_answer(
    give: Any, speaker: Any, model: Any, tools: Any
) -> None:
    """What only helps may fail."""
    speaker.failing = ["typing", "history"]
    tools.answers["list"] = OutsideError("nobody there")
    model.scripts = [["fine"]]
    assert give() is Ending.ANSWERED
    assert speaker.shown() == ["fine"]


def test_a_tool_call_goes_out_in_the_name_of_the_asker(
    give: Any, speaker: Any, model: Any, tools: Any
) -> None:
    """Actor and key come from the event; the model's words cannot change them; the result comes back."""
    arguments = '{"user_id": "1", "_meta": {"actor": {"userId": "1"}}}'
    model.scripts = [[model.wants(("c1", "economy__balance", arguments))], ["You have 5."]]
    tools.answers["economy.balance"] = {"coins": 5}
    assert give() is Ending.ANSWERED
    assert tools.calls == [
        {
            "name": "economy.balance",
            "arguments": json.loads(arguments),
            "actor": Actor(user_id="7", guild_id="10", channel_id="20", message_id="500"),
            "key": "500.0.0",
        }
    ]
    assert model.requests[1][0][-1] == {"role": "tool", "tool_call_id": "c1", "content": '{"coins": 5}'}
    assert speaker.shown() == ["You have 5."]


def test_every_call_gets_exactly_one_message(give: Any, model: Any, tools: Any) -> None:
    """Denied, late, unreadable, unknown or too many: a strict server is never left without an answer."""
    calls = [("a", "denied", "{}"), ("b", "late", "{}"), ("c", "good", "[1"), ("d", "good", "{}")]
    calls += [(f"e{number}", "good", "{}") for number in range(MAX_CALLS)]
    tools.answers |= {"denied": RequestError("not yours"), "late": 60.0}
    model.scripts = [[model.wants(*calls)], ["done"]]
    assert give() is Ending.ANSWERED
    messages = [message for message in model.requests[1][0] if message["role"] == "tool"]
    assert [message["tool_call_id"] for message in messages] == [call_id for call_id, _, _ in calls]
    refused = [json.loads(message["content"]).get("refused") for message in messages]
    assert refused[:4] == ["denied", "unavailable", "bad_arguments", None]
    assert refused[-1] == "too_many_calls"
    assert json.loads(model.requests[1][0][-len(calls) - 1]["tool_calls"][2]["function"]["arguments"]) == {}


def test_a_lost_answer_is_asked_for_with_the_same_key(give: Any, model: Any, tools: Any) -> None:
    """A retry cannot do a thing twice."""
    tools.answers["economy.balance"] = [OutsideError("lost", retry_after_s=0.2), {"coins": 5}]
    model.scripts = [[model.wants(("a", "economy__balance", "{}"))], ["done"]]
    assert give() is Ending.ANSWERED
    assert [call["key"] for call in tools.calls] == ["500.0.0", "500.0.0"]


def test_rounds_are_bounded_and_the_last_has_no_tools(give: Any, speaker: Any, model: Any) -> None:
    """A model that always wants more is made to speak."""
    again = [model.wants(("a", "economy__balance", "{}"))]
    model.scripts = [again, again, ["enough"]]
    assert give(max_tool_rounds=2) is Ending.ANSWERED
    assert [bool(offered) for _, offered in model.requests] == [True, True, False]
    assert speaker.shown() == ["enough"]


@pytest.mark.parametrize("failure", list(Failure))
def test_a_failure_is_told_in_own_words(give: Any, speaker: Any, model: Any, failure: Failure) -> None:
    """The asker learns the sort of failure and a reference, never the provider's words."""
    model.scripts = [[ModelFailedError(failure, "sk-secret upstream exploded")]] * 2
    assert give() is Ending.MODEL_FAILED
    assert "reference" in speaker.shown()[0]
    assert "exploded" not in speaker.shown()[0]
    assert len(model.requests) == (2 if failure is Failure.BROKEN else 1)


def test_what_was_said_stays_when_the_model_breaks_off(give: Any, speaker: Any, model: Any) -> None:
    """Half an answer is kept, with the failure behind it; nobody asks again, because something had come."""
    model.scripts = [["The first half", 2.0, ModelFailedError(Failure.BROKEN, "cut")]]
    assert give() is Ending.MODEL_FAILED
    assert speaker.shown()[0].startswith("The first half\n\nMy language model broke off.")
    assert len(model.requests) == 1


def test_silence_is_asked_again_once(give: Any, speaker: Any, model: Any) -> None:
    """An empty answer is a failure that a second request often mends."""
    model.scripts = [[], ["fine"]]
    assert give() is Ending.ANSWERED
    assert speaker.shown() == ["fine"]


def test_an_answer_that_never_ends_is_ended(give: Any, speaker: Any, model: Any) -> None:
    """The whole answer has its time, tools and retries included."""
    model.scripts = [["Well", 10_000.0]]
    assert give() is Ending.MODEL_FAILED
    assert speaker.shown()[0].startswith("Well\n\nMy language model did not answer in time.")


def test_an_endless_talker_is_cut(give: Any, speaker: Any, model: Any) -> None:
    """More than six messages are not read, and the request is broken off."""
    model.scripts = [["word " * 1000] * 10]
    assert give() is Ending.ANSWERED
    assert sum(map(len, speaker.shown())) <= MAX_ANSWER_CHARACTERS + 10
    assert speaker.shown()[-1].endswith("[…]")
    assert model.aborted == 1


def test_thoughts_are_not_shown(give: Any, speaker: Any, model: Any) -> None:
    """What a model thinks aloud is not its answer."""
    model.scripts = [["<think>hmm", 3.0, " yes</think>\n", "Yes."]]
    assert give() is Ending.ANSWERED
    assert speaker.shown() == ["Yes."]
    assert speaker.done("change") == []


def test_thoughts_may_be_longer_than_an_answer(give: Any, speaker: Any, model: Any) -> None:
    """Only what people are shown is measured by what they read."""
    model.scripts = [["<think>", *["hmm " * 1000] * 10, "</think>", "Yes."]]
    assert give() is Ending.ANSWERED
    assert speaker.shown() == ["Yes."]


@pytest.mark.parametrize("inside", [True, False], ids=["in the text", "beside it"])
def test_thoughts_have_an_end(give: Any, speaker: Any, model: Any, inside: bool) -> None:
    """Who thinks for ever is broken off, and not asked to do so again."""
    thought = "hmm " * (MAX_TEXT_CHARACTERS // 40)
    beside = {"choices": [{"delta": {"reasoning_content": thought}}]}
    model.scripts = [["<think>", *[thought if inside else beside] * 20]]
    assert give() is Ending.MODEL_FAILED
    assert "My language model broke off." in speaker.shown()[0]
    assert (model.aborted, len(model.requests)) == (1, 1)


def test_a_thought_whose_beginning_is_not_told_is_not_an_answer(give: Any, speaker: Any, model: Any) -> None:
    """Some servers put it into the prompt; once its end comes, what stood before it goes."""
    model.scripts = [["Let me see. They want a yes. I think.", 3.0, "\n</think>\n\n", "Yes."]]
    assert give() is Ending.ANSWERED
    assert speaker.shown() == ["Yes."]


def test_a_model_that_breaks_off_in_thought_is_asked_again(give: Any, speaker: Any, model: Any) -> None:
    """Nobody has seen anything of it yet."""
    model.scripts = [["<think>hmm", ModelFailedError(Failure.BROKEN, "cut")], ["Yes."]]
    assert give() is Ending.ANSWERED
    assert speaker.shown() == ["Yes."]


@pytest.mark.parametrize("ending", ["calls", "content_filter"])
def test_a_preamble_is_no_answer(give: Any, speaker: Any, model: Any, ending: str) -> None:
    """What was said before the last calls stays, with the failure behind it."""
    again = model.wants(("a", "economy__balance", "{}"))
    filtered = {"choices": [{"delta": {}, "finish_reason": "content_filter"}]}
    last: list[Any] = [again] if ending == "calls" else [filtered]
    model.scripts, model.finish = [["Let me look that up.", again], last], None
    assert give(max_tool_rounds=1) is Ending.MODEL_FAILED
    words = "broke off" if ending == "calls" else "may not answer that"
    assert speaker.shown()[0].startswith(f"Let me look that up.\n\nMy language model {words}.")


def test_an_emoji_that_was_cut_survives_a_round_of_tools(give: Any, model: Any, tools: Any) -> None:
    """Its halves come in two chunks; the next request, and the call, hold the whole."""
    call = model.wants(("a", "economy__balance", '{"note": "\\ud800"}'))
    model.scripts = [["Wait \ud83d", "\ude00", call], ["done"]]
    assert give() is Ending.ANSWERED
    assert json.dumps(model.requests[1][0], ensure_ascii=False).encode().count("😀".encode()) == 1
    assert tools.calls[0]["arguments"] == {"note": "\ufffd"}


def test_a_question_removed_while_the_end_fails_leaves_nothing(give: Any, speaker: Any, model: Any) -> None:
    """Though Discord takes the last words not even on the second try, what stands there is deleted."""
    speaker.takes_s, speaker.failing = 0.3, ["change"] * 3  # the first is a preview
    model.scripts = [["Well", 3.0, ", well."]]

    async def remove(answer: Answer) -> None:
        while len(speaker.done("change")) < 3:
            await asyncio.sleep(0.1)
        answer.drop()

    assert give(meanwhile=remove) is Ending.DROPPED
    assert speaker.shown() == []


def test_a_removed_question_takes_along_what_was_only_perhaps_said(
    give: Any, speaker: Any, model: Any
) -> None:
    """Discord has the message, but its answer was lost; the nonce tells which one it is."""
    model.scripts, speaker.failing = [["Well."]], ["say, answer lost"] * 2

    async def remove(answer: Answer) -> None:
        while len(speaker.failing) == 2:
            await asyncio.sleep(0.1)
        answer.drop()

    assert give(meanwhile=remove) is Ending.DROPPED
    assert speaker.shown() == []


def test_a_removed_question_aborts_the_model_and_takes_the_reply_back(
    give: Any, speaker: Any, model: Any
) -> None:
    """Nothing is left of an answer to something that was taken away."""
    model.scripts = [["Well", 60.0]]

    async def remove(answer: Answer) -> None:
        await asyncio.sleep(3.0)
        assert speaker.shown() == ["Well"]
        answer.drop()

    assert give(meanwhile=remove) is Ending.DROPPED
    assert speaker.shown() == []
    assert model.aborted == 1


def test_a_question_removed_before_it_begins_costs_nothing(give: Any, speaker: Any, model: Any) -> None:
    """Neither the model nor Discord is asked."""

    async def remove(answer: Answer) -> None:
        answer.drop()

    assert give(meanwhile=remove) is Ending.DROPPED
    assert (model.requests, speaker.log) == ([], [])


def test_a_question_removed_while_the_end_is_written_leaves_nothing(
    give: Any, speaker: Any, model: Any
) -> None:
    """The message on its way is waited for and deleted, further ones are not sent."""
    speaker.takes_s = 1.0
    model.scripts = [["word " * 1000]]

    async def remove(answer: Answer) -> None:
        while not speaker.done("say"):
            await asyncio.sleep(0.1)
        answer.drop()

    assert give(meanwhile=remove) is Ending.DROPPED
    assert speaker.shown() == []
    assert len(speaker.done("say")) == 1


def test_discord_failing_for_good_is_raised(give: Any, speaker: Any, model: Any) -> None:
    """Nobody can be told, so the border above must know."""
    speaker.failing = ["say"] * 3
    model.scripts = [["fine"]]
    with pytest.raises(ExceptionGroup) as caught:
        give()
    assert caught.group_contains(OutsideError)


def test_tools_are_listed_once_a_minute(live: Any, tools: Any) -> None:
    """The list is kept, and what was known is offered while the mother is silent."""

    async def scene() -> None:
        toolbox = Toolbox(RetryingTools(tools))
        await toolbox.offer()
        await toolbox.offer()
        assert tools.listed == 1
        await asyncio.sleep(61)
        tools.answers["list"] = OutsideError("nobody there")
        assert len(await toolbox.offer()) == 1
        assert tools.listed == 2

    live(scene())
