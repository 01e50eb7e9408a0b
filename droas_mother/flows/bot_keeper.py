"""One bot kept as it is wanted: started, watched, stopped, started again.

Level-triggered: each turn compares what is wanted with what is there. Nothing is remembered but the
wish and the state, so no order of commands, deaths and messages can leave it stuck.
"""

import asyncio
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from droas_common.backoff import Backoff
from droas_common.errors import OutsideError
from droas_common.ids import BotName, Snowflake
from droas_common.logs import log
from droas_common.settings import BotSettings
from droas_common.wire.heartbeats import (
    FromChild,
    Goodbye,
    Guilds,
    Heartbeat,
    Register,
    Welcome,
)
from droas_mother.core.health import Signs, Verdict, judge, own_gap_s
from droas_mother.core.lifecycle import ALIVE, Event, State, step
from droas_mother.core.restarts import Exit, GiveUp, after_exit
from droas_mother.core.settings import SupervisionSettings
from droas_mother.ports import ChildHandle, Children, HealthLink, IdentifyBudget

_TURN_S = 0.25
"""How often a living child is judged; a death or a command wakes the keeper at once."""


@dataclass(slots=True)
class Life:
    """What is known of the present process of a bot."""

    child: ChildHandle
    incarnation: int
    registered: bool = False
    last_beat_at: float | None = None
    beat: Heartbeat | None = None
    fatal: str = ""
    killed_for: str = ""
    stacks: str = ""
    away_s: float = 0.0
    """Seconds of this life in which the mother herself was away."""


