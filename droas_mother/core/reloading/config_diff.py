"""What differs between two configurations, setting by setting, fit to be shown: no secret is in it."""

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from pydantic import BaseModel, HttpUrl, SecretStr

from droas_mother.core.settings import Configuration

SECRET = "(secret)"  # noqa: S105 - what is shown in place of one
ABSENT = "(none)"
LONGEST_VALUE = 160
"""Characters shown of one value."""

MAX_CHANGES = 500
"""Changes kept of one revision; a configuration has a few dozen settings a bot."""


class Effect(StrEnum):
    """What a change needs."""

    LIVE = "live"
    RESTART = "restart"
    START = "start"
    STOP = "stop"
    MOTHER_RESTART = "mother_restart"


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One setting that changes."""

    path: Annotated[str, Meta(description="mother.economy.daily_amount, bots.bot_01.system_prompt")]
    before: Annotated[str, Meta(description="JSON, cut and masked")]
    after: Annotated[str, Meta(description="JSON, cut and masked")]
    effect: Annotated[
        Effect,
        Meta(
            description="live: taken over; restart, start, stop: of that bot; mother_restart: waits for hers"
        ),
    ]


def differences(
    old: Configuration,
    new: Configuration,
    *,
    restarts: Callable[[str], bool],
    waits: Callable[[str], bool],
) -> tuple[Change, ...]:
    """Give every setting that differs.

    Args:
        old: what was.
        new: what will be.
        restarts: says whether a bot's setting (`llm_config.api_key`) needs a new process.
        waits: says whether a setting of the mother (`http`, `log.file`) waits for her restart.
    """
    found = [*_of_mother(old, new, waits), *_of_policies(old, new), *_of_bots(old, new, restarts)]
    return tuple(found[:MAX_CHANGES])


def _of_mother(old: Configuration, new: Configuration, waits: Callable[[str], bool]) -> Iterator[Change]:
    for path, before, after in _differing(old.mother, new.mother):
        parts = path.split(".")
        waiting = waits(parts[0]) or waits(".".join(parts[:2]))
        effect = Effect.MOTHER_RESTART if waiting else Effect.LIVE
        yield Change(path=f"mother.{path}", before=before, after=after, effect=effect)


def _of_policies(old: Configuration, new: Configuration) -> Iterator[Change]:
    for name in sorted(old.policies.keys() | new.policies.keys()):
        before, after = old.policies.get(name), new.policies.get(name)
        if before != after:
            yield Change(
                path=f"protection.{name}", before=shown(before), after=shown(after), effect=Effect.LIVE
            )


def _of_bots(old: Configuration, new: Configuration, restarts: Callable[[str], bool]) -> Iterator[Change]:
    for name in sorted(old.bots.keys() | new.bots.keys()):
        before, after, place = old.bots.get(name), new.bots.get(name), f"bots.{name}"
        if before is None:
            yield Change(path=place, before=ABSENT, after="(new)", effect=Effect.START)
        elif after is None:
            yield Change(path=place, before="(configured)", after=ABSENT, effect=Effect.STOP)
        else:
            for path, was, becomes in _differing(before, after):
                effect = Effect.RESTART if restarts(path) else Effect.LIVE
                yield Change(path=f"{place}.{path}", before=was, after=becomes, effect=effect)


def _differing(old: BaseModel, new: BaseModel) -> Iterator[tuple[str, str, str]]:
    """Give the settings that differ: where, and what is shown of before and after."""
    for name in type(old).model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if isinstance(before, BaseModel) and isinstance(after, BaseModel):
            yield from ((f"{name}.{path}", was, becomes) for path, was, becomes in _differing(before, after))
        else:
            yield name, shown(before), shown(after)


def shown(value: Any) -> str:
    """Give what may be shown of a value."""
    if value is None:
        return ABSENT
    if isinstance(value, SecretStr):
        return SECRET
    text = json.dumps(_plain(value), ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _plain(value: Any) -> Any:
    if isinstance(value, HttpUrl):
        port = f":{value.port}" if value.port else ""
        return f"{value.scheme}://{value.host}{port}{value.path or ''}"  # user, password and query may be secrets
    if isinstance(value, SecretStr):
        return SECRET
    if isinstance(value, BaseModel):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
