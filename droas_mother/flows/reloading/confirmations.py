"""Who runs which revision, and how long the last one took from the disk to the last bot."""

import time
from collections.abc import Callable

from droas_common.ids import BotName
from droas_mother.core.supervision.bot import Bot
from droas_mother.core.supervision.lifecycle import State
from droas_mother.flows.reloading.canary import Keepers

REMIND_AFTER_S = 1.0
MOST_REMINDERS = 5
"""A bot that does not confirm after so many refuses; it says why in its log."""


class Confirmations:
    """Watches one revision after another until all living bots have confirmed it.

    Args:
        keepers: gives the bots.
        on_confirmed: told how many seconds it took, once all have.
    """

    def __init__(self, keepers: Callable[[], Keepers], on_confirmed: Callable[[float], None]) -> None:
        self._keepers = keepers
        self._on_confirmed = on_confirmed
        self._since: float | None = None
        self._reminders: dict[BotName, tuple[int, int]] = {}
        self.last_s: float | None = None

    def begin(self, since: float | None) -> None:
        """Bots were given a revision; `since` is the moment (monotonic clock) of the change on the disk."""
        self._since = time.monotonic() if since is None else since
        self.look()

    def look(self) -> None:
        """See whether all have confirmed; to be called with every heartbeat."""
        if self._since is None or any(_awaited(keeper.bot) for keeper in self._keepers().values()):
            return
        self.last_s = time.monotonic() - self._since
        self._since = None
        self._on_confirmed(self.last_s)

    def to_remind(self) -> list[BotName]:
        """Give the bots that must be told once more: what they were told may have been lost."""
        now = time.monotonic()
        due: list[BotName] = []
        keepers = self._keepers()
        self._reminders = {name: told for name, told in self._reminders.items() if name in keepers}
        for name, keeper in keepers.items():
            bot = keeper.bot
            if not missing(bot) or now - bot.revision_at < REMIND_AFTER_S:
                continue
            revision, count = self._reminders.get(name, (0, 0))
            count = count + 1 if revision == bot.revision else 1
            self._reminders[name] = (bot.revision, count)
            if count <= MOST_REMINDERS:
                due.append(name)
        return due


def _awaited(bot: Bot) -> bool:
    """Whether a bot will confirm, and has not yet: one that is just being replaced, too."""
    beat = bot.life.beat if bot.life else None
    coming = bot.wanted and bot.state not in {State.FAILED, State.BACKOFF}
    return coming and (beat is None or beat.config_revision != bot.revision)


def missing(bot: Bot) -> bool:
    """Whether a bot lives and has not confirmed the revision that it should run."""
    beat = bot.life.beat if bot.life else None
    return beat is not None and beat.config_revision != bot.revision and bot.wanted
