"""Edits of a text that leave everything else as it was, and values as YAML writes them."""

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from droas_mother.core.configuration.documents import Place, Timestamp

_PLAIN = re.compile(r"^[A-Za-z0-9_./+][A-Za-z0-9_./+@%~* -]*(?<! )$")
_NOT_TEXT = re.compile(
    r"^(?:~|null|true|false|yes|no|on|off|y|n|[-+]?[.\d][\d_.,:eExXoOa-fA-F+-]*|[-+]?\.(?:inf|nan)|\d{4}-\d.*)$",
    re.IGNORECASE,
)


class Extent(NamedTuple):
    """Where a value lies in a text.

    Args:
        start: offset of its first character.
        end: offset behind its last.
        style: `"`, `'`, `|`, `>` or empty for a scalar; `{` or `[` for a collection in flow style; `:` or `-`
            for one in block style.
        indent: column of the keys of a mapping, counted from 0.
    """

    start: int
    end: int
    style: str
    indent: int = 0


class Splice(NamedTuple):
    """One edit.

    Args:
        start: offset of the first character that goes.
        end: offset behind the last.
        text: what comes in its place.
    """

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Carry out edits that do not overlap."""
    parts: list[str] = []
    at = 0
    for one in sorted(splices):
        parts += [text[at : one.start], one.text]
        at = one.end
    return "".join([*parts, text[at:]])


def scalar_text(value: Any, style: str = "") -> str:
    """Give a value as YAML writes it, quoted as before where it can be."""
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    if isinstance(value, Timestamp):
        return text
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    if style != '"' and _PLAIN.match(text) and not _NOT_TEXT.match(text):
        return text
    return json.dumps(text, ensure_ascii=False)


def replacing(text: str, extent: Extent, written: str) -> Splice:
    """Put something in the place of a value; the line ends that belong to a block stay."""
    old = text[extent.start : extent.end]
    ends = old[len(old.rstrip("\n")) :] if extent.style in ("|", ">") else ""
    before = " " if extent.start == extent.end and text[extent.start - 1 : extent.start] == ":" else ""
    return Splice(extent.start, extent.end, before + written + ends)


def inserting(text: str, mapping: Extent, last_end: int, place: Place, value: Any) -> Splice:
    """Put a new key behind the last one of a mapping.

    Args:
        text: the whole text.
        mapping: where the mapping lies.
        last_end: offset behind its last value.
        place: the keys that are missing.
        value: what they lead to.
    """
    if mapping.style == "{":
        inside = text[mapping.start + 1 : mapping.end - 1].strip()
        written = json.dumps(str(place[0])) if not _PLAIN.match(str(place[0])) else str(place[0])
        rest = scalar_text(_nested(place[1:], value))
        return Splice(mapping.end - 1, mapping.end - 1, f"{', ' if inside else ''}{written}: {rest}")
    at = line_end(text, last_end)
    lead = "" if not at or text[at - 1] == "\n" else "\n"
    lines = ""
    for depth, key in enumerate(place):
        lines += f"{' ' * (mapping.indent + 2 * depth)}{scalar_text(str(key))}:"
        lines += "\n" if depth < len(place) - 1 else f" {scalar_text(value)}\n"
    return Splice(at, at, lead + lines)


def line_end(text: str, offset: int) -> int:
    """Give the offset behind the line in which a value ends; blank lines after a block are not its own."""
    while offset > 1 and text[offset - 2 : offset] == "\n\n":
        offset -= 1
    if offset and text[offset - 1] == "\n":
        return offset
    end = text.find("\n", offset)
    return len(text) if end < 0 else end + 1


def _nested(place: Place, value: Any) -> Any:
    for key in reversed(place):
        value = {key: value}
    return value
