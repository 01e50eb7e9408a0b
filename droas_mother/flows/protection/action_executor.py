"""From a verdict to Discord, the bots and the audit.

The bots are told first, because telling costs nothing and spares them an answer to a message that is about
to vanish. The member is silenced beside everything else, so that no more arrive while deletions wait for
Discord's rate limit. Groups do not wait for one another: each has its own bounded line and worker. What
gathers while Discord is slow is joined. What Discord fails to do is tried again a few times.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from droas_common.ids import Snowflake
from droas_common.logs import log
from droas_common.tracing import current_trace_id, trace
from droas_common.wire.calls import Json
from droas_common.wire.frames import encode
from droas_common.wire.topics import protection_topic
from droas_mother.core.bookkeeping.records import AuditRecord, Outcome, Profile
from droas_mother.core.protection.decision import Decision, MessageRef
from droas_mother.core.protection.deletions import deletions, place_of
from droas_mother.core.protection.facts import MessageFacts
from droas_mother.flows.protection.attempts import Problem, attempt
from droas_mother.flows.protection.inspector import Verdict
from droas_mother.flows.protection.silences import Silences
from droas_mother.flows.protection.waiting_line import MAX_RETRIES, MAX_WAITING, Waiting, WaitingLine
from droas_mother.ports import AuditLog, EventBus, Moderator

REMEMBERED = 128
"""Removed messages of a group that a bot learns of when it asks for the present state."""

MAX_GUILDS = 2_500
"""Groups remembered; Discord puts no more on one connection."""

_IDLE_S = 30.0
_FIRST_RETRY_S = 5.0
_SLOWER = 3
"""Each retry waits so many times as long as the one before it."""


@dataclass(frozen=True, slots=True)
class _Undone:
    """Messages that were not deleted: all that are left, those that a later try may delete, and those that nobody will."""

    left: frozenset[MessageRef]
    later: frozenset[MessageRef]
    for_good: frozenset[MessageRef]


class ActionExecutor:
    """Carries verdicts out.

    Args:
        moderator: acts in Discord.
        bus: tells the bots.
        audit: writes what was done.
        on_done: told of each how it ended, how long it took from the message to the last action, in seconds, and which
            messages stand that nobody will delete any more.
    """

    def __init__(
        self,
        moderator: Moderator,
        bus: EventBus,
        audit: AuditLog,
        *,
        on_done: Callable[[Verdict, str, float, frozenset[MessageRef]], None],
    ) -> None:
        self._moderator = moderator
        self._bus = bus
        self._audit = audit
        self._on_done = on_done
        self._lines: dict[Snowflake, WaitingLine] = {}
        self._removed: OrderedDict[Snowflake, deque[Snowflake]] = OrderedDict()
        self._wake: dict[Snowflake, asyncio.Event] = {}
        self._silences = Silences(moderator)
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Own the groups' workers until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                for guild_id in self._lines:
                    self._call_worker(guild_id, group)
                await asyncio.Event().wait()
        finally:
            self._group = None

    def submit(self, verdict: Verdict) -> None:
        """Take a verdict: tell the bots and silence the member at once, and queue the rest."""
        guild_id, group = verdict.facts.guild_id, self._group
        self._tell_bots(verdict)
        line = self._lines.setdefault(guild_id, WaitingLine())
        self._line_up(line, Waiting(verdict=verdict))
        if group is not None:
            self._silences.begin(verdict, group)
            self._call_worker(guild_id, group)

    def _line_up(self, line: WaitingLine, waiting: Waiting) -> None:
        """Let a verdict wait; one that gives way to it is written down as not carried out."""
        lost = line.add(waiting)
        if lost is None:
            return
        facts = lost.verdict.facts
        log.error("protection_overloaded", guild=facts.guild_id, user=facts.author_id, waiting=MAX_WAITING)
        self._forget_silence(lost.verdict)
        if self._group is not None:
            left = lost.verdict.decision.delete
            words = f"more than {MAX_WAITING} members waited for Discord; this one gave way"
            self._group.create_task(
                attempt(
                    self._report(
                        lost, Outcome.LIMITED, [words], _Undone(left=left, later=frozenset(), for_good=left)
                    )
                ),
                name=f"lost-{facts.message_id}",
            )

    def _call_worker(self, guild_id: Snowflake, group: asyncio.TaskGroup) -> None:
        if guild_id in self._wake:
            self._wake[guild_id].set()
            return
        self._wake[guild_id] = asyncio.Event()
        group.create_task(self._work(guild_id, group), name=f"protect-{guild_id}")

    async def _work(self, guild_id: Snowflake, group: asyncio.TaskGroup) -> None:
        """Carry out one group's verdicts in order; ends when the group has been quiet for a while."""
        line, wake, clock = self._lines[guild_id], self._wake[guild_id], asyncio.get_running_loop().time
        while True:
            while (waiting := line.take(clock())) is not None:
                await attempt(self._carry_out(waiting, line, group))
                self._forget_silence(waiting.verdict)
            wake.clear()
            try:
                async with asyncio.timeout(line.pause_s(clock(), _IDLE_S)):
                    await wake.wait()
            except TimeoutError:
                if line:
                    continue  # something is due again, or came in this very moment
                del self._lines[guild_id], self._wake[guild_id]
                return

    async def _carry_out(self, waiting: Waiting, line: WaitingLine, group: asyncio.TaskGroup) -> None:
        verdict = waiting.verdict
        with trace():
            undone, problems = await self._delete(verdict.decision)
            unsilenced = await self._silences.end(verdict, group)
            if unsilenced is not None:
                problems.append(unsilenced)
            delays_s = [one.retry_after_s for one in problems if one.retry_after_s is not None]
            if delays_s and waiting.tries < MAX_RETRIES:
                still_loud = unsilenced is not None and unsilenced.retry_after_s is not None
                seconds = verdict.decision.time_out_s if still_loud else 0.0
                rest = replace(verdict.decision, delete=undone.later, time_out_s=seconds)
                delay_s = max(*delays_s, _FIRST_RETRY_S * _SLOWER**waiting.tries)
                again = Waiting(
                    verdict=replace(verdict, decision=rest),
                    tries=waiting.tries + 1,
                    due_s=asyncio.get_running_loop().time() + delay_s,
                )
                self._line_up(line, again)
                undone = replace(undone, for_good=undone.left - undone.later)
            outcome = Outcome.FAILED if problems else Outcome.OK
            words = list(dict.fromkeys(one.words for one in problems))
            await self._report(waiting, outcome, words, undone)

    async def _delete(self, decision: Decision) -> tuple[_Undone, list[Problem]]:
        """Delete, request by request; gives what is left of it, and what went wrong."""
        left: frozenset[MessageRef] = frozenset()
        later: frozenset[MessageRef] = frozenset()
        problems: list[Problem] = []
        for one in deletions(decision.delete, time.time()):
            problem = await attempt(
                self._moderator.delete_messages(one.channel_id, one.message_ids, reason=decision.words)
            )
            if problem is not None:
                problems.append(problem)
                undone = one.refs if problem.left is None else _of(one.refs, problem.left)
                left |= undone
                later |= undone if problem.retry_after_s is not None else frozenset()
        return _Undone(left=left, later=later, for_good=left), problems

    def _forget_silence(self, verdict: Verdict) -> None:
        """Let a later offence silence the member anew, once nothing waits that this time-out was for."""
        if not self._lines[verdict.facts.guild_id].silences(verdict.facts.author_id):
            self._silences.forget(verdict)

    async def _report(
        self, waiting: Waiting, outcome: Outcome, problems: Sequence[str], undone: _Undone
    ) -> None:
        """Write down, log and count what became of a verdict, and which messages are left of it."""
        left = undone.left
        facts, decision = waiting.verdict.facts, waiting.verdict.decision
        elapsed_s = time.monotonic() - facts.at_s
        with trace(current_trace_id()) as trace_id:
            result = encode({"problems": problems}).decode()
            record = AuditRecord(
                at_us=time.time_ns() // 1000,
                kind="protection",
                caller=f"rule:{decision.rule}",
                action="time_out" if decision.time_out_s else "delete",
                outcome=outcome,
                guild_id=facts.guild_id,
                user_id=facts.author_id,
                message_id=facts.message_id,
                arguments=encode(_arguments(waiting, left)).decode(),
                result=result,
                result_bytes=len(result),
                trace_id=trace_id,
                duration_us=int(elapsed_s * 1e6),
            )
            warned = profile_of(facts, warnings=0 if waiting.tries else 1)
            unwritten = await attempt(self._audit.write(record, rows=(warned,)))
            log.info(
                "protection_acted",
                guild=facts.guild_id,
                user=facts.author_id,
                rule=decision.rule,
                deleted=len(decision.delete - left),
                left=len(left),
                time_out_s=decision.time_out_s,
                outcome=outcome.value,
                problems=[*problems, unwritten.words] if unwritten is not None else problems,
            )
        self._on_done(waiting.verdict, outcome.value, elapsed_s, undone.for_good)

    def _tell_bots(self, verdict: Verdict) -> None:
        facts, decision = verdict.facts, verdict.decision
        removed = self._removed.setdefault(facts.guild_id, deque(maxlen=REMEMBERED))
        removed.extend(sorted(ref.message_id for ref in decision.delete))
        self._removed.move_to_end(facts.guild_id)
        if len(self._removed) > MAX_GUILDS:
            self._removed.popitem(last=False)
        state: Json = {"removed": list(removed)}
        topic = protection_topic(facts.guild_id)
        for ref in sorted(decision.delete, key=place_of):
            data: Json = {
                "message_id": ref.message_id,
                "channel_id": ref.channel_id,
                "user_id": facts.author_id,
                "rule": decision.rule,
            }
            self._bus.publish(topic, "message_removed", data, state=state)
        if decision.time_out_s:
            data = {"user_id": facts.author_id, "seconds": decision.time_out_s, "rule": decision.rule}
            self._bus.publish(topic, "member_timed_out", data, state=state)


def _of(refs: frozenset[MessageRef], ids: frozenset[Snowflake]) -> frozenset[MessageRef]:
    return frozenset(ref for ref in refs if ref.message_id in ids)


def _arguments(waiting: Waiting, left: frozenset[MessageRef]) -> Json:
    verdict, decision = waiting.verdict, waiting.verdict.decision
    return {
        "rules": [rule for rule, _ in decision.reasons],
        "why": decision.words,
        "policy": verdict.policy,
        "deleted": sorted(ref.message_id for ref in decision.delete - left),
        "left": sorted(ref.message_id for ref in left),
        "time_out_s": decision.time_out_s,
        "tries": waiting.tries + 1,
    }


def profile_of(facts: MessageFacts, *, warnings: int) -> Profile:
    """Give what a message tells of its author, to be added to what is known of him."""
    return Profile(
        guild_id=facts.guild_id,
        user_id=facts.author_id,
        display_name=facts.author_name,
        first_seen_us=time.time_ns() // 1000,
        warnings=warnings,
    )
