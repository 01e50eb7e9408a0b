"""The mother's settings: what `droas.yaml` may say.

Each field's meaning, unit and default stand here and nowhere else.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from droas_common.ids import BotName
from droas_common.settings import (
    BotSettings,
    DiscordSettings,
    PolicyName,
    ProtectionLevel,
    StrictModel,
)
from droas_mother.core.configuration.diagnosis import Diagnosis
from droas_mother.core.protection.policy_settings import PolicySettings
from droas_mother.core.reloading.reload_settings import RolloutSettings
from droas_mother.core.supervision.supervision_settings import SupervisionSettings
from droas_mother.core.tools.tool_settings import AuditSettings, EconomySettings, ToolSettings


class ControlBotSettings(StrictModel):
    """The mother's own Discord bot, which sees the groups' messages and protects them."""

    discord_token: SecretStr | None = Field(
        default=None, description="Token of the protecting bot; without it the groups are not protected."
    )


SERVED_DATABASES = ("sqlite", "postgresql")
"""Kinds of databases, as their addresses begin."""


class StorageSettings(StrictModel):
    """Where accounts and the audit are kept."""

    url: SecretStr | None = Field(
        default=None,
        description="SQLAlchemy URL (sqlite:///… or postgresql+psycopg://…); default: droas.db in the data folder.",
    )


class HttpSettings(StrictModel):
    """The health and metrics interface over TCP."""

    host: Literal["127.0.0.1", "::1", "0.0.0.0", "::"] = Field(
        default="127.0.0.1", description="Address to listen on."
    )
    port: int = Field(default=8787, ge=0, le=65_535, description="Port; 0 takes a free one.")


class ProtectionSettings(StrictModel):
    """What the mother's rules look for, beside what the level decides."""

    level: ProtectionLevel = Field(
        default=ProtectionLevel.MEDIUM, description="Level of groups in which none of the bots is."
    )
    policy: PolicyName | None = Field(
        default=None,
        description="Named policy (a file in protection/) of those groups, in place of the level.",
    )
    guild_policies: dict[str, PolicyName] = Field(
        default={},
        max_length=1000,
        description="Named policies of single groups, by the group's id; they stand above those of bots.",
    )
    keywords: tuple[str, ...] = Field(
        default=(),
        max_length=1000,
        description="Words and phrases that are not allowed; whole words, any case.",
    )
    allowed_invites: tuple[str, ...] = Field(
        default=(), max_length=200, description="Invite codes that may be posted, as after discord.gg/."
    )
    exempt_roles: tuple[str, ...] = Field(
        default=(), max_length=100, description="Ids of roles whose members are never acted on."
    )


class LogSettings(StrictModel):
    """What is logged and where."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least level written."
    )
    file: Path | None = Field(
        default=None, description="JSON lines are also written here, rotated at 20 MB, five kept."
    )


class MotherSettings(BaseSettings):
    """Everything in `droas.yaml`; `DROAS_…` variables override it (`DROAS_HTTP__PORT=9000`)."""

    model_config = SettingsConfigDict(
        env_prefix="DROAS_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    control_bot: ControlBotSettings = ControlBotSettings()
    discord: DiscordSettings = DiscordSettings()
    supervision: SupervisionSettings = SupervisionSettings()
    economy: EconomySettings = EconomySettings()
    tools: ToolSettings = ToolSettings()
    audit: AuditSettings = AuditSettings()
    storage: StorageSettings = StorageSettings()
    http: HttpSettings = HttpSettings()
    protection: ProtectionSettings = ProtectionSettings()
    log: LogSettings = LogSettings()
    rollout: RolloutSettings = RolloutSettings()
    runtime_dir: Path = Field(
        default=Path("run"),
        description=(
            "Folder of the sockets and locks, mode 0700; relative to the working folder. One mother runs in it; one "
            "in another folder knows nothing of her, and must not have the same tokens."
        ),
    )
    data_dir: Path = Field(
        default=Path("data"), description="Folder of the database, mode 0700; relative to the working folder."
    )
    max_bots: int = Field(default=10, ge=0, le=100, description="Most bots that one mother runs.")
    allow_plain_secrets: bool = Field(
        default=False,
        description="Whether files may hold tokens and keys in clear, neither as placeholders nor encrypted.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library calls with all five
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - `variables_of` reads the environment that is given
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a .env file is the shell's matter
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given and nothing else: who calls has laid the sources over one another."""
        return (init_settings,)

    @classmethod
    def variables_of(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        """Give what the DROAS_ variables of an environment say, in the shape of the file.

        Raises:
            pydantic_settings.exceptions.SettingsError: a variable for a list or a mapping is not JSON.
        """
        source = EnvSettingsSource(cls)
        source.env_vars = {name.lower(): value for name, value in environment.items()}
        return source()

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> "MotherSettings":
        """Validate what file, variables and arguments say together; raises pydantic.ValidationError."""
        return cls(**values)


class BotFile(StrictModel):
    """A bot's file: one key, under which everything stands."""

    bot_config: BotSettings


class Configuration(StrictModel):
    """The whole configuration as one value."""

    mother: MotherSettings
    bots: dict[BotName, BotSettings]
    policies: dict[str, PolicySettings] = Field(default={})
    """Named policies, by the names of their files."""
    problems: tuple[Diagnosis, ...] = ()
    """Faults that stop single bots; those are not started, the others are."""
