"""Streams are read the same however they are cut; odd servers are understood."""

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from droas_child.core.completion import MAX_CALLS, Completion, finish_reason_of, is_error, is_progress
from droas_child.core.failures import Failure, of_status, of_stream_error, read_error, retry_after_s
from droas_child.core.sse import MAX_EVENT_BYTES, EventParser, EventTooLargeError

tokens = st.sampled_from(
    [b"data:", b"data: ", b"event: x", b": c", b"a", b"\n", b"\r", b"\r\n", b"\n\n", b"\xef\xbb\xbf", b"\xe2\x80\xa8"]
)  # fmt: skip


@example(b"data: a\r\ndata: b\r\n\r\n", [1] * 20)
@given(st.lists(tokens, max_size=30).map(b"".join), st.lists(st.integers(1, 4), max_size=60))
def test_cutting_never_matters(stream: bytes, sizes: list[int]) -> None:
    """Any bytes in any pieces give the events that they give whole."""
    whole = EventParser()
    expected = whole.feed(stream) + whole.finish()
    parser, events, start = EventParser(), [], 0
    for size in sizes:
        events += parser.feed(stream[start : start + size])
        start += size
    assert events + parser.feed(stream[start:]) + parser.finish() == expected


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_all_line_ends_are_line_ends(end: bytes) -> None:
    """A mark leads, comments and other fields are dropped, lines of data are joined."""
    lines = [b"\xef\xbb\xbf: hello", b"id: 1", b"data: one", b"data:two", b"", b"data:  three", b""]
    parser = EventParser()
    assert parser.feed(end.join(lines) + end) + parser.finish() == ["one\ntwo", " three"]


