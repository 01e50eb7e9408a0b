"""Whatever is cut: it fits, its blocks are whole, its characters are whole, and nothing is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_child.core.replies import EDIT_EVERY_S, FIRST_AFTER_S, due_in_s, preview, split

words = st.text("abcdefgh", min_size=1, max_size=30).map("({}".format)  # so that no word is a language
pieces = st.one_of(
    words,
    words.map("{} ".format),
    st.sampled_from(
        [" ", "\n", "\n\n", "    ", "`", "``", "```", "````", "```C\n", "\n```\n", "```X9\nabc```"]
    ),
)
texts = st.lists(pieces, max_size=60).map("".join)
limits = st.sampled_from([64, 80, 200])


def letters(text: str) -> str:
    """Give what must not be lost: everything but fences, their languages and white space."""
    return re.sub(r"`+[A-Z0-9]*|\s", "", text)


@given(texts, limits)
def test_every_part_fits_and_is_balanced(text: str, limit: int) -> None:
    """Three backticks open or close a block wherever they stand, so each part has an even number of them."""
    for part in split(text, limit):
        assert 0 < len(part) <= limit
        assert part.count("```") % 2 == 0


@given(texts, limits)
def test_nothing_is_lost_or_made_up(text: str, limit: int) -> None:
    """All parts together say what the text said."""
    assert letters("".join(split(text, limit))) == letters(text)


@given(st.lists(st.text("ab {}();", max_size=40), min_size=1, max_size=40), limits)
def test_code_keeps_its_lines(lines: list[str], limit: int) -> None:
    """Indentation and empty lines inside a block survive every cut between lines."""
    code = "\n".join(lines)
    joined = "\n".join(
        part.removeprefix("```C\n").removesuffix("\n```") for part in split(f"```C\n{code}\n```", limit)
    )
    assert joined.replace("\n", "").rstrip() == code.replace("\n", "").rstrip()
    if all(len(line) < 20 for line in lines):
        assert joined.rstrip() == code.rstrip()


@given(texts.filter(lambda text: text.strip()), limits)
def test_a_preview_is_the_first_part(text: str, limit: int) -> None:
    """What is shown early is what stands there in the end, as far as it goes."""
    assert preview(text, limit) == (split(text, limit) or [""])[0]


CLUSTERS = [
    "👍🏽",
    "👩\u200d👩\u200d👧",
    "🇩🇪",
    "e\u0301",
    "1\ufe0f\u20e3",
    "🏴\U000e0067\U000e0062\U000e007f",
]


@pytest.mark.parametrize("cluster", CLUSTERS)
@pytest.mark.parametrize("ahead", range(4))
def test_visible_characters_are_not_torn(cluster: str, ahead: int) -> None:
    """An emoji with its modifiers, a flag, a letter with its accent stay together."""
    for part in split("x" * ahead + cluster * 100, 64):
        assert part.replace(cluster, "").strip("x") == ""


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_nothing_gives_no_part(text: str) -> None:
    """White space is no message."""
    assert split(text) == []
    assert preview(text) == ""


def test_no_empty_block_stands_at_a_cut() -> None:
    """A block that begins or ends right at a cut is not shown empty."""
    for ahead in range(40, 64):
        for part in split("y" * ahead + "\n```C\n" + "z" * 30 + "\n```\nend", 64):
            assert not re.search(r"```C?\s*```", part)


@given(st.text(max_size=5), st.text(max_size=5), st.floats(0, 9), st.none() | st.floats(0, 9))
def test_waits_are_bounded(text: str, shown: str, start_s: float, shown_s: float | None) -> None:
    """Nothing new is never shown; something new within a bounded time."""
    wait_s = due_in_s(text=text, shown=shown, since_start_s=start_s, since_shown_s=shown_s)
    assert (wait_s is None) == (text == shown or not text.strip())
    assert wait_s is None or 0 <= wait_s <= max(FIRST_AFTER_S, EDIT_EVERY_S)
