"""From the configuration that runs to another one: the smallest steps that lead there.

`plan` says what must be done, `after` what runs when it is done. A running bot takes over its prompt and its
limits; its token, its model and its numbers of threads need a new process, of that bot alone. Settings of the
mother herself are taken over where that is possible; the others wait for her restart, and are named.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

from droas_common.ids import BotName
from droas_common.settings import HOT, HOT_OF_MODEL, BotSettings
from droas_common.wire.calls import Json
from droas_mother.core.reloading.config_diff import Change, differences
from droas_mother.core.settings import Configuration, MotherSettings

FIRST_REVISION = 1

_MOTHERS = frozenset({"tools", "protection_policy"})
"""Settings of a bot at which only the mother looks."""

_LIVE_SECTIONS = frozenset(
    {
        "protection",
        "economy",
        "tools",
        "audit",
        "supervision",
        "log",
        "rollout",
        "max_bots",
        "allow_plain_secrets",
    }
)
_FIXED_INSIDE = (
    ("log", "file"),
    ("tools", "max_waiting"),
    ("tools", "cache"),
    ("supervision", "live_restore"),
    ("supervision", "orphan_lease_s"),
)
"""Settings of live sections that hold from the mother's start to her end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What must be done.

    Args:
        start: bots that are new.
        stop: bots that are configured no longer.
        restart: bots that need a new process.
        live: bots that take something over while they run.
        mother: whether the mother takes something over.
        changes: each setting that changes, masked, and what it needs.
    """

    start: frozenset[BotName] = frozenset()
    stop: frozenset[BotName] = frozenset()
    restart: frozenset[BotName] = frozenset()
    live: frozenset[BotName] = frozenset()
    mother: bool = False
    changes: tuple[Change, ...] = ()

    @property
    def touched(self) -> frozenset[BotName]:
        """Give the running bots for which something changes."""
        return self.restart | self.live


def plan(running: Configuration, wanted: Configuration, *, before: Configuration | None = None) -> Plan:
    """Say what leads from what runs to what is wanted.

    Args:
        running: what runs.
        wanted: what the files say now.
        before: what they said before, where that is not what runs, because something waits for the mother's
            restart: to take such a setting back is a change, and to leave it is none.
    """
    target = after(running, wanted)
    both = running.bots.keys() & target.bots.keys()
    restart = frozenset(
        name
        for name in both
        if restart_digest(running.bots[name], running.mother)
        != restart_digest(target.bots[name], target.mother)
    )
    live = frozenset(name for name in both - restart if _live_part(running, name) != _live_part(target, name))
    return Plan(
        start=frozenset(target.bots.keys() - running.bots.keys()),
        stop=frozenset(running.bots.keys() - target.bots.keys()),
        restart=restart,
        live=live,
        mother=(running.mother, running.policies) != (target.mother, target.policies),
        changes=differences(
            before or running, wanted, restarts=_needs_process, waits=pending(running, wanted).__contains__
        ),
    )


def after(running: Configuration, wanted: Configuration) -> Configuration:
    """Give what runs once everything is done that can be done without a restart of the mother."""
    mother = _reachable(running.mother, wanted.mother)
    return Configuration(mother=mother, bots=wanted.bots, policies=wanted.policies)


def pending(running: Configuration, wanted: Configuration) -> frozenset[str]:
    """Name the settings of the mother that differ and wait for her restart."""
    old, new = running.mother, wanted.mother
    sections = {
        name
        for name in MotherSettings.model_fields
        if name not in _LIVE_SECTIONS and getattr(old, name) != getattr(new, name)
    }
    inside = {
        f"{section}.{key}"
        for section, key in _FIXED_INSIDE
        if getattr(getattr(old, section), key) != getattr(getattr(new, section), key)
    }
    return frozenset(sections | inside)


def _reachable(running: MotherSettings, wanted: MotherSettings) -> MotherSettings:
    """Give the wanted settings, with the running ones where only a restart changes them."""
    update: dict[str, Any] = {
        name: getattr(running, name) for name in MotherSettings.model_fields if name not in _LIVE_SECTIONS
    }
    for section, key in _FIXED_INSIDE:
        values = update.get(section, getattr(wanted, section))
        update[section] = values.model_copy(update={key: getattr(getattr(running, section), key)})
    return wanted.model_copy(update=update)


def hot_settings(bot: BotSettings, mother: MotherSettings, revision: int = FIRST_REVISION) -> Json:
    """Give what a running child can take over without a restart."""
    return {
        "revision": revision,
        **bot.model_dump(mode="json", include=set(HOT)),
        "llm_config": bot.llm_config.model_dump(mode="json", include=set(HOT_OF_MODEL)),
        "log_level": mother.log.level,
        "heartbeat_interval_s": mother.supervision.heartbeat_interval_s,
        "drain_grace_s": mother.supervision.drain_grace_s,
    }


def _live_part(configuration: Configuration, name: BotName) -> Any:
    bot = configuration.bots[name]
    return hot_settings(bot, configuration.mother), bot.model_dump(include=set(_MOTHERS))


def _needs_process(setting: str) -> bool:
    """Say whether a setting of a bot needs a new process."""
    section, _, key = setting.partition(".")
    return section not in HOT | _MOTHERS and not (section == "llm_config" and key in HOT_OF_MODEL)


def restart_digest(bot: BotSettings, mother: MotherSettings) -> str:
    """Name everything that a child of this bot was started with and that only a restart changes.

    Two configurations with the same digest can be served by the same process. The digest gives no secret
    away: tokens and keys are long and random.
    """
    told = {
        "bot": _revealed(bot.model_dump(exclude=_taken_over())),
        "discord": mother.discord.model_dump(mode="json"),
        "lease_s": mother.supervision.lease_s,
    }
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _taken_over() -> dict[str, Any]:
    return {**dict.fromkeys(HOT | _MOTHERS, True), "llm_config": set(HOT_OF_MODEL)}


def _revealed(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {key: _revealed(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_revealed(one) for one in value]
    return value


def secrets_of(configuration: Configuration) -> list[str]:
    """Give every secret of a configuration, for the redactor: whatever a model declares as one."""
    return list(_secrets_in(configuration))


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, dict):
        for one in value.values():
            yield from _secrets_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _secrets_in(one)