class BotKeeper:
    """Keeps one bot.

    Args:
        name: the bot.
        settings: its present settings.
        supervision: how children are kept.
        children: starts processes.
        health: speaks to them.
        budget: says how many IDENTIFYs are left.
        on_change: told after every change of state.
    """

    def __init__(
        self,
        name: BotName,
        settings: BotSettings,
        *,
        supervision: SupervisionSettings,
        children: Children[Any],
        health: HealthLink,
        budget: IdentifyBudget,
        on_change: Callable[["BotKeeper"], None],
    ) -> None:
        self.name = name
        self.settings = settings
        self.state = State.STOPPED
        self.wanted = True
        self.restarts = 0
        self.crashes = 0
        self.last_exit: Exit | None = None
        self.reason = ""
        self.next_start_at: float | None = None
        self.life: Life | None = None
        self.guilds: frozenset[Snowflake] = frozenset()
        self._incarnation = 0
        self._supervision = supervision
        self._children = children
        self._health = health
        self._budget = budget
        self._on_change = on_change
        self._nudge = asyncio.Event()
        self._restart_asked = False

    async def run(self) -> None:
        """Keep the bot until cancelled; a cancellation leaves no process behind."""
        try:
            while True:
                if self.wanted and self.state is not State.FAILED:
                    await self._one_life()
                else:
                    await self._wait_nudge(None)
        finally:
            if self.life is not None:
                self.life.child.kill()

    def want(self, wanted: bool) -> None:
        """Ask that the bot runs, or that it does not; starts a failed or waiting one at once."""
        self.wanted = wanted
        if wanted and self.state in (State.FAILED, State.BACKOFF):
            self._ask_anew()
        elif not wanted and self.state in (State.FAILED, State.BACKOFF):
            self._take(Event.STOP_ASKED)
        self._nudge.set()

    def restart(self) -> None:
        """Ask for a fresh process; the present one ends in good order first."""
        self.wanted = True
        if self.state in ALIVE:
            self._restart_asked = True
        elif self.state in (State.FAILED, State.BACKOFF):
            self._ask_anew()
        self._nudge.set()

    def hear(self, incarnation: int, word: FromChild) -> None:
        """Take in what the child says; words of an earlier life are ignored."""
        life = self.life
        if life is None or life.incarnation != incarnation:
            return
        life.last_beat_at = time.monotonic()
        match word:
            case Register():
                life.registered = True
                if not word.preloaded:
                    log.warning("child_not_preloaded", bot=self.name)
                self._health.tell(
                    self.name,
                    incarnation,
                    Welcome(heartbeat_interval_s=self._supervision.heartbeat_interval_s),
                )
            case Heartbeat():
                before = life.beat.identifies if life.beat else 0
                if word.identifies > before:
                    self._budget.note(self.name, self.settings.discord_token, word.identifies - before)
                changed = life.beat is None or life.beat.gateway is not word.gateway
                life.beat = word
                if changed:
                    self._nudge.set()
            case Guilds():
                self.guilds = frozenset(Snowflake(guild_id) for guild_id in word.guild_ids)
            case Goodbye():
                if word.fatal:
                    life.fatal = word.reason

    async def _one_life(self) -> None:
        """Start a process and stay with it until it has ended."""
        self._restart_asked = False
        life = await self._start()
        if life is None:
            return
        try:
            await self._accompany(life)
            code = await life.child.exit_code()
        finally:
            life.child.kill()
            self.life = None
            self._children.bury(self.name, life.incarnation, life.child)
        lived_s = time.monotonic() - life.child.started_at
        ended = Exit(
            code=code, lived_s=lived_s, killed_for=life.killed_for, fatal=life.fatal, stacks=life.stacks
        )
        await self._after(ended)

    async def _start(self) -> Life | None:
        wait_s = self._budget.wait_s(self.settings.discord_token)
        if wait_s:
            await self._await_budget(wait_s)
            return None
        self._incarnation += 1
        try:
            child = await self._children.spawn(self.name, self.settings, self._incarnation)
        except OutsideError as error:
            await self._after(Exit(code=None, lived_s=0, killed_for=str(error)))
            return None
        self.life = Life(child=child, incarnation=self._incarnation)
        self.reason, self.next_start_at = "", None
        self._take(Event.SPAWNED, pid=child.pid)
        return self.life

    async def _await_budget(self, wait_s: float) -> None:
        """Wait until the token may identify again; one that sends too many would be reset by Discord."""
        self.reason = f"today's IDENTIFYs are spent; the next start is in {wait_s / 3600:.1f} h"
        self.next_start_at = time.time() + wait_s
        self._take(Event.CRASHED, cause=self.reason)
        await self._wait_backoff(wait_s)

    async def _accompany(self, life: Life) -> None:
        """Judge the living child, turn by turn, until it has ended."""
        while not life.child.ended.is_set():
            if not self.wanted or self._restart_asked:
                await self._stop(life)
                return
            await self._apply(life, self._judge(life))
            began = time.monotonic()
            await self._wait_nudge(_TURN_S, life.child.ended)
            self._forgive(life, own_gap_s(slept_s=time.monotonic() - began, meant_s=_TURN_S))

    def _forgive(self, life: Life, gap_s: float) -> None:
        """Give a child back the time in which the mother herself was away and could not hear it."""
        if not gap_s:
            return
        log.warning("mother_was_away", bot=self.name, seconds=round(gap_s, 1))
        life.away_s += gap_s
        if life.last_beat_at is not None:
            life.last_beat_at = time.monotonic()

    def _judge(self, life: Life) -> Verdict:
        signs = Signs(
            started_at=life.child.started_at + life.away_s,
            registered=life.registered,
            last_beat_at=life.last_beat_at,
            beat=life.beat,
        )
        return judge(
            signs,
            now=time.monotonic(),
            startup_timeout_s=self._supervision.startup_timeout_s,
            heartbeat_timeout_s=self._supervision.heartbeat_timeout_s,
        )

    async def _apply(self, life: Life, verdict: Verdict) -> None:
        """Carry a verdict out; the words in `reason` are what `droasctl status` shows."""
        self.reason = life.beat.detail if life.beat else ""
        if verdict is Verdict.READY and self.state is not State.READY:
            self._take(Event.BECAME_READY)
        elif verdict in (Verdict.NOT_READY, Verdict.WAIT) and self.state is State.READY:
            self._take(Event.LOST_READINESS)
        elif verdict is Verdict.HUNG and not life.killed_for:
            life.killed_for = "no heartbeat" if life.registered else "did not start in time"
            life.stacks = await life.child.ask_stacks()
            log.error(
                "child_hung", bot=self.name, pid=life.child.pid, why=life.killed_for, stacks=life.stacks
            )
            life.child.kill()

    async def _stop(self, life: Life) -> None:
        """Let the child finish what is in flight, then make sure that it is gone."""
        self._take(Event.STOP_ASKED)
        life.child.signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._supervision.stop_grace_s):
                await life.child.ended.wait()
        except TimeoutError:
            log.error("child_stop_forced", bot=self.name, pid=life.child.pid)
            life.child.kill()
            await life.child.ended.wait()

    async def _after(self, ended: Exit) -> None:
        """Decide and do what follows the end of a process."""
        self.last_exit = ended
        if self.state is State.STOPPING:
            self._take(Event.ENDED, cause=ended.words)
            self.restarts += int(self._restart_asked)
            return
        backoff = Backoff(first_s=self._supervision.backoff_first_s, cap_s=self._supervision.backoff_cap_s)
        decision = after_exit(
            ended,
            crashes=self.crashes,
            backoff=backoff,
            stable_after_s=self._supervision.stable_after_s,
            jitter=random.random(),  # noqa: S311 - spreads load
        )
        if isinstance(decision, GiveUp):
            self.reason = decision.reason
            self._take(Event.GAVE_UP, cause=decision.reason)
            return
        self.crashes = decision.crashes
        self.restarts += 1
        self.reason = ended.words
        self.next_start_at = time.time() + decision.after_s
        self._take(Event.CRASHED, cause=ended.words, restart_after_s=round(decision.after_s, 2))
        await self._wait_backoff(decision.after_s)

    async def _wait_backoff(self, after_s: float) -> None:
        deadline = time.monotonic() + after_s
        while self.state is State.BACKOFF and self.next_start_at is not None:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return
            await self._wait_nudge(left_s)

    def _ask_anew(self) -> None:
        """Forget the past: a person, or a new configuration, wants another try now."""
        self.crashes = 0
        self.next_start_at = None
        if self.state is State.FAILED:
            self._take(Event.CRASHED, cause="asked to start again")

    def _take(self, event: Event, **fields: object) -> None:
        before, self.state = self.state, step(self.state, event)
        log.bind(**fields).info("bot_state", bot=self.name, state=self.state.value, before=before.value)
        self._on_change(self)

    async def _wait_nudge(self, timeout_s: float | None, ended: asyncio.Event | None = None) -> None:
        """Wait for a command, news of the child, its end, or the time-out."""
        waits = [asyncio.ensure_future(self._nudge.wait())]
        if ended is not None:
            waits.append(asyncio.ensure_future(ended.wait()))
        try:
            await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            self._nudge.clear()
