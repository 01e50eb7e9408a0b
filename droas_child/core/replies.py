"""A long answer as messages that Discord takes, and when a growing one is shown.

Discord takes 2,000 characters a message. Any three backticks open or close a code block there, wherever
they stand; a block that is cut is closed and opened again with its language.
"""

import re
import unicodedata

LIMIT = 2_000
FIRST_AFTER_S = 0.6
"""A stream is first shown after this long, so that a short answer arrives whole."""

FIRST_CHARACTERS = 40
"""It is shown at once when it has a sentence and this much text: more will follow."""

EDIT_EVERY_S = 1.2
"""Time between two edits of one message: Discord's bucket holds five edits in five seconds."""

_NOW_S = 0.001
"""A shorter wait is none: a timer that short may fire before its time."""

_FENCE = "```"
_CLOSE = f"\n{_FENCE}"
_LANGUAGE = re.compile(r"[A-Za-z0-9_+\-.#]{1,40}(?=\n)")
_BARE_OPENING = re.compile(r"\s*```[A-Za-z0-9_+\-.#]*\s*\Z")
_SENTENCE = re.compile(r"[.!?\u2026\u3002\uff01\uff1f](?:\s|$)|\n")
_LONGEST_CLUSTER = 32
_JOINER = "\u200d"


def split(text: str, limit: int = LIMIT) -> list[str]:
    """Cut a text into parts of at most `limit` characters, each with its code blocks closed.

    Nothing but white space around a cut is lost, and inside a code block not even that.

    Args:
        text: the answer; surrounding white space is dropped.
        limit: most characters of a part, at least 64.
    """
    rest, head, parts = text.strip(), "", []
    while rest:
        if len(head) + len(rest) <= limit and not _open_at_end(rest, head):
            parts.append(head + rest)
            break
        piece = rest[: _cut(rest, head, limit - len(head) - len(_CLOSE))]
        after = _open_at_end(piece, head)
        rest = rest[len(piece) :]
        if after:
            parts.append(head + piece.removesuffix("\n") + _CLOSE)
        else:
            parts.append(head + piece.rstrip())
            rest = rest.lstrip()
        if after and rest.lstrip().startswith(_FENCE):
            # The block would end here anyway: an empty one need not open the next part.
            rest, after = rest.lstrip().removeprefix(_FENCE).lstrip(), ""
        head = after
    return [part for part in parts if part.strip()]


def preview(text: str, limit: int = LIMIT) -> str:
    """Give what is shown of an unfinished answer: its beginning, code blocks closed."""
    # What lies far behind the first cut cannot change it; a long answer is not cut again at every edit.
    parts = split(text[: 2 * limit], limit)
    return parts[0] if parts else ""


def due_in_s(*, text: str, shown: str, since_start_s: float, since_shown_s: float | None) -> float | None:
    """Give in how many seconds a growing answer is to be shown; None when there is nothing new.

    Args:
        text: what there is of it.
        shown: what was shown last, "" when nothing was.
        since_start_s: seconds since its first character.
        since_shown_s: seconds since it was last shown; None when it never was.
    """
    if text == shown or not text.strip():
        return None
    if since_shown_s is not None:
        wait_s = EDIT_EVERY_S - since_shown_s
    elif len(text) >= FIRST_CHARACTERS and _SENTENCE.search(text):
        return 0.0
    else:
        wait_s = FIRST_AFTER_S - since_start_s
    return wait_s if wait_s > _NOW_S else 0.0


def _open_at_end(text: str, head: str) -> str:
    """Give the line that opens the code block in which a text ends; "" when it ends outside of one.

    Args:
        text: a text.
        head: the line that opened the block in which the text begins, "" when it begins outside.
    """
    found = text.find(_FENCE)
    while found >= 0:
        behind = found + len(_FENCE)
        if head:
            head = ""
        else:
            language = _LANGUAGE.match(text, behind)
            head = f"{_FENCE}{language.group() if language else ''}\n"
        found = text.find(_FENCE, behind)
    return head


def _cut(text: str, head: str, room: int) -> int:
    """Give where to cut: behind a paragraph, a line, a word, or where the room ends; at least 1."""
    if len(text) <= room:
        return len(text)
    end = next(
        (
            found + len(separator)
            for separator in ("\n\n", "\n", " ")
            if (found := text.rfind(separator, room // 2, room)) > 0
        ),
        _cluster_start(text, room),
    )
    while 0 < end < len(text) and text[end - 1] == "`" == text[end]:
        end -= 1  # not inside a row of backticks
    opening = _BARE_OPENING.search(text, 0, end)
    if opening is not None and opening.start() > 0 and _open_at_end(text[:end], head):
        end = opening.start()  # not between a block's opening and its first line
    return end if end > 0 else room


def _cluster_start(text: str, end: int) -> int:
    """Give the last place at or before `end` that is not inside one visible character."""
    for place in range(end, max(0, end - _LONGEST_CLUSTER), -1):
        if not _is_inside(text, place):
            return place
    return end


def _is_inside(text: str, place: int) -> bool:
    """Say whether a cut before `text[place]` would tear a visible character apart."""
    before, here = text[place - 1], text[place]
    if _JOINER in (before, here) or unicodedata.category(here) in ("Mn", "Me", "Mc"):
        return True
    if "\U0001f3fb" <= here <= "\U0001f3ff" or "\U000e0020" <= here <= "\U000e007f":
        return True  # skin tones; tags of a flag
    flags = 0
    while flags < place and _is_flag_half(text[place - 1 - flags]):
        flags += 1
    return _is_flag_half(here) and flags % 2 == 1


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
