"""Long answers are cut so that nothing is lost and every code block is whole."""

import re

from hypothesis import given
from hypothesis import strategies as st

from droas_child.core.replies import EDIT_EVERY_S, FIRST_AFTER_S, LIMIT, due_in_s, preview, split

pieces = st.sampled_from(
    ["word ", "longer-word ", "\n", "\n\n", "x" * 90 + " ", "```python\n", "```\n", "é", "👍🏽 ", "`a` "]
)
texts = st.lists(pieces, max_size=120).map("".join)


def fences(part: str) -> int:
    """Count the lines that open or close a code block."""
    return len(re.findall(r"(?m)^ {0,3}```", part))


@given(texts, st.sampled_from([64, 100, 200, 2000]))
def test_no_part_is_too_long(text: str, limit: int) -> None:
    """Every part fits, and none is empty."""
    assert all(0 < len(part) <= limit for part in split(text, limit))


@given(st.text(max_size=600), st.sampled_from([64, 200]))
def test_any_text_is_cut_into_parts_that_fit(text: str, limit: int) -> None:
    """Whatever a model writes, Discord takes it."""
    assert all(0 < len(part) <= limit for part in split(text, limit))


@given(texts.filter(lambda text: "```" not in text), st.sampled_from([64, 200]))
def test_nothing_is_lost(text: str, limit: int) -> None:
    """All words of a text without code are there, in order."""
    assert re.sub(r"\s", "", "".join(split(text, limit))) == re.sub(r"\s", "", text)


def test_a_code_block_is_closed_and_opened_again() -> None:
    """A cut inside a block closes it and opens it with its language."""
    text = "before\n```python\n" + "\n".join(f"print({number})" for number in range(400)) + "\n```\nafter"
    parts = split(text)
    assert len(parts) > 1
    assert all(fences(part) % 2 == 0 for part in parts)
    assert parts[1].startswith("```python\n")
    assert parts[-1].endswith("after")


def test_a_preview_fits_and_is_balanced() -> None:
    """What is shown of a growing answer is never longer than a message, its block closed."""
    shown = preview("```js\n" + "x();\n" * 900)
    assert len(shown) <= LIMIT
    assert fences(shown) == 2


def test_showing_waits_and_then_keeps_its_pace() -> None:
    """A short answer is not shown in pieces; a long one is, but not too often."""
    assert due_in_s(text="a", shown="", since_start_s=0.1, since_shown_s=None) == FIRST_AFTER_S - 0.1
    assert due_in_s(text="a", shown="", since_start_s=0.7, since_shown_s=None) == 0
    assert due_in_s(text="ab", shown="a", since_start_s=1, since_shown_s=0.5) == EDIT_EVERY_S - 0.5
    assert due_in_s(text="ab", shown="a", since_start_s=2, since_shown_s=1.3) == 0
    assert due_in_s(text="a", shown="a", since_start_s=9, since_shown_s=9) is None
