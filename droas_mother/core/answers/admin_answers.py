"""What the admin interface answers, as values; docs/openapi.json is generated from their types.

Fields are added, never renamed or given another meaning: scripts of operators read them.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from droas_common.wire.calls import Json
from droas_common.wire.records import LogRecord
from droas_mother.core.supervision.events import Commanded, ConfigChanged, Missed, StateChanged
from droas_mother.core.supervision.lifecycle import State


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One JSON object."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request carries; unknown names are refused: a slip in `dry_run` must not be taken for its absence."""


Store = Annotated[str, Meta(description="why nothing can be written down; empty when it can")]


class Refusal(Answer, frozen=True):
    """Why something was not done."""

    error: Annotated[str, Meta(description="what happened and what to do, for a person")]


class Health(Answer, frozen=True):
    """Whether the mother herself is well."""

    status: Literal["ok", "unwell"]
    problems: Annotated[list[str], Meta(description="what is wrong with her, in words")]
    pid: int
    uptime_s: float
    store: Store = ""


class Readiness(Answer, frozen=True):
    """Whether every wanted bot and the protection are ready."""

    ready: bool
    waiting_for: Annotated[
        dict[str, str],
        Meta(description="who is not ready yet, and its state; `store`: why nothing can be written"),
    ]
    problems: Annotated[list[str], Meta(description="faults of the mother and of the configuration")]


class BotReport(Answer, frozen=True):
    """How one bot is."""

    name: str
    state: State
    wanted: Annotated[bool, Meta(description="whether it shall run; false after `stop`")]
    pid: int | None
    life: Annotated[int | None, Meta(description="number of its present process, counted up")]
    uptime_s: float | None
    restarts: Annotated[int, Meta(description="since the mother started")]
    crashes_in_a_row: int
    last_exit: Annotated[str | None, Meta(description="how its last process ended, in words")]
    last_exit_unix_s: float | None
    next_start_unix_s: Annotated[
        float | None, Meta(description="when it is tried again; null when nothing waits")
    ]
    reason: Annotated[str, Meta(description="why it is not as it should be, in words; empty when it is")]
    gateway: Annotated[str | None, Meta(description="how it stands with Discord")]
    gateway_latency_ms: float | None
    gateway_ack_age_s: Annotated[
        float | None, Meta(description="seconds since Discord last acknowledged a heartbeat")
    ]
    loop_lag_ms: Annotated[
        float | None, Meta(description="how late its event loop woke for its last heartbeat")
    ]
    answered: Annotated[int | None, Meta(description="messages answered by the present process")]
    failed: Annotated[int | None, Meta(description="messages that it could not answer")]
    in_flight: Annotated[int | None, Meta(description="answers being written now")]
    model_ok: Annotated[bool | None, Meta(description="whether the last request to its model succeeded")]
    config_revision: Annotated[int | None, Meta(description="the configuration that it runs")]
    pss_mib: Annotated[float | None, Meta(description="its share of memory, in MiB")]
    cpu_percent: Annotated[float | None, Meta(description="of one core, since the last look")]
    open_files: Annotated[int | None, Meta(description="open descriptors of its process")]
    threads: int | None
    guilds: Annotated[list[str], Meta(description="ids of the groups that it is in")]
    protection_level: str


class ExitReport(Answer, frozen=True):
    """How one process of a bot ended."""

    at: Annotated[float, Meta(description="unix seconds")]
    words: Annotated[str, Meta(description="the cause, for a person")]
    code: Annotated[int | None, Meta(description="negative for a signal; null when nobody could learn it")]
    lived_s: float


class BudgetReport(Answer, frozen=True):
    """How often a token has identified, and may."""

    spent: Annotated[int, Meta(description="IDENTIFYs of the last 24 hours")]
    most: Annotated[int, Meta(description="how many are allowed within 24 hours")]
    discord_remaining: Annotated[
        int | None, Meta(description="what Discord says is left; null before it has said")
    ]


class BotDetails(BotReport, frozen=True):
    """Everything about one bot."""

    last_stacks: Annotated[
        str, Meta(description="where its threads stood when it last hung, or why it could not tell")
    ]
    exits: Annotated[list[ExitReport], Meta(description="its last ends, oldest first, ten at most")]
    adopted: Annotated[bool | None, Meta(description="whether its process was started by an earlier mother")]
    identifies: BudgetReport
    model: Annotated[str, Meta(description="its language model's address")]
    tools: list[str]
    settings: Annotated[Json, Meta(description="its numbers: history, rounds of tools, parallel answers")]
    limits: Annotated[Json, Meta(description="how it is supervised; `supervision` in droas.yaml")]


class MotherReport(Answer, frozen=True):
    """What the mother herself uses."""

    pid: int
    uptime_s: float
    loop_lag_ms: float
    pss_mib: float | None
    cpu_percent: float | None


class BotList(Answer, frozen=True):
    """All bots and the mother."""

    bots: list[BotReport]
    protection: Annotated[str, Meta(description='state of the protecting bot; "off" without one')]
    problems: Annotated[list[str], Meta(description="bots that are not configured, and why")]
    mother_pid: int
    mother: MotherReport
    protection_why: Annotated[
        str, Meta(description="why the protecting bot is not ready, where that is known")
    ] = ""
    configuration: Annotated[
        list[str],
        Meta(description="what should be known of its files, in words; empty when they are in force"),
    ] = []
    store: Store = ""


class CommandAnswer(Answer, frozen=True):
    """What came of a command."""

    bot: BotReport
    reached: Annotated[bool | None, Meta(description="whether its state was reached; null without wait_s")]
    life_before: Annotated[
        int | None, Meta(description="its process when it was commanded; null without one")
    ]


class LogPage(Answer, frozen=True):
    """The newest log records, oldest first."""

    records: list[LogRecord]


class EventPage(Answer, frozen=True):
    """What happened, oldest first."""

    events: list[StateChanged | Commanded | ConfigChanged | Missed]


class AuditRow(Answer, frozen=True):
    """One decision."""

    seq: int
    at_us: Annotated[int, Meta(description="unix microseconds")]
    kind: Literal["tool", "protection", "command"]
    caller: Annotated[str, Meta(description="who asked: bot:helper, rule:flood, uid:1000")]
    action: str
    outcome: str
    guild_id: str | None
    user_id: str | None
    message_id: str | None
    key: Annotated[str | None, Meta(description="the idempotency key")]
    digest: Annotated[str | None, Meta(description="hash of action and arguments")]
    arguments: Annotated[str, Meta(description="JSON text, secrets masked")]
    result: Annotated[
        str,
        Meta(
            description="JSON text of what the caller was told; secrets masked but in the person's own export"
        ),
    ]
    result_bytes: int
    trace_id: str | None
    duration_us: int


class AuditPage(Answer, frozen=True):
    """The newest decisions, oldest first."""

    records: list[AuditRow]
