"""Texts that must fit a pattern as a whole, and what is said in words when one does not."""

from msgspec import Meta

_IN_WORDS: dict[str, str] = {}
"""What a text must be, by the pattern that it must fit; filled where types are made."""


def fitting(pattern: str, words: str, *, description: str | None = None) -> Meta:
    r"""Give the condition that a text fits a pattern as a whole; `$` would let a line break pass behind it.

    Args:
        pattern: without `^` and `\Z`.
        words: what such a text is, said to whoever sends another one.
        description: what a schema tells of it.
    """
    whole = rf"^{pattern}\Z"
    _IN_WORDS[whole] = words
    return Meta(pattern=whole, description=description)


def in_words(said: str) -> str:
    """Give what a decoder says, with words in the place of a pattern."""
    for pattern, words in _IN_WORDS.items():
        said = said.replace(f"Expected `str` matching regex {pattern!r}", words)
    return said
