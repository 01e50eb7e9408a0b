"""Files of variables: `NAME=value` lines that feed placeholders.

Grammar: a line is empty, a `# comment`, or `NAME=value`, with `export ` before it if one likes. A value may
stand in single or double quotes; within double quotes backslashes escape as in a shell's $'…'.
Nothing in a value is replaced.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from droas_mother.core.configuration.diagnosis import Span
from droas_mother.core.configuration.documents import METADATA, Document, Entry, Place

_LINE = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)$")
_ESCAPE = re.compile(r'\\(["\\n$`])')
_ITEM = re.compile(r"__list_(\d+)(?:__map_|$)")


class Fault(NamedTuple):
    """A line that is none of these."""

    span: Span
    words: str


class Lines(NamedTuple):
    """What was read.

    Args:
        document: values as they are written; those of sops as its metadata.
        faults: lines that cannot be read.
    """

    document: Document
    faults: list[Fault]


def read_lines(file: str, text: str) -> Lines:
    """Read a file of variables; quotes stay on."""
    data: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    entries: dict[Place, Entry] = {(): Entry(Span(file), Span(file))}
    faults: list[Fault] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None:
            faults.append(Fault(Span(file, number, 1, len(line)), "this line is not NAME=value"))
            continue
        name, value = match["name"], match["value"]
        key = Span(file, number, match.start("name") + 1, len(name))
        entry = Entry(key, Span(file, number, match.start("value") + 1, max(1, len(value))))
        if name.startswith(f"{METADATA}_"):
            metadata[name.removeprefix(f"{METADATA}_")] = value.replace("\\n", "\n")
            entries.setdefault((METADATA,), entry)
            continue
        data[name] = value
        entries[(name,)] = entry
    if metadata:  # sops knows no quotes here, and writes a line's end as \n
        data = {name: value.replace("\\n", "\n") for name, value in data.items()}
        data[METADATA] = _unfolded(metadata)
    return Lines(Document(data=data, entries=entries), faults)


def _unfolded(flat: dict[str, str]) -> dict[str, Any]:
    """Give sops's metadata as they are in YAML: `age__list_0__map_enc` is `age[0].enc`."""
    result: dict[str, Any] = {}
    for name, value in flat.items():
        base, rest = (name[: at.start()], at) if (at := _ITEM.search(name)) else (name, None)
        if rest is None:
            result[base] = value
            continue
        items = result.setdefault(base, [])
        while len(items) <= int(rest[1]) < 100:
            items.append({})
        if int(rest[1]) < len(items):
            items[int(rest[1])][name[rest.end() :]] = value
    return result


def values_in(document: Document) -> Iterator[tuple[str, str]]:
    """Give the variables of a file, without the quotes around their values."""
    for name, value in document.data.items():
        if isinstance(value, str):
            yield name, unquoted(value)


def unquoted(value: str) -> str:
    """Take a value out of its quotes; without any, a comment after it is no part of it."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1]
    if len(value) > 1 and value[0] == value[-1] == '"':
        return _ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], value[1:-1])
    return re.split(r"\s+#", value, maxsplit=1)[0]
