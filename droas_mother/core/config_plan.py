"""What follows from a configuration: what a running child can take over, and what must be kept secret."""

from pydantic import SecretStr

from droas_common.settings import BotSettings
from droas_common.wire.calls import Json
from droas_mother.core.settings import Configuration

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


def secrets_of(configuration: Configuration) -> list[str]:
    """Give every secret of a configuration, for the redactor."""
    mother = configuration.mother
    found: list[SecretStr | None] = [mother.control_bot.discord_token, mother.storage.url]
    for bot in configuration.bots.values():
        found += [bot.discord_token, bot.llm_config.api_key]
    return [secret.get_secret_value() for secret in found if secret is not None]
