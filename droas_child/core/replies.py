"""A long answer as messages that Discord takes, and when a growing one is shown.

Discord counts 2,000 characters a message; code blocks that are cut are closed and opened again.
"""

import re
from dataclasses import dataclass

LIMIT = 2_000
_FENCE = re.compile(r"^ {0,3}(```+)([^`\n]*)$", re.MULTILINE)
_CLOSE = "\n```"
FIRST_AFTER_S = 0.6
"""A stream is first shown after this long, so that a short answer arrives whole."""

EDIT_EVERY_S = 1.2
"""Time between two edits of one message: Discord's bucket holds five edits in five seconds."""


@dataclass(frozen=True, slots=True)
class _Open:
    """An open code block: the line that began it."""

    line: str


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Cut a text into parts of at most `limit` characters, each with its code blocks closed.

    Args:
        text: the answer; surrounding white space is dropped.
        limit: most characters of a part, at least 64.
    """
    rest, parts = text.strip(), []
    fence: _Open | None = None
    while rest:
        head = f"{fence.line}\n" if fence else ""
        room = limit - len(head) - len(_CLOSE)
        if len(head) + len(rest) <= limit and _open_at_end(rest, fence) is None:
            parts.append(head + rest)
            break
        piece = rest[: _cut(rest, room)]
        rest = rest[len(piece) :].lstrip("\n") if _open_at_end(piece, fence) else rest[len(piece) :].lstrip()
        after = _open_at_end(piece, fence)
        parts.append(head + piece.rstrip() + (_CLOSE if after else ""))
        fence = after if rest else None
    return [part for part in parts if part.strip()]


def preview(text: str, limit: int = LIMIT) -> str:
    """Give what is shown of an unfinished answer: its beginning, code blocks closed."""
    parts = split(text, limit)
    return parts[0] if parts else ""


def worth_showing(*, text: str, shown: str, since_start_s: float, since_shown_s: float | None) -> bool:
    """Say whether a growing answer is to be shown now.

    Args:
        text: what there is of it.
        shown: what was shown last, "" when nothing was.
        since_start_s: seconds since its first character.
        since_shown_s: seconds since it was last shown; None when it never was.
    """
    if not text.strip() or text == shown:
        return False
    if since_shown_s is None:
        return since_start_s >= FIRST_AFTER_S
    return since_shown_s >= EDIT_EVERY_S and len(shown) < LIMIT


def _open_at_end(text: str, fence: _Open | None) -> _Open | None:
    """Give the code block that is open behind a text which begins inside `fence`."""
    for match in _FENCE.finditer(text):
        if fence is None:
            fence = _Open(f"{match.group(1)[:3]}{match.group(2).strip()[:20]}")
        elif not match.group(2).strip():
            fence = None
    return fence


def _cut(text: str, room: int) -> int:
    """Give where to cut: behind a paragraph, a line, a word, or where the room ends."""
    if len(text) <= room:
        return len(text)
    for separator in ("\n\n", "\n", " "):
        found = text.rfind(separator, room // 2, room)
        if found > 0:
            return found + len(separator)
    # Not between the halves of an emoji and what modifies it.
    end = room
    while end > room - 8 and text[end] in "\u200d\ufe0f\u20e3" + "".join(map(chr, range(0x1F3FB, 0x1F400))):
        end -= 1
    return max(end, 1)
