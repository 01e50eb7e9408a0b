"""Buttons, menus and texts below a message: checked, completed, numbered. Pure.

Rows of buttons and menus, and texts of Components V2, are known; the sandbox refuses the other kinds, because a
half-made component would break clients that read it.

Source: Discord API reference, Message Components.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

from droas_sandbox.errors import DiscordError, invalid

Json = dict[str, Any]

ROW, BUTTON, STRING_SELECT, TEXT = 1, 2, 3, 10
SELECTS = frozenset({STRING_SELECT, 5, 6, 7, 8})
"""Menus of texts, users, roles, mentionables, channels."""

MAX_ROWS = 5
MAX_BUTTONS = 5
MAX_OPTIONS = 25
_LINK, _PREMIUM = 5, 6
_KEPT = {
    BUTTON: ("style", "custom_id", "label", "emoji", "url", "sku_id", "disabled"),
    TEXT: ("content",),
    **dict.fromkeys(
        SELECTS,
        ("custom_id", "placeholder", "min_values", "max_values", "disabled", "options", "default_values",
         "channel_types"),
    ),
}  # fmt: skip
"""What is kept of each kind; unknown fields are dropped."""


def components_of(given: Any) -> list[Json]:
    """Give the components of a message as Discord keeps them; raises 50035 for one of another shape."""
    listed = given or []
    if not isinstance(listed, list):
        raise invalid("components", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    if len(listed) > MAX_ROWS:
        raise invalid("components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_ROWS} in length.")
    numbers = count(1)
    return [_top(one, f"components.{index}", numbers) for index, one in enumerate(listed)]


def _top(given: Any, place: str, numbers: Iterator[int]) -> Json:
    kind = _kind_of(given, place, (ROW, TEXT))
    if kind == TEXT:
        return _leaf(given, kind, place, numbers)
    number, inner = next(numbers), given.get("components")
    if not isinstance(inner, list) or not 1 <= len(inner) <= MAX_BUTTONS:
        raise _wrong(f"{place}.components", f"Must be between 1 and {MAX_BUTTONS} in length.")
    made = [_in_row(one, f"{place}.components.{index}", numbers) for index, one in enumerate(inner)]
    if len(made) > 1 and any(one["type"] != BUTTON for one in made):
        raise _wrong(f"{place}.components", "A menu needs a row of its own.")
    return {"type": ROW, "id": number, "components": made}


def _in_row(given: Any, place: str, numbers: Iterator[int]) -> Json:
    kind = _kind_of(given, place, (BUTTON, *sorted(SELECTS)))
    made = _leaf(given, kind, place, numbers)
    if kind == BUTTON:
        _check_button(made, place)
    else:
        _check_select(made, place)
    return made


def _leaf(given: Json, kind: int, place: str, numbers: Iterator[int]) -> Json:
    made = {"type": kind, "id": next(numbers)}
    made |= {key: given[key] for key in _KEPT[kind] if given.get(key) is not None}
    for field in ("custom_id", "label", "placeholder", "url", "content"):
        if field in made and not isinstance(made[field], str):
            raise _wrong(f"{place}.{field}", "Could not interpret as string.")
    if kind == TEXT and not made.get("content"):
        raise _wrong(f"{place}.content", "This field is required")
    return made


def _check_button(made: Json, place: str) -> None:
    style = made.get("style")
    if type(style) is not int or not 1 <= style <= _PREMIUM:
        raise _wrong(f"{place}.style", "Value must be one of {1, 2, 3, 4, 5, 6}.")
    wanted = {_LINK: "url", _PREMIUM: "sku_id"}.get(style, "custom_id")
    if not 1 <= len(str(made.get(wanted) or "")) <= 100 * (5 if wanted == "url" else 1):
        raise _wrong(f"{place}.{wanted}", "This field is required, with 1 to 100 characters.")
    if len(made.get("label", "")) > 80:
        raise _wrong(f"{place}.label", "Must be 80 or fewer in length.")


def _check_select(made: Json, place: str) -> None:
    if not 1 <= len(made.get("custom_id", "")) <= 100:
        raise _wrong(f"{place}.custom_id", "Must be between 1 and 100 in length.")
    made.setdefault("min_values", 1)
    made.setdefault("max_values", 1)
    for field in ("min_values", "max_values"):
        if type(made[field]) is not int or not 0 <= made[field] <= MAX_OPTIONS:
            raise _wrong(f"{place}.{field}", f"Must be between 0 and {MAX_OPTIONS}.")
    options = made.get("options")
    if made["type"] != STRING_SELECT:
        return
    if not isinstance(options, list) or not 1 <= len(options) <= MAX_OPTIONS:
        raise _wrong(f"{place}.options", f"Must be between 1 and {MAX_OPTIONS} in length.")
    for index, option in enumerate(options):
        texts = isinstance(option, dict) and [option.get("label"), option.get("value")]
        if not texts or not all(isinstance(text, str) and 1 <= len(text) <= 100 for text in texts):
            raise _wrong(f"{place}.options.{index}", "An option has a label and a value.")


def _kind_of(given: Any, place: str, known: tuple[int, ...]) -> int:
    kind = given.get("type") if isinstance(given, dict) else None
    if type(kind) is not int or kind not in known:
        raise _wrong(f"{place}.type", f"Value must be one of {known}.")
    return kind


def _wrong(place: str, words: str) -> DiscordError:
    return invalid(place, "COMPONENT_VALIDATION_FAILED", words)
