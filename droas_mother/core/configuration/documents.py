"""Files as values: plain data, and where each key and each value of it stands."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from droas_mother.core.configuration.diagnosis import Span
from droas_mother.core.configuration.placeholders import Problem, expand

METADATA = "sops"
"""The key under which sops keeps what it needs to decrypt a file."""

Place = tuple[str | int, ...]
"""The keys and indices that lead to a value."""


class Entry(NamedTuple):
    """Where one value stands.

    Args:
        key: its key; for an item of a list the item itself.
        value: the value.
    """

    key: Span
    value: Span


class Timestamp(str):
    """A scalar that YAML takes for a moment; to us it is the text as it was written."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Data and its places.

    Args:
        data: mappings, lists, texts, numbers, booleans and None.
        entries: where each value stands.
    """

    data: dict[str, Any]
    entries: Mapping[Place, Entry]

    def span(self, place: Place, *, of_key: bool = False) -> Span:
        """Say where something stands; what is not there is where the nearest that contains it is."""
        for length in range(len(place), -1, -1):
            entry = self.entries.get(place[:length])
            if entry is not None:
                return entry.key if of_key or length < len(place) else entry.value
        return Span("")


def is_encrypted(documents: Iterable[Document]) -> bool:
    """Say whether a file was encrypted by sops."""
    return any(isinstance(document.data.get(METADATA), dict) for document in documents)


class Expansions(NamedTuple):
    """What came of a document's placeholders.

    Args:
        document: with the placeholders replaced.
        faults: what is wrong, and where.
        variables: the variables that were read, by the place of the text.
    """

    document: Document
    faults: list[tuple[Place, Problem]]
    variables: dict[Place, frozenset[str]]


def expanded(document: Document, variables: Mapping[str, str]) -> Expansions:
    """Replace the placeholders of every text; keys stay as they are."""
    faults: list[tuple[Place, Problem]] = []
    read: dict[Place, frozenset[str]] = {}

    def visit(value: Any, place: Place) -> Any:
        if isinstance(value, dict):
            return {key: visit(one, (*place, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [visit(one, (*place, index)) for index, one in enumerate(value)]
        if not isinstance(value, str):
            return value
        expansion = expand(value, variables)
        faults.extend((place, problem) for problem in expansion.problems)
        if expansion.variables:
            read[place] = expansion.variables
        return expansion.text

    data = visit(document.data, ())
    return Expansions(Document(data=data, entries=document.entries), faults, read)


def merged(documents: Sequence[Document], otherwise: Span) -> Document:
    """Lay documents over one another: mappings are joined, anything else is replaced by the later.

    Args:
        documents: in order, the last one counts most.
        otherwise: where a fault stands that is in none of them.
    """
    if len(documents) == 1:
        return documents[0]
    data: dict[str, Any] = {}
    entries: dict[Place, Entry] = {(): Entry(otherwise, otherwise)}
    for document in documents:
        _lay_over(data, document.data, (), entries, document.entries)
    return Document(data=data, entries=entries)


def _lay_over(
    below: dict[str, Any],
    above: dict[str, Any],
    place: Place,
    entries: dict[Place, Entry],
    others: Mapping[Place, Entry],
) -> None:
    for key, value in above.items():
        at = (*place, key)
        if isinstance(below.get(key), dict) and isinstance(value, dict):
            _lay_over(below[key], value, at, entries, others)
            continue
        for old in _places(below.get(key), at):
            entries.pop(old, None)
        entries.update((new, others[new]) for new in _places(value, at) if new in others)
        below[key] = _copy(value)


def _places(value: Any, place: Place) -> Iterable[Place]:
    """Give the place of a value and of everything in it."""
    yield place
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _places(one, (*place, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _places(one, (*place, index))


def _copy(value: Any) -> Any:
    return {key: _copy(one) for key, one in value.items()} if isinstance(value, dict) else value


def leaves(data: Any, place: Place = ()) -> Iterable[tuple[Place, Any]]:
    """Give every value that contains no other, with its place; empty mappings and lists count as such."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from leaves(value, (*place, key))
    else:
        yield place, data
