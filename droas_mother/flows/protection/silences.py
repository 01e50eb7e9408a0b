"""Members who are being timed out, beside everything else that is done about them."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass

from droas_common.ids import Snowflake
from droas_mother.flows.protection.attempts import Problem, attempt
from droas_mother.flows.protection.inspector import Verdict
from droas_mother.ports import Moderator

MAX_AT_ONCE = 10
"""Time-outs of one group that are on their way; the others wait here, where no deadline runs."""

MAX_SILENCED = 20_000
"""Members remembered as silenced; the one silenced longest ago is forgotten first."""

_ON_THE_WAY_S = 5.0
"""So much later than a time-out a message may arrive that was written before it."""

type _Member = tuple[Snowflake, Snowflake]


@dataclass(frozen=True, slots=True)
class _Silent:
    """Since when, by the clock of messages, and until when, by the loop's, a member is silenced."""

    since_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class _Silence:
    seconds: float
    task: asyncio.Task[Problem | None]

    @property
    def failed(self) -> bool:
        return self.task.done() and (self.task.cancelled() or self.task.result() is not None)


class Silences:
    """Times members out, each once for all verdicts of one wave, and never for less than he already is.

    Discord keeps only the time-out that it was told last, so a milder one would set free who was silenced for long.

    Args:
        moderator: acts in Discord.
    """

    def __init__(self, moderator: Moderator) -> None:
        self._moderator = moderator
        self._known: dict[_Member, _Silence] = {}
        self._silent: OrderedDict[_Member, _Silent] = OrderedDict()
        self._doors: dict[Snowflake, asyncio.Semaphore] = {}

    def begin(self, verdict: Verdict, group: asyncio.TaskGroup) -> None:
        """Begin to time a member out, unless he is, or is about to be, for at least as long."""
        seconds, member = verdict.decision.time_out_s, _member(verdict)
        known = self._known.get(member)
        if not seconds or (known is not None and known.seconds >= seconds and not known.failed):
            return
        earlier = known.task if known is not None else None
        task = group.create_task(self._time_out(verdict, earlier), name=f"silence-{member[1]}")
        self._known[member] = _Silence(seconds, task)

    async def end(self, verdict: Verdict, group: asyncio.TaskGroup) -> Problem | None:
        """Wait until the member is timed out; gives what went wrong. A failed time-out is forgotten."""
        seconds, member = verdict.decision.time_out_s, _member(verdict)
        if not seconds:
            return None
        if member not in self._known or self._known[member].seconds < seconds:
            self.begin(verdict, group)
        silence = self._known[member]
        problem = await silence.task
        if problem is not None:
            self._drop(member, silence)
        return problem

    def forget(self, verdict: Verdict) -> None:
        """Let a later offence silence the member anew, once no time-out of him is under way."""
        member = _member(verdict)
        silence = self._known.get(member)
        if silence is None:
            return
        if silence.task.done():
            self._drop(member, silence)
        else:
            silence.task.add_done_callback(lambda _task: self._drop(member, silence))

    def _drop(self, member: _Member, silence: _Silence) -> None:
        if self._known.get(member) is silence:
            del self._known[member]

    async def _time_out(
        self, verdict: Verdict, earlier: asyncio.Task[Problem | None] | None
    ) -> Problem | None:
        facts, decision, member = verdict.facts, verdict.decision, _member(verdict)
        if earlier is not None:
            await asyncio.wait({earlier})  # so that Discord is told of the harsher one last
        async with self._doors.setdefault(facts.guild_id, asyncio.Semaphore(MAX_AT_ONCE)):
            until_s = asyncio.get_running_loop().time() + decision.time_out_s
            silent = self._silent.get(member)
            # Who has written since was released, by a moderator or by leaving the group and coming back.
            if (
                silent is not None
                and silent.until_s >= until_s
                and facts.at_s <= silent.since_s + _ON_THE_WAY_S
            ):
                return None
            problem = await attempt(
                self._moderator.time_out(
                    facts.guild_id, facts.author_id, seconds=decision.time_out_s, reason=decision.words
                )
            )
            if problem is None:
                self._note(member, until_s)
            return problem

    def _note(self, member: _Member, until_s: float) -> None:
        self._silent[member] = _Silent(since_s=time.monotonic(), until_s=until_s)
        self._silent.move_to_end(member)
        if len(self._silent) > MAX_SILENCED:
            self._silent.popitem(last=False)


def _member(verdict: Verdict) -> _Member:
    return verdict.facts.guild_id, verdict.facts.author_id
