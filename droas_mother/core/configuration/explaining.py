"""The settings that hold, with where each comes from; secrets are never told."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

from droas_common.redaction import MASK, Redactor
from droas_mother.core.configuration.diagnosis import Span
from droas_mother.core.configuration.documents import Document, Place
from droas_mother.core.configuration.fields import setting_at
from droas_mother.core.configuration.sops_values import CIPHERTEXT

ENCRYPTED = "[encrypted]"
_PLACEHOLDER = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_REDACTOR = Redactor()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One setting.

    Args:
        owner: whose it is: the mother's, or of a bot or a policy.
        name: its name with dots.
        value: what holds, as JSON can say it; what came from a variable or was encrypted is told as it is written.
        kind: `default`, `file`, `variable` or `argument`.
        where: the place in the file, the variable or the argument; empty for a default.
    """

    owner: str
    name: str
    value: Any
    kind: str
    where: str


def told(
    owner: str,
    settings: BaseModel,
    above: Place,
    *,
    written: Document | None,
    origin: Callable[[Place], Span | None],
) -> Iterator[Told]:
    """Tell the settings of one owner.

    Args:
        owner: whose.
        settings: what holds.
        above: the keys under which it stands in the file.
        written: what the files say.
        origin: gives where a setting comes from; None for a default.
    """
    for place, value in _leaves(settings, above):
        span = origin(place)
        kind = "default" if span is None else _kind(span)
        text = _at(written, place) if kind == "file" and written is not None else None
        if value is not None and _is_secret(settings, place[len(above) :]):
            shown = _shown_secret(text)
        else:
            shown = _shown(value, text)
        yield Told(owner=owner, name=".".join(map(str, place)), value=shown, kind=kind, where=str(span or ""))


def _kind(span: Span) -> str:
    if span.line:
        return "file"
    return "argument" if span.file.startswith("--") else "variable"


def _is_secret(settings: BaseModel, place: Place) -> bool:
    setting = setting_at(type(settings), place)
    return setting is not None and setting.secret


def _leaves(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _leaves(getattr(value, name), (*place, name))
    elif isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _leaves(one, (*place, str(key)))
    else:
        yield place, value


def _shown_secret(written: Any) -> str:
    """Give the text of a placeholder in the place of a secret, when nothing else stands beside it, a default neither."""
    if isinstance(written, str) and CIPHERTEXT in written:
        return ENCRYPTED
    return written if isinstance(written, str) and _PLACEHOLDER.fullmatch(written) else MASK


def _shown(value: Any, written: Any) -> Any:
    """Give a value as it may be told: the text of a placeholder in the place of what the variable holds."""
    if isinstance(value, SecretStr):
        return MASK
    if isinstance(value, tuple | list):
        items = written if isinstance(written, list) else []
        return [_shown(one, items[index] if index < len(items) else None) for index, one in enumerate(value)]
    if isinstance(written, str) and CIPHERTEXT in written:
        return ENCRYPTED
    if isinstance(written, str) and "${" in written:
        return _REDACTOR.text(written)
    if value is None or isinstance(
        value, bool | int | float | dict
    ):  # an empty one; of others each value is told
        return value
    return _REDACTOR.text(str(getattr(value, "value", value)))


def _at(document: Document, place: Place) -> Any:
    value: Any = document.data
    for part in place:
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value
