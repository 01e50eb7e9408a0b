"""A reply on the wire."""

import json

from hypothesis import given
from hypothesis import strategies as st

from droas_sandbox.model.script import Reply, ToolCall
from droas_sandbox.model.stream import Stamp, chunks, completion, event, tokens, usage

STAMP = Stamp(id="chatcmpl-1", created=7)
REQUEST = {"model": "sandbox-1", "messages": [{"role": "user", "content": "12345678"}]}


@given(st.text())
def test_words_of_a_stream_make_up_the_text(text: str) -> None:
    """Nothing is lost or added between two words, whatever white space there is."""
    pieces = chunks(REQUEST, Reply(text=text), STAMP)
    assert "".join(piece["choices"][0]["delta"].get("content") or "" for piece in pieces) == text


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=40), max_size=4))
def test_fragments_of_arguments_make_up_the_arguments(arguments: dict[str, str]) -> None:
    """A call's id and name come first and once; its arguments follow in fragments under its index."""
    calls = tuple(
        ToolCall(id=f"call_{index}", name=f"t{index}", arguments=json.dumps(arguments)) for index in range(2)
    )
    pieces = chunks(REQUEST, Reply(calls=calls, finish="tool_calls"), STAMP)
    deltas = [call for piece in pieces for call in piece["choices"][0]["delta"].get("tool_calls", ())]
    assert [(one["index"], one["id"]) for one in deltas if "id" in one] == [(0, "call_0"), (1, "call_1")]
    for index in range(2):
        joined = "".join(one["function"]["arguments"] for one in deltas if one["index"] == index)
        assert json.loads(joined) == arguments


def test_stream_begins_with_the_role_and_ends_with_the_reason() -> None:
    """The first chunk has the role, the last an empty delta with the finish reason, and only the last."""
    pieces = chunks(REQUEST, Reply(text="a b", finish="length"), STAMP)
    assert pieces[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert pieces[-1]["choices"][0]["delta"] == {}
    assert [piece["choices"][0]["finish_reason"] for piece in pieces] == [None, None, None, "length"]


def test_usage_comes_last_and_only_when_asked_for() -> None:
    """With include_usage every chunk has the key, and one more chunk without choices tells the numbers."""
    reply = Reply(text="abcd")
    asked = {**REQUEST, "stream_options": {"include_usage": True}}
    *others, last = chunks(asked, reply, STAMP)
    assert last["choices"] == []
    assert last["usage"] == usage(asked, reply)
    assert all(piece["usage"] is None for piece in others)
    assert all("usage" not in piece for piece in chunks(REQUEST, reply, STAMP))


def test_usage_is_four_characters_a_token() -> None:
    """The estimate: four characters are a token, rounded up, and four more for each message and call."""
    assert [tokens(text) for text in ("", "a", "abcd", "abcde")] == [0, 1, 1, 2]
    call = ToolCall(id="x", name="ab", arguments="{}")
    assert usage(REQUEST, Reply(calls=(call,))) == {
        "prompt_tokens": 6,
        "completion_tokens": 5,
        "total_tokens": 11,
    }


def test_whole_completion_has_text_or_calls() -> None:
    """Without a stream the text or the calls come in one message, the other one being null or absent."""
    spoken = completion(REQUEST, Reply(text="hi"), STAMP)
    assert spoken["choices"][0]["message"] == {"role": "assistant", "content": "hi", "refusal": None}
    call = ToolCall(id="x", name="t", arguments="{}")
    called = completion(REQUEST, Reply(calls=(call,), finish="tool_calls"), STAMP)["choices"][0]
    assert called["finish_reason"] == "tool_calls"
    assert called["message"]["content"] is None
    assert called["message"]["tool_calls"] == [
        {"id": "x", "type": "function", "function": {"name": "t", "arguments": "{}"}}
    ]


def test_event_keeps_line_separators_of_unicode_inside() -> None:
    """U+2028 travels raw inside one event, as it does from real servers."""
    assert event({"x": "a\u2028b"}) == 'data: {"x":"a\u2028b"}\n\n'.encode()
