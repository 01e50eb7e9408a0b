"""A bot's log lines for those who follow them."""

from collections.abc import AsyncGenerator

from droas_common.ids import BotName
from droas_common.wire.records import LogRecord
from droas_mother.core.supervision.events import LogEnded
from droas_mother.flows.mailbox import STOPPING, Mailbox
from droas_mother.ports import LogShelf

KEEP_ALIVE_S = 5.0
"""After so much silence a follower gets an empty batch, so that one who has gone is noticed."""

Line = LogRecord | LogEnded


class LogFeed:
    """Follows the logs of bots.

    Args:
        shelf: keeps the newest records.
    """

    def __init__(self, shelf: LogShelf) -> None:
        self._shelf = shelf
        self._mailboxes: set[Mailbox[LogRecord]] = set()

    def newest(self, bot: BotName, count: int) -> list[LogRecord]:
        """Give a bot's newest records, oldest first."""
        return self._shelf.newest(bot, count)

    async def follow(self, bot: BotName, count: int) -> AsyncGenerator[list[Line]]:
        """Give the newest records, then what comes, in batches; an empty batch is a sign of life."""
        mailbox: Mailbox[LogRecord] = Mailbox()
        self._mailboxes.add(mailbox)
        # Records come from any thread: listen first, and leave out below what the shelf has given already.
        unfollow = self._shelf.follow(bot, mailbox.post_from_anywhere)
        try:
            kept = self._shelf.newest(bot, count)
            known = {id(record) for record in kept}  # `kept` lives as long, so no other record has these ids
            yield [*kept]
            while (records := await mailbox.take(KEEP_ALIVE_S)) is not None:
                yield [record for record in records if id(record) not in known]
            yield [LogEnded(why=mailbox.closed_for)]
        finally:
            unfollow()
            self._mailboxes.discard(mailbox)

    def close(self) -> None:
        """Tell those who follow that the mother stops."""
        for mailbox in self._mailboxes:
            mailbox.close(STOPPING)
