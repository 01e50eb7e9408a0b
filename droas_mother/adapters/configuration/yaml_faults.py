"""What the YAML parser says, in words that tell what is wrong and what helps."""

import re
from typing import NamedTuple

from ruamel.yaml.error import MarkedYAMLError

from droas_mother.core.configuration.diagnosis import Span

MAX_DEPTH = 32

_PLAINER = (
    ("'\\t' that cannot start", "a tab stands where YAML allows spaces only", "spaces"),
    ("'<stream end>'", "the file ends in the middle of a value", "the rest of it"),
    ("unexpected end of stream", "the file ends within quotes", "the closing quote"),
    (
        "mapping values are not allowed here",
        "a `:` is not allowed here",
        "quotes around a text that has a `: ` in it",
    ),
    ("could not find expected ':'", "this line has no `:`", "`key: value`"),
    ("found unknown escape character", "this escape is not known within double quotes", "single quotes"),
    (
        "expected <block end>",
        "this line does not stand under what it belongs to",
        "the indentation of its neighbours",
    ),
    ("found undefined alias", "this alias names no anchor that stands before it", "`&name` before `*name`"),
    ("maximum depth", f"values are nested more than {MAX_DEPTH} deep", ""),
    ("depth", f"values are nested more than {MAX_DEPTH} deep", ""),
)
"""What the parser says, what that means, and what helps."""

_AT_ITS_BEGINNING = ("could not find expected ':'", "unexpected end of stream")
"""Faults that are noticed long after the place at which they are mended."""


class Finding(NamedTuple):
    """A fault of the text itself.

    Args:
        span: where.
        words: what is wrong.
        expected: what should stand there.
        also: the other place that it takes.
    """

    span: Span
    words: str
    expected: str = ""
    also: Span | None = None


def syntax_fault(file: str, text: str, error: MarkedYAMLError) -> Finding:
    """Say what a parser found at a mark."""
    mark = error.problem_mark or error.context_mark
    lines = text.rstrip().splitlines() or [""]
    if error.context_mark is not None and any(part in str(error.problem) for part in _AT_ITS_BEGINNING):
        mark = error.context_mark
    if mark is None:
        span = Span(file)
    elif mark.line >= len(lines):  # behind the last line, where there is nothing to show
        span = Span(file, len(lines), len(lines[-1]) + 1)
    else:
        span = Span(file, mark.line + 1, mark.column + 1)
    said = str(error.problem or "this is not YAML").split("\n")[0]
    for part, words, expected in _PLAINER:
        if part in said:
            return Finding(span, words, expected)
    begun = error.context_mark if error.problem_mark is not None else None
    since = (
        f" ({str(error.context).split(chr(10))[0]} from line {begun.line + 1})" if begun is not None else ""
    )
    return Finding(span, said + since)


def unmarked_fault(file: str, text: str, error: Exception) -> Finding:
    """Say what a parser found without a mark."""
    if isinstance(error, RecursionError):
        return Finding(Span(file), f"values are nested more than {MAX_DEPTH} deep")
    odd = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    if odd is not None:
        line = text.count("\n", 0, odd.start()) + 1
        column = odd.start() - (text.rfind("\n", 0, odd.start()) + 1) + 1
        return Finding(Span(file, line, column), f"the control character U+{ord(odd[0]):04X} is not allowed")
    return Finding(Span(file), f"this is not YAML: {type(error).__name__}")
