"""One question, one answer: history, model, tools, and the message that grows in Discord."""

import asyncio
import json
import time
from collections.abc import Container
from contextlib import aclosing, suppress

from droas_child.core.completion import Completion, WantedCall
from droas_child.core.conversation import Heard, prompt
from droas_child.core.failures import Failure, apology, worth_a_retry
from droas_child.core.replies import preview, split, worth_showing
from droas_child.core.tool_names import real_name
from droas_child.flows.toolbox import Toolbox
from droas_child.ports import Model, ModelFailedError, Speaker
from droas_common.errors import OutsideError, RequestError
from droas_common.ids import Snowflake
from droas_common.logs import log
from droas_common.settings import BotSettings
from droas_common.tracing import trace
from droas_common.wire.calls import Actor, Json

MAX_ANSWER_CHARACTERS = 12_000
"""Six messages; what a model says beyond them is cut."""

MAX_CALLS = 8
"""Tool calls of one round; further ones are refused in words."""

_TYPING_EVERY_S = 8.0
_CUT = "\n\n[…]"


class Answer:
    """The answering of one question.

    Args:
        question: what is asked.
        speaker: Discord.
        model: the language model.
        toolbox: the mother's tools.
        settings: the bot's present settings.
        removed: messages that were taken away.
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
    ) -> None:
        self._question = question
        self._speaker = speaker
        self._model = model
        self._toolbox = toolbox
        self._settings = settings
        self._removed = removed
        self._message_id: Snowflake | None = None
        self._shown = ""
        self._shown_at: float | None = None
        self._began_at: float | None = None
        self._showing: asyncio.Task[None] | None = None
        self._later: list[Snowflake] = []

    async def give(self) -> None:
        """Answer; a failure of the model is told to the asker, one of Discord is raised.

        Raises:
            OutsideError: Discord took no answer.
        """
        question = self._question
        with trace() as trace_id:
            typing = asyncio.create_task(self._type(), name=f"typing-{question.message_id}")
            try:
                text = await self._converse()
                failed = None
            except ModelFailedError as error:
                failed = error
                log.warning("model_failed", failure=error.failure.value, why=str(error))
                text = apology(error.failure, trace_id)
            finally:
                await _end(typing)
                await _end(self._showing)
            await self._finish(text)
            log.info(
                "answered", channel=question.channel_id, message=question.message_id, characters=len(text)
            )
        if failed is not None:
            raise failed

    async def take_back(self) -> None:
        """Delete what was already said, because the question is gone."""
        for message_id in filter(None, [self._message_id, *self._later]):
            with suppress(OutsideError):
                await self._speaker.take_back(self._question.channel_id, message_id)

    async def _converse(self) -> str:
        """Ask the model, do what it asks for, ask again; gives its last words."""
        question, settings = self._question, self._settings
        history = []
        if settings.history_messages:
            with suppress(OutsideError):  # without the past a question can still be answered
                history = await self._speaker.history(
                    question.channel_id, question.message_id, settings.history_messages
                )
        messages = prompt(
            system=settings.system_prompt,
            bot_id=self._speaker.bot_id,
            history=history,
            question=question,
            removed=self._removed,
        )
        tools = await self._toolbox.offer()
        said = ""
        for round_number in range(settings.max_tool_rounds + 1):
            last = round_number == settings.max_tool_rounds
            completion = await self._ask(messages, [] if last else tools)
            said = completion.text or said
            if not completion.calls or last:
                break
            messages.append(completion.as_message())
            messages += await self._use_tools(completion.calls, round_number)
        if not said.strip():
            raise ModelFailedError(Failure.BROKEN, "the model said nothing")
        return said if len(said) <= MAX_ANSWER_CHARACTERS else said[:MAX_ANSWER_CHARACTERS] + _CUT

    async def _ask(self, messages: list[Json], tools: list[Json]) -> Completion:
        """Get one whole answer of the model; tries once more when nothing had come."""
        completion = Completion()
        try:
            await self._listen(completion, messages, tools)
        except ModelFailedError as error:
            if not worth_a_retry(error.failure, received=bool(completion.text or completion.calls)):
                raise
            completion = Completion()
            await self._listen(completion, messages, tools)
        return completion

    async def _listen(self, completion: Completion, messages: list[Json], tools: list[Json]) -> None:
        """Take in one stream, and show what there is of it; raises ModelFailedError."""
        async with aclosing(self._model.stream(messages, tools)) as chunks:
            async for chunk in chunks:
                if completion.feed(chunk) and completion.text and not completion.calls:
                    self._show(completion.text)
                if len(completion.text) > MAX_ANSWER_CHARACTERS:
                    return
        if completion.error:
            raise ModelFailedError(Failure.BROKEN, completion.error)

    async def _use_tools(self, calls: list[WantedCall], round_number: int) -> list[Json]:
        """Do all calls of a round side by side; every one gets exactly one answer."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._use_tool(call, f"{round_number}.{index}", refuse=index >= MAX_CALLS))
                for index, call in enumerate(calls)
            ]
        return [
            {
                "role": "tool",
                "tool_call_id": call.id,
                "content": json.dumps(task.result(), ensure_ascii=False),
            }
            for call, task in zip(calls, tasks, strict=True)
        ]

    async def _use_tool(self, call: WantedCall, place: str, *, refuse: bool) -> Json:
        question, arguments = self._question, call.parsed()
        if refuse:
            return {"refused": "too_many_calls", "message": f"at most {MAX_CALLS} calls at once"}
        if arguments is None:
            return {"refused": "bad_arguments", "message": "the arguments are not a JSON object"}
        actor = Actor(
            user_id=question.author_id,
            guild_id=question.guild_id,
            channel_id=question.channel_id,
            message_id=question.message_id,
        )
        try:
            # The question's id comes first: it rises with time, and a retry after a crash has the same key.
            result = await self._toolbox.call(
                real_name(call.name), arguments, actor=actor, key=f"{question.message_id}.{place}"
            )
        except RequestError as error:
            return {"refused": "denied", "message": str(error)}
        except OutsideError as error:
            log.warning("tool_unavailable", tool=call.name, why=str(error))
            return {"refused": "unavailable", "message": "the tool cannot be reached right now"}
        return result.structured_content

    def _show(self, text: str) -> None:
        """Show what there is of the answer, if it is time and no showing is under way."""
        now = time.monotonic()
        self._began_at = self._began_at or now
        if self._showing is not None and not self._showing.done():
            return
        since_shown_s = None if self._shown_at is None else now - self._shown_at
        if worth_showing(
            text=text, shown=self._shown, since_start_s=now - self._began_at, since_shown_s=since_shown_s
        ):
            self._showing = asyncio.create_task(self._put(preview(text)), name="show")

    async def _put(self, text: str) -> None:
        """Make the first message say this; a failure is left to the last try."""
        try:
            await self._write_first(text)
        except OutsideError as error:
            log.warning("preview_failed", why=str(error))
        self._shown_at = time.monotonic()

    async def _write_first(self, text: str) -> None:
        question = self._question
        if text == self._shown:
            return
        if self._message_id is None:
            self._message_id = await self._speaker.say(
                question.channel_id, text, reply_to=question.message_id, nonce=f"{question.message_id}.0"
            )
        else:
            await self._speaker.change(question.channel_id, self._message_id, text)
        self._shown = text

    async def _finish(self, text: str) -> None:
        """Make Discord show exactly this text."""
        parts = split(text)
        await self._write_first(parts[0])
        for index, part in enumerate(parts[1:], start=1):
            nonce = f"{self._question.message_id}.{index}"
            self._later.append(
                await self._speaker.say(self._question.channel_id, part, reply_to=None, nonce=nonce)
            )

    async def _type(self) -> None:
        """Show that an answer is being written; nobody depends on it."""
        while True:
            with suppress(OutsideError):
                await self._speaker.show_typing(self._question.channel_id)
            await asyncio.sleep(_TYPING_EVERY_S)


async def _end(task: "asyncio.Task[None] | None") -> None:
    """End a task of this answer: typing is cancelled, a showing under way is waited for."""
    if task is None:
        return
    if task.get_name().startswith("typing"):
        task.cancel()
    await asyncio.wait({task})
