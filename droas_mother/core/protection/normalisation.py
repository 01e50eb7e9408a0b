"""One form of a text for all rules, and the ways in which people read it.

The form: compatibility forms are folded (NFKC: full-width letters, ligatures), invisible characters and combining marks
are dropped, case is folded, white space is one blank, and so is what only looks like it.

Readings: the form itself; the same without the marks of Markdown, which Discord does not show; and the same with letters
of other scripts read as the Latin ones that they look like, in words that have both. A word that is all of one script is a
word of that script. Digits in place of letters are not seen through: what `4` and `0` stand for is a guess.

Source of the look-alikes: Unicode Technical Standard 39, confusables.txt, of which these are the single letters of Cyrillic,
Greek and Armenian that are taken for a Latin one.
"""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_INVISIBLE = frozenset({"Cf", "Cc", "Cs", "Mn", "Me"})
_KEPT_CONTROLS = frozenset("\n\t ")
_BLANKS = dict.fromkeys(map(ord, "\u115f\u1160\u2800\u3164\uffa0"), " ")
"""Fillers of Hangul and the empty Braille cell: letters and symbols by their category, blanks to the eye."""

_MARKS = re.compile(r"[*`]+|~~+|\|\|+|_{2,}|(?<![^\W_])_|_(?![^\W_])|\\(?=[^\w\s])")
"""What Discord takes for Markdown within a line; a single underscore between letters is shown."""

_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[a-z]")
_LOOK_ALIKES = str.maketrans(
    "авекмнорстухіјѕԁһԛԝѵαεικνορτυχηγօսո",
    "abekmhopctyxijsdhqwvaeikvoptuxnyoun",
)

MAX_TEXT = 12_000
"""Characters looked at; a message has 4,000 at most, and what is forwarded in it 6,000 more in embeds."""


def normalise(text: str) -> str:
    """Give the form of a text in which rules look for things."""
    decomposed = unicodedata.normalize("NFKD", text[:MAX_TEXT]).translate(_BLANKS)
    visible = "".join(
        character
        for character in decomposed
        if character in _KEPT_CONTROLS or unicodedata.category(character) not in _INVISIBLE
    )
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", visible).casefold()).strip()


def readings(text: str) -> tuple[str, ...]:
    """Give the ways in which a text in normal form is read, each once, the text itself first."""
    unmarked = _SPACES.sub(" ", _MARKS.sub("", text)).strip()
    latin = unmarked if unmarked.isascii() else _WORD.sub(_as_latin, unmarked)
    return tuple(dict.fromkeys((text, unmarked, latin)))


def _as_latin(word: re.Match[str]) -> str:
    return word[0].translate(_LOOK_ALIKES) if _LATIN.search(word[0]) else word[0]
