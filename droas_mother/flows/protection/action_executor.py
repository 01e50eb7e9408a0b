"""From a verdict to Discord, the bots and the audit.

The bots are told first, because telling costs nothing and spares them an answer to a message that is about
to vanish. The member is silenced beside everything else, so that no more arrive while deletions wait for
Discord's rate limit. Groups do not wait for one another: each has its own bounded queue and worker. What
gathers while Discord is slow is joined, so that a wave of spam costs one time-out and one bulk deletion.
"""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from itertools import groupby

from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_common.logs import log
from droas_common.tracing import trace
from droas_common.wire.calls import Json
from droas_common.wire.frames import encode
from droas_common.wire.topics import protection_topic
from droas_mother.core.bookkeeping.records import AuditRecord, Outcome, Profile
from droas_mother.core.protection.decision import Decision, MessageRef, merge
from droas_mother.core.protection.facts import MessageFacts
from droas_mother.flows.protection.inspector import Verdict
from droas_mother.ports import AuditLog, EventBus, Moderator

MAX_WAITING = 500
"""Verdicts of one group that wait for Discord; the oldest gives way, and that is counted and audited."""

REMEMBERED = 128
"""Removed messages of a group that a bot learns of when it asks for the present state."""

MAX_GUILDS = 2_500
"""Groups remembered; Discord puts no more on one connection."""

_IDLE_S = 30.0


