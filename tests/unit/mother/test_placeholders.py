"""`${VAR}` in values: replaced once, or named as missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_mother.core.configuration.placeholders import expand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${A}", "one"),
        ("x-${A}-${B}-y", "x-one-two-y"),
        ("${NOPE:-fallback}", "fallback"),
        ("${EMPTY:-fallback}", "fallback"),
        ("${A:-fallback}", "one"),
        ("${NOPE:-}", ""),
        ("$${A}", "${A}"),
        ("cost: $5", "cost: $5"),
    ],
)
def test_placeholders_are_replaced(text: str, expected: str) -> None:
    """Each form gives what its grammar says."""
    expansion = expand(text, {"A": "one", "B": "two", "EMPTY": ""})
    assert (expansion.text, expansion.problems) == (expected, ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("${NOPE}", "NOPE is not set"),
        ("${NOPE:?put it in}", "put it in"),
        ("${}", "written"),
        ("${A B}", "written"),
    ],
)
def test_problems_are_named(text: str, words: str) -> None:
    """A missing variable and a malformed placeholder are said in words."""
    problem = expand(text, {}).problems[0]
    assert words in f"{problem.words}: {problem.advice}"


@given(st.text(max_size=40))
def test_what_was_put_in_is_not_expanded_again(value: str) -> None:
    """A variable's value is data, whatever it looks like."""
    assert expand("${A:-x}", {"A": value}).text == (value or "x")


@given(st.text(alphabet=st.characters(exclude_characters="$"), max_size=60))
def test_text_without_placeholders_is_unchanged(text: str) -> None:
    """Ordinary text passes as it is."""
    assert expand(text, {}).text == text


_NAMES = st.sampled_from(["A", "B", "EMPTY", "NOPE", "_x1"])
_PLAIN = st.text(alphabet=st.characters(exclude_characters="${}", exclude_categories=["Cs"]), max_size=8)
_VALUES = {"A": "${B}", "B": "$${A} }{", "EMPTY": "", "_x1": "value"}


@st.composite
def pieces(draw: st.DrawFn) -> tuple[str, str, int]:
    """Give a piece of a text, what it must become, and how many problems it has."""
    kind = draw(st.sampled_from(["plain", "escaped", "variable", "default", "required", "malformed"]))
    name, words = draw(_NAMES), draw(_PLAIN)
    value = _VALUES.get(name, "")
    missing = int(not value)
    return {
        "plain": (words, words, 0),
        "escaped": ("$${" + words + "}", "${" + words + "}", 0),
        "variable": ("${" + name + "}", value, missing),
        "default": ("${" + name + ":-" + words + "}", value or words, 0),
        "required": ("${" + name + ":?" + words + "}", value, missing),
        "malformed": ("${" + name + " " + "}", "", 1),
    }[kind]


@given(st.lists(pieces(), max_size=6))
def test_the_whole_grammar_holds_in_longer_texts(parts: list[tuple[str, str, int]]) -> None:
    """Each piece becomes what it is, whatever stands beside it; every problem is said, and none with a value."""
    expansion = expand("".join(text for text, _, _ in parts), _VALUES)
    assert len(expansion.problems) == sum(count for _, _, count in parts)
    if not expansion.problems:
        assert expansion.text == "".join(value for _, value, _ in parts)


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    """Nothing that somebody writes breaks it, and what has no `${` stays as it is."""
    expansion = expand(text, _VALUES)
    assert "${" in text or expansion.text == text
