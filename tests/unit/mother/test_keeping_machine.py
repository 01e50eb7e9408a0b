"""Any interleaving of commands, deaths, words, hangs and gaps keeps the promises of keeping a bot."""

from dataclasses import dataclass
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from droas_common.ids import BotName
from droas_common.wire.heartbeats import GatewayState, Goodbye, Heartbeat, Register
from droas_mother.core.supervision import bot as happenings
from droas_mother.core.supervision.bot import Bot, Life
from droas_mother.core.supervision.identify_budget import WINDOW_S, spent, wait_s
from droas_mother.core.supervision.keeping import (
    AskToEnd,
    Become,
    Hold,
    Kill,
    Renew,
    Rest,
    Spawn,
    next_step,
    rules_of,
)
from droas_mother.core.supervision.lifecycle import State
from droas_mother.core.supervision.supervision_settings import SupervisionSettings
from droas_mother.core.supervision.usage import Usage

SETTINGS = SupervisionSettings(stable_after_s=30, starts_window_s=120, max_starts=4)
RULES = rules_of(SETTINGS)
MOST_IDENTIFIES = 12


@dataclass(slots=True)
class Process:
    """A process of the simulated system."""

    incarnation: int
    hangs: bool = False
    registered: bool = False
    identified: bool = False
    answers_to_term: bool = True
    ended: int | None = None
    told_to_end: bool = False


