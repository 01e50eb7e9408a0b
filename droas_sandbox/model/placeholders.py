"""Texts with holes, and what is put into them. Pure.

`{name}` is a group of the rule's regular expression (`{1}` when it has no name), `{user}` and `{question}`
tell who asked what, `{result}` is the first tool's answer, `{result2}` the second's, and `{result.a.0}` goes
down into it. What is not known stays as it stands.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_HOLE = re.compile(r"\{(\w+(?:\.\w+)*)\}")
_DOLLAR = re.compile(r"\$(\w+)")
_NUMBER = re.compile(r"\{(\w+):int\}")
_RESULT = re.compile(r"result(\d*)")


def fill(text: str, values: Mapping[str, str], results: Sequence[Any] = ()) -> str:
    """Fill the holes of a text.

    Args:
        text: with holes.
        values: by name.
        results: answers of tools, first call first.
    """

    def put(hole: re.Match[str]) -> str:
        name, *path = hole.group(1).split(".")
        result = _RESULT.fullmatch(name)
        if result is not None:
            place = int(result.group(1) or 1) - 1
            return _shown(_below(results[place], path)) if 0 <= place < len(results) else ""
        return values.get(name, hole.group(0)) if not path else hole.group(0)

    return _HOLE.sub(put, text)


def fill_argument(value: Any, values: Mapping[str, str]) -> Any:
    """Fill an argument of a tool call, also inside lists and objects.

    `{n:int}` alone becomes a number; `$name` is another way to write `{name}`.
    """
    if isinstance(value, list):
        return [fill_argument(one, values) for one in value]
    if isinstance(value, Mapping):
        return {key: fill_argument(one, values) for key, one in value.items()}
    if not isinstance(value, str):
        return value
    number = _NUMBER.fullmatch(value)
    if number is not None:
        found = values.get(number.group(1), "")
        return int(found) if re.fullmatch(r"-?\d{1,18}", found) else found
    return fill(_DOLLAR.sub(lambda hole: values.get(hole.group(1), hole.group(0)), value), values)


def _below(value: Any, path: Sequence[str]) -> Any:
    """Go down into objects and lists; an empty text where there is nothing."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step, "")
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return ""
    return value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
