"""One bot as the mother knows it: a value, and everything that can happen to it.

Each function takes the bot as it was and gives it as it is after one happening. Nothing here looks at a
clock or a process; `droas_mother.core.supervision.keeping` says what must be done next.
"""

from dataclasses import dataclass, field, replace

from droas_common.errors import DefectError, ExitCode
from droas_common.ids import BotName, Snowflake
from droas_common.wire.heartbeats import FromChild, Goodbye, Guilds, Heartbeat, Register, StartLimit
from droas_mother.core.supervision.lifecycle import Event, State, step
from droas_mother.core.supervision.restarts import CrashRow, Exit, GiveUp, RestartRules, after_exit
from droas_mother.core.supervision.usage import Usage, busy_since

KEPT_EXITS = 10
"""Ends of earlier lives that are remembered of each bot, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What is known of the present process of a bot; all moments are seconds of the monotonic clock.

    Args:
        incarnation: rises with every start of the bot.
        pid: its process.
        started_at: when it was started.
        register_by: when it must have registered.
        adopted: whether an earlier mother had started it.
        registered: whether it has registered with this mother.
        preloaded: whether it was forked from a preloaded process; None before it registered.
        last_beat_at: when its last word came.
        beat: its last heartbeat.
        goodbye: its last word, when it ends on purpose or crashes.
        usage: what its process used at the last look.
        busy_since: since when it uses a whole core.
        stop_by: until when it may finish what is in flight; None when it was not asked to end.
        killed_for: why the mother killed it, "" when she did not.
        stacks: where it stood before that.
    """

    incarnation: int
    pid: int
    started_at: float
    register_by: float
    adopted: bool = False
    registered: bool = False
    preloaded: bool | None = None
    last_beat_at: float | None = None
    beat: Heartbeat | None = None
    goodbye: Goodbye | None = None
    usage: Usage | None = None
    busy_since: float | None = None
    stop_by: float | None = None
    killed_for: str = ""
    stacks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """One bot.

    Args:
        name: which.
        wanted: whether it shall run.
        state: where it stands.
        revision: the configuration that it should run.
        revision_at: since when.
        incarnation: the number of its newest life.
        life: its present process, None when there is none.
        renewal: why its process shall be replaced in good order, "" when it shall not.
        start_at: moment before which it is not started, None when it may start at once.
        row: what is remembered of its crashes.
        restarts: processes that replaced another one, since the mother's start.
        exits: how its last lives ended, the newest first.
        reason: why it is not as it should be, "" when it is.
        guilds: the groups that it is in.
    """

    name: BotName
    wanted: bool = True
    state: State = State.STOPPED
    revision: int = 0
    revision_at: float = 0.0
    incarnation: int = 0
    life: Life | None = None
    renewal: str = ""
    start_at: float | None = None
    row: CrashRow = field(default_factory=CrashRow)
    restarts: int = 0
    exits: tuple[Exit, ...] = ()
    reason: str = ""
    guilds: frozenset[Snowflake] = frozenset()


# --- what people want ---------------------------------------------------------


def want(bot: Bot, *, wanted: bool) -> Bot:
    """Somebody asks that it runs, or that it does not; to ask for a start forgets its past crashes."""
    if not wanted:
        return replace(bot, wanted=False, renewal="")
    asked = replace(bot, wanted=True, start_at=None, row=CrashRow(starts=bot.row.starts))
    return become(asked, Event.START_ASKED) if bot.state is State.FAILED else asked


def renew(bot: Bot, why: str) -> Bot:
    """Its process shall be replaced in good order."""
    asked = want(bot, wanted=True)
    return replace(asked, renewal=why) if bot.life is not None else asked


def reconfigured(bot: Bot, revision: int, *, now: float, renewal: str = "") -> Bot:
    """It has new settings; with words why, only a new process takes them over. What people want stays as it is."""
    fresh = replace(bot, revision=revision, revision_at=now)
    if not renewal or not bot.wanted:
        return fresh
    again = replace(fresh, start_at=None, row=CrashRow(starts=bot.row.starts))
    if bot.life is not None:
        return replace(again, renewal=renewal)
    return become(again, Event.START_ASKED) if bot.state is State.FAILED else again


# --- what its process does ----------------------------------------------------


def spawned(bot: Bot, life: Life, rules: RestartRules) -> Bot:
    """A process was started for it, or taken over from an earlier mother."""
    row = bot.row if life.adopted else bot.row.started(life.started_at, rules)
    fresh = replace(bot, life=life, incarnation=life.incarnation, row=row, start_at=None, renewal="")
    return become(fresh, Event.SPAWNED)


