"""What the mother publishes: configuration and protection, complete and in order.

Numbers that are missing mean that something was lost; then the present state is asked for anew, and it
comes on the same socket.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from droas_child.core.hot_settings import with_hot
from droas_child.flows.intake import Intake
from droas_common.errors import ConfigurationError
from droas_common.ids import BotName, Snowflake
from droas_common.logs import log
from droas_common.settings import BotSettings
from droas_common.wire.calls import Json
from droas_common.wire.frames import FrameError
from droas_common.wire.topics import (
    CONFIG_PREFIX,
    PROTECTION_PREFIX,
    SYNC_PREFIX,
    Event,
    config_topic,
    protection_topic,
    read_event,
    read_snapshot,
    sync_topic,
)


class Subscriptions(Protocol):
    """The subscribing side of the bus."""

    def subscribe(self, topic: str) -> None:
        """Follow a topic."""
        ...

    def unsubscribe(self, topic: str) -> None:
        """Follow a topic no longer."""
        ...


class News:
    """Follows the bus.

    Args:
        bot: this bot.
        settings: what it was started with.
        revision: the number of that configuration.
        intake: told of messages that were taken away.
        on_settings: told what was taken over, after every configuration.
        subscriptions: the bus.
    """

    def __init__(
        self,
        bot: BotName,
        settings: BotSettings,
        *,
        revision: int,
        intake: Callable[[], Intake],
        subscriptions: Subscriptions,
        on_settings: Callable[[Json], None] = lambda _hot: None,
    ) -> None:
        self.settings = settings
        self.revision = revision
        self._synced = asyncio.Event()
        self._bot = bot
        self._intake = intake
        self._subscriptions = subscriptions
        self._on_settings = on_settings
        self._sequences: dict[str, int] = {}
        self._topics: set[str] = set()
        self._sync = ""

    @property
    def synced(self) -> bool:
        """Whether the present state of everything followed is known."""
        return self._synced.is_set()

    async def wait_synced(self) -> None:
        """Wait until the present state is known."""
        await self._synced.wait()

    def start(self) -> None:
        """Follow the bot's configuration, and ask for the present state."""
        self._follow(config_topic(self._bot))
        self.ask_state()

    def follow_guilds(self, guild_ids: frozenset[Snowflake]) -> None:
        """Follow the protection of exactly these groups."""
        wanted = {protection_topic(guild_id) for guild_id in guild_ids}
        for topic in self._topics - wanted - {config_topic(self._bot)}:
            self._subscriptions.unsubscribe(topic)
            self._topics.discard(topic)
            self._sequences.pop(topic, None)
        new = wanted - self._topics
        for topic in new:
            self._follow(topic)
        if new:
            self.ask_state()

    def ask_state(self) -> None:
        """Ask for the present state of everything followed."""
        if self._sync:
            self._subscriptions.unsubscribe(self._sync)
        self._synced.clear()
        self._sync = sync_topic(self._bot)
        self._subscriptions.subscribe(self._sync)

    def hear(self, frames: list[bytes]) -> None:
        """Take in one message of the bus."""
        topic = frames[0].decode("utf-8", "replace")
        try:
            if topic.startswith(SYNC_PREFIX):
                self._take_snapshot(topic, frames[-1])
            else:
                self._take_event(topic, frames[-1])
        except FrameError as error:
            log.error("event_refused", topic=topic, why=str(error))

    def _take_event(self, topic: str, frame: bytes) -> None:
        event = read_event(frame)
        if topic not in self._topics:
            return  # left a moment ago, or no whole topic at all
        if topic.startswith(PROTECTION_PREFIX):
            # Whatever its number: to drop work twice, or early, does no harm.
            self._take_protection(Snowflake(topic[len(PROTECTION_PREFIX) :].rstrip(".")), event)
        known = self._sequences.get(topic)
        if known is None:
            return  # the snapshot that was asked for will tell
        if event.sequence != known + 1:
            # Missed some; or, when the number is lower, the mother counts anew.
            log.warning("events_missed", topic=topic, known=known, came=event.sequence)
            self.ask_state()
        self._sequences[topic] = event.sequence
        if topic.startswith(CONFIG_PREFIX):
            self._take_settings(event.data)

    def _take_protection(self, guild_id: Snowflake, event: Event) -> None:
        match event.kind:
            case "message_removed":
                self._intake().remove(Snowflake(str(event.data.get("message_id", ""))))
            case "member_timed_out":
                self._intake().remove_member(guild_id, Snowflake(str(event.data.get("user_id", ""))))
            case _:
                log.debug("event_unknown", kind=event.kind)

    def _take_snapshot(self, topic: str, frame: bytes) -> None:
        if topic != self._sync:
            return
        snapshot = read_snapshot(frame)
        for name in self._topics:
            stands = snapshot.topics.get(name)
            self._sequences[name] = stands.sequence if stands else 0
            if stands is None:
                continue
            if name.startswith(CONFIG_PREFIX):
                self._take_settings(stands.state)
            else:
                for message_id in stands.state.get("removed") or ():
                    self._intake().remove(Snowflake(str(message_id)))
        self._synced.set()

    def _take_settings(self, hot: Json) -> None:
        """Take over what can change while the bot runs; settings that cannot be used change nothing."""
        if not hot:
            return
        try:
            self.settings = with_hot(self.settings, hot)
        except ConfigurationError as error:
            log.error("settings_refused", why=str(error))
            return
        revision = hot.get("revision")
        self.revision = revision if isinstance(revision, int) else self.revision
        self._on_settings(hot)

    def _follow(self, topic: str) -> None:
        self._topics.add(topic)
        self._subscriptions.subscribe(topic)
