"""The messages in Discord in which one answer grows: first early, then at a pace, at last exactly."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from droas_child.core.conversation import Heard
from droas_child.core.replies import due_in_s, preview, split
from droas_child.ports import Speaker
from droas_common.errors import OutsideError
from droas_common.ids import Snowflake
from droas_common.logs import log

_DOT = "."
_TRY_AGAIN_S = 0.5
_LONGEST_WAIT_S = 3.0
_TAKE_BACK_PAUSES_S = (0.5, 2.0, 7.0, 20.0, 30.0)
"""Between the tries to delete what was said: a minute in all, as who asked has a right to see it gone."""


class Reply:
    """The reply to one question.

    Only one writing is under way at a time, and only the newest text is written.

    Args:
        question: what is replied to.
        speaker: Discord.
    """

    def __init__(self, question: Heard, speaker: Speaker) -> None:
        self._question = question
        self._speaker = speaker
        self._now = asyncio.get_running_loop().time
        self._text = ""
        self._began_at = 0.0
        self._taken_in = ""
        self._taken_in_at: float | None = None
        self._changed = asyncio.Event()
        self._ended = False
        self._abandoned = False
        self._first_id: Snowflake | None = None
        self._first_text = ""
        self._unsure: set[str] = set()
        self._later: list[Snowflake] = []
        self._gone: set[Snowflake] = set()

    def show(self, text: str) -> None:
        """Have people see this much of the answer, when it is time."""
        if not self._text:
            self._began_at = self._now()
        self._text = text
        self._changed.set()

    async def keep_showing(self) -> None:
        """Show what is to be shown until `stop()`; a failure is left to the next try."""
        while not self._ended:
            wait_s = self._due_in_s()
            if wait_s == 0.0:
                await self._show_newest()
                continue
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()

    def stop(self) -> None:
        """End the showing; a writing under way is still finished."""
        self._ended = True
        self._changed.set()

    def abandon(self) -> None:
        """Write nothing further: the question is gone."""
        self._abandoned = True
        self.stop()

    async def finish(self, text: str) -> None:
        """Make Discord show exactly this text; raises OutsideError when it cannot."""
        first, *others = split(text)
        await self._insist(partial(self._write_first, first))
        for index, part in enumerate(others, start=1):
            if self._abandoned:
                return
            await self._insist(partial(self._add, part, index))

    async def take_back(self) -> None:
        """Delete everything that was said, also what was only perhaps; what stays after a minute is logged."""
        question = self._question
        failure = await self._try_to_take_back()
        try:
            for pause_s in _TAKE_BACK_PAUSES_S:
                if failure is None:
                    return
                await asyncio.sleep(pause_s)
                failure = await self._try_to_take_back()
        finally:  # also when the bot stops meanwhile
            if failure is not None:
                log.warning(
                    "reply_not_taken_back",
                    channel=question.channel_id,
                    message=question.message_id,
                    why=str(failure),
                )

    async def _try_to_take_back(self) -> OutsideError | None:
        """Delete what can be deleted; gives why something could not, None when nothing is left."""
        failure = None
        for nonce in sorted(self._unsure):
            try:
                await self._find(nonce)
            except OutsideError as error:
                failure = error
        for message_id in filter(None, [self._first_id, *self._later]):
            if message_id in self._gone:
                continue
            try:
                await self._speaker.take_back(self._question.channel_id, message_id)
            except OutsideError as error:
                failure = error
            else:
                self._gone.add(message_id)
        return failure

    def _due_in_s(self) -> float | None:
        now = self._now()
        return due_in_s(
            text=self._text,
            shown=self._taken_in,
            since_start_s=now - self._began_at,
            since_shown_s=None if self._taken_in_at is None else now - self._taken_in_at,
        )

    async def _show_newest(self) -> None:
        text = self._text
        try:
            await self._write_first(preview(text))
        except OutsideError as error:
            log.warning("preview_failed", why=str(error))
        self._taken_in, self._taken_in_at = text, self._now()

    async def _write_first(self, text: str) -> None:
        question = self._question
        if text == self._first_text or self._abandoned:
            return
        if self._first_id is None:
            nonce = f"{question.message_id}.0"
            unsure = nonce in self._unsure
            self._first_id = await self._say(text, nonce=nonce, reply_to=question.message_id)
            if unsure:  # the nonce gives back what an earlier try has made, with the words of that time
                await self._speaker.change(question.channel_id, self._first_id, text)
        else:
            await self._speaker.change(question.channel_id, self._first_id, text)
        self._first_text = text

    async def _add(self, part: str, index: int) -> None:
        self._later.append(await self._say(part, nonce=f"{self._question.message_id}.{index}"))

    async def _find(self, nonce: str) -> None:
        """Learn what became of a try: its nonce gives back what it made, or for a moment there is a dot."""
        self._later.append(await self._say(_DOT, nonce=nonce))

    async def _say(self, text: str, *, nonce: str, reply_to: Snowflake | None = None) -> Snowflake:
        """Say something once; until its id is known it may stand there all the same."""
        self._unsure.add(nonce)
        said = await self._speaker.say(self._question.channel_id, text, reply_to=reply_to, nonce=nonce)
        self._unsure.discard(nonce)
        return said

    async def _insist(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do something, once more if Discord fails; the nonce keeps it from being done twice."""
        try:
            await act()
        except OutsideError as error:
            wait_s = _TRY_AGAIN_S if error.retry_after_s is None else error.retry_after_s
            await asyncio.sleep(min(wait_s, _LONGEST_WAIT_S))
            await act()
