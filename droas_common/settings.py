"""The settings of one bot: what its file says, validated.

Each field's meaning, unit and default stand here and nowhere else.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, SecretStr, StringConstraints

HttpBase = Annotated[
    HttpUrl, Field(description="an http:// or https:// address without a trailing path of a call")
]
PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
ToolName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*(\.\*)?$|^\*$", max_length=64)
]

HOT = frozenset(
    {
        "system_prompt",
        "protection_level",
        "history_messages",
        "max_tool_rounds",
        "max_parallel_answers",
        "max_waiting_questions",
    }
)
"""Settings of a bot that a running process takes over, for its next answer; all others need a new one."""

HOT_OF_MODEL = frozenset({"model", "temperature", "max_tokens", "first_token_timeout_s", "idle_timeout_s"})
"""The same of its `llm_config`; address and key belong to the process."""


class StrictModel(BaseModel):
    """Settings are values: unknown keys are refused, nothing changes after reading, inputs are never echoed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class ProtectionLevel(StrEnum):
    """How strictly the mother protects the groups of a bot."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class LlmSettings(StrictModel):
    """An OpenAI-compatible language model service."""

    base_url: HttpBase = Field(description="Base of the service, up to and including /v1.")
    api_key: SecretStr = Field(description="Sent as `Authorization: Bearer …`; any text for a local server.")
    model: str | None = Field(
        default=None, max_length=200, description="Model name; when absent, the first that the service lists."
    )
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="Sampling temperature; when absent, the service's own."
    )
    max_tokens: int = Field(default=800, ge=1, le=32_000, description="Most tokens of one answer.")
    connect_timeout_s: float = Field(default=5, gt=0, le=60, description="Seconds to reach the service.")
    first_token_timeout_s: float = Field(
        default=20, gt=0, le=300, description="Seconds until the answer begins."
    )
    idle_timeout_s: float = Field(
        default=15, gt=0, le=300, description="Seconds between two pieces of an answer."
    )
    total_timeout_s: float = Field(default=90, gt=0, le=900, description="Seconds for one whole request.")


class BotSettings(StrictModel):
    """One bot: everything under `bot_config` in its file."""

    discord_token: SecretStr = Field(description="The bot's token, as Discord's developer portal shows it.")
    llm_config: LlmSettings
    system_prompt: str = Field(
        default="You are a helpful assistant in a Discord community. Answer briefly and kindly.",
        max_length=20_000,
        description="What the model is told before every conversation.",
    )
    protection_level: ProtectionLevel = Field(
        default=ProtectionLevel.MEDIUM, description="Strictness of the mother's rules in this bot's groups."
    )
    protection_policy: PolicyName | None = Field(
        default=None,
        description="Named policy (a file in protection/) of this bot's groups, in place of the level.",
    )
    tools: tuple[ToolName, ...] = Field(
        default=("economy.balance", "users.profile"),
        max_length=64,
        description="Tools that this bot may call; `economy.*` means all of economy. The default only reads.",
    )
    history_messages: int = Field(
        default=20, ge=0, le=100, description="Earlier messages shown to the model."
    )
    max_tool_rounds: int = Field(default=4, ge=0, le=16, description="Rounds of tool calls in one answer.")
    max_parallel_answers: int = Field(default=8, ge=1, le=64, description="Answers written at one time.")
    max_waiting_questions: int = Field(
        default=32, ge=0, le=1000, description="Questions that may wait; further ones are told to come back."
    )


class DiscordSettings(StrictModel):
    """Where Discord is; another address serves proxies and compatible servers."""

    api_base: HttpBase = Field(
        default=HttpUrl("https://discord.com/api/v10"),
        description="Base of Discord's REST interface, with version.",
    )
    guild_ready_timeout_s: float = Field(
        default=0.1,
        gt=0,
        le=10,
        description="Quiet seconds after the last group arrived until the bot counts as ready.",
    )

    @property
    def rest_base(self) -> str:
        """Give the base without a trailing slash, as the client wants it."""
        return str(self.api_base).rstrip("/")


class Endpoints(StrictModel):
    """Where the mother's sockets are, as ZeroMQ addresses."""

    tools: str
    events: str
    health: str
    logs: str


class CurveKeys(StrictModel):
    """The CURVE keys of one connection's client side, Z85 text; fresh for every start of a child."""

    public_key: str
    secret_key: SecretStr
    server_key: str


class ChildSettings(StrictModel):
    """Everything that one child process is started with; travels over an inherited pipe only."""

    name: str
    incarnation: int = 0
    bot: BotSettings
    discord: DiscordSettings
    endpoints: Endpoints
    keys: CurveKeys
    lock_path: str = Field(
        description="File that the child locks for its life: a token is never online twice."
    )
    stacks_path: str | None = Field(
        default=None, description="File into which the child writes its stacks when it is sent SIGUSR1."
    )
    beacon_path: str = Field(default="", description="File by which the mother is found and known to live.")
    digest: str = Field(
        default="", description="Names the settings that only a restart changes, for a later mother."
    )
    live_restore: bool = Field(default=False, description="Whether a later mother may take this child over.")
    orphan_lease_s: float = Field(
        default=0,
        ge=0,
        description="Seconds to go on when the mother is gone; 0: the kernel ends it at once.",
    )
    heartbeat_interval_s: float = Field(default=0.5, gt=0, le=60)
    config_revision: int = 0
    identify_allowance: int = Field(
        default=500, ge=0, description="IDENTIFYs that this life may send before it must ask the mother."
    )
    identify_after_s: float = Field(
        default=0, ge=0, description="Seconds until Discord takes the first of them."
    )
    drain_grace_s: float = Field(
        default=5, ge=0, le=300, description="Seconds for answers in flight when stopping."
    )
    log_level: str = "INFO"
