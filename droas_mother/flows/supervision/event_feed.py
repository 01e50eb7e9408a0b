"""The feed of what happens to the bots: kept in a ring, handed to those who follow, bounded everywhere."""

import time
from collections.abc import AsyncGenerator

from droas_common.ids import BotName
from droas_mother.core.supervision.events import (
    Commanded,
    ConfigChanged,
    Event,
    EventRing,
    Missed,
    StreamEnded,
)
from droas_mother.flows.mailbox import STOPPING, Mailbox
from droas_mother.flows.supervision.bot_keeper import BotKeeper
from droas_mother.flows.supervision.bot_report import change_of

KEPT_EVENTS = 1000
KEEP_ALIVE_S = 5.0
"""After so much silence a follower gets an empty batch, so that one who has gone is noticed."""

Line = Event | Missed | StreamEnded


class EventFeed:
    """All that happens to the bots.

    Args:
        capacity: most events kept.
    """

    def __init__(self, capacity: int = KEPT_EVENTS) -> None:
        self._ring = EventRing(capacity)
        self._mailboxes: set[Mailbox[Event]] = set()
        self._states: dict[BotName, str] = {}

    def note_change(self, keeper: BotKeeper) -> None:
        """Take in that a bot's state has changed."""
        before = self._states.get(keeper.name)
        event = change_of(keeper, id=self._ring.next_id, at=time.time(), before=before)
        self._states[keeper.name] = event.state
        self._publish(event)

    def note_command(self, bot: BotName, verb: str, uid: int) -> None:
        """Take in that somebody has commanded a bot."""
        self._publish(Commanded(id=self._ring.next_id, at=time.time(), bot=bot, verb=verb, uid=uid))

    def note_config(self, revision: int, what: str, words: str) -> None:
        """Take in what has happened to the configuration."""
        at = round(time.time(), 3)
        self._publish(ConfigChanged(id=self._ring.next_id, at=at, revision=revision, what=what, words=words))

    def newest(self, count: int, *, after: int | None, bot: str | None) -> list[Missed | Event]:
        """Give the events after this one, or the newest ones, oldest first."""
        if after is not None:
            return self._ring.after(after, bot=bot)
        return [*self._ring.newest(count, bot=bot)]

    async def follow(self, count: int, *, after: int | None, bot: str | None) -> AsyncGenerator[list[Line]]:
        """Give what was, then what happens, in batches; an empty batch is a sign of life."""
        mailbox: Mailbox[Event] = Mailbox()
        self._mailboxes.add(mailbox)
        try:
            last_id = self._ring.next_id - 1
            yield [*self.newest(count, after=after, bot=bot)]
            while (events := await mailbox.take(KEEP_ALIVE_S)) is not None:
                last_id = events[-1].id if events else last_id
                yield [one for one in events if bot in (None, one.bot)]
            yield [StreamEnded(id=last_id, why=mailbox.closed_for)]
        finally:
            self._mailboxes.discard(mailbox)

    def close(self) -> None:
        """Tell those who follow that the mother stops."""
        for mailbox in self._mailboxes:
            mailbox.close(STOPPING)

    def _publish(self, event: Event) -> None:
        self._ring.add(event)
        for mailbox in self._mailboxes:
            mailbox.post(event)
