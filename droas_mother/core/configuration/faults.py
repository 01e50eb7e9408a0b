"""What pydantic says of data, in words that name the place and what could stand there."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pydantic
from pydantic import BaseModel

from droas_mother.core.configuration.documents import Place
from droas_mother.core.configuration.fields import choices_of, meant, names_at, nearest, setting_at


class Fault(NamedTuple):
    """One fault of data.

    Args:
        place: of the value, or of the key that should not be there.
        words: what is wrong.
        expected: what could stand there.
        nearest: the name that was probably meant.
        of_key: whether the key is wrong, not the value.
        missing: whether nothing stands there.
    """

    place: Place
    words: str
    expected: str = ""
    nearest: str = ""
    of_key: bool = False
    missing: bool = False

    @property
    def named(self) -> str:
        """Give the key that should not be there."""
        return str(self.place[-1]) if self.of_key and self.place else ""


_NOTHING = object()
_BOUNDS = {"ge": "at least {}", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}
_LENGTHS = {
    "string_too_long": "characters",
    "too_long": "items",
    "too_short": "items",
    "string_too_short": "characters",
}
_TYPES = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "a text; put it into quotes",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping of `key: value` lines",
    "model_type": "a mapping of `key: value` lines",
    "model_attributes_type": "a mapping of `key: value` lines",
    "url_parsing": "an address as http://127.0.0.1:8080/v1",
    "url_scheme": "an address that begins with http:// or https://",
    "url_type": "an address as http://127.0.0.1:8080/v1",
    "finite_number": "a finite number",
    "path_type": "a path",
}


def faults_of(error: pydantic.ValidationError, model: type[BaseModel], data: Any) -> Iterator[Fault]:
    """Say each fault that a validation has found.

    Args:
        error: what pydantic says.
        model: what was expected.
        data: what was there; of it only names that stand for themselves are compared, nothing is quoted.
    """
    for one in error.errors(include_url=False, include_input=False):
        place = _known(tuple(one["loc"]), data)
        name = ".".join(map(_told, place)) or "the file"
        context: Mapping[str, Any] = one.get("ctx", {})
        kind = one["type"]
        if kind == "extra_forbidden":
            names = names_at(model, place[:-1])
            close = meant(model, place, len(place) - 1)
            expected = "" if close else _one_of(names)
            yield Fault(place, f"{name}: there is no such setting", expected, close, of_key=True)
        elif kind == "missing":
            about = setting_at(model, place)
            meaning = (about.info.description or "") if about is not None else ""
            yield Fault(place, f"{name}: is missing", _begun(meaning), missing=True)
        else:
            yield _wrong_value(place, name, model, data, kind, context, one["msg"])


def _wrong_value(
    place: Place,
    name: str,
    model: type[BaseModel],
    data: Any,
    kind: str,
    context: Mapping[str, Any],
    said: str,
) -> Fault:
    found = setting_at(model, place)
    choices = choices_of(found.annotation) if found is not None else ()
    if choices and kind in ("enum", "literal_error"):
        written = _value_at(data, place)
        close = nearest(written, choices) if isinstance(written, str) and len(written) < 32 else ""
        return Fault(place, f"{name}: this is none of the values that there are", _one_of(choices), close)
    if kind in _TYPES:
        return Fault(place, f"{name}: this has the wrong type", _TYPES[kind])
    bounds = [words.format(context[key]) for key, words in _BOUNDS.items() if key in context]
    if bounds:
        return Fault(place, f"{name}: this is out of bounds", " and ".join(bounds))
    if kind in _LENGTHS:
        least, most = context.get("min_length"), context.get("max_length")
        limit = f"at least {least}" if least is not None else f"at most {most}"
        return Fault(place, f"{name}: this has the wrong length", f"{limit} {_LENGTHS[kind]}")
    if kind == "string_pattern_mismatch":
        return Fault(place, f"{name}: this is not written as it must be", f"the pattern {context['pattern']}")
    return Fault(place, f"{name}: {said[:1].lower()}{said[1:]}")


def _begun(sentence: str) -> str:
    """Give a sentence so that it can stand within another."""
    start = sentence[:1] if sentence[1:2].isupper() else sentence[:1].lower()
    return (start + sentence[1:]).rstrip(".")


def _told(part: str | int) -> str:
    """Give a part of a place; what is no name may be a value that lost its colon."""
    return str(part) if re.fullmatch(r"[\w-]{1,64}", str(part)) else "…"


def _one_of(names: tuple[str, ...]) -> str:
    return "one of " + ", ".join(names) if names else ""


def _known(place: tuple[int | str, ...], data: Any) -> Place:
    """Leave out what pydantic puts into a place beside keys and indices: which member of a union it tried."""
    kept: list[str | int] = []
    value = data
    for number, part in enumerate(place):
        below = _below(value, part)
        if below is not _NOTHING:
            value = below
        elif number < len(place) - 1 or not isinstance(value, dict):
            continue
        kept.append(part)
    return tuple(kept)


def _value_at(data: Any, place: Place) -> Any:
    for part in place:
        data = _below(data, part)
    return data


def _below(value: Any, part: str | int) -> Any:
    if isinstance(value, dict):
        return value.get(part, _NOTHING)
    if isinstance(value, list) and isinstance(part, int) and part < len(value):
        return value[part]
    return _NOTHING
