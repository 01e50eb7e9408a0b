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
        ("${NOPE}", "NOPE is not set; set it, or write ${NOPE:-a default}"),
        ("${NOPE:?put it in}", "put it in"),
        ("${}", "written"),
        ("${A B}", "written"),
    ],
)
def test_problems_are_named(text: str, words: str) -> None:
    """A missing variable and a malformed placeholder are said in words."""
    assert words in expand(text, {}).problems[0]


@given(st.text(max_size=40))
def test_what_was_put_in_is_not_expanded_again(value: str) -> None:
    """A variable's value is data, whatever it looks like."""
    assert expand("${A:-x}", {"A": value}).text == (value or "x")


@given(st.text(alphabet=st.characters(exclude_characters="$"), max_size=60))
def test_text_without_placeholders_is_unchanged(text: str) -> None:
    """Ordinary text passes as it is."""
    assert expand(text, {}).text == text
