"""One bot kept as it is wanted: `droas_mother.core.supervision.keeping` says what is next, and here it is done.

All that is known of the bot is one value, `bot`; each happening replaces it. Everything for this bot is
done by one task, one thing after the other, so that a slow bot never holds up another.
"""

import asyncio
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from droas_common.errors import OutsideError
from droas_common.ids import BotName
from droas_common.logs import log
from droas_common.settings import BotSettings
from droas_common.wire.heartbeats import FromChild, Goodbye, Heartbeat, Register, StartLimit, Welcome
from droas_mother.core.supervision import bot as happenings
from droas_mother.core.supervision.bot import Bot, Life
from droas_mother.core.supervision.health import own_gap_s
from droas_mother.core.supervision.keeping import (
    AskToEnd,
    Become,
    Hold,
    Kill,
    Renew,
    Rest,
    Rules,
    Spawn,
    Step,
    next_step,
)
from droas_mother.core.supervision.lifecycle import State
from droas_mother.core.supervision.usage import Usage
from droas_mother.ports import ChildHandle, Children, HealthLink, IdentifyBudget

ADOPTION_S = 3.0
"""Within this time a child of an earlier mother must prove itself to the new one; else it is replaced."""

_LAST_WORDS_S = 0.25
"""The end of a process is noticed at once, what it said last comes through a socket: a moment later."""


