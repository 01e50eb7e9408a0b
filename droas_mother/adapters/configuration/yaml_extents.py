"""Where the values of a YAML text lie, so that single ones can be replaced."""

import re
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from droas_mother.core.configuration.documents import Place
from droas_mother.core.configuration.splices import Extent

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[^\n]*", re.MULTILINE)


class NotEditableError(Exception):
    """Why a text cannot be edited by command."""


@dataclass(slots=True)
class Extents:
    """Where the values of one document lie.

    Args:
        values: by their places.
        keys: of mappings' entries, by the same places.
        order: the places of scalars as they stand in the text.
    """

    values: dict[Place, Extent] = field(default_factory=dict)
    keys: dict[Place, Extent] = field(default_factory=dict)
    order: list[Place] = field(default_factory=list)

    def in_flow(self, place: Place) -> bool:
        """Say whether a value stands within brackets or braces."""
        return any(self.values[place[:length]].style in ("{", "[") for length in range(len(place)))

    def end_of(self, place: Place) -> int:
        """Give the offset behind everything at a place; what stands in blocks ends with its last value."""
        inside = [
            extent.end
            for at, extent in self.values.items()
            if at[: len(place)] == place and extent.style not in (":", "-")
        ]
        return max(inside, default=self.values[place].end)


def extents_of(text: str) -> list[Extents]:
    """Find all values of a text that read_yaml could read; raises NotEditableError when it uses aliases."""
    loader = YAML(typ="safe", pure=True)
    found = []
    for node in loader.compose_all(text.replace("\t", " ")):
        one = Extents()
        if node is not None:
            _visit(node, (), one, set())
        found.append(one)
    return found


def _visit(node: Node, place: Place, found: Extents, seen: set[int]) -> None:
    if id(node) in seen:
        raise NotEditableError("this file uses aliases; write the values out first")
    seen.add(id(node))
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, ScalarNode):
        found.values[place] = Extent(start, end, node.style or "")
        found.order.append(place)
    elif isinstance(node, MappingNode):
        found.values[place] = Extent(start, end, "{" if node.flow_style else ":", node.start_mark.column)
        for key, value in node.value:
            at = (*place, str(key.value))
            found.keys[at] = Extent(key.start_mark.index, key.end_mark.index, key.style or "")
            _visit(value, at, found, seen)
    elif isinstance(node, SequenceNode):
        found.values[place] = Extent(start, end, "[" if node.flow_style else "-")
        for index, value in enumerate(node.value):
            _visit(value, (*place, index), found, seen)


def comments_of(text: str, documents: list[Extents]) -> list[tuple[Extent, int, Place]]:
    """Find the comments of a text; gives each with the number of its document and the mapping that it stands in."""
    scalars = sorted(
        (extent.start, extent.end, number, place)
        for number, one in enumerate(documents)
        for extent, place in [
            *((one.values[place], place) for place in one.order),
            *((extent, place) for place, extent in one.keys.items()),
        ]
    )
    found = []
    for match in _COMMENT.finditer(text):
        at = match.start()
        if any(start <= at < end for start, end, _, _ in scalars):
            continue
        line_start = text.rfind("\n", 0, at) + 1
        beside = [one for one in scalars if line_start <= one[0] < at]
        after = next((one for one in scalars if one[0] > at), None)
        number, place = (beside[-1] if beside else after or (0, 0, 0, ()))[2:]
        container = tuple(place[:-1])
        found.append((Extent(at, match.end(), "#"), number, container))
    return found
