"""What to do when a child has ended: again at once, again after a while, or not without a person."""

import signal
from dataclasses import dataclass, replace

from droas_common.backoff import Backoff
from droas_common.errors import ExitCode

_DEFECT_SIGNALS = frozenset(
    {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGSYS}
)
"""What a process gets for its own mistakes, and nobody sends by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How one life of a child ended.

    Args:
        code: its exit code; negative for a signal; None when nobody could learn it.
        lived_s: seconds from its start to its end.
        at_unix_s: when it ended.
        killed_for: why the mother killed it, "" when she did not.
        said: its own last words about it, "" when there were none.
        fatal: whether it said that a restart cannot help.
        fingerprint: names the traceback of that error; two crashes of one cause have the same.
        stacks: where its threads stood when it hung, or why it could not tell; "" when it did not.
    """

    code: int | None
    lived_s: float
    at_unix_s: float = 0.0
    killed_for: str = ""
    said: str = ""
    fatal: bool = False
    fingerprint: str = ""
    stacks: str = ""

    @property
    def words(self) -> str:
        """Say the cause to a person."""
        if self.fatal:
            return self.said
        if self.killed_for:
            return f"killed: {self.killed_for}"
        if self.said:
            return f"crashed: {self.said}" if self.fingerprint else self.said
        if self.code is None:
            return "it vanished"
        if self.code < 0:
            return f"killed by {_signal_name(-self.code)}, which nobody here sent"
        return f"exit code {self.code}"

    @property
    def cause(self) -> str:
        """Name the defect behind it, the same for the same defect; "" when it need not be one of the bot's."""
        if self.code is not None and -self.code in _DEFECT_SIGNALS:
            return f"{self.fingerprint}/{_signal_name(-self.code)}"
        return self.fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartRules:
    """How children that crash are started again.

    Args:
        backoff: the waits between crashes in a row; the first restart is at once.
        stable_after_s: a life this long ends the row of crashes.
        max_starts: most starts within the window.
        window_s: the window, in seconds.
        same_crash_limit: from so many crashes of one cause in a row on, the longest wait holds.
    """

    backoff: Backoff
    stable_after_s: float
    max_starts: int
    window_s: float
    same_crash_limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashRow:
    """What is remembered of a bot's past.

    Args:
        crashes: crashes in a row.
        cause: of the last one.
        same: how many of the last in a row had this cause.
        starts: moments of the newest starts, oldest first, seconds of the monotonic clock.
    """

    crashes: int = 0
    cause: str = ""
    same: int = 0
    starts: tuple[float, ...] = ()

    def started(self, now: float, rules: RestartRules) -> "CrashRow":
        """Give the row after a start at this moment."""
        return replace(self, starts=(*self.starts, now)[-rules.max_starts :])


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Start it again, not before this moment of the monotonic clock."""

    at: float
    row: CrashRow
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Do not start it again before something changes."""

    reason: str


def after_exit(
    ended: Exit, row: CrashRow, rules: RestartRules, *, now: float, jitter: float
) -> Restart | GiveUp:
    """Decide what follows the end of a child that was wanted alive.

    Args:
        ended: how it ended.
        row: the bot's past before this end.
        rules: how children are started again.
        now: the present moment of the monotonic clock.
        jitter: chance in [0, 1).
    """
    if ended.fatal or ended.code == ExitCode.CONFIGURATION:
        return GiveUp(reason=ended.words)
    crashes = 1 if ended.lived_s >= rules.stable_after_s else row.crashes + 1
    same = (
        row.same + 1 if ended.cause and crashes > 1 and row.cause == ended.cause else int(bool(ended.cause))
    )
    words = ended.words
    delay_s = rules.backoff.delay_s(failures=crashes, jitter=jitter)
    if same >= rules.same_crash_limit:
        delay_s = max(delay_s, rules.backoff.cap_s * (0.5 + 0.5 * jitter))
        words = f"{words} ({same} times in a row from the same cause)"
    at = now + delay_s
    if len(row.starts) >= rules.max_starts:
        at = max(at, row.starts[-rules.max_starts] + rules.window_s)
    return Restart(at=at, row=replace(row, crashes=crashes, cause=ended.cause, same=same), words=words)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
