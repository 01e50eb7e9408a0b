"""Members who are being timed out, beside everything else that is done about them."""

import asyncio
from dataclasses import dataclass

from droas_common.ids import Snowflake
from droas_mother.flows.protection.attempts import Problem, attempt
from droas_mother.flows.protection.inspector import Verdict
from droas_mother.ports import Moderator

MAX_AT_ONCE = 10
"""Time-outs of one group that are on their way; the others wait here, where no deadline runs."""


@dataclass(frozen=True, slots=True)
class _Silence:
    seconds: float
    task: asyncio.Task[Problem | None]

    @property
    def failed(self) -> bool:
        return self.task.done() and (self.task.cancelled() or self.task.result() is not None)


class Silences:
    """Times members out, each once for all verdicts of one wave.

    Args:
        moderator: acts in Discord.
    """

    def __init__(self, moderator: Moderator) -> None:
        self._moderator = moderator
        self._known: dict[tuple[Snowflake, Snowflake], _Silence] = {}
        self._doors: dict[Snowflake, asyncio.Semaphore] = {}

    def begin(self, verdict: Verdict, group: asyncio.TaskGroup) -> None:
        """Begin to time a member out, unless he is, or is about to be, for at least as long."""
        seconds, member = verdict.decision.time_out_s, _member(verdict)
        known = self._known.get(member)
        if not seconds or (known is not None and known.seconds >= seconds and not known.failed):
            return
        task = group.create_task(self._time_out(verdict), name=f"silence-{member[1]}")
        self._known[member] = _Silence(seconds, task)

    async def end(self, verdict: Verdict, group: asyncio.TaskGroup) -> Problem | None:
        """Wait until the member is timed out; gives what went wrong. A failed time-out is forgotten."""
        member = _member(verdict)
        if not verdict.decision.time_out_s:
            return None
        if member not in self._known:
            self.begin(verdict, group)
        silence = self._known[member]
        problem = await silence.task
        if problem is not None and self._known.get(member) is silence:
            del self._known[member]
        return problem

    def forget(self, verdict: Verdict) -> None:
        """Let a later offence silence the member anew."""
        self._known.pop(_member(verdict), None)

    async def _time_out(self, verdict: Verdict) -> Problem | None:
        facts, decision = verdict.facts, verdict.decision
        async with self._doors.setdefault(facts.guild_id, asyncio.Semaphore(MAX_AT_ONCE)):
            return await attempt(
                self._moderator.time_out(
                    facts.guild_id, facts.author_id, seconds=decision.time_out_s, reason=decision.words
                )
            )


def _member(verdict: Verdict) -> tuple[Snowflake, Snowflake]:
    return verdict.facts.guild_id, verdict.facts.author_id
