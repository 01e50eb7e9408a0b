"""Questions on their way to answers: bounded, in order within a channel, dropped when they are taken away."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from droas_child.core.conversation import Heard
from droas_child.core.failures import Failure, apology
from droas_child.flows.answer import Answer, Ending
from droas_child.ports import Speaker
from droas_common.errors import OutsideError
from droas_common.ids import Snowflake, new_trace_id
from droas_common.logs import log
from droas_common.settings import BotSettings

BUSY_WORDS = "I have more questions than I can answer right now. Please ask again in a moment."
_BUSY_EVERY_S = 15.0
_REMEMBERED = 2_000
"""Messages remembered as taken away, and as seen: events may come twice and in any order."""


class Remembered:
    """A bounded set of ids; the oldest is forgotten first."""

    def __init__(self, size: int = _REMEMBERED) -> None:
        self._ids: OrderedDict[Snowflake, None] = OrderedDict()
        self._size = size

    def add(self, one: Snowflake) -> bool:
        """Remember an id; says whether it was new."""
        new = one not in self._ids
        self._ids[one] = None
        self._ids.move_to_end(one)
        if len(self._ids) > self._size:
            self._ids.popitem(last=False)
        return new

    def __contains__(self, one: object) -> bool:
        """Whether an id is remembered."""
        return one in self._ids


@dataclass(frozen=True, slots=True, kw_only=True)
class _Active:
    """A question that is being answered."""

    question: Heard
    answer: Answer
    task: asyncio.Task[None]


class Intake:
    """Takes questions and has them answered.

    Args:
        settings: gives the bot's present settings.
        speaker: Discord.
        make_answer: begins the answering of a question.
    """

    def __init__(
        self,
        *,
        settings: Callable[[], BotSettings],
        speaker: Speaker,
        make_answer: Callable[[Heard, Remembered], Answer],
    ) -> None:
        self._settings = settings
        self._speaker = speaker
        self._make_answer = make_answer
        self._waiting: dict[Snowflake, deque[Heard]] = {}
        self._active: dict[Snowflake, _Active] = {}
        self._removed = Remembered()
        self._seen = Remembered()
        self._told_busy: dict[Snowflake, float] = {}
        self._group: asyncio.TaskGroup | None = None
        self._open = True
        self.answered = 0
        self.failed = 0
        self.model_ok: bool | None = None

    @property
    def in_flight(self) -> int:
        """Answers being written."""
        return len(self._active)

    async def run(self) -> None:
        """Own the answering tasks until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await asyncio.Event().wait()

    def ask(self, question: Heard) -> None:
        """Take a question: it is answered, waits, or is told to come back."""
        if not self._open or self._group is None or question.message_id in self._removed:
            return
        if not self._seen.add(question.message_id):
            return
        waiting = sum(map(len, self._waiting.values()))
        at_once = question.channel_id not in self._active and not waiting and self._free()
        if not at_once and waiting >= self._settings().max_waiting_questions:
            self._tell_busy(question)
            return
        self._waiting.setdefault(question.channel_id, deque()).append(question)
        self._start_what_can()

    def remove(self, message_id: Snowflake) -> None:
        """Drop the question of this message, wherever it is."""
        if self._removed.add(message_id):
            self._drop(lambda question: question.message_id == message_id)

    def remove_member(self, guild_id: Snowflake, user_id: Snowflake) -> None:
        """Drop everything that this person asks in this group."""
        self._drop(lambda question: (question.guild_id, question.author_id) == (guild_id, user_id))

    async def drain(self, grace_s: float) -> None:
        """Take no more questions, and give those being answered some time."""
        self._open = False
        self._waiting.clear()
        tasks = [active.task for active in self._active.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=grace_s)

    def _drop(self, concerns: Callable[[Heard], bool]) -> None:
        for channel_id, queue in self._waiting.items():
            self._waiting[channel_id] = deque(question for question in queue if not concerns(question))
        for active in self._active.values():
            if concerns(active.question):
                active.answer.drop()

    def _free(self) -> int:
        return max(0, self._settings().max_parallel_answers - len(self._active))

    def _start_what_can(self) -> None:
        """Start the first question of every idle channel, as many as may run."""
        if self._group is None:
            return
        for channel_id in list(self._waiting):
            if not self._waiting[channel_id]:
                del self._waiting[channel_id]
            elif channel_id not in self._active and self._free():
                question = self._waiting[channel_id].popleft()
                answer = self._make_answer(question, self._removed)
                task = self._group.create_task(
                    self._answer(question, answer), name=f"answer-{question.message_id}"
                )
                self._active[channel_id] = _Active(question=question, answer=answer, task=task)

    async def _answer(self, question: Heard, answer: Answer) -> None:
        """Answer one question and let the next one go; nothing that goes wrong ends the bot."""
        try:
            self._count(await answer.give())
        except OutsideError as error:
            self.failed += 1
            log.warning("not_answered", message=question.message_id, why=str(error))
        except Exception as error:  # noqa: BLE001 - border of the task: one answer must not end the bot
            self.failed += 1
            reference = new_trace_id()
            log.opt(exception=error).error("answer_died", message=question.message_id, reference=reference)
            await self._say(question, apology(Failure.BROKEN, reference), nonce=f"{question.message_id}.e")
        finally:
            del self._active[question.channel_id]
            self._start_what_can()

    def _count(self, ending: Ending) -> None:
        if ending is Ending.DROPPED:
            return
        self.model_ok = ending is Ending.ANSWERED
        self.answered += self.model_ok
        self.failed += not self.model_ok

    def _tell_busy(self, question: Heard) -> None:
        """Say once in a while that there is too much to do."""
        now = asyncio.get_running_loop().time()
        self.failed += 1
        if (
            self._group is None
            or now - self._told_busy.get(question.channel_id, -_BUSY_EVERY_S) < _BUSY_EVERY_S
        ):
            return
        if len(self._told_busy) > _REMEMBERED:
            self._told_busy.clear()
        self._told_busy[question.channel_id] = now
        said = self._say(question, BUSY_WORDS, nonce=f"{question.message_id}.b")
        self._group.create_task(said, name="busy")

    async def _say(self, question: Heard, words: str, *, nonce: str) -> None:
        try:
            await self._speaker.say(question.channel_id, words, reply_to=question.message_id, nonce=nonce)
        except OutsideError as error:
            log.warning("not_said", message=question.message_id, why=str(error))
        except Exception as error:  # noqa: BLE001 - border: an excuse that fails must not end the bot
            log.opt(exception=error).error("not_said", message=question.message_id, why=type(error).__name__)
