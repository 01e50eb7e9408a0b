"""One question, one answer: history, model, tools, and the reply that grows in Discord."""

import asyncio
from collections.abc import Container, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from enum import StrEnum

from droas_child.core.completion import Completion
from droas_child.core.conversation import Heard, Said, prompt
from droas_child.core.failures import Failure, apology, worth_a_retry
from droas_child.flows.reply import Reply
from droas_child.flows.toolbox import Toolbox
from droas_child.ports import Model, ModelFailedError, Speaker
from droas_common.errors import OutsideError
from droas_common.ids import Snowflake, TraceId
from droas_common.logs import log
from droas_common.settings import BotSettings
from droas_common.tracing import trace
from droas_common.wire.calls import Actor, Json

MAX_ANSWER_CHARACTERS = 12_000
"""Six messages; what a model says beyond them is cut."""

MAX_TEXT_CHARACTERS = 160_000
"""The same with what a model thinks aloud before: 32,000 tokens."""

_TYPING_EVERY_S = 8.0
_CUT = "\n\n[…]"


class Ending(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    MODEL_FAILED = "model_failed"
    """The asker was told so."""
    DROPPED = "dropped"
    """It was taken away meanwhile; nothing of a reply is left, or the log tells that something may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """What is to be said at last."""

    text: str
    failure: Failure | None = None


class Answer:
    """The answering of one question.

    Args:
        question: what is asked.
        speaker: Discord.
        model: the language model.
        toolbox: the mother's tools.
        settings: the bot's present settings.
        removed: messages that were taken away.
        late_thinkers: models whose thoughts were seen only when they ended; kept from answer to answer.
    """

    def __init__(
        self,
        question: Heard,
        *,
        speaker: Speaker,
        model: Model,
        toolbox: Toolbox,
        settings: BotSettings,
        removed: Container[Snowflake],
        late_thinkers: set[str | None],
    ) -> None:
        self._question = question
        self._speaker = speaker
        self._model = model
        self._toolbox = toolbox
        self._settings = settings
        self._removed = removed
        self._late_thinkers = late_thinkers
        self._thought_late = False
        self._reply = Reply(question, speaker)
        self._conversation: asyncio.Task[_Text] | None = None
        self._dropped = False
        self._said = ""
        self._tokens = 0
        self._deadline = 0.0

    def drop(self) -> None:
        """The question was taken away: break off the model's request and take back what was said."""
        self._dropped = True
        self._reply.abandon()
        if self._conversation is not None:
            self._conversation.cancel()

    async def give(self) -> Ending:
        """Answer; a failure of the model is told to the asker.

        Raises:
            OutsideError: Discord took no answer.
        """
        with trace() as trace_id:
            found = None if self._dropped else await self._find_words(trace_id)
            if found is not None and not self._dropped:
                await self._finish(found.text)
            question = self._question
            if found is None or self._dropped:
                await self._reply.take_back()
                log.info("question_removed", channel=question.channel_id, message=question.message_id)
                return Ending.DROPPED
            if found.failure is not None:
                return Ending.MODEL_FAILED
            log.info(
                "answered",
                channel=question.channel_id,
                message=question.message_id,
                characters=len(found.text),
                tokens=self._tokens,
            )
            return Ending.ANSWERED

    async def _finish(self, text: str) -> None:
        """Say the last words; that they cannot be said does not matter once nobody asks any more."""
        try:
            await self._reply.finish(text)
        except OutsideError:
            if not self._dropped:
                raise

    async def _find_words(self, trace_id: TraceId) -> _Text | None:
        """Talk with the model while people see that it is done; None when the question was dropped."""
        async with asyncio.TaskGroup() as group:
            typing = group.create_task(self._type(), name="typing")
            group.create_task(self._reply.keep_showing(), name="show")
            conversation = group.create_task(self._try_to_converse(trace_id), name="conversation")
            self._conversation = conversation
            await asyncio.wait({conversation})
            typing.cancel()
            self._reply.stop()
        return None if conversation.cancelled() else conversation.result()

    async def _try_to_converse(self, trace_id: TraceId) -> _Text:
        """Get the model's words, or those that tell of its failure behind what it had said."""
        # One request may take `total_timeout_s`; the rounds of tools and a retry get as much again.
        whole_s = 2 * self._settings.llm_config.total_timeout_s
        self._deadline = asyncio.get_running_loop().time() + whole_s
        try:
            async with asyncio.timeout(whole_s):
                return _Text(text=await self._converse())
        except ModelFailedError as error:
            failure, why = error.failure, str(error)
        except TimeoutError:
            failure, why = Failure.SLOW, f"no whole answer within {whole_s:g} s"
        log.warning("model_failed", failure=failure.value, why=why)
        words = apology(failure, trace_id)
        return _Text(text=f"{self._said}\n\n{words}" if self._said else words, failure=failure)

    async def _converse(self) -> str:
        """Ask the model, do what it asks for, ask again; gives its last words."""
        settings = self._settings
        async with asyncio.TaskGroup() as group:
            past = group.create_task(self._history(), name="history")
            offered = group.create_task(self._toolbox.offer(), name="tools")
        messages = prompt(
            system=settings.system_prompt,
            bot_id=self._speaker.bot_id,
            history=past.result(),
            question=self._question,
            removed=self._removed,
        )
        completion = await self._ask(messages, offered.result() if settings.max_tool_rounds else [])
        for round_number in range(settings.max_tool_rounds):
            if not completion.calls:
                break
            messages.append(completion.as_message())
            messages += await self._toolbox.use(
                completion.calls, actor=self._actor(), round_number=round_number, deadline=self._deadline
            )
            last = round_number + 1 == settings.max_tool_rounds
            completion = await self._ask(messages, [] if last else offered.result())
        if not completion.said.strip():
            # What was said before the last calls is no answer.
            failure = Failure.FILTERED if completion.finish_reason == "content_filter" else Failure.BROKEN
            raise ModelFailedError(failure, f"the model said nothing ({completion.finish_reason})")
        return self._said

    async def _history(self) -> list[Said]:
        """Give what was said before; without the past a question can still be answered."""
        question, limit = self._question, self._settings.history_messages
        if limit:
            with suppress(OutsideError):
                return await self._speaker.history(question.channel_id, question.message_id, limit)
        return []

    async def _ask(self, messages: Sequence[Json], tools: Sequence[Json]) -> Completion:
        """Get one whole answer of the model; tries once more when nothing had come."""
        completion = Completion()
        try:
            await self._listen(completion, messages, tools)
        except ModelFailedError as error:
            # Thoughts alone are nothing that people saw, but who thinks too long will do so again.
            received = completion.said or completion.calls or completion.finish_reason == "length"
            if not worth_a_retry(error.failure, received=bool(received)):
                raise
            log.warning("model_asked_again", why=str(error))
            completion = Completion()
            await self._listen(completion, messages, tools)
        self._tokens += completion.tokens
        return completion

    async def _listen(self, completion: Completion, messages: Sequence[Json], tools: Sequence[Json]) -> None:
        """Take in one stream, and show what there is of it; raises ModelFailedError."""
        async with aclosing(self._model.stream(messages, tools)) as chunks:
            async for chunk in chunks:
                if completion.feed(chunk):
                    self._show(completion)
                if self._is_too_long(completion):
                    completion.finish_reason = "length"
                    break
        self._note_thinking(completion)
        if completion.failure is not None:
            raise ModelFailedError(completion.failure, completion.error)
        if (
            not completion.calls
            and not completion.said.strip()
            and completion.finish_reason != "content_filter"
        ):
            raise ModelFailedError(Failure.BROKEN, "the model said nothing")
        if self._may_be_thinking(completion) and completion.finish_reason == "length":
            raise ModelFailedError(Failure.BROKEN, "the model thought until it was cut off")
        if not tools:
            completion.calls.clear()  # none were offered: what was said is the answer
        self._show(completion, ended=True)

    def _show(self, completion: Completion, *, ended: bool = False) -> None:
        """Note what was said so far, and have it shown unless the model goes on with tools."""
        if self._may_be_thinking(completion) and (completion.calls or not ended):
            return
        said = completion.said.strip()
        if not said:
            return
        cut = len(said) > MAX_ANSWER_CHARACTERS or completion.finish_reason == "length"
        self._said = said[:MAX_ANSWER_CHARACTERS] + _CUT if cut else said
        if not completion.calls:
            self._reply.show(self._said)

    def _may_be_thinking(self, completion: Completion) -> bool:
        """Say whether all of it may be a thought whose beginning was not sent, as the model has done it before."""
        return self._settings.llm_config.model in self._late_thinkers and not completion.thoughts.seen

    def _note_thinking(self, completion: Completion) -> None:
        """Learn from a stream whether its model thinks without saying that it begins to."""
        name = self._settings.llm_config.model
        if completion.thoughts.unbegun:
            self._thought_late = True
            self._late_thinkers.add(name)
        elif completion.finish_reason == "stop" and completion.said.strip() and not self._thought_late:
            self._late_thinkers.discard(name)

    def _is_too_long(self, completion: Completion) -> bool:
        if len(completion.text) + len(completion.reasoning) > MAX_TEXT_CHARACTERS:
            return True
        return not self._may_be_thinking(completion) and len(completion.said) > MAX_ANSWER_CHARACTERS

    def _actor(self) -> Actor:
        """Name the person on whose behalf tools are called: taken from the event, never from words."""
        question = self._question
        return Actor(
            user_id=question.author_id,
            guild_id=question.guild_id,
            channel_id=question.channel_id,
            message_id=question.message_id,
        )

    async def _type(self) -> None:
        """Show that an answer is being written; nobody depends on it."""
        while True:
            with suppress(OutsideError):
                await self._speaker.show_typing(self._question.channel_id)
            await asyncio.sleep(_TYPING_EVERY_S)
