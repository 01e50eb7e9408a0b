"""How tools may be called and what they may do: `economy`, `tools` and `audit` of `droas.yaml`.

Each field's meaning, unit and default stand here and nowhere else.
"""

from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from droas_common.settings import StrictModel

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


class CacheSettings(StrictModel):
    """Where results of read-only tools are kept for a while."""

    url: SecretStr = Field(description="Redis: redis://host:6379/0, rediss://… or unix:///path.")
    ttl_s: float = Field(default=60, gt=0, le=86_400, description="Seconds for which a result is kept.")


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
        description="Calls that may wait, of ordinary size; further ones are told to come back.",
    )
    provenance: Literal["require", "off"] = Field(
        default="require",
        description=(
            "Whether a bot's call that changes something is refused unless the mother has herself seen the "
            "message of that member in that group. Only asked when the protecting bot is connected."
        ),
    )
    cache: CacheSettings | None = Field(
        default=None, description="A cache in Redis (needs the extra droas[redis]); default: none."
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
