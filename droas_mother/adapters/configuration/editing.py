"""One setting of a file changed: comments, order and quoting of everything else stay as they are."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from droas_common.errors import ConfigurationError
from droas_mother.adapters.configuration.yaml_documents import read_yaml
from droas_mother.adapters.configuration.yaml_extents import Extents, NotEditableError, extents_of
from droas_mother.core.configuration.documents import Document, Place, is_encrypted
from droas_mother.core.configuration.fields import alternatives, is_list_at, meant, names_at, setting_at
from droas_mother.core.configuration.splices import Extent, Splice, inserting, replacing, scalar_text, spliced


class NotChangedError(ConfigurationError):
    """Why a setting cannot be changed by command."""


def place_of(name: str, model: type[BaseModel]) -> Place:
    """Read a name with dots; raises NotChangedError for one that is no setting."""
    place: Place = ()
    for part in name.split("."):
        place += (int(part) if part.isdecimal() and is_list_at(model, place) else part,)
    for length in range(1, len(place) + 1):
        names = names_at(model, place[: length - 1])
        if names and place[length - 1] not in names:
            close = meant(model, place, length - 1)
            known = f"did you mean {close}?" if close else f"there are {', '.join(names)}"
            shown = ".".join(map(str, place[:length]))
            raise NotChangedError(f"{shown}: there is no such setting; {known}")
    if setting_at(model, place) is None:
        inner = names_at(model, place)
        raise NotChangedError(f"{name}: name one setting below it: {', '.join(inner)}")
    return place


def value_of(text: str, place: Place, model: type[BaseModel]) -> Any:
    """Read a new value; a text setting takes it as it is, but for a null that may stand there; others take YAML."""
    setting = setting_at(model, place)
    kinds = alternatives(setting.annotation) if setting is not None else ()
    if setting is not None and kinds[0] is str and len(setting.place) == len(place):
        return None if text == "null" and type(None) in kinds else text
    reading = read_yaml("", f"value: {text}")
    if reading.findings or len(reading.documents) != 1 or set(reading.documents[0].data) != {"value"}:
        return text
    return reading.documents[0].data["value"]


def changed(file: str, text: str, place: Place, value: Any) -> str:
    """Give a file's text with another value at a place.

    Args:
        file: as it is told to people.
        text: YAML or JSON.
        place: where; missing mappings are made.
        value: what stands there from now on.

    Raises:
        NotChangedError: the file is faulty, encrypted, or written in a way in which it cannot be done.
    """
    reading = read_yaml(file, text)
    if reading.findings:
        raise NotChangedError(f"{reading.findings[0].span}: {reading.findings[0].words}; mend the file first")
    if is_encrypted(reading.documents):
        raise NotChangedError(f"{file}: this file is encrypted; use `droasctl secrets edit {file}`")
    try:
        extents = extents_of(text)
    except NotEditableError as error:
        raise NotChangedError(f"{file}: {error}") from None
    number = _where(reading.documents, place)
    before = reading.documents[number].data if reading.documents else {}
    after = _with(before, place, value)
    splice = _splice(text, extents[number] if extents else Extents(), before, place, value)
    new = spliced(text, [splice])
    check = read_yaml(file, new)
    if check.findings or not check.documents or check.documents[number].data != after:
        name = ".".join(map(str, place))
        raise NotChangedError(
            f"{file}: {name} cannot be changed by command as this file is written; edit it by hand"
        )
    return new


def _where(documents: list[Document], place: Place) -> int:
    """Give the document whose value counts: the last that has it, else the last of all."""
    having = [number for number, one in enumerate(documents) if place in one.entries]
    return having[-1] if having else max(0, len(documents) - 1)


def _splice(text: str, found: Extents, before: Mapping[str, Any], place: Place, value: Any) -> Splice:
    old = _spot(text, found, place)
    if old is not None:
        written = scalar_text(value, "" if found.in_flow(place) and old.style in ("|", ">") else old.style)
        if found.in_flow(place) and re.search(r"[,\[\]{}]", written) and written[:1] not in "\"'[{":
            written = f'"{written}"'
        if old.style in (":", "-") and old.start != old.end:
            return _over_block(text, found, place, written)
        return replacing(text, old, written)
    if () not in found.values:
        lead = "" if not text or text.endswith("\n") else "\n"
        return Splice(len(text), len(text), lead + _lines(place, value))
    length = max(n for n in range(len(place)) if place[:n] in found.values)
    holder = found.values[place[:length]]
    if holder.style in (":", "{"):
        return inserting(text, holder, found.end_of(place[:length]), place[length:], value)
    nothing: Any = before
    for part in place[:length]:
        nothing = nothing[part]
    if nothing is None:  # a key without a value
        inner: Any = value
        for part in reversed(place[length:]):
            inner = {part: inner}
        return replacing(text, _spot(text, found, place[:length]) or holder, scalar_text(inner))
    raise NotChangedError(
        f"{'.'.join(map(str, place))}: there is nothing to put it into; edit the file by hand"
    )


def _spot(text: str, found: Extents, place: Place) -> Extent | None:
    """Give where a value lies; one that is not there lies behind the colon of its key."""
    extent = found.values.get(place)
    if extent is not None and extent.start == extent.end and place in found.keys:
        colon = text.index(":", found.keys[place].end)
        return Extent(colon + 1, colon + 1, "")
    return extent


def _over_block(text: str, found: Extents, place: Place, written: str) -> Splice:
    """Replace a list or mapping that stands on lines of its own by one on the line of its key or its dash."""
    end = found.end_of(place)
    if place not in found.keys:
        return Splice(found.values[place].start, end, written)
    key = found.keys[place]
    colon = text.index(":", key.end)
    tail = text[colon + 1 : end]
    ends = tail[len(tail.rstrip("\n")) :]
    return Splice(colon + 1, end, f" {written}{ends}")


def _lines(place: Place, value: Any) -> str:
    text = ""
    for depth, key in enumerate(place):
        text += f"{'  ' * depth}{scalar_text(str(key))}:"
        text += "\n" if depth < len(place) - 1 else f" {scalar_text(value)}\n"
    return text


def _with(data: Any, place: Place, value: Any) -> Any:
    if not place:
        return value
    part, rest = place[0], place[1:]
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return [_with(one, rest, value) if index == part else one for index, one in enumerate(data)]
    held = data if isinstance(data, dict) else {}
    return {**held, part: _with(held.get(part), rest, value)}
