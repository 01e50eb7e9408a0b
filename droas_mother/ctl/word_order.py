"""Command lines in the order in which people write them, put into the one that argparse reads.

argparse takes what is no option in one go only: of `call NAME --user 10 count=4` the last would be left over.
"""

from collections.abc import Callable, Sequence

Order = Callable[[Sequence[str]], list[str]]


def options_first(
    *, valued: frozenset[str], several: frozenset[str] = frozenset(), objects: frozenset[str] = frozenset()
) -> Order:
    """Give what puts options before all else, wherever they stood.

    Args:
        valued: options that take one value.
        several: options that take one or more; the last is no value of theirs when nothing else is left over.
        objects: options that take a JSON object, or nothing.
    """
    return lambda given: _Line(valued, several, objects).ordered(list(given))


class _Line:
    """One command line, sorted word by word; arguments as above."""

    def __init__(self, valued: frozenset[str], several: frozenset[str], objects: frozenset[str]) -> None:
        self._several, self._objects = several, objects
        self._known = valued | several | objects
        self._options: list[str] = []
        self._more: list[tuple[str, str]] = []
        self._loose: list[str] = []

    def ordered(self, words: list[str]) -> list[str]:
        """Give the same words, options first."""
        open_ended = ""  # the option that may take one more
        while words and (word := words.pop(0)) != "--":
            if word.startswith("-") and word != "-":
                open_ended = self._take_option(word, words)
            elif open_ended:
                self._more.append((open_ended, word))
            else:
                self._loose.append(word)
        self._loose += words
        if self._more and not self._loose:
            self._loose.append(self._more.pop()[1])
        return [*self._options, *(f"{name}={word}" for name, word in self._more), "--", *self._loose]

    def _take_option(self, word: str, words: list[str]) -> str:
        """Take an option, and its value from the words that follow; gives its name when it may take more."""
        name = self._name(word)
        if name in self._objects and not (words and words[0].lstrip().startswith("{")):
            self._options.append(f"{word}=")
            return ""
        self._options.append(word)
        if name and words:
            self._options.append(words.pop(0))
        return name if name in self._several else ""

    def _name(self, word: str) -> str:
        """Give the option that a word is, which may be cut short; "" when it takes nothing from what follows."""
        if "=" in word:
            return ""
        return next((one for one in sorted(self._known) if len(word) > 2 and one.startswith(word)), "")
