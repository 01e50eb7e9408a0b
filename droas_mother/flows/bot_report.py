"""What is told of a bot; the one place that reads a keeper for the admin interface."""

import time
from collections.abc import Sequence

from droas_mother.core.admin_answers import BotDetails, BotReport, ExitReport
from droas_mother.core.events import StateChanged
from droas_mother.core.lifecycle import State
from droas_mother.core.restarts import Exit
from droas_mother.core.settings import SupervisionSettings
from droas_mother.flows.bot_keeper import BotKeeper
from droas_mother.ports import UsageFigures

_NUMBERS = ("history_messages", "max_tool_rounds", "max_parallel_answers", "max_waiting_questions")


def describe(keeper: BotKeeper, usage: UsageFigures | None, exits: Sequence[ExitReport] = ()) -> BotReport:
    """Say how one bot is.

    Args:
        keeper: keeps it.
        usage: what its process used at the last look.
        exits: its last ends, oldest first.
    """
    life = keeper.life
    beat = life.beat if life else None
    return BotReport(
        name=keeper.name,
        state=keeper.state,
        wanted=keeper.wanted,
        pid=life.child.pid if life else None,
        life=life.incarnation if life else None,
        uptime_s=round(time.monotonic() - life.child.started_at, 1) if life else None,
        restarts=keeper.restarts,
        crashes_in_a_row=keeper.crashes,
        last_exit=keeper.last_exit.words if keeper.last_exit else None,
        last_exit_unix_s=exits[-1].at if exits else None,
        next_start_unix_s=keeper.next_start_at,
        reason=keeper.reason,
        gateway=beat.gateway.value if beat else None,
        gateway_latency_ms=beat.gateway_latency_ms if beat else None,
        loop_lag_ms=beat.loop_lag_ms if beat else None,
        answered=beat.answered if beat else None,
        failed=beat.failed if beat else None,
        in_flight=beat.in_flight if beat else None,
        model_ok=beat.model_ok if beat else None,
        config_revision=beat.config_revision if beat else None,
        pss_mib=round(usage.pss_bytes / 2**20, 1) if usage else None,
        cpu_percent=usage.cpu_percent if usage else None,
        guilds=sorted(keeper.guilds),
        protection_level=keeper.settings.protection_level.value,
    )


def details(
    keeper: BotKeeper,
    usage: UsageFigures | None,
    exits: Sequence[ExitReport],
    *,
    identifies_left: int,
    supervision: SupervisionSettings,
) -> BotDetails:
    """Tell everything about one bot; no secret is in it."""
    report = describe(keeper, usage, exits)
    settings = keeper.settings
    return BotDetails(
        **{field: getattr(report, field) for field in report.__struct_fields__},
        last_stacks=keeper.last_exit.stacks if keeper.last_exit else "",
        exits=list(exits),
        identifies_left=identifies_left,
        model=_address(str(settings.llm_config.base_url)),
        tools=list(settings.tools),
        settings={key: getattr(settings, key) for key in _NUMBERS},
        limits=supervision.model_dump(mode="json"),
    )


def change_of(keeper: BotKeeper, *, id: int, at: float, before: str | None) -> StateChanged:  # noqa: A002 - the field's name
    """Tell a change of state as an event."""
    return StateChanged(
        id=id,
        at=round(at, 3),
        bot=keeper.name,
        state=keeper.state,
        before=State(before) if before else None,
        pid=keeper.life.child.pid if keeper.life else None,
        life=keeper.life.incarnation if keeper.life else None,
        reason=keeper.reason,
        last_exit=keeper.last_exit.words if keeper.last_exit else None,
        next_start_unix_s=keeper.next_start_at,
    )


def exit_of(keeper: BotKeeper, *, at: float) -> tuple[Exit, ExitReport] | None:
    """Give the end of a bot's last process and what is told of it; None before the first."""
    ended = keeper.last_exit
    if ended is None:
        return None
    told = ExitReport(at=round(at, 3), words=ended.words, code=ended.code, lived_s=round(ended.lived_s, 1))
    return ended, told


def life_of(keeper: BotKeeper) -> int | None:
    """Give the number of a bot's present process."""
    return keeper.life.incarnation if keeper.life else None


def pid_of(keeper: BotKeeper) -> int | None:
    """Give the pid of a bot's present process."""
    return keeper.life.child.pid if keeper.life else None


def _address(url: str) -> str:
    """Give an address without what may be a secret: user, password, query."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"