def test_many_events_in_one_piece_are_not_too_large() -> None:
    """The bound is one of an event, not of what happens to arrive at once."""
    piece = b"data: " + b"x" * 1000 + b"\n\n"
    assert len(EventParser().feed(piece * (MAX_EVENT_BYTES // 500))) == MAX_EVENT_BYTES // 500
    with pytest.raises(EventTooLargeError):
        EventParser().feed(b"data: " + b"x" * MAX_EVENT_BYTES)


def test_single_bytes_without_an_end_cost_little() -> None:
    """What waits for its line's end is not looked at again; 250 kB took two minutes once."""
    parser, begun = EventParser(), time.process_time()
    for _ in range(250_000):
        parser.feed(b"x")
    assert time.process_time() - begun < 5


def test_lines_without_data_fill_no_memory() -> None:
    """Each line of an event counts, also an empty one."""
    with pytest.raises(EventTooLargeError):
        EventParser().feed(b"data:\n" * (MAX_EVENT_BYTES + 1))


calls = st.lists(
    st.tuples(st.text("xyz", min_size=1, max_size=3), st.dictionaries(st.text(max_size=3), st.integers())),
    min_size=1,
    max_size=4,
)


@given(calls, st.data(), st.sampled_from(["index", "index and id", "id only"]))
def test_fragments_become_the_calls_that_were_meant(
    meant: list[tuple[str, dict[str, int]]], data: st.DataObject, style: str
) -> None:
    """However the arguments are cut and interleaved, and whatever is repeated, the calls come out."""
    fragments: list[list[dict[str, Any]]] = []
    for index, (name, arguments) in enumerate(meant):
        text = json.dumps(arguments)
        cut = data.draw(st.integers(0, len(text)))
        first: dict[str, Any] = {"id": f"c{index}", "function": {"name": name, "arguments": text[:cut]}}
        then: dict[str, Any] = {"function": {"arguments": text[cut:]}}
        if style != "id only":
            first["index"] = then["index"] = index
        if style != "index":
            then["id"] = f"c{index}"
        fragments.append([first, then])
    completion = Completion()
    for row in (0, 1):
        for one in fragments:
            completion.feed({"choices": [{"delta": {"tool_calls": [one[row]]}}]})
    assert [(call.name, call.parsed()) for call in completion.calls] == meant
    assert len({call.id for call in completion.calls}) == len(meant)


def test_a_new_object_behind_a_whole_one_is_a_new_call() -> None:
    """Without index, id and name nothing else tells calls apart."""
    completion = Completion()
    for arguments in ('{"n": 1}', '{"n"', ": 2}"):
        completion.feed({"choices": [{"delta": {"tool_calls": [{"function": {"arguments": arguments}}]}}]})
    assert [call.parsed() for call in completion.calls] == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("style", ["index", "id", "name"])
def test_a_flood_of_calls_costs_little(style: str) -> None:
    """Some are kept, and no piece of the others gets into one of them."""
    flood = []
    for number in range(20_000):
        call: dict[str, Any] = {"function": {"name": "x", "arguments": "{"}}
        if style != "name":
            call[style] = number if style == "index" else f"c{number}"
        flood += [call, {**call, "function": {"arguments": "}"}}]
    completion, begun = Completion(), time.process_time()
    completion.feed({"choices": [{"delta": {"tool_calls": flood}}]})
    assert time.process_time() - begun < 2
    assert [call.parsed() for call in completion.calls] == [{}] * MAX_CALLS


def test_pieces_that_look_like_new_calls_cost_little() -> None:
    """Whether a long row of pieces is whole already is asked for each that opens a brace."""
    row = [
        {"function": {"arguments": '{"a": "' + "x" * 500_000}},
        *[{"function": {"arguments": "{}"}}] * 16_000,
    ]
    begun = time.process_time()
    Completion().feed({"choices": [{"delta": {"tool_calls": row}}]})
    assert time.process_time() - begun < 2


def test_an_id_that_comes_late_is_taken() -> None:
    """An empty id at first is no id."""
    completion = Completion()
    for delta in ({"index": 0, "id": "", "function": {"name": "x"}}, {"index": 0, "id": "real"}):
        completion.feed({"choices": [{"delta": {"tool_calls": [delta]}}]})
    assert [call.id for call in completion.calls] == ["real"]


def test_what_a_server_wants_back_is_given_back() -> None:
    """Thought signatures and reasoning of a turn with calls travel with it; broken arguments do not."""
    completion = Completion()
    extra = {"google": {"thought_signature": "abc"}}
    call = {"id": "a", "extra_content": extra, "function": {"name": "x", "arguments": "{bro"}}
    completion.feed({"choices": [{"delta": {"reasoning_content": "hm", "tool_calls": [call]}}]})
    assert completion.as_message() == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "hm",
        "tool_calls": [
            {
                "extra_content": extra,
                "id": "a",
                "type": "function",
                "function": {"name": "x", "arguments": "{}"},
            }
        ],
    }


def test_halves_in_a_text_are_joined_or_replaced() -> None:
    """Also those that come in two pieces."""
    for pieces, said in ((["\ud83d", "\ude00"], "😀"), (["\ud83d"], "\ufffd")):
        completion = Completion()
        for piece in pieces:
            completion.feed({"choices": [{"delta": {"content": piece}}]})
        assert completion.said == said
        completion.said.encode()


def test_halves_of_characters_go_no_further() -> None:
    """Pairs are joined and single halves replaced in all that goes back to the model or on to a tool."""
    completion = Completion()
    function = {"name": "say\ud83d\ude00", "arguments": '{"a": "\ud83d'}
    more = {"index": 0, "function": {"arguments": '\ude00 \\ud800"}'}}
    for delta in (
        {"content": "Look \ud83d", "reasoning_content": "hm \ud83d"},
        {"content": "\ude00 \udc00", "reasoning_content": "\ude00"},
        {"tool_calls": [{"index": 0, "id": "c\ud83d", "note": ["\ud83d"], "function": function}]},
        {"tool_calls": [more]},
    ):
        completion.feed({"choices": [{"delta": delta}]})
    message = completion.as_message()
    json.dumps(message, ensure_ascii=False).encode()
    assert (message["content"], message["reasoning_content"]) == ("Look 😀 \ufffd", "hm 😀")
    (call,) = completion.calls
    assert (call.id, call.name, call.parsed()) == ("c\ufffd", "say😀", {"a": "😀 \ufffd"})


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        ({"role": "assistant", "content": ""}, False),
        ({}, False),
        ({"content": "a"}, True),
        ({"reasoning": "a"}, True),
        ({"tool_calls": [{"index": 0}]}, True),
    ],
)
def test_signs_of_life_are_no_progress(delta: dict[str, Any], expected: bool) -> None:
    """Only text, thoughts and calls wind the clock up."""
    assert is_progress({"choices": [{"delta": delta}]}) is expected


