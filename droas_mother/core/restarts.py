"""What to do when a child has ended: again after a while, or not without a person."""

from dataclasses import dataclass

from droas_common.backoff import Backoff
from droas_common.errors import ExitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How one life of a child ended.

    Args:
        code: its exit code; negative for a signal; None when nobody could learn it.
        lived_s: seconds from its start to its end.
        killed_for: why the mother killed it, "" when she did not.
        fatal: what the child said about a cause that a restart cannot cure, "" when nothing.
        stacks: where its threads stood when it hung, "" when it did not or could not tell.
    """

    code: int | None
    lived_s: float
    killed_for: str = ""
    fatal: str = ""
    stacks: str = ""

    @property
    def words(self) -> str:
        """Say the cause to a person."""
        if self.fatal:
            return self.fatal
        if self.killed_for:
            return f"killed: {self.killed_for}"
        if self.code is None:
            return "it vanished"
        if self.code < 0:
            return f"killed by signal {-self.code}"
        return f"exit code {self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Start it again after so many seconds."""

    after_s: float
    crashes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Do not start it again before something changes."""

    reason: str


def after_exit(
    ended: Exit, *, crashes: int, backoff: Backoff, stable_after_s: float, jitter: float
) -> Restart | GiveUp:
    """Decide what follows the end of a child that was wanted alive.

    Args:
        ended: how it ended.
        crashes: crashes in a row before this one.
        backoff: the waits; the first restart is at once.
        stable_after_s: a life this long makes the row begin anew.
        jitter: chance in [0, 1).
    """
    if ended.fatal or ended.code == ExitCode.CONFIGURATION:
        return GiveUp(reason=ended.words)
    row = 1 if ended.lived_s >= stable_after_s else crashes + 1
    return Restart(after_s=backoff.delay_s(failures=row, jitter=jitter), crashes=row)
