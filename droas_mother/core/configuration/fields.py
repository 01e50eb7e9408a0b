"""The settings there are: found by their places in the models, with what may stand there."""

import difflib
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from droas_mother.core.configuration.documents import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting.

    Args:
        place: the names that lead to it; `*` for any name or index.
        info: its field: meaning and bounds.
        annotation: what may stand there.
        default: what holds when nothing stands there; PydanticUndefined when something must.
    """

    place: tuple[str, ...]
    info: FieldInfo
    annotation: Any
    default: Any = None

    @property
    def secret(self) -> bool:
        """Whether its value is never shown."""
        return any(one is SecretStr for one in alternatives(self.annotation))

    @property
    def name(self) -> str:
        """Give its name with dots."""
        return ".".join(self.place)


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """Give what may stand somewhere: the members of a union, without their annotations."""
    origin = get_origin(annotation)
    if isinstance(annotation, typing.TypeAliasType):
        return alternatives(annotation.__value__)
    if origin is Annotated:
        return alternatives(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return tuple(one for member in get_args(annotation) for one in alternatives(member))
    return (annotation,)


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Give the model among what may stand somewhere."""
    found = (one for one in alternatives(annotation) if isinstance(one, type) and issubclass(one, BaseModel))
    return next(found, None)


def settings_of(
    model: type[BaseModel], above: tuple[str, ...] = (), defaults: BaseModel | None = None
) -> Iterator[Setting]:
    """Give all settings of a model, depth first in the order of their definition.

    Args:
        model: whose.
        above: the names that lead to it.
        defaults: what holds when nothing is said of it at all.
    """
    for name, info in model.model_fields.items():
        place = (*above, name)
        default = info.default if defaults is None else getattr(defaults, name)
        inner = model_in(info.annotation)
        if inner is None:
            yield Setting(place=place, info=info, annotation=info.annotation, default=default)
            inner, place, default = model_in(item_of(info.annotation)), (*place, "*"), None
        if inner is not None:
            yield from settings_of(inner, place, default if isinstance(default, BaseModel) else None)


def item_of(annotation: Any) -> Any:
    """Give what the items of a list or the values of a mapping are; None when there are none."""
    for one in alternatives(annotation):
        origin, arguments = get_origin(one), get_args(one)
        if origin is dict:
            return arguments[1]
        if origin in (tuple, list, frozenset) and arguments:
            return arguments[0]
    return None


def names_at(model: type[BaseModel], place: Place) -> tuple[str, ...]:
    """Give the names that may stand at a place; none when anything may, or nothing."""
    annotation: Any = model
    for part in place:
        inner = model_in(annotation)
        if inner is not None:
            info = inner.model_fields.get(str(part))
            annotation = info.annotation if info is not None else None
        else:
            annotation = item_of(annotation)
        if annotation is None:
            return ()
    inner = model_in(annotation)
    return tuple(inner.model_fields) if inner is not None else ()


def setting_at(model: type[BaseModel], place: Place) -> Setting | None:
    """Give the setting at a place, or the one that contains it."""
    annotation: Any = model
    found: Setting | None = None
    for number, part in enumerate(place):
        inner = model_in(annotation)
        if inner is None:
            annotation = item_of(annotation)
        else:
            info = inner.model_fields.get(str(part))
            if info is None:
                return None
            annotation = info.annotation
            if model_in(annotation) is None:
                found = Setting(place=tuple(map(str, place[: number + 1])), info=info, annotation=annotation)
        if annotation is None:
            return found
    return found


def is_list_at(model: type[BaseModel], place: Place) -> bool:
    """Say whether what stands at a place is a list."""
    setting = setting_at(model, place)
    if setting is None or len(setting.place) != len(place):
        return False
    return any(get_origin(one) in (tuple, list) for one in alternatives(setting.annotation))


def choices_of(annotation: Any) -> tuple[str, ...]:
    """Give the values of a setting that has a choice of few."""
    found: list[str] = []
    for one in alternatives(annotation):
        if get_origin(one) is Literal:
            found += [str(value) for value in get_args(one)]
        elif isinstance(one, type) and issubclass(one, Enum):
            found += [str(member.value) for member in one]
    return tuple(found)


def nearest(name: str, names: Iterable[str]) -> str:
    """Give the name that was probably meant; empty when none is near."""
    close = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return close[0] if close else ""


def last_names(models: Iterable[type[BaseModel]], *, secret: bool) -> frozenset[str]:
    """Give the last names of all settings that are secret, or of all that are not."""
    return frozenset(one.place[-1] for model in models for one in settings_of(model) if one.secret is secret)


def meant(model: type[BaseModel], place: Place, wrong: int) -> str:
    """Give the setting that was probably meant by a place at which there is none; empty when none is near.

    One of that very name elsewhere, given with dots, goes before one of a similar name here.

    Args:
        model: whose.
        place: what was written.
        wrong: which part of it there is not.
    """
    same = [one.place for one in settings_of(model) if one.place[-1] == place[-1] and "*" not in one.place]
    nearness = [_shared(one, place) for one in same]
    if same and nearness.count(max(nearness)) == 1:
        return ".".join(same[nearness.index(max(nearness))])
    return nearest(str(place[wrong]), names_at(model, place[:wrong]))


def _shared(one: Place, other: Place) -> int:
    """Count the parts with which both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