class BotKeeper:
    """Keeps one bot.

    Args:
        bot: as it is known before its first process.
        settings: its present settings.
        rules: how bots are kept.
        children: where processes come from.
        health: speaks to them.
        budget: says how many IDENTIFYs are left.
        on_change: told after every change of state.
    """

    def __init__(
        self,
        bot: Bot,
        settings: BotSettings,
        *,
        rules: Rules,
        children: Children[Any],
        health: HealthLink,
        budget: IdentifyBudget,
        on_change: Callable[["BotKeeper"], None],
    ) -> None:
        self.bot = bot
        self.settings = settings
        self.rules = rules
        self.child: ChildHandle | None = None
        self.leaving = False
        self._renewals = 0
        self._starting = False
        self._token = settings.discord_token
        self._children = children
        self._health = health
        self._budget = budget
        self._on_change = on_change
        self._nudge = asyncio.Event()

    @property
    def name(self) -> BotName:
        """Which bot."""
        return self.bot.name

    @property
    def at_rest(self) -> bool:
        """Whether it has no process, and none is on its way."""
        return self.bot.state in (State.STOPPED, State.FAILED) and not self._starting

    # --- what others tell -----------------------------------------------------

    def want(self, *, wanted: bool) -> None:
        """Ask that the bot runs, or that it does not; starts a failed or waiting one at once."""
        self._become(happenings.want(self.bot, wanted=wanted))
        self._nudge.set()

    def restart(self) -> None:
        """Ask for a fresh process; the present one ends in good order first."""
        self._become(happenings.renew(self.bot, "asked to restart"))
        self._nudge.set()

    def reconfigure(self, settings: BotSettings, revision: int, *, renewal: str = "") -> None:
        """Take new settings; with words why, only a fresh process can run them."""
        self.settings = settings
        self._renewals += bool(renewal)
        self._become(happenings.reconfigured(self.bot, revision, now=time.monotonic(), renewal=renewal))
        self._nudge.set()

    def keep_by(self, rules: Rules) -> None:
        """Keep it by other rules from now on."""
        self.rules = rules
        self._nudge.set()

    def hear(self, incarnation: int, word: FromChild) -> None:
        """Take in what the child says; words of an earlier life are ignored."""
        life = self.bot.life
        if life is None or life.incarnation != incarnation:
            return
        self._account(life, word)
        before, self.bot = self.bot, happenings.hear(self.bot, word, now=time.monotonic())
        if isinstance(word, Register):
            self._greet(word, incarnation)
        if isinstance(word, Goodbye) or happenings.changes_the_verdict(before.life, self.bot.life):
            self._nudge.set()

    def see(self, usage: Usage) -> None:
        """Take in what the child's process uses."""
        self.bot = happenings.see(self.bot, usage, now=time.monotonic())
        self._nudge.set()

    # --- keeping --------------------------------------------------------------

    async def adopt(self) -> bool:
        """Take over a living process of an earlier mother, if there is one that may be; else say so."""
        found = await self._children.adopt(self.name, self.settings)
        if found is None:
            return False
        child, incarnation = found
        log.info("child_found", bot=self.name, pid=child.pid, incarnation=incarnation)
        self._token = self.settings.discord_token
        self._begin(child, incarnation, patience_s=ADOPTION_S, adopted=True)
        return True

    async def run(self) -> None:
        """Keep the bot until cancelled; no process is left behind, unless it is to outlive the mother."""
        try:
            while True:
                if self.child is not None and self.child.ended.is_set():
                    await self._bury(self.child)
                await self._do(self._next())
        finally:
            if self.child is not None and not self.rules.live_restore:
                self.child.kill()

    def _next(self) -> Step:
        wait_s = 0.0 if self.bot.life else self._budget.wait_s(self.settings.discord_token)
        return next_step(self.bot, self.rules, now=time.monotonic(), budget_wait_s=wait_s)

    async def _do(self, step: Step) -> None:
        match step:
            case Rest(until):
                await self._rest(until)
            case Spawn():
                await self._spawn()
            case Hold(until):
                hours = (until - time.monotonic()) / 3600
                words = f"today's IDENTIFYs are spent; the next start is in {hours:.1f} h"
                self._become(happenings.held(self.bot, words, until=until))
            case AskToEnd():
                self._ask_to_end()
            case Kill(why, ask_stacks):
                await self._kill(why, ask_stacks=ask_stacks)
            case Renew(why):
                log.warning("child_renewed", bot=self.name, why=why)
                self._become(happenings.renew(self.bot, why))
            case Become(event, words):
                self._become(happenings.become(self.bot, event, words))

    async def _spawn(self) -> None:
        incarnation, renewals, settings = self.bot.incarnation + 1, self._renewals, self.settings
        self._starting = True
        try:
            child = await self._children.spawn(self.name, settings, incarnation)
        except OutsideError as error:
            self._starting = False
            self._become(
                happenings.not_started(self.bot, str(error), self.rules.restarts, **_now(), jitter=_jitter())
            )
            return
        self._starting, self._token = False, settings.discord_token
        self._begin(child, incarnation, patience_s=self.rules.startup_s)
        if renewals != self._renewals:
            self._become(happenings.renew(self.bot, "its settings changed while it started"))

    def _begin(
        self, child: ChildHandle, incarnation: int, *, patience_s: float, adopted: bool = False
    ) -> None:
        self.child = child
        child.on_end(self._nudge.set)
        life = Life(
            incarnation=incarnation,
            pid=child.pid,
            started_at=child.started_at,
            register_by=time.monotonic() + patience_s,
            adopted=adopted,
        )
        self._become(happenings.spawned(self.bot, life, self.rules.restarts))

    def _ask_to_end(self) -> None:
        by = time.monotonic() + self.rules.stop_grace_s
        self._become(happenings.asked_to_end(self.bot, by=by))
        if self.child is not None:
            self.child.signal(signal.SIGTERM)

    async def _kill(self, why: str, *, ask_stacks: bool) -> None:
        child = self.child
        if child is None or child.ended.is_set():
            return
        stacks = (await child.ask_stacks() or f"it could not tell where: {why}") if ask_stacks else ""
        log.error("child_killed", bot=self.name, pid=child.pid, why=why, stacks=stacks)
        self.bot = happenings.killed(self.bot, why, stacks)
        child.kill()

    async def _bury(self, child: ChildHandle) -> None:
        """Learn how a process ended, and give back what it held."""
        code = await child.exit_code()
        await self._hear_last_words(code)
        self._children.bury(self.name, self.bot.incarnation, child)
        self.child = None
        self._become(happenings.ended(self.bot, code, self.rules.restarts, **_now(), jitter=_jitter()))

    async def _hear_last_words(self, code: int | None) -> None:
        """Wait for what a process said at its end; one that a signal ended said nothing."""
        if code is not None and code < 0:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_S):
                while (
                    self.bot.life is not None and not self.bot.life.killed_for and not self.bot.life.goodbye
                ):
                    self._nudge.clear()
                    await self._nudge.wait()

    async def _rest(self, until: float | None) -> None:
        """Wait for a happening, or for this moment; what the mother slept through is forgiven."""
        meant_s = None if until is None else max(0.0, until - time.monotonic())
        began = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(meant_s):
                await self._nudge.wait()
        self._nudge.clear()
        if meant_s is None:
            return
        gap_s = own_gap_s(slept_s=time.monotonic() - began, meant_s=meant_s)
        if gap_s:
            log.warning("mother_was_away", bot=self.name, seconds=round(gap_s, 1))
            self.bot = happenings.forgive(self.bot, gap_s, now=time.monotonic())

    def _become(self, bot: Bot) -> None:
        before, self.bot = self.bot, bot
        if before.state is bot.state:
            return
        fields: dict[str, object] = {"why": bot.reason} if bot.reason else {}
        if bot.life is not None:
            fields["pid"] = bot.life.pid
        if bot.state is State.BACKOFF and bot.start_at is not None:
            fields["start_in_s"] = round(max(0.0, bot.start_at - time.monotonic()), 2)
        log.info("bot_state", bot=bot.name, state=bot.state.value, before=before.state.value, **fields)
        self._on_change(self)

    def _greet(self, word: Register, incarnation: int) -> None:
        if not word.preloaded:
            log.warning("child_not_preloaded", bot=self.name)
        self._health.tell(
            self.name, incarnation, Welcome(heartbeat_interval_s=self.rules.heartbeat_interval_s)
        )

    def _account(self, life: Life, word: FromChild) -> None:
        """Keep the IDENTIFY budget of the token that this life has; the settings may have a new one by now."""
        if isinstance(word, Heartbeat):
            fresh = word.identifies - (life.beat.identifies if life.beat else 0)
            if fresh > 0:
                self._budget.note(self.name, self._token, fresh)
        elif isinstance(word, StartLimit):
            self._budget.note_limit(self._token, word)


def _now() -> dict[str, float]:
    return {"now": time.monotonic(), "unix_s": time.time()}


def _jitter() -> float:
    return random.random()  # noqa: S311 - spreads load, keeps no secret
