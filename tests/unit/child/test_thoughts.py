"""Thoughts of a model are hidden, and what is said about thoughts is not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_child.core.completion import Completion

_CODE = (
    "Split the text at the tag:\n```python\nanswer = text.split('</think>')[-1].strip()\n```\nThat is all."
)
_FENCED = "It prints\n```\n<think>\na\n</think>\nb\n```\nSo cut there."
_SHOWN = "R1 writes:\n<think>\na\n</think>\nanswer"


def _feed(*pieces: str, finish: str = "stop") -> list[str]:
    """Give what is shown behind each piece, and at the end."""
    completion, shown = Completion(), []
    for piece in pieces:
        completion.feed({"choices": [{"delta": {"content": piece}}]})
        shown.append(completion.said)
    completion.feed({"choices": [{"delta": {}, "finish_reason": finish}]})
    return [*shown, completion.said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<think>a</thi", ""),
        ("<think>a</think>\n\nb", "b"),
        ("</think>\n\nb", "b"),
        ("Hm, a. So b.\n</think>\n\nb!", "b!"),
        ("Hm, a. So b.</think>\n\nb!", "b!"),
        ("They ask about <think> tags.\n</think>\n\nb", "b"),
        ("<think>a</think>Hello. <think>b</think>World", "Hello. World"),
        ("<think>a</think>\nHello.\n<think>b</think>\nWorld", "Hello.\nWorld"),
        ("<think>a</think>\n<think>b</think>\nWorld", "World"),
        ("<think>a\n</think>\n\nAnd so b.\n</think>\n\nc", "c"),
        ("<think>they wrote <think>x</think> so</think>Answer", "Answer"),
        ("<think>They ask about `</think>` and I tell.</think>Answer", "Answer"),
        ("<think>It is `x`</think>`x` is it.", "`x` is it."),
    ],
)
def test_thoughts_are_hidden(text: str, said: str) -> None:
    """With and without a beginning, once or several times, also those that speak of thoughts."""
    assert _feed(text)[-1] == said


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "a <think>b</think>",
        "It ends with `</think>` there.",
        "The tag </think> closes the thoughts of R1.",
        "First.\n\nThe tag is </think>\n\nThat is all.",
        _CODE,
        _FENCED,
        _SHOWN,
    ],
)
def test_words_about_thoughts_are_shown(text: str) -> None:
    """In code, in the middle of a sentence, and shown line by line, to the last letter."""
    assert _feed(text)[-1] == text


@pytest.mark.parametrize("text", ["`</think>` ends it.", _CODE, _FENCED])
def test_words_about_thoughts_are_shown_behind_a_thought(text: str) -> None:
    """A model that thinks may be asked, too."""
    assert _feed(f"<think>They ask about <think>.</think>{text}")[-1] == text


def test_nothing_is_shown_of_what_may_become_a_thought() -> None:
    """Half a beginning is none yet; when no more comes it was a text."""
    assert _feed("<thi", "nk>a</thi", "nk>b") == ["", "", "b", "b"]
    assert _feed("<") == ["", "<"]


def test_a_further_thought_that_never_ends_was_none() -> None:
    """Unless the model was cut off."""
    text = "<think>a</think>Two tags.\n<think> begins."
    assert _feed(text) == ["Two tags.\n", "Two tags.\n<think> begins."]
    assert _feed(text, finish="length")[-1] == "Two tags.\n"


_words = st.sampled_from(["<think>", "</think>", "```", "`", "\n", "\n\n", " ", "a", "b.", "<", "think>"])


@given(st.lists(_words, max_size=20).map("".join), st.lists(st.integers(1, 9), max_size=40))
def test_cutting_never_matters(text: str, sizes: list[int]) -> None:
    """However a text is cut, the same of it is shown in the end."""
    pieces, start = [], 0
    for size in sizes:
        pieces.append(text[start : start + size])
        start += size
    assert _feed(*pieces, text[start:])[-1] == _feed(text)[-1]


@pytest.mark.parametrize(
    "text",
    ["<think>", "</think>", "a</think> ", "a <think>", "<think></think>a.", "```</think>", "\n</think> "],
)
def test_a_flood_of_marks_costs_little(text: str) -> None:
    """At once, or piece by piece."""
    begun = time.process_time()
    _feed(text * (250_000 // len(text)))
    _feed(*[text] * (12_000 // len(text)))
    assert time.process_time() - begun < 2
