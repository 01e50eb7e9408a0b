"""A model's stream is understood however it is cut and whatever server wrote it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_child.core.completion import Completion
from droas_child.core.failures import Failure, of_status
from droas_child.core.sse import MAX_EVENT_BYTES, EventParser, EventTooLargeError
from droas_child.core.tool_names import offered_name, real_name

STREAM = (
    "\ufeff: comment\r\n"
    'data: {"a": "line\u2028separator"}\r\n\r\n'
    "event: x\ndata:no space\n\n"
    "data: one\ndata: two\r\rdata: [DONE]\n\n"
).encode()
EVENTS = ['{"a": "line\u2028separator"}', "no space", "one\ntwo", "[DONE]"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_any_cutting_gives_the_same_events(cuts: list[int]) -> None:
    """Where the network cuts the bytes does not matter."""
    parser, events, start = EventParser(), [], 0
    for cut in [*sorted(cuts), len(STREAM)]:
        events += parser.feed(STREAM[start:cut])
        start = max(start, cut)
    assert events + parser.finish() == EVENTS


def test_an_endless_event_is_refused() -> None:
    """A server that never ends an event does not fill the memory."""
    parser = EventParser()
    parser.feed(b"data: " + b"x" * (MAX_EVENT_BYTES - 10))
    with pytest.raises(EventTooLargeError):
        parser.feed(b"x" * 20)


def fed(*deltas: dict[str, Any], finish: str = "stop") -> Completion:
    """Give what becomes of a row of deltas."""
    completion = Completion()
    for delta in deltas:
        completion.feed({"choices": [{"index": 0, "delta": delta}]})
    completion.feed({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
    return completion


def call(arguments: object, **more: object) -> dict[str, Any]:
    """Give a delta with one tool call."""
    name = more.pop("name", None)
    return {"tool_calls": [{**more, "function": {"name": name, "arguments": arguments}}]}


def test_fragments_become_calls() -> None:
    """The usual form: index, id and name first, then pieces of the arguments, two calls at once."""
    completion = fed(
        call("", index=0, id="a", name="x"),
        call("", index=1, id="b", name="y"),
        call('{"n"', index=0),
        call("{}", index=1),
        call(": 1}", index=0),
    )
    assert [(one.id, one.name, one.parsed()) for one in completion.calls] == [
        ("a", "x", {"n": 1}),
        ("b", "y", {}),
    ]


@pytest.mark.parametrize(
    "deltas",
    [
        [call('{"n": 1}', id="a", name="x"), call('{"n": 2}', id="b", name="y")],
        [call('{"n": 1}', index=0, id="a", name="x"), call('{"n": 2}', index=0, id="b", name="y")],
        [call('{"n": 1}', name="x"), call('{"n": 2}', name="y")],
        [call({"n": 1}, index=1, id="a", name="x"), call({"n": 2}, index=2, id="b", name="y")],
        [
            call('{"n"', index=0, id="a", name="x"),
            call(": 1}", index=0, id="a", name="x"),
            call('{"n": 2}', index=1, id="b", name="y"),
        ],
    ],
    ids=["no index", "all index 0", "no index, no id", "objects from 1", "id and name repeated"],
)
def test_servers_that_count_differently(deltas: list[dict[str, Any]]) -> None:
    """Every spelling seen in the wild gives two calls."""
    completion = fed(*deltas, finish="tool_calls")
    assert [(one.name, one.parsed()) for one in completion.calls] == [("x", {"n": 1}), ("y", {"n": 2})]


def test_odd_chunks_are_survived() -> None:
    """Null choices, missing deltas, lists of parts and unknown values do no harm."""
    completion = Completion()
    for chunk in (
        None, 5, {}, {"choices": None}, {"choices": []}, {"choices": [{"delta": None}]},
        {"choices": [{"delta": {"content": [{"type": "text", "text": "hi"}, {"type": "thinking"}]}}]},
        {"choices": [], "usage": {"total_tokens": 7}},
    ):  # fmt: skip
        completion.feed(chunk)
    assert (completion.text, completion.tokens, completion.calls) == ("hi", 7, [])


def test_an_error_in_the_stream_is_noticed() -> None:
    """Both forms of an error inside a 200 answer count."""
    for chunk in ({"error": {"message": "boom"}}, {"object": "error", "message": "boom"}):
        completion = Completion()
        completion.feed(chunk)
        assert completion.error


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "choices",
                        "delta",
                        "tool_calls",
                        "function",
                        "arguments",
                        "content",
                        "index",
                        "id",
                        "usage",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_survived(chunk: Any) -> None:
    """Whatever JSON a server sends, reading it raises nothing."""
    Completion().feed(json.loads(json.dumps(chunk)))


def test_tool_names_survive_their_spelling() -> None:
    """A name with a dot is offered without and found again."""
    assert real_name(offered_name("economy.transfer")) == "economy.transfer"


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        (400, "context_length_exceeded", Failure.CONTEXT),
        (401, "invalid_api_key", Failure.REFUSED),
        (404, "model_not_found", Failure.REFUSED),
        (429, "rate_limit_exceeded", Failure.BUSY),
        (402, "", Failure.BUSY),
        (500, "", Failure.BROKEN),
        (529, "overloaded", Failure.BROKEN),
    ],
)
def test_answers_are_classed(status: int, code: str, failure: Failure) -> None:
    """Each refusal leads to what its asker is told."""
    assert of_status(status, code) is failure
