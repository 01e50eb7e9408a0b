"""What must be done next about one bot: what is wanted compared with what is there.

Level-triggered: the answer follows from the bot as it stands, whatever led there, so that no order of
commands, deaths and messages can leave it stuck. Whoever asks does what it says, tells the bot what came
of it, and asks again.
"""

from dataclasses import dataclass

from droas_common.backoff import Backoff
from droas_mother.core.supervision.bot import Bot, Life
from droas_mother.core.supervision.health import Judgement, Patience, Signs, Verdict, judge
from droas_mother.core.supervision.lifecycle import Event, State
from droas_mother.core.supervision.restarts import RestartRules
from droas_mother.core.supervision.supervision_settings import SupervisionSettings
from droas_mother.core.supervision.usage import Excess, Limits, excess

TURN_S = 0.5
"""How often a living child is judged when nothing happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How bots are kept.

    Args:
        startup_s: seconds until a new process must register.
        stop_grace_s: seconds from being asked to end to being killed.
        patience: with a process that lives.
        restarts: what follows a crash.
        limits: how much a process may use.
        heartbeat_interval_s: how often a process says that it lives.
        live_restore: whether processes outlive the mother, for a later one to take over.
    """

    startup_s: float
    stop_grace_s: float
    patience: Patience
    restarts: RestartRules
    limits: Limits
    heartbeat_interval_s: float = 0.5
    live_restore: bool = False


def rules_of(settings: SupervisionSettings) -> Rules:
    """Give the rules that the settings mean."""
    return Rules(
        startup_s=settings.startup_timeout_s,
        stop_grace_s=settings.stop_grace_s,
        patience=Patience(heartbeat_s=settings.heartbeat_timeout_s, busy_s=settings.busy_timeout_s),
        restarts=RestartRules(
            backoff=Backoff(first_s=settings.backoff_first_s, cap_s=settings.backoff_cap_s),
            stable_after_s=settings.stable_after_s,
            max_starts=settings.max_starts,
            window_s=settings.starts_window_s,
            same_crash_limit=settings.same_crash_limit,
        ),
        limits=Limits(**settings.limits.model_dump()),
        heartbeat_interval_s=settings.heartbeat_interval_s,
        live_restore=settings.live_restore,
    )


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing is due before this moment, or, without one, before something happens."""

    until: float | None = None


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start a process."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Do not start before this moment: its IDENTIFYs are spent."""

    until: float


@dataclass(frozen=True, slots=True)
class AskToEnd:
    """Ask the process to finish what is in flight and to end."""


@dataclass(frozen=True, slots=True)
class Kill:
    """End the process at once; one that hangs is asked where it stands first."""

    why: str
    ask_stacks: bool


@dataclass(frozen=True, slots=True)
class Renew:
    """Replace the process in good order."""

    why: str


@dataclass(frozen=True, slots=True)
class Become:
    """Take this step of the table."""

    event: Event
    words: str = ""


Step = Rest | Spawn | Hold | AskToEnd | Kill | Renew | Become


def next_step(bot: Bot, rules: Rules, *, now: float, budget_wait_s: float) -> Step:
    """Say what must be done next.

    Args:
        bot: as it stands.
        rules: how bots are kept.
        now: the present moment of the monotonic clock.
        budget_wait_s: seconds until its token may IDENTIFY again, 0 when it may.
    """
    if bot.life is None:
        return _without_process(bot, now, budget_wait_s)
    return _with_process(bot, bot.life, rules, now)


def condition(bot: Bot, rules: Rules, *, now: float) -> str:
    """Say what its living process lacks, "" when nothing or when there is none."""
    if bot.life is None:
        return ""
    return judge(_signs(bot, bot.life), rules.patience, now=now).words


def _without_process(bot: Bot, now: float, budget_wait_s: float) -> Step:
    if not bot.wanted:
        return Rest() if bot.state is State.STOPPED else Become(Event.STOP_ASKED)
    if bot.state is State.FAILED:
        return Rest()
    if bot.start_at is not None and now < bot.start_at:
        return Rest(bot.start_at)
    if budget_wait_s > 0:
        return Hold(now + budget_wait_s)
    return Spawn()


def _with_process(bot: Bot, life: Life, rules: Rules, now: float) -> Step:
    if life.killed_for:
        return Rest()
    if life.stop_by is not None:
        late = now >= life.stop_by
        return Kill("it did not end in time", ask_stacks=False) if late else Rest(life.stop_by)
    if not bot.wanted or bot.renewal:
        return AskToEnd()
    judgement = judge(_signs(bot, life), rules.patience, now=now)
    if judgement.verdict is Verdict.HUNG:
        return Kill(judgement.words, ask_stacks=True)
    return _too_much(life, rules, now) or _readiness(bot, judgement) or Rest(now + TURN_S)


def _too_much(life: Life, rules: Rules, now: float) -> Step | None:
    """Replace a process that uses too much; one that does so from its start on is not replaced for ever."""
    found: Excess | None = excess(life.usage, rules.limits) if life.usage is not None else None
    if found is None:
        return None
    if found.hard:
        return Kill(found.words, ask_stacks=False)
    return Renew(found.words) if now - life.started_at >= rules.restarts.stable_after_s else None


def _readiness(bot: Bot, judgement: Judgement) -> Step | None:
    ready = judgement.verdict is Verdict.READY
    if ready and bot.state is not State.READY:
        return Become(Event.BECAME_READY)
    if not ready and bot.state is State.READY:
        return Become(Event.LOST_READINESS, judgement.words)
    return None


def _signs(bot: Bot, life: Life) -> Signs:
    return Signs(
        register_by=life.register_by,
        registered=life.registered,
        last_beat_at=life.last_beat_at,
        beat=life.beat,
        revision=bot.revision,
        revision_at=bot.revision_at,
        status=life.usage.status if life.usage is not None else "",
        busy_since=life.busy_since,
    )
