"""From a question through model and tools to words in Discord."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from droas_child.core.conversation import Said
from droas_child.core.failures import Failure
from droas_child.flows.answer import MAX_ANSWER_CHARACTERS, Answer, Ending
from droas_child.flows.toolbox import MAX_CALLS, Toolbox
from droas_child.ports import ModelFailedError
from droas_common.errors import OutsideError, RequestError
from droas_common.ids import Snowflake
from droas_common.tool_retries import RetryingTools
from droas_common.wire.calls import Actor, Json, ToolDescription, ToolResult


@dataclass
class FakeTools:
    """The mother's tools: each name has an answer, an error to raise, or seconds to take."""

    answers: dict[str, Any] = field(default_factory=dict)
    calls: list[dict[str, Any]] = field(default_factory=list)
    listed: int = 0

    async def list_tools(self, *, timeout_s: float = 5.0) -> list[ToolDescription]:
        """Give one tool, or fail."""
        self.listed += 1
        if "list" in self.answers:
            raise self.answers["list"]
        return [ToolDescription(name="economy.balance", description="tells", input_schema={"type": "object"})]

    async def call(
        self,
        name: str,
        arguments: Json,
        *,
        actor: Actor | None,
        timeout_s: float = 5.0,
        idempotency_key: str | None = None,
    ) -> ToolResult:
        """Give the next answer for this name."""
        self.calls.append({"name": name, "arguments": arguments, "actor": actor, "key": idempotency_key})
        answer = self.answers.get(name, {"ok": True})
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, float):
            await asyncio.sleep(min(answer, timeout_s))
            raise OutsideError("no answer in time")
        return ToolResult(structured_content=answer)


