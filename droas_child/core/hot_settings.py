"""What a bot takes over while it runs."""

from pydantic import ValidationError

from droas_common.errors import ConfigurationError
from droas_common.settings import HOT, HOT_OF_MODEL, BotSettings, LlmSettings
from droas_common.wire.calls import Json


def with_hot(settings: BotSettings, hot: Json) -> BotSettings:
    """Give the settings with those changes that a running bot can take over.

    Raises:
        ConfigurationError: a value is not allowed; the text names the setting, never its value.
    """
    present = {name: getattr(settings, name) for name in BotSettings.model_fields}
    wanted = {name: value for name, value in hot.items() if name in HOT}
    try:
        if isinstance(model := hot.get("llm_config"), dict):
            wanted["llm_config"] = _with_hot_model(settings.llm_config, model)
        return BotSettings.model_validate(present | wanted)
    except ValidationError as error:
        wrong = ", ".join(str(fault["loc"][0]) for fault in error.errors(include_input=False) if fault["loc"])
        raise ConfigurationError(f"settings that cannot be used: {wrong}") from error


def _with_hot_model(settings: LlmSettings, hot: Json) -> LlmSettings:
    present = {name: getattr(settings, name) for name in LlmSettings.model_fields}
    return LlmSettings.model_validate(
        present | {name: value for name, value in hot.items() if name in HOT_OF_MODEL}
    )
