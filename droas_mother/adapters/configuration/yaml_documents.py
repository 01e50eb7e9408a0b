"""YAML and JSON texts into documents: plain data, every key and value with its place, every fault at once."""

import re
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from droas_mother.adapters.configuration.yaml_faults import (
    MAX_DEPTH,
    Finding,
    syntax_fault,
    unmarked_fault,
)
from droas_mother.core.configuration.diagnosis import Span
from droas_mother.core.configuration.documents import Document, Entry, Place, Timestamp

MAX_NODES = 20_000
"""Most keys and values that are written in one file."""
MAX_VALUES = 20_000
"""Most values of one file, aliases written out."""

_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset({"str", "int", "float", "bool", "null", "timestamp", "map", "seq", "value"})


class Reading(NamedTuple):
    """What was found in one text.

    Args:
        documents: those that could be read, in order.
        findings: what is wrong; the documents are not complete when there is anything.
    """

    documents: list[Document]
    findings: list[Finding]


def read_yaml(file: str, text: str) -> Reading:
    """Read all documents of a text.

    Args:
        file: as it is told to people.
        text: YAML, or JSON for a file that ends with `.json`.
    """
    if file.endswith(".json"):
        text = text.replace("\t", " ")  # JSON may be indented with tabs, YAML may not; columns stay
    loader = YAML(typ="safe", pure=True)
    loader.max_depth = MAX_DEPTH
    loader.Composer = _BoundedComposer
    documents: list[Document] = []
    findings: list[Finding] = []
    try:
        for node in loader.compose_all(text):
            reader = _Reader(file, findings, loader)
            document = reader.document(node)
            if document is not None:
                documents.append(document)
    except MarkedYAMLError as error:
        findings.append(syntax_fault(file, text, error))
    except (YAMLError, ValueError, RecursionError) as error:
        findings.append(unmarked_fault(file, text, error))
    return Reading(documents, findings)


class _BoundedComposer(Composer):
    """Stops at a flood of values; reading all of a file of 1 MiB could take a quarter of a minute."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader=loader)
        self._count = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose the next node; raises MarkedYAMLError when there are too many."""
        self._count += 1
        if self._count > MAX_NODES:
            mark = self.parser.peek_event().start_mark
            raise MarkedYAMLError(problem=f"more than {MAX_NODES} keys and values", problem_mark=mark)
        return super().compose_node(parent, index)


class _Reader:
    """Turns one document's nodes into plain data.

    Args:
        file: for places.
        findings: where faults are noted.
        loader: knows how scalars are read.
    """

    def __init__(self, file: str, findings: list[Finding], loader: YAML) -> None:
        self._file = file
        self._findings = findings
        self._loader = loader
        self._entries: dict[Place, Entry] = {}
        self._open: set[int] = set()
        self._count = 0

    def document(self, node: Node | None) -> Document | None:
        """Give a document; None when it is not one."""
        start = Span(self._file)
        self._entries[()] = Entry(start, start)
        if node is None or (isinstance(node, ScalarNode) and node.tag == f"{_TAG}null"):
            return Document(data={}, entries=self._entries)
        if not isinstance(node, MappingNode):
            self._findings.append(Finding(self._span(node), "expected `key: value` lines at the top"))
            return None
        self._entries[()] = Entry(self._span(node), self._span(node))
        return Document(data=self._mapping(node, ()), entries=self._entries)

    def _span(self, node: Node) -> Span:
        start, end = node.start_mark, node.end_mark
        width = end.column - start.column if end.line == start.line else 1
        if isinstance(node, MappingNode | SequenceNode):
            width = 1
        return Span(self._file, start.line + 1, start.column + 1, max(1, width))

    def _value(self, node: Node, place: Place) -> Any:
        self._count += 1
        if self._count > MAX_VALUES or id(node) in self._open:
            self._refuse_expansion(node)
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, place)
            return self._sequence(node, place) if isinstance(node, SequenceNode) else None
        finally:
            self._open.discard(id(node))

    def _refuse_expansion(self, node: Node) -> None:
        if self._count == MAX_VALUES + 1:
            words = f"more than {MAX_VALUES} values, aliases written out"
            self._findings.append(Finding(self._span(node), words, "fewer aliases of aliases"))
        elif id(node) in self._open:
            self._findings.append(Finding(self._span(node), "this value contains itself by an alias"))

    def _sequence(self, node: SequenceNode, place: Place) -> list[Any]:
        items: list[Any] = []
        for index, one in enumerate(node.value):
            if self._count > MAX_VALUES:
                break
            span = self._span(one)
            self._entries[*place, index] = Entry(span, span)
            items.append(self._value(one, (*place, index)))
        return items

    def _mapping(self, node: MappingNode, place: Place) -> dict[str, Any]:
        self._check_tag(node)
        result: dict[str, Any] = {}
        own: dict[str, Span] = {}
        merges: list[Node] = []
        for key_node, value_node in node.value:
            if self._count > MAX_VALUES:
                break
            span = self._span(key_node)
            if key_node.tag == f"{_TAG}merge":
                merges.append(value_node)
                continue
            if not isinstance(key_node, ScalarNode):
                self._findings.append(Finding(span, "a key must be a text"))
                continue
            key = str(key_node.value)
            if key in own:
                self._findings.append(Finding(span, f"the key {_told(key)} stands here twice", also=own[key]))
                continue
            own[key] = span
            at = (*place, key)
            self._entries[at] = Entry(span, self._span(value_node))
            result[key] = self._value(value_node, at)
        for merge in merges:
            self._merge(merge, place, result)
        return result

    def _merge(self, node: Node, place: Place, result: dict[str, Any]) -> None:
        """Take over what `<<` names, where nothing else is said."""
        sources = node.value if isinstance(node, SequenceNode) else [node]
        for source in sources:
            if not isinstance(source, MappingNode):
                self._findings.append(Finding(self._span(node), "<< takes mappings only"))
                continue
            kept, self._entries = self._entries, {}
            extra = self._value(source, place)
            for at, entry in self._entries.items():
                kept.setdefault(at, entry)
            self._entries = kept
            for key, value in (extra or {}).items():
                result.setdefault(key, value)

    def _scalar(self, node: ScalarNode) -> Any:
        kind = self._check_tag(node)
        text = _whole(str(node.value))
        if kind == "timestamp":
            return Timestamp(text)
        if kind in ("int", "float", "bool", "null"):
            try:
                value = self._loader.constructor.construct_object(node, deep=True)
            except (YAMLError, ValueError, OverflowError):
                return text
            return value if value is None else _plain(value)
        return text

    def _check_tag(self, node: Node) -> str:
        tag = str(node.tag)
        kind = tag.removeprefix(_TAG)
        if not tag.startswith(_TAG) or kind not in _PLAIN_TAGS:
            self._findings.append(Finding(self._span(node), "tags are not used here", "a plain value"))
            return "str"
        return kind


def _plain(value: Any) -> Any:
    """Give a number as Python's own type."""
    if isinstance(value, bool):
        return bool(value)
    return int(value) if isinstance(value, int) else float(value)


def _whole(text: str) -> str:
    """Join what JSON writes as two halves: characters beyond U+FFFF."""
    if any("\ud800" <= one <= "\udfff" for one in text):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _told(key: str) -> str:
    return f'"{key}"' if re.fullmatch(r"[\w.-]{1,64}", key) else "of this line"
