"""What is told of a bot; the one place that reads a keeper for the admin interface."""

import time

from droas_mother.core.answers.admin_answers import BotDetails, BotReport, BudgetReport, ExitReport
from droas_mother.core.supervision.bot import Bot
from droas_mother.core.supervision.events import StateChanged
from droas_mother.core.supervision.keeping import condition
from droas_mother.core.supervision.lifecycle import State
from droas_mother.core.supervision.restarts import Exit
from droas_mother.core.supervision.supervision_settings import SupervisionSettings
from droas_mother.flows.supervision.bot_keeper import BotKeeper

_NUMBERS = ("history_messages", "max_tool_rounds", "max_parallel_answers", "max_waiting_questions")


def describe(keeper: BotKeeper) -> BotReport:
    """Say how one bot is."""
    bot, now = keeper.bot, time.monotonic()
    life = bot.life
    beat, usage = (life.beat, life.usage) if life else (None, None)
    ended = bot.exits[0] if bot.exits else None
    return BotReport(
        name=bot.name,
        state=bot.state,
        wanted=bot.wanted,
        pid=life.pid if life else None,
        life=life.incarnation if life else None,
        uptime_s=round(now - life.started_at, 1) if life else None,
        restarts=bot.restarts,
        crashes_in_a_row=bot.row.crashes,
        last_exit=ended.words if ended else None,
        last_exit_unix_s=round(ended.at_unix_s, 3) if ended else None,
        next_start_unix_s=_next_start_unix_s(bot, now),
        reason=condition(bot, keeper.rules, now=now) or bot.reason,
        gateway=beat.gateway.value if beat else None,
        gateway_latency_ms=beat.gateway_latency_ms if beat else None,
        gateway_ack_age_s=beat.gateway_ack_age_s if beat else None,
        loop_lag_ms=beat.loop_lag_ms if beat else None,
        answered=beat.answered if beat else None,
        failed=beat.failed if beat else None,
        in_flight=beat.in_flight if beat else None,
        model_ok=beat.model_ok if beat else None,
        config_revision=beat.config_revision if beat else None,
        pss_mib=round(usage.pss_bytes / 2**20, 1) if usage else None,
        cpu_percent=usage.cpu_percent if usage else None,
        open_files=usage.open_files if usage else None,
        threads=usage.threads if usage else None,
        guilds=sorted(bot.guilds),
        protection_level=keeper.settings.protection_level.value,
    )


def details(keeper: BotKeeper, *, identifies: BudgetReport, supervision: SupervisionSettings) -> BotDetails:
    """Tell everything about one bot; no secret is in it."""
    report, bot, settings = describe(keeper), keeper.bot, keeper.settings
    return BotDetails(
        **{field: getattr(report, field) for field in report.__struct_fields__},
        adopted=bot.life.adopted if bot.life else None,
        last_stacks=next((ended.stacks for ended in bot.exits if ended.stacks), ""),
        exits=[_told(ended) for ended in reversed(bot.exits)],
        identifies=identifies,
        model=_address(str(settings.llm_config.base_url)),
        tools=list(settings.tools),
        settings={key: getattr(settings, key) for key in _NUMBERS},
        limits=supervision.model_dump(mode="json"),
    )


def change_of(keeper: BotKeeper, *, id: int, at: float, before: str | None) -> StateChanged:  # noqa: A002 - the field's name
    """Tell a change of state as an event."""
    bot = keeper.bot
    return StateChanged(
        id=id,
        at=round(at, 3),
        bot=bot.name,
        state=bot.state,
        before=State(before) if before else None,
        pid=bot.life.pid if bot.life else None,
        life=bot.life.incarnation if bot.life else None,
        reason=bot.reason,
        last_exit=bot.exits[0].words if bot.exits else None,
        next_start_unix_s=_next_start_unix_s(bot, time.monotonic()),
    )


def life_of(keeper: BotKeeper) -> int | None:
    """Give the number of a bot's present process."""
    return keeper.bot.life.incarnation if keeper.bot.life else None


def _next_start_unix_s(bot: Bot, now: float) -> float | None:
    """Give when a bot that waits is tried again."""
    return round(time.time() + bot.start_at - now, 3) if bot.start_at is not None else None


def _told(ended: Exit) -> ExitReport:
    return ExitReport(
        at=round(ended.at_unix_s, 3), words=ended.words, code=ended.code, lived_s=round(ended.lived_s, 1)
    )


def _address(url: str) -> str:
    """Give an address without what may be a secret: user, password, query."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"
