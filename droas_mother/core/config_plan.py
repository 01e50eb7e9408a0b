"""What follows from a configuration: what a running child can take over, and what must be kept secret."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, SecretStr

from droas_common.settings import BotSettings
from droas_common.wire.calls import Json
from droas_mother.core.settings import Configuration, MotherSettings

FIRST_REVISION = 1


def hot_settings(bot: BotSettings, revision: int = FIRST_REVISION) -> Json:
    """Give what a running child can take over without a restart."""
    return {
        "revision": revision,
        "system_prompt": bot.system_prompt,
        "protection_level": bot.protection_level.value,
        "history_messages": bot.history_messages,
        "max_tool_rounds": bot.max_tool_rounds,
    }


_HOT = frozenset(
    {"system_prompt", "protection_level", "protection_policy", "history_messages", "max_tool_rounds"}
)


def restart_digest(bot: BotSettings, mother: MotherSettings) -> str:
    """Name everything that a child of this bot was started with and that only a restart changes.

    Two configurations with the same digest can be served by the same process. The digest gives no secret
    away: tokens and keys are long and random.
    """
    told = {
        "bot": _revealed(bot.model_dump(exclude=set(_HOT))),
        "discord": mother.discord.model_dump(mode="json"),
        "heartbeat_interval_s": mother.supervision.heartbeat_interval_s,
        "lease_s": mother.supervision.lease_s,
        "log_level": mother.log.level,
    }
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


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