@pytest.mark.parametrize("chunk", [None, [], {}, {"choices": "x"}, {"choices": [3]}, {"choices": [{}]}])
def test_odd_chunks_tell_nothing(chunk: Any) -> None:
    """Whatever a chunk is, asking it is safe."""
    assert (finish_reason_of(chunk), is_error(chunk), is_progress(chunk)) == ("", False, False)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": {"message": "m", "code": "c"}}, ("c", "m")),
        ({"error": {"message": "m", "type": "t", "code": None}}, ("t", "m")),
        ({"error": "words"}, ("", "words")),
        ([{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}], ("429", "")),
        ({"detail": "d"}, ("", "d")),
        ({"detail": [{"loc": ["body"]}]}, ("", "")),
        ({"object": "error", "message": "m", "code": 40303}, ("40303", "m")),
        ({"type": "error", "error": {"type": "overloaded_error"}}, ("overloaded_error", "")),
        ("html", ("", "html")),
        (None, ("", "")),
        ([], ("", "")),
    ],
)
def test_error_bodies_of_all_shapes_are_read(body: Any, expected: tuple[str, str]) -> None:
    """Every form seen in the wild gives its code and its words."""
    assert read_error(body) == expected


@pytest.mark.parametrize(
    ("status", "code", "message", "failure"),
    [
        (400, "", "This model's maximum context length is 5 tokens", Failure.CONTEXT),
        (400, "content_filter", "", Failure.FILTERED),
        (400, "", "unknown field", Failure.REFUSED),
        (500, "", "context window", Failure.BROKEN),
        (408, "", "", Failure.BROKEN),
        (429, "insufficient_quota", "", Failure.BUSY),
    ],
)
def test_words_help_where_codes_are_missing(status: int, code: str, message: str, failure: Failure) -> None:
    """A context that is too long is often said in words only."""
    assert of_status(status, code, message) is failure


@pytest.mark.parametrize(
    ("chunk", "failure"),
    [
        ({"error": {"code": 429, "message": "x"}}, Failure.BUSY),
        ({"error": {"type": "rate_limit_error"}}, Failure.BUSY),
        ({"error": {"code": "context_length_exceeded"}}, Failure.CONTEXT),
        ({"error": "boom"}, Failure.BROKEN),
        ({"object": "error", "message": "m", "code": 40303}, Failure.BROKEN),
    ],
)
def test_errors_inside_a_stream_are_classed(chunk: Any, failure: Failure) -> None:
    """An error behind a status of 200 is still the error that it is."""
    assert of_stream_error(chunk)[0] is failure


@pytest.mark.parametrize(
    ("milliseconds", "seconds", "expected"),
    [("1500", "9", 1.5), ("", "2", 2.0), ("", "1.5", 1.5), ("", "-1", None), ("", "Wed, 21 Oct", None)],
)
def test_when_to_come_back(milliseconds: str, seconds: str, expected: float | None) -> None:
    """Numbers are believed, everything else is not."""
    assert retry_after_s(milliseconds, seconds) == expected