def hear(bot: Bot, word: FromChild, *, now: float) -> Bot:
    """Its process says something."""
    if bot.life is None:
        return bot
    life = replace(bot.life, last_beat_at=now)
    match word:
        case Register():
            life = replace(life, registered=True, preloaded=word.preloaded)
        case Heartbeat():
            life = replace(life, beat=word)
        case Goodbye():
            life = replace(life, goodbye=word)
        case Guilds():
            guilds = frozenset(Snowflake(guild_id) for guild_id in word.guild_ids)
            return replace(bot, life=life, guilds=guilds)
        case StartLimit():
            pass  # its token's matter: droas_mother.core.supervision.identify_budget
    return replace(bot, life=life)


def changes_the_verdict(before: Life | None, after: Life | None) -> bool:
    """Say whether a word of its process may have changed what is to be done."""
    if before is None or after is None or before.beat is None or after.beat is None:
        return True
    old, new = before.beat, after.beat
    return (old.gateway, old.model_ok, old.config_revision) != (
        new.gateway,
        new.model_ok,
        new.config_revision,
    )


def see(bot: Bot, usage: Usage, *, now: float) -> Bot:
    """Its process was looked at."""
    if bot.life is None:
        return bot
    since = busy_since(usage, bot.life.busy_since, now=now)
    return replace(bot, life=replace(bot.life, usage=usage, busy_since=since))


def forgive(bot: Bot, gap_s: float, *, now: float) -> Bot:
    """The mother herself was away for so long and could hear nobody; its process is not punished for it."""
    life = bot.life
    if life is None:
        return bot
    return replace(
        bot,
        life=replace(
            life,
            register_by=life.register_by + gap_s,
            last_beat_at=None if life.last_beat_at is None else now,
            usage=None,
            busy_since=None,
            stop_by=None if life.stop_by is None else life.stop_by + gap_s,
        ),
    )


def asked_to_end(bot: Bot, *, by: float) -> Bot:
    """Its process was asked to end, and may finish what is in flight until this moment."""
    life = _life(bot)
    return become(replace(bot, life=replace(life, stop_by=by)), Event.STOP_ASKED, bot.renewal)


def killed(bot: Bot, why: str, stacks: str = "") -> Bot:
    """Its process was killed by the mother."""
    return replace(bot, life=replace(_life(bot), killed_for=why, stacks=stacks))


def ended(
    bot: Bot, code: int | None, rules: RestartRules, *, now: float, unix_s: float, jitter: float
) -> Bot:
    """Its process is gone; what follows depends on whether it was asked to go."""
    life = _life(bot)
    goodbye = life.goodbye or Goodbye(reason="")
    in_good_order = code == ExitCode.OK and bool(goodbye.reason) and not goodbye.fatal
    unasked = in_good_order and bot.state is not State.STOPPING
    exit_ = Exit(
        code=code,
        lived_s=max(0.0, now - life.started_at),
        at_unix_s=unix_s,
        killed_for=life.killed_for,
        said=f"{goodbye.reason}, though nobody here asked" if unasked else goodbye.reason,
        fatal=goodbye.fatal,
        fingerprint=goodbye.fingerprint,
        stacks=life.stacks,
    )
    after = replace(bot, life=None)
    if bot.state is State.STOPPING:
        again = bool(bot.renewal)
        after = replace(after, renewal="", restarts=bot.restarts + again, exits=_kept(bot, exit_))
        return become(after, Event.ENDED)
    return _crashed(after, exit_, rules, now=now, jitter=jitter)


def not_started(bot: Bot, why: str, rules: RestartRules, *, now: float, unix_s: float, jitter: float) -> Bot:
    """No process could be started for it."""
    tried = replace(bot, row=bot.row.started(now, rules))
    exit_ = Exit(code=None, lived_s=0.0, at_unix_s=unix_s, killed_for=why)
    return _crashed(tried, exit_, rules, now=now, jitter=jitter)


def held(bot: Bot, words: str, *, until: float) -> Bot:
    """It may not start before this moment."""
    return become(replace(bot, start_at=until), Event.HELD, words)


def become(bot: Bot, event: Event, words: str = "") -> Bot:
    """Take one step of the table; the words say why, for a person."""
    return replace(bot, state=step(bot.state, event), reason=words)


def _crashed(bot: Bot, exit_: Exit, rules: RestartRules, *, now: float, jitter: float) -> Bot:
    decision = after_exit(exit_, bot.row, rules, now=now, jitter=jitter)
    after = replace(bot, renewal="", exits=_kept(bot, exit_))
    if isinstance(decision, GiveUp):
        return become(after, Event.GAVE_UP, decision.reason)
    after = replace(after, row=decision.row, start_at=decision.at, restarts=bot.restarts + 1)
    return become(after, Event.CRASHED, decision.words)


def _kept(bot: Bot, exit_: Exit) -> tuple[Exit, ...]:
    return (exit_, *bot.exits)[:KEPT_EXITS]


def _life(bot: Bot) -> Life:
    if bot.life is None:
        raise DefectError(f"{bot.name} has no process, and something was said about it")
    return bot.life
