"""Faults collected while a configuration is read, and told at the end with their lines."""

from typing import NamedTuple

from droas_common.ids import BotName
from droas_mother.core.configuration.diagnosis import Diagnosis, Span
from droas_mother.core.configuration.faults import Fault
from droas_mother.core.configuration.layout import Kind, Owner
from droas_mother.core.configuration.source_lines import Sources

MOST_PER_OWNER = 100
VARIABLES = Owner(Kind.VARIABLES)
_MOTHER = Owner(Kind.MOTHER)


class _Noted(NamedTuple):
    owner: Owner | None
    span: Span
    words: str
    expected: str
    nearest: str
    also: Span | None
    named: str


class Findings:
    """What has been found so far.

    Args:
        sources: the lines of what was read.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._noted: dict[_Noted, None] = {}
        self._faulty: dict[Owner | None, int] = {}

    def note(
        self,
        owner: Owner | None,
        span: Span,
        words: str,
        *,
        expected: str = "",
        nearest: str = "",
        also: Span | None = None,
        named: str = "",
    ) -> None:
        """Note a fault, and that its owner cannot be used; of one owner only the first hundred are kept.

        Args:
            owner: whose it is.
            span: where.
            words: what is wrong.
            expected: what could stand there.
            nearest: the valid name that was probably meant.
            also: the other place that it takes.
            named: the key in the words; it is a value that lost its key when it is hidden in its line.
        """
        one = _Noted(owner, span, words, expected, nearest, also, named)
        self._faulty[owner] = self._faulty.get(owner, 0) + 1
        if self._faulty[owner] <= MOST_PER_OWNER:
            self._noted[one] = None  # the same fault twice is one

    def note_fault(self, owner: Owner | None, span: Span, fault: Fault) -> None:
        """Note a fault of an owner's data, found at this place."""
        self.note(owner, span, fault.words, expected=fault.expected, nearest=fault.nearest, named=fault.named)

    def has(self, owner: Owner) -> bool:
        """Say whether anything is wrong with what somebody owns."""
        return owner in self._faulty

    def first_file(self, owner: Owner) -> str:
        """Give the first file of an owner in which something is wrong; empty when nothing is."""
        return next((one.span.file for one in self._noted if one.owner == owner), "")

    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """Tell all of them, in the order of their places: first those of variables, which make others, and the mother's."""
        first = (VARIABLES, _MOTHER)
        noted = sorted(
            self._noted,
            key=lambda one: (
                first.index(one.owner) if one.owner in first else len(first),
                one.span.file,
                one.span.line,
                one.span.column,
            ),
        )
        return tuple(map(self._diagnosis, noted))

    def _diagnosis(self, one: _Noted) -> Diagnosis:
        source = self._sources.line(one.span)
        lost = bool(one.named and source) and one.named not in source
        return Diagnosis(
            span=one.span,
            words=one.words.replace(one.named, "…") if lost else one.words,
            expected=one.expected,
            nearest=one.nearest,
            source=source,
            also=one.also,
            also_source=self._sources.line(one.also) if one.also is not None else "",
            bot=BotName(one.owner.name) if one.owner is not None and one.owner.kind is Kind.BOT else None,
            fatal=one.owner == _MOTHER,
        )
