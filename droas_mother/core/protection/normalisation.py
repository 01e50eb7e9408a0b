"""One form of a text for all rules: what looks the same reads the same.

Compatibility forms are folded (NFKC: full-width letters, ligatures), invisible characters and combining
marks are dropped, case is folded, white space is one blank.
"""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_INVISIBLE = frozenset({"Cf", "Cc", "Mn", "Me"})
_KEPT_CONTROLS = frozenset("\n\t ")

MAX_TEXT = 8_000
"""Characters looked at; Discord's own limit for bots is 2,000, for subscribers 4,000."""


def normalise(text: str) -> str:
    """Give the form of a text in which rules look for things."""
    decomposed = unicodedata.normalize("NFKD", text[:MAX_TEXT])
    visible = "".join(
        character
        for character in decomposed
        if character in _KEPT_CONTROLS or unicodedata.category(character) not in _INVISIBLE
    )
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", visible).casefold()).strip()
