"""The mother's settings: what `droas.yaml` may say.

Each field's meaning, unit and default stand here and nowhere else.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from droas_common.ids import BotName
from droas_common.settings import BotSettings, DiscordSettings, ProtectionLevel, StrictModel


class ControlBotSettings(StrictModel):
    """The mother's own Discord bot, which sees the groups' messages and protects them."""

    discord_token: SecretStr | None = Field(
        default=None, description="Token of the protecting bot; without it the groups are not protected."
    )


class LimitSettings(StrictModel):
    """How much one bot's process may use; `null` means without limit."""

    memory_soft_mib: int | None = Field(
        default=256,
        ge=16,
        description="Share of memory (PSS, MiB) beyond which a bot is restarted in good order.",
    )
    memory_hard_mib: int | None = Field(
        default=512, ge=16, description="Share of memory (PSS, MiB) beyond which it is killed and restarted."
    )
    files_soft: int | None = Field(
        default=400, ge=32, description="Open descriptors beyond which a bot is restarted in good order."
    )
    files_hard: int | None = Field(
        default=900, ge=32, description="Open descriptors beyond which it is killed and restarted."
    )
    threads_soft: int | None = Field(
        default=64, ge=8, description="Threads beyond which a bot is restarted in good order."
    )
    threads_hard: int | None = Field(
        default=256, ge=8, description="Threads beyond which it is killed and restarted."
    )


class SupervisionSettings(StrictModel):
    """How the children are kept alive."""

    heartbeat_interval_s: float = Field(default=0.5, gt=0, le=60, description="Seconds between heartbeats.")
    heartbeat_timeout_s: float = Field(
        default=3.0, gt=0, le=600, description="Silence after which a child counts as hung and is replaced."
    )
    startup_timeout_s: float = Field(
        default=20, gt=0, le=600, description="Seconds until a new child must register."
    )
    stop_grace_s: float = Field(
        default=8, ge=0, le=600, description="Seconds for answers in flight, from SIGTERM to SIGKILL."
    )
    busy_timeout_s: float = Field(
        default=60,
        gt=0,
        le=3600,
        description="Seconds of a whole core in use, after which a child is replaced.",
    )
    backoff_first_s: float = Field(
        default=1,
        gt=0,
        le=600,
        description="Wait after the second crash in a row; the first restart is at once.",
    )
    backoff_cap_s: float = Field(default=300, gt=0, le=3600, description="Longest wait between two starts.")
    stable_after_s: float = Field(default=60, gt=0, description="A life this long ends the row of crashes.")
    max_starts: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="Most starts of one bot within `starts_window_s` after crashes.",
    )
    starts_window_s: float = Field(
        default=600, gt=0, le=86_400, description="Window of `max_starts`, in seconds."
    )
    same_crash_limit: int = Field(
        default=3,
        ge=2,
        le=100,
        description="From so many crashes with the same traceback in a row on, the longest wait holds.",
    )
    identifies_per_day: int = Field(
        default=500,
        ge=1,
        le=500,
        description="Most IDENTIFYs of one bot in 24 hours; Discord resets the token of a bot that sends 1,000.",
    )
    identify_spacing_s: float = Field(
        default=5,
        ge=0,
        le=60,
        description="Seconds between two IDENTIFYs of one token; Discord takes one in five (max_concurrency).",
    )
    probe_interval_s: float = Field(
        default=2, gt=0, le=60, description="Seconds between two looks at a child's use."
    )
    limits: LimitSettings = LimitSettings()
    live_restore: bool = Field(
        default=False,
        description="Whether bots go on without the mother, and a new one takes them over.",
    )
    orphan_lease_s: float | None = Field(
        default=None,
        ge=0,
        le=3600,
        description=(
            "Seconds that a bot goes on when the mother is gone; then it leaves Discord in good order. 0: the "
            "kernel ends it in the same instant, even one that hangs. Default: 0, with live_restore 60."
        ),
    )

    @property
    def lease_s(self) -> float:
        """Give the lease that holds."""
        if self.orphan_lease_s is not None:
            return self.orphan_lease_s
        return 60.0 if self.live_restore else 0.0


CurrencyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


