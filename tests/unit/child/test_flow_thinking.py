"""Thoughts whose beginning a server never sends: seen once, and held back from then on."""

from typing import Any

from droas_child.flows.answer import Ending

_ALOUD = ["He is rude, and I must not say that I think so.", 3.0, "\n</think>\n\n", "Hello!", 3.0, " Well?"]


def test_who_has_thought_aloud_is_shown_when_the_thought_has_ended(
    give: Any, speaker: Any, model: Any
) -> None:
    """The first time it can be told only at the end; the second time nothing of it is shown."""
    model.scripts = [_ALOUD, _ALOUD]
    assert give() is Ending.ANSWERED
    assert speaker.shown() == ["Hello! Well?"]
    speaker.messages.clear()
    speaker.log.clear()
    assert give() is Ending.ANSWERED
    assert not [text for _, _, text in speaker.log if "rude" in text]
    assert "Hello!" in speaker.done("say") + speaker.done("change")


def test_who_thinks_aloud_no_longer_is_shown_early_again(give: Any, speaker: Any, model: Any) -> None:
    """An answer without a thought is shown whole, and the next one while it grows."""
    plain = ["No thought.", 3.0, " None at all."]
    model.scripts = [_ALOUD, plain, plain]
    give()
    speaker.log.clear()
    give()
    assert "No thought." not in speaker.done("say") + speaker.done("change")
    speaker.log.clear()
    assert give() is Ending.ANSWERED
    assert "No thought." in speaker.done("say") + speaker.done("change")


def test_a_long_thought_is_heard_to_its_end(give: Any, speaker: Any, model: Any) -> None:
    """What a model of this sort thinks is not taken for an answer that is too long."""
    model.scripts = [_ALOUD, ["hmm " * 1_000] * 5 + ["\n</think>\n\nYes."]]
    give()
    speaker.messages.clear()
    assert give() is Ending.ANSWERED
    assert model.scripts == []
    assert speaker.shown() == ["Yes."]


def test_thoughts_without_an_end_are_not_told_of_a_failure(give: Any, speaker: Any, model: Any) -> None:
    """When a thinker breaks off, only that is said."""
    model.scripts = [_ALOUD, ["He is rude", {"error": {"message": "gone", "code": 500}}]]
    give()
    speaker.messages.clear()
    assert give() is Ending.MODEL_FAILED
    (words,) = speaker.shown()
    assert "reference" in words
    assert "rude" not in words


def test_a_thought_that_is_cut_off_is_no_answer(give: Any, speaker: Any, model: Any) -> None:
    """Of a model of this sort all that came may be a thought."""
    cut = {"choices": [{"delta": {}, "finish_reason": "length"}]}
    model.scripts = [_ALOUD, ["He is rude and I think he is a fool", cut], ["He is rude and", cut]]
    give()
    model.finish = None
    speaker.messages.clear()
    assert give() is Ending.MODEL_FAILED
    (words,) = speaker.shown()
    assert "rude" not in words


def test_calls_of_tools_that_were_not_offered_are_no_thought(give: Any, speaker: Any, model: Any) -> None:
    """In the last round a model of this sort answers, and wants a tool all the same."""
    model.scripts = [_ALOUD, ["The answer.", model.wants(("a", "economy__balance", "{}"))]]
    give(max_tool_rounds=0)
    speaker.messages.clear()
    model.finish = None
    assert give(max_tool_rounds=0) is Ending.ANSWERED
    assert speaker.shown() == ["The answer."]