class ActionExecutor:
    """Carries verdicts out.

    Args:
        moderator: acts in Discord.
        bus: tells the bots.
        audit: writes what was done.
        on_done: told how long each took, from the message to the last action, in seconds.
    """

    def __init__(
        self,
        moderator: Moderator,
        bus: EventBus,
        audit: AuditLog,
        *,
        on_done: Callable[[Verdict, str, float], None],
    ) -> None:
        self._moderator = moderator
        self._bus = bus
        self._audit = audit
        self._on_done = on_done
        self._waiting: dict[Snowflake, deque[Verdict]] = {}
        self._removed: OrderedDict[Snowflake, deque[Snowflake]] = OrderedDict()
        self._wake: dict[Snowflake, asyncio.Event] = {}
        self._silences: dict[tuple[Snowflake, Snowflake], tuple[float, asyncio.Task[str]]] = {}
        self._group: asyncio.TaskGroup | None = None
        self.dropped = 0

    async def run(self) -> None:
        """Own the groups' workers until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await asyncio.Event().wait()

    def submit(self, verdict: Verdict) -> None:
        """Take a verdict: tell the bots and silence the member at once, and queue the rest."""
        guild_id = verdict.facts.guild_id
        self._tell_bots(verdict)
        self._silence(verdict)
        queue = self._waiting.setdefault(guild_id, deque())
        if len(queue) >= MAX_WAITING:
            queue.popleft()
            self.dropped += 1
            log.error("protection_overloaded", guild=guild_id, waiting=MAX_WAITING)
        queue.append(verdict)
        if guild_id in self._wake:
            self._wake[guild_id].set()
        elif self._group is not None:
            self._wake[guild_id] = asyncio.Event()
            self._group.create_task(self._work(guild_id), name=f"protect-{guild_id}")

    async def _work(self, guild_id: Snowflake) -> None:
        """Carry out one group's verdicts in order; ends when the group has been quiet for a while."""
        queue, wake = self._waiting[guild_id], self._wake[guild_id]
        while True:
            while queue:
                waiting = list(queue)
                queue.clear()
                for verdict in combine(waiting):
                    await self._carry_out(verdict)
                    self._forget_silence(verdict)
            wake.clear()
            try:
                async with asyncio.timeout(_IDLE_S):
                    await wake.wait()
            except TimeoutError:
                del self._waiting[guild_id], self._wake[guild_id]
                return

    async def _carry_out(self, verdict: Verdict) -> None:
        facts, decision = verdict.facts, verdict.decision
        with trace() as trace_id:
            problems: list[str] = []
            silence = self._silence(verdict)
            await self._try(problems, lambda: self._delete(decision))
            if silence is not None and (problem := await silence):
                problems.append(problem)
            outcome = Outcome.FAILED if problems else Outcome.OK
            elapsed_s = time.monotonic() - facts.at_s
            record = AuditRecord(
                at_us=time.time_ns() // 1000,
                kind="protection",
                caller=f"rule:{decision.rule}",
                action="time_out" if decision.time_out_s else "delete",
                outcome=outcome,
                guild_id=facts.guild_id,
                user_id=facts.author_id,
                message_id=facts.message_id,
                arguments=encode(_arguments(verdict)).decode(),
                result=encode({"problems": problems}).decode(),
                trace_id=trace_id,
                duration_us=int(elapsed_s * 1e6),
            )
            await self._try(
                problems, lambda: self._audit.write(record, rows=(profile_of(verdict.facts, warnings=1),))
            )
            log.info(
                "protection_acted",
                guild=facts.guild_id,
                user=facts.author_id,
                rule=decision.rule,
                deleted=len(decision.delete),
                time_out_s=decision.time_out_s,
                outcome=outcome.value,
                problems=problems,
            )
            self._on_done(verdict, outcome.value, elapsed_s)

    def _silence(self, verdict: Verdict) -> "asyncio.Task[str] | None":
        """Begin to time a member out, unless he is, or is about to be, for at least as long.

        Gives the task, which gives what went wrong in words, "" when nothing did; None when nothing is due. It
        is kept until the verdicts that it serves were carried out.
        """
        facts, seconds = verdict.facts, verdict.decision.time_out_s
        if not seconds or self._group is None:
            return None
        member = (facts.guild_id, facts.author_id)
        known_s, known = self._silences.get(member, (0.0, None))
        if known is None or known_s < seconds:
            known = self._group.create_task(self._time_out(verdict), name=f"silence-{facts.author_id}")
            self._silences[member] = (seconds, known)
        return known

    async def _time_out(self, verdict: Verdict) -> str:
        facts, decision = verdict.facts, verdict.decision
        try:
            await self._moderator.time_out(
                facts.guild_id, facts.author_id, seconds=decision.time_out_s, reason=decision.words
            )
        except OutsideError as error:
            return str(error)
        return ""

    def _forget_silence(self, verdict: Verdict) -> None:
        """Let a later offence silence the member anew, once nothing waits that this time-out was for."""
        facts = verdict.facts
        if all(one.facts.author_id != facts.author_id for one in self._waiting[facts.guild_id]):
            self._silences.pop((facts.guild_id, facts.author_id), None)

    async def _delete(self, decision: Decision) -> None:
        by_channel = groupby(sorted(decision.delete, key=_place), key=lambda ref: ref.channel_id)
        for channel_id, refs in by_channel:
            await self._moderator.delete_messages(
                channel_id, [ref.message_id for ref in refs], reason=decision.words
            )

    async def _try(self, problems: list[str], act: Callable[[], Awaitable[None]]) -> None:
        """Do one act; a failure of the world is noted, and the other acts are still done."""
        try:
            await act()
        except OutsideError as error:
            problems.append(str(error))

    def _tell_bots(self, verdict: Verdict) -> None:
        facts, decision = verdict.facts, verdict.decision
        removed = self._removed.setdefault(facts.guild_id, deque(maxlen=REMEMBERED))
        removed.extend(sorted(ref.message_id for ref in decision.delete))
        self._removed.move_to_end(facts.guild_id)
        if len(self._removed) > MAX_GUILDS:
            self._removed.popitem(last=False)
        state: Json = {"removed": list(removed)}
        topic = protection_topic(facts.guild_id)
        for ref in sorted(decision.delete, key=_place):
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


def combine(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Join the verdicts on each member, in the order of their first: one time-out, one bulk deletion."""
    joined: dict[Snowflake, Verdict] = {}
    for verdict in verdicts:
        author_id = verdict.facts.author_id
        first = joined.get(author_id)
        if first is not None:
            verdict = replace(first, decision=merge(first.decision, verdict.decision))  # noqa: PLW2901
        joined[author_id] = verdict
    return list(joined.values())


def _place(ref: MessageRef) -> tuple[str, int]:
    return ref.channel_id, int(ref.message_id)


def _arguments(verdict: Verdict) -> Json:
    decision = verdict.decision
    return {
        "rules": [rule for rule, _ in decision.reasons],
        "why": decision.words,
        "level": verdict.level.value,
        "deleted": sorted(ref.message_id for ref in decision.delete),
        "time_out_s": decision.time_out_s,
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