def wanted(*calls: tuple[str, str, str]) -> Json:
    """Give a chunk in which a model wants these calls: id, name, arguments."""
    return {
        "choices": [
            {
                "delta": {
                    "tool_calls": [
                        {"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}
                        for index, (call_id, name, arguments) in enumerate(calls)
                    ]
                }
            }
        ]
    }


@pytest.fixture
def tools() -> FakeTools:
    """The mother."""
    return FakeTools()


@pytest.fixture
def give(live: Any, speaker: Any, model: Any, tools: FakeTools, settings: Any, ask: Any) -> Any:
    """Give a function that has one question answered, and does something meanwhile."""

    def run(*, meanwhile: Any = None, removed: tuple[str, ...] = (), **changes: Any) -> Ending:
        async def scene() -> Ending:
            answer = Answer(
                ask(),
                speaker=speaker,
                model=model,
                toolbox=Toolbox(RetryingTools(tools)),
                settings=settings.model_copy(update=changes),
                removed=frozenset(map(Snowflake, removed)),
            )
            async with asyncio.TaskGroup() as group:
                ending = group.create_task(answer.give())
                if meanwhile is not None:
                    await meanwhile(answer)
            return ending.result()

        result: Ending = live(scene())
        return result

    return run


def shown(speaker: Any) -> list[str]:
    """Give what stands in Discord."""
    return list(speaker.messages.values())


def test_a_question_is_answered(give: Any, speaker: Any, model: Any) -> None:
    """The model gets persona, past and question; Discord gets its words."""
    speaker.past = [Said(message_id=Snowflake("1"), author_name="Eve", text="hi", mine=False)]
    model.scripts = [["I am ", "fine."]]
    assert give() is Ending.ANSWERED
    assert shown(speaker) == ["I am fine."]
    messages, offered = model.requests[0]
    assert [message["content"] for message in messages] == ["be kind", "Eve: hi", "Ada: how are you?"]
    assert [tool["function"]["name"] for tool in offered] == ["economy__balance"]
    assert speaker.done("typing") == [""]


def test_without_past_tools_and_typing_there_is_still_an_answer(
    give: Any, speaker: Any, model: Any, tools: FakeTools
) -> None:
    """What only helps may fail."""
    speaker.failing = ["typing", "history"]
    tools.answers["list"] = OutsideError("nobody there")
    model.scripts = [["fine"]]
    assert give() is Ending.ANSWERED
    assert shown(speaker) == ["fine"]


def test_a_tool_call_goes_out_in_the_name_of_the_asker(
    give: Any, speaker: Any, model: Any, tools: FakeTools
) -> None:
    """Actor and key come from the event; the model's words cannot change them; the result comes back."""
    arguments = '{"user_id": "1", "_meta": {"actor": {"userId": "1"}}}'
    model.scripts = [[wanted(("c1", "economy__balance", arguments))], ["You have 5."]]
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
    assert shown(speaker) == ["You have 5."]


def test_every_call_gets_exactly_one_message(give: Any, model: Any, tools: FakeTools) -> None:
    """Denied, late, unreadable, unknown or too many: a strict server is never left without an answer."""
    calls = [("a", "denied", "{}"), ("b", "late", "{}"), ("c", "good", "[1"), ("d", "good", "{}")]
    calls += [(f"e{number}", "good", "{}") for number in range(MAX_CALLS)]
    tools.answers |= {"denied": RequestError("not yours"), "late": 60.0}
    model.scripts = [[wanted(*calls)], ["done"]]
    assert give() is Ending.ANSWERED
    messages = [message for message in model.requests[1][0] if message["role"] == "tool"]
    assert [message["tool_call_id"] for message in messages] == [call_id for call_id, _, _ in calls]
    refused = [json.loads(message["content"]).get("refused") for message in messages]
    assert refused[:4] == ["denied", "unavailable", "bad_arguments", None]
    assert refused[-1] == "too_many_calls"
    assert json.loads(model.requests[1][0][-len(calls) - 1]["tool_calls"][2]["function"]["arguments"]) == {}


def test_a_lost_answer_is_asked_for_with_the_same_key(give: Any, model: Any, tools: FakeTools) -> None:
    """A retry cannot do a thing twice."""
    tools.answers["economy.balance"] = [OutsideError("lost", retry_after_s=0.2), {"coins": 5}]
    model.scripts = [[wanted(("a", "economy__balance", "{}"))], ["done"]]
    assert give() is Ending.ANSWERED
    assert [call["key"] for call in tools.calls] == ["500.0.0", "500.0.0"]


def test_rounds_are_bounded_and_the_last_has_no_tools(give: Any, speaker: Any, model: Any) -> None:
    """A model that always wants more is made to speak."""
    again = [wanted(("a", "economy__balance", "{}"))]
    model.scripts = [again, again, ["enough"]]
    assert give(max_tool_rounds=2) is Ending.ANSWERED
    assert [bool(offered) for _, offered in model.requests] == [True, True, False]
    assert shown(speaker) == ["enough"]


@pytest.mark.parametrize("failure", list(Failure))
def test_a_failure_is_told_in_own_words(give: Any, speaker: Any, model: Any, failure: Failure) -> None:
    """The asker learns the sort of failure and a reference, never the provider's words."""
    model.scripts = [[ModelFailedError(failure, "sk-secret upstream exploded")]] * 2
    assert give() is Ending.MODEL_FAILED
    assert "reference" in shown(speaker)[0]
    assert "exploded" not in shown(speaker)[0]
    assert len(model.requests) == (2 if failure is Failure.BROKEN else 1)


def test_what_was_said_stays_when_the_model_breaks_off(give: Any, speaker: Any, model: Any) -> None:
    """Half an answer is kept, with the failure behind it; nobody asks again, because something had come."""
    model.scripts = [["The first half", 2.0, ModelFailedError(Failure.BROKEN, "cut")]]
    assert give() is Ending.MODEL_FAILED
    assert shown(speaker)[0].startswith("The first half\n\nMy language model broke off.")
    assert len(model.requests) == 1


def test_silence_is_asked_again_once(give: Any, speaker: Any, model: Any) -> None:
    """An empty answer is a failure that a second request often mends."""
    model.scripts = [[], ["fine"]]
    assert give() is Ending.ANSWERED
    assert shown(speaker) == ["fine"]


def test_an_answer_that_never_ends_is_ended(give: Any, speaker: Any, model: Any) -> None:
    """The whole answer has its time, tools and retries included."""
    model.scripts = [["Well", 10_000.0]]
    assert give() is Ending.MODEL_FAILED
    assert shown(speaker)[0].startswith("Well\n\nMy language model did not answer in time.")


def test_an_endless_talker_is_cut(give: Any, speaker: Any, model: Any) -> None:
    """More than six messages are not read, and the request is broken off."""
    model.scripts = [["word " * 1000] * 10]
    assert give() is Ending.ANSWERED
    assert sum(map(len, shown(speaker))) <= MAX_ANSWER_CHARACTERS + 10
    assert shown(speaker)[-1].endswith("[…]")
    assert model.aborted == 1


def test_thoughts_are_not_shown(give: Any, speaker: Any, model: Any) -> None:
    """What a model thinks aloud is not its answer."""
    model.scripts = [["<think>hmm", 3.0, " yes</think>\n", "Yes."]]
    assert give() is Ending.ANSWERED
    assert shown(speaker) == ["Yes."]
    assert speaker.done("change") == []


def test_a_removed_question_aborts_the_model_and_takes_the_reply_back(
    give: Any, speaker: Any, model: Any
) -> None:
    """Nothing is left of an answer to something that was taken away."""
    model.scripts = [["Well", 60.0]]

    async def remove(answer: Answer) -> None:
        await asyncio.sleep(3.0)
        assert shown(speaker) == ["Well"]
        answer.drop()

    assert give(meanwhile=remove) is Ending.DROPPED
    assert shown(speaker) == []
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
    assert shown(speaker) == []
    assert len(speaker.done("say")) == 1


def test_discord_failing_for_good_is_raised(give: Any, speaker: Any, model: Any) -> None:
    """Nobody can be told, so the border above must know."""
    speaker.failing = ["say"] * 3
    model.scripts = [["fine"]]
    with pytest.raises(ExceptionGroup) as caught:
        give()
    assert caught.group_contains(OutsideError)


def test_tools_are_listed_once_a_minute(live: Any, tools: FakeTools) -> None:
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
