"""The verdicts of one group that wait for Discord.

Those on one member are joined, so that a wave of spam costs one time-out and one bulk deletion. What failed
comes back here to be tried again later; it is joined with what failed as often, never with what is new, so that
a member who goes on neither puts off the retry nor prolongs it.
"""

from dataclasses import dataclass, replace

from droas_common.ids import Snowflake
from droas_mother.core.protection.decision import merge
from droas_mother.flows.protection.inspector import Verdict

MAX_WAITING = 500
"""Verdicts that wait; the oldest gives way, or a retry that comes to a full line."""

MAX_RETRIES = 3
"""So often is tried again what Discord failed to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A verdict that waits.

    Args:
        tries: how often it failed.
        due_s: when it may be carried out, seconds of the caller's clock.
    """

    verdict: Verdict
    tries: int = 0
    due_s: float = 0.0


class WaitingLine:
    """Keeps verdicts in the order in which their members came."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[Snowflake, int], Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, new: Waiting) -> Waiting | None:
        """Take a verdict; gives the one that had to give way to it, if any."""
        key = (new.verdict.facts.author_id, new.tries)
        first = self._waiting.get(key)
        if first is not None:
            decision = merge(first.verdict.decision, new.verdict.decision)
            self._waiting[key] = replace(first, verdict=replace(first.verdict, decision=decision))
            return None
        if len(self) < MAX_WAITING:
            self._waiting[key] = new
            return None
        if new.tries:
            return new
        oldest = self._waiting.pop(next(iter(self._waiting)))
        self._waiting[key] = new
        return oldest

    def take(self, now_s: float) -> Waiting | None:
        """Give the first that is due; None when none is."""
        due = next((key for key, one in self._waiting.items() if one.due_s <= now_s), None)
        return self._waiting.pop(due) if due is not None else None

    def pause_s(self, now_s: float, longest_s: float) -> float:
        """Give how long nothing is due, at most `longest_s`."""
        return min([longest_s, *(one.due_s - now_s for one in self._waiting.values())])

    def silences(self, author_id: Snowflake) -> bool:
        """Say whether anything waits for which this member is to be silenced."""
        keys = [(author_id, tries) for tries in range(MAX_RETRIES + 1)]
        return any(key in self._waiting and self._waiting[key].verdict.decision.time_out_s for key in keys)