class Keeping(RuleBasedStateMachine):
    """The core in a world of simulated processes; every effect is carried out at once."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.bot = Bot(name=BotName("helper"))
        self.processes: list[Process] = []
        self.identifies: list[float] = []
        self.fatal = False

    # --- the world ------------------------------------------------------------

    @property
    def alive(self) -> list[Process]:
        """The processes that run."""
        return [one for one in self.processes if one.ended is None]

    def settle(self) -> None:
        """Do what the core says until it wants to rest."""
        for _ in range(100):
            self.reap()
            budget_wait_s = wait_s(self.identifies, None, now=self.now, most=MOST_IDENTIFIES)
            step = next_step(self.bot, RULES, now=self.now, budget_wait_s=budget_wait_s)
            if isinstance(step, Rest):
                assert step.until is None or step.until > self.now
                return
            self.carry_out(step)
        raise AssertionError("the core never rests")

    def carry_out(self, step: Any) -> None:
        """Do one step."""
        match step:
            case Spawn():
                assert not self.alive
                process = Process(self.bot.incarnation + 1, identified=False)
                self.processes.append(process)
                life = Life(
                    incarnation=process.incarnation,
                    pid=process.incarnation,
                    started_at=self.now,
                    register_by=self.now + RULES.startup_s,
                )
                self.bot = happenings.spawned(self.bot, life, RULES.restarts)
            case Hold(until):
                self.bot = happenings.held(self.bot, "held", until=until)
            case AskToEnd():
                self.bot = happenings.asked_to_end(self.bot, by=self.now + RULES.stop_grace_s)
                process = self.alive[0]
                process.told_to_end = True
                if process.answers_to_term and not process.hangs:
                    process.ended = 0
            case Kill(why, _):
                self.bot = happenings.killed(self.bot, why)
                self.alive[0].ended = -9
            case Renew(why):
                self.bot = happenings.renew(self.bot, why)
            case Become(event, words):
                self.bot = happenings.become(self.bot, event, words)

    def reap(self) -> None:
        """Tell the core of a process that has ended."""
        if self.bot.life is not None and not self.alive:
            self.bot = happenings.ended(
                self.bot, self.processes[-1].ended, RULES.restarts, now=self.now, unix_s=0.0, jitter=0.5
            )

    def beat(self) -> None:
        """Let the living process do what a bot does: register, identify once, beat."""
        for process in self.alive:
            if process.hangs:
                continue
            if not process.registered:
                process.registered = True
                self.bot = happenings.hear(self.bot, Register(pid=1), now=self.now)
            if not process.identified:
                process.identified = True
                self.identifies.append(self.now)
            self.say(GatewayState.READY)

    def say(self, gateway: GatewayState) -> None:
        """Send a heartbeat."""
        word = Heartbeat(sequence=1, loop_lag_ms=0.0, gateway=gateway, identifies=1)
        self.bot = happenings.hear(self.bot, word, now=self.now)

    # --- what can happen ------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        """The mother starts."""
        self.settle()

    @rule(seconds=st.floats(0.1, 400))
    def time_passes(self, seconds: float) -> None:
        """The world goes on in turns; a healthy process beats in each."""
        for _ in range(8):
            self.now += seconds / 8
            self.beat()
            self.settle()

    @rule(wanted=st.booleans())
    def somebody_wants(self, wanted: bool) -> None:
        """Start or stop."""
        self.bot = happenings.want(self.bot, wanted=wanted)
        self.fatal = False if wanted else self.fatal
        self.settle()

    @rule()
    def somebody_restarts(self) -> None:
        """Restart."""
        self.bot = happenings.renew(self.bot, "asked to restart")
        self.fatal = False
        self.settle()

    @precondition(lambda self: self.alive)
    @rule(code=st.sampled_from([-9, -11, 1, 70]))
    def it_dies(self, code: int) -> None:
        """The process is killed or crashes."""
        self.alive[0].ended = code
        self.settle()

    @precondition(lambda self: self.alive)
    @rule()
    def discord_refuses_it(self) -> None:
        """A cause that a restart cannot cure."""
        self.bot = happenings.hear(self.bot, Goodbye(reason="refused", fatal=True), now=self.now)
        self.fatal = not self.alive[0].told_to_end
        self.alive[0].ended = 78
        self.settle()

    @precondition(lambda self: self.alive)
    @rule()
    def it_hangs(self) -> None:
        """Its event loop stops."""
        self.alive[0].hangs = True

    @precondition(lambda self: self.alive)
    @rule()
    def it_ignores_sigterm(self) -> None:
        """It will not end when asked."""
        self.alive[0].answers_to_term = False

    @precondition(lambda self: self.alive and not self.alive[0].hangs and self.alive[0].registered)
    @rule(gateway=st.sampled_from(list(GatewayState)))
    def the_gateway_changes(self, gateway: GatewayState) -> None:
        """Discord goes away, or comes back."""
        self.say(gateway)
        self.settle()

    @precondition(lambda self: self.alive)
    @rule(mib=st.sampled_from([10, 300, 600]))
    def it_is_looked_at(self, mib: int) -> None:
        """Its use is within, beyond the soft, or beyond the hard limit."""
        usage = Usage(
            pss_bytes=mib * 2**20, uss_bytes=0, cpu_percent=1, open_files=9, threads=3, status="sleeping"
        )
        self.bot = happenings.see(self.bot, usage, now=self.now)
        self.settle()

    @rule(gap_s=st.floats(1, 1000))
    def the_mother_was_away(self, gap_s: float) -> None:
        """The machine slept: time passed and nobody could do anything; nobody is punished for it."""
        self.now += gap_s
        before = self.bot.life
        self.bot = happenings.forgive(self.bot, gap_s, now=self.now)
        self.settle()
        healthy = self.alive and not self.alive[0].hangs and not self.alive[0].told_to_end
        if healthy and before is not None and before.usage is None:
            assert self.bot.life is not None
            assert self.bot.life.incarnation == before.incarnation

    # --- promises -------------------------------------------------------------

    @invariant()
    def never_twice(self) -> None:
        """There is at most one process, and the core knows it."""
        assert len(self.alive) <= 1
        if self.alive:
            assert self.bot.life is not None
            assert self.bot.life.incarnation == self.alive[0].incarnation

    @invariant()
    def the_state_fits(self) -> None:
        """A state that means a process has one, and the others have none."""
        without = (State.STOPPED, State.BACKOFF, State.FAILED)
        assert (self.bot.state in without) == (self.bot.life is None)

    @invariant()
    def the_budget_is_kept(self) -> None:
        """A token never identifies more often in a day than it may."""
        assert spent(self.identifies, now=self.now) <= MOST_IDENTIFIES

    @invariant()
    def what_is_wanted_is_reached_when_faults_stop(self) -> None:
        """Left in peace for long enough, a bot is as it was wanted, or waits for a person with a reason."""
        later = self._in_peace()
        if not later.bot.wanted:
            assert later.bot.state is State.STOPPED
        elif later.bot.state is State.FAILED:
            assert later.fatal
            assert later.bot.reason
        else:
            assert later.bot.state is State.READY

    def _in_peace(self) -> "Keeping":
        """Give a copy of this world after two days without a fault."""
        later = Keeping()
        later.now, later.bot, later.fatal = self.now, self.bot, self.fatal
        later.identifies = list(self.identifies)
        later.processes = [
            Process(**{name: getattr(one, name) for name in Process.__slots__}) for one in self.processes
        ]  # type: ignore[attr-defined]  # slots of a dataclass
        for seconds in (*[1.0] * 40, *[60.0] * 20, WINDOW_S, *[1.0] * 20):
            later.now += seconds
            later.beat()
            later.settle()
            later.beat()
            later.settle()
        return later


TestKeeping = Keeping.TestCase
TestKeeping.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