class EconomySettings(StrictModel):
    """The coins of each group."""

    currencies: tuple[CurrencyName, ...] = Field(
        default=("coins",),
        min_length=1,
        max_length=16,
        description="Currencies of every group; the first one is meant when none is named.",
    )
    guild_currencies: dict[str, tuple[CurrencyName, ...]] = Field(
        default={}, max_length=1000, description="Currencies of single groups, by the group's id, instead."
    )
    opening_balance: int = Field(
        default=100, ge=0, le=10**9, description="Coins that a new account is given."
    )
    daily_amount: int = Field(
        default=20, ge=0, le=10**9, description="Coins that a member may take once a day (UTC)."
    )
    transfer_limit: int = Field(default=10_000, gt=0, le=10**12, description="Most coins of one transfer.")
    award_limit: int = Field(default=1_000, gt=0, le=10**12, description="Most coins of one award.")
    user_daily_limit: int = Field(
        default=50_000, gt=0, le=10**12, description="Most coins that one member gives away in a day (UTC)."
    )
    guild_daily_limit: int = Field(
        default=1_000_000,
        gt=0,
        le=10**12,
        description="Most coins that change hands, or are awarded, in one group in a day (UTC).",
    )
    hold_limit_s: int = Field(
        default=86_400,
        ge=1,
        le=30 * 86_400,
        description="Longest time for which coins can be set aside, in seconds.",
    )

    def currencies_of(self, guild_id: str) -> tuple[str, ...]:
        """Give the currencies of a group, the usual one first."""
        return self.guild_currencies.get(guild_id, self.currencies)


class RateSettings(StrictModel):
    """How often something may be done."""

    per_s: float = Field(gt=0, le=100_000, description="Calls that come back each second.")
    burst: int = Field(ge=1, le=100_000, description="Calls that may be made at once.")


class ToolSettings(StrictModel):
    """How tools may be called."""

    caller_rate: RateSettings = Field(
        default=RateSettings(per_s=3_000, burst=6_000), description="Of one caller: a bot or a client."
    )
    actor_rate: RateSettings = Field(
        default=RateSettings(per_s=5, burst=40), description="Of one member, over all callers that are bots."
    )
    tool_rates: dict[str, RateSettings] = Field(
        default={}, max_length=100, description="Of one member and one tool, by the tool's name."
    )
    max_waiting: int = Field(
        default=4_096,
        ge=16,
        le=100_000,
        description="Calls that may wait; further ones are told to come back.",
    )
    provenance: Literal["require", "off"] = Field(
        default="require",
        description=(
            "Whether a bot's call that changes something is refused unless the mother has herself seen the "
            "message of that member in that group. Only asked when the protecting bot is connected."
        ),
    )
    provenance_s: float = Field(
        default=600, gt=0, le=86_400, description="Seconds for which a message that was seen proves a call."
    )


class AuditSettings(StrictModel):
    """How long decisions are kept."""

    retention_days: int | None = Field(
        default=None,
        ge=7,
        le=36_500,
        description=(
            "Days after which decisions are dropped, with the idempotency keys in them; default: never."
        ),
    )


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
    runtime_dir: Path = Field(
        default=Path("run"),
        description="Folder of the sockets and locks, mode 0700; relative to the working folder.",
    )
    data_dir: Path = Field(
        default=Path("data"), description="Folder of the database, mode 0700; relative to the working folder."
    )
    max_bots: int = Field(default=10, ge=0, le=100, description="Most bots that one mother runs.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library calls with all five
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a .env file is the shell's matter
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the environment above the file, which arrives as the init values."""
        return env_settings, init_settings

    @classmethod
    def from_file(cls, values: dict[str, Any]) -> "MotherSettings":
        """Validate what a file says, under the environment; raises pydantic.ValidationError."""
        return cls(**values)


class BotFile(StrictModel):
    """A bot's file: one key, under which everything stands."""

    bot_config: BotSettings


class Configuration(StrictModel):
    """The whole configuration as one value."""

    mother: MotherSettings
    bots: dict[BotName, BotSettings]
    problems: tuple[str, ...] = ()
    """Faults of single bots' files; those bots are not started, the others are."""
