"""One form of a text for all rules, and the ways in which people read it.

The form: compatibility forms are folded (NFKC: full-width letters, ligatures), invisible characters and combining marks
are dropped, case is folded, white space is one blank, and so is what only looks like it.

Readings: the form itself; the same without the marks of Markdown, which Discord does not show; and the same with the letters
of words that mix scripts read as those of Latin, of Cyrillic and of Greek that they look like. A word that is all of one
script is a word of that script. Digits and signs in place of letters are not seen through: what `4` and `0` stand for is a guess.

Source of the look-alikes: Unicode Technical Standard 39, confusables.txt; of Cyrillic, Greek and Armenian those letters that
are commonly taken for a Latin one, capitals apart from small ones.
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

_SPACES = re.compile(r"\s+")
_INVISIBLE = frozenset({"Cf", "Cc", "Cn", "Cs", "Mn", "Me"})
"""Also what has no character yet (Cn): some of it is never shown."""

_KEPT_CONTROLS = frozenset("\n\t ")
_BLANKS = dict.fromkeys(map(ord, "\u115f\u1160\u2800\u3164\uffa0\ufdfa\ufdfb"), " ")
"""Fillers of Hangul and the empty Braille cell: letters and symbols by their category, blanks to the eye. And two signs
that stand for whole sentences, which would make a text eighteen times as long."""

_MARKS = re.compile(r"[*`]+|~~+|\|\|+|_{2,}|(?<![^\W_])_|_(?![^\W_])|\\(?=[^\w\s])")
"""What Discord takes for Markdown within a line; a single underscore between letters is shown."""

_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = tuple(map(re.compile, ("[a-zA-Z]", "[\u0370-\u03ff]", "[\u0400-\u052f]", "[\u0530-\u058f]")))
"""Latin, Greek, Cyrillic, Armenian."""

_LOOK_ALIKES = (
    str.maketrans(
        "АВЕКМНОРСТУХІЈЅӀавекмнорстухіјѕӏԁһԛԝѵΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικνορτυχηγՕՍօսոհցզ",
        "ABEKMHOPCTYXIJSlabekmhopctyxijsldhqwvABEZHIKMNOPTYXaeikvoptuxnyOUounhgq",
    ),
    str.maketrans("ABEKMHOPCTYXIJSaekmopctyxijs", "АВЕКМНОРСТУХІЈЅаекморстухіјѕ"),
    str.maketrans("ABEZHIKMNOPTYXaikvoptux", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχ"),
)
"""Letters as those of Latin, Cyrillic and Greek that they look like."""

BREAK = " \x1f "
"""Between parts of a message, which no rule reads as one; a message itself has no such character in its form."""

MAX_TEXT = 12_000
"""Characters looked at; a message has 4,000 at most, and what is forwarded in it 6,000 more in embeds."""


def normalise(text: str) -> str:
    """Give the form of a text in which rules look for things."""
    return _folded(_visible(text))


class Words(NamedTuple):
    """The words of a message.

    Args:
        said: the normal form of what it says.
        readings: the ways in which all of them are read, each once; the first is their normal form.
    """

    said: str
    readings: tuple[str, ...]


def read(said: Sequence[str], beside: Sequence[str] = ()) -> Words:
    """Read what a message says and the words on what hangs on it, part by part."""
    seen = [_visible(part) for part in _bounded((*said, *beside))]
    unmarked = [_MARKS.sub("", part) for part in seen]
    mixed = {
        word for part in unmarked if not part.isascii() for word in _WORD.findall(part) if _is_mixed(word)
    }
    forms = [seen, unmarked]
    if mixed:
        forms += [[_unmixed(part, mixed, letters) for part in unmarked] for letters in _LOOK_ALIKES]
    return Words(_joined(seen[: len(said)]), tuple(dict.fromkeys(map(_joined, forms))))


def _bounded(parts: Iterable[str]) -> Iterator[str]:
    room = MAX_TEXT
    for part in parts:
        yield part[:room]
        room = max(0, room - len(part))


def _visible(text: str) -> str:
    """Fold and drop; marks are dropped before, too, because to sort long rows of them takes time."""
    bare = _without_invisible(text[:MAX_TEXT].translate(_BLANKS))
    decomposed = unicodedata.normalize("NFKD", bare).translate(_BLANKS)
    return unicodedata.normalize("NFKC", _without_invisible(decomposed))


def _without_invisible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        for character in text
        if character in _KEPT_CONTROLS or unicodedata.category(character) not in _INVISIBLE
    )


def _folded(text: str) -> str:
    return _SPACES.sub(" ", text.casefold()).strip()


def _joined(parts: list[str]) -> str:
    return BREAK.join(form for part in parts if (form := _folded(part)))


def _is_mixed(word: str) -> bool:
    return sum(script.search(word) is not None for script in _SCRIPTS) > 1


def _unmixed(text: str, mixed: Container[str], letters: dict[int, int]) -> str:
    """Read the words that mix scripts in one of them."""
    return _WORD.sub(lambda word: word[0].translate(letters) if word[0] in mixed else word[0], text)
