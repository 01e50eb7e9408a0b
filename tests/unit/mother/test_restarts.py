"""What follows the end of a child."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from droas_common.backoff import Backoff
from droas_common.errors import ExitCode
from droas_common.ids import BotName
from droas_common.wire.heartbeats import Goodbye
from droas_mother.core.supervision.bot import Bot, Life, asked_to_end, ended
from droas_mother.core.supervision.lifecycle import State
from droas_mother.core.supervision.restarts import CrashRow, Exit, GiveUp, Restart, RestartRules, after_exit

RULES = RestartRules(
    backoff=Backoff(first_s=1, cap_s=300), stable_after_s=60, max_starts=10, window_s=600, same_crash_limit=3
)


def crash(lived_s: float = 5.0, *, code: int | None = -9, fingerprint: str = "") -> Exit:
    """Give an end that nobody had asked for."""
    said = "ValueError: no (bot.py:3)" if fingerprint else ""
    return Exit(code=code, lived_s=lived_s, said=said, fingerprint=fingerprint)


def restart(ended: Exit, row: CrashRow, *, now: float = 1000.0, jitter: float = 0.5) -> Restart:
    """Give what follows, which must be a restart."""
    decision = after_exit(ended, row, RULES, now=now, jitter=jitter)
    assert isinstance(decision, Restart)
    return decision


def test_the_first_crash_restarts_at_once() -> None:
    """A bot that crashes for the first time does not wait."""
    assert restart(crash(), CrashRow(), jitter=0.9).at == 1000.0


@given(st.integers(1, 500), st.floats(0, 1, exclude_max=True))
def test_further_crashes_wait_within_the_cap(crashes: int, jitter: float) -> None:
    """A crash loop slows down and stays bounded."""
    assert 0 < restart(crash(), CrashRow(crashes=crashes), jitter=jitter).at - 1000 <= 300


def test_a_stable_life_ends_the_row() -> None:
    """After a long life the next crash counts as the first."""
    decision = restart(crash(lived_s=61), CrashRow(crashes=9, cause="x", same=9))
    assert (decision.at, decision.row.crashes) == (1000.0, 1)


def test_the_same_traceback_again_and_again_waits_longest() -> None:
    """A defect that strikes at every start is not started into every second, and the reason says so."""
    row = CrashRow()
    for _ in range(2):
        row = restart(crash(fingerprint="abc"), row).row
    third = restart(crash(fingerprint="abc"), row, jitter=0.0)
    assert third.at - 1000 >= 150
    assert third.words == "crashed: ValueError: no (bot.py:3) (3 times in a row from the same cause)"
    assert restart(crash(fingerprint="other"), row).at - 1000 <= 4


def test_a_kill_from_outside_is_no_defect_of_the_bot() -> None:
    """Somebody's SIGKILL three times does not count as one cause; a fault of memory does."""
    killed, broken = CrashRow(), CrashRow()
    for _ in range(3):
        killed = restart(crash(), killed).row
        broken = restart(crash(code=-signal.SIGSEGV), broken).row
    assert (killed.same, broken.same) == (0, 3)


@given(st.lists(st.floats(0.01, 5), min_size=30, max_size=60), st.floats(0, 1, exclude_max=True))
def test_a_crash_loop_starts_at_most_so_often_in_a_window(lives: list[float], jitter: float) -> None:
    """Whatever the lives' lengths, no window of ten minutes sees more starts than allowed, and it never gives up."""
    now, row, starts = 0.0, CrashRow(), []
    for lived_s in lives:
        starts.append(now)
        row = row.started(now, RULES)
        now += lived_s
        decision = restart(crash(lived_s), row, now=now, jitter=jitter)
        assert decision.at >= now
        now, row = decision.at, decision.row
    for start in starts:
        assert sum(start <= other < start + RULES.window_s - 1e-6 for other in starts) <= RULES.max_starts


@pytest.mark.parametrize(
    "ended",
    [
        crash(code=ExitCode.CONFIGURATION),
        Exit(code=78, lived_s=1, said="Discord refuses the token", fatal=True),
    ],
)
def test_fatal_causes_are_not_retried(ended: Exit) -> None:
    """A refused token waits for a change instead of burning identifies."""
    assert isinstance(after_exit(ended, CrashRow(), RULES, now=0, jitter=0), GiveUp)


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (Exit(code=78, lived_s=1, said="the token is refused", fatal=True), "the token is refused"),
        (Exit(code=-9, lived_s=1, killed_for="no heartbeat for 3 s"), "killed: no heartbeat for 3 s"),
        (Exit(code=-9, lived_s=1), "killed by SIGKILL, which nobody here sent"),
        (Exit(code=-200, lived_s=1), "killed by signal 200, which nobody here sent"),
        (Exit(code=75, lived_s=1, said="the budget is spent"), "the budget is spent"),
        (Exit(code=None, lived_s=1), "it vanished"),
        (Exit(code=3, lived_s=1), "exit code 3"),
    ],
)
def test_an_end_is_told_in_words(ended: Exit, words: str) -> None:
    """A person reads why, not a number alone."""
    assert ended.words == words


def test_a_bot_that_somebody_else_has_ended_is_told_so() -> None:
    """It left in good order, as at SIGTERM; only what the mother asked for is told as asked for."""
    life = Life(
        incarnation=1, pid=1, started_at=0.0, register_by=1.0, goodbye=Goodbye(reason="asked to stop")
    )
    bot = Bot(name=BotName("bot_01"), state=State.READY, life=life, incarnation=1)
    left = ended(bot, 0, RULES, now=9.0, unix_s=9.0, jitter=0.5)
    assert (left.state, left.reason) == (State.BACKOFF, "asked to stop, though nobody here asked")
    left = ended(asked_to_end(bot, by=9.0), 0, RULES, now=9.0, unix_s=9.0, jitter=0.5)
    assert (left.state, left.exits[0].words) == (State.STOPPED, "asked to stop")
