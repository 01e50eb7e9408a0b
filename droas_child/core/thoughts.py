"""What people are shown of a text in which a model thinks aloud: the text without `<think>…</think>`.

Where a server has put the beginning into the prompt, only the end comes. Somebody may also have asked what these
words mean, so what stands in code or in the middle of a sentence is left alone: rather too much is shown than an
answer cut.
"""

import re

_BEGIN, _END, _FENCE = "<think>", "</think>", "```"
_MARKS = re.compile(f"{_BEGIN}|{_END}|{_FENCE}")
_BLANK_LINE = re.compile(r"[ \t]*\n[ \t]*\n")
_NO_SPACE = re.compile(r"\S|\Z")
_LOOK_BACK = 500
"""Characters of a line that are looked at; a hostile one has no end."""


class Thoughts:
    """Tells thoughts and answer apart while a text grows, looking at each mark once.

    It has `seen` one when one has ended, `unbegun` when its beginning had not come.
    """

    def __init__(self) -> None:
        self.seen = False
        self.unbegun = False
        self._scanned = 0
        self._kept = ""
        self._from = 0
        self._open = False
        self._owed = 0
        self._fenced = False
        self._named = False
        self._shown_as_lines = False

    def look(self, text: str) -> None:
        """Take in what has been added to the text."""
        for mark in _MARKS.finditer(text, self._scanned):
            word, start = mark.group(), mark.start()
            if word == _FENCE:
                self._fenced ^= not self._open
            elif word == _BEGIN:
                self._begin(text, start)
            elif not (self._end(text, start) if self._open else self._end_unbegun(text, start)):
                return  # what comes next decides
            self._scanned = mark.end()
        self._scanned = max(self._scanned, len(text) - len(_END) + 1)

    def said(self, text: str, *, whole: bool) -> str:
        """Give what is shown of the text.

        Args:
            text: what was looked at.
            whole: whether it has ended well, so that what began behind words and has no end is no thought.
        """
        if self._open and not (whole and self._kept):
            return self._kept
        said = self._shown(text, len(text))
        return "" if not whole and _BEGIN.startswith(said.strip()) else said

    def _shown(self, text: str, end: int) -> str:
        rest = text[self._from : end]
        stands_alone = not self._kept or self._kept.endswith("\n")
        return self._kept + (rest.lstrip() if self.seen and stands_alone else rest)

    def _begin(self, text: str, start: int) -> None:
        if self._open:
            self._owed += not _in_code(text, start)
        elif self._fenced or _in_code(text, start):
            return
        elif _behind_space(text, self._from) == start:
            self._open = True
        elif self.seen and (not _line(text, start) or _line(text, start)[-1] in ".!?"):
            self._kept = self._shown(text, start)
            self._from, self._open = start, True
        else:
            self._named = True
            self._shown_as_lines |= not _line(text, start)

    def _end(self, text: str, start: int) -> bool:
        """End a thought, unless it quotes its end; False while that cannot be said."""
        end = start + len(_END)
        if _in_code(text, start) and text[end : end + 1] in ("", "`"):
            return end < len(text)
        self._open = False
        self._end_here(end)
        return True

    def _end_unbegun(self, text: str, start: int) -> bool:
        """Judge an end without a beginning: on a line of its own, or behind the first paragraph, it is one.

        Returns:
            False while that cannot be said.
        """
        if self._fenced or _in_code(text, start):
            return True
        end = start + len(_END)
        if self._owed:
            self._owed -= 1
            self._from = end
        elif not self._shown_as_lines and not _line(text, start):
            self._kept = ""
            self._end_here(end, unbegun=True)
        elif not (self.seen or self._named) and text.find("\n\n", _behind_space(text, 0), start) < 0:
            if _BLANK_LINE.match(text, end):
                self._end_here(end, unbegun=True)
                return True
            self._named = _behind_space(text, end) < len(text)
            return self._named
        return True

    def _end_here(self, end: int, *, unbegun: bool = False) -> None:
        self.unbegun |= unbegun and not self.seen
        self.seen, self._from = True, end


def _behind_space(text: str, at: int) -> int:
    """Give where the white space ends that begins here."""
    found = _NO_SPACE.search(text, at)
    return found.start() if found else len(text)


def _line(text: str, end: int) -> str:
    """Give what stands ahead of a place on its line, without white space around it."""
    return text[max(0, end - _LOOK_BACK) : end].rpartition("\n")[2].strip()


def _in_code(text: str, place: int) -> bool:
    """Say whether a place is behind a backtick that its line has not closed."""
    return _line(text, place).count("`") % 2 == 1
