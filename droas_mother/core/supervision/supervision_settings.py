"""How children are kept: `supervision` of `droas.yaml`.

Each field's meaning, unit and default stand here and nowhere else.
"""

from pydantic import Field

from droas_common.settings import StrictModel


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
        default=5.5,
        ge=0,
        le=60,
        description=(
            "Seconds between two IDENTIFYs of one token; Discord takes one in five (max_concurrency), and one may be "
            "on its way for longer than the next."
        ),
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
    def drain_grace_s(self) -> float:
        """Give what a child takes for answers in flight: it must be done before the mother loses patience."""
        return self.stop_grace_s * 0.7

    @property
    def lease_s(self) -> float:
        """Give the lease that holds."""
        if self.orphan_lease_s is not None:
            return self.orphan_lease_s
        return 60.0 if self.live_restore else 0.0
