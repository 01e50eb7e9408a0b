"""The event bus: topics, sequence numbers, and snapshots in band.

Every event is two frames: the topic and a JSON `Event`. A topic's events carry sequence numbers that
rise by one. To learn the present state a child subscribes to `~sync/<bot>/<nonce>`; the mother answers on
that very topic, on the same socket, so that the snapshot stands in order with the updates. `~` sorts
last: libzmq re-sends subscriptions in the order of its trie, so after a reconnect every update topic is
live before the snapshot is asked for. On a gap the child subscribes with a new nonce.
"""

import secrets

import msgspec

from droas_common.ids import BotName, Snowflake
from droas_common.wire.calls import Json
from droas_common.wire.frames import MAX_EVENT_BYTES, decode

SYNC_PREFIX = "~sync/"
PROTECTION_PREFIX = "protection."
CONFIG_PREFIX = "config."


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change on a topic."""

    sequence: int
    kind: str
    data: Json = {}


class TopicState(msgspec.Struct, frozen=True):
    """Where a topic stands: the sequence number of its newest event, and the state that it led to."""

    sequence: int
    state: Json


class Snapshot(msgspec.Struct, frozen=True):
    """All topics that a child may follow, as they stood at one moment."""

    topics: dict[str, TopicState]


_events = msgspec.json.Decoder(Event)
_snapshots = msgspec.json.Decoder(Snapshot)


def config_topic(bot: BotName) -> str:
    """Name the topic of one bot's configuration."""
    return f"{CONFIG_PREFIX}{bot}"


def protection_topic(guild_id: Snowflake) -> str:
    """Name the topic of one guild's protection events.

    The trailing dot ends the id: subscriptions match prefixes, and 12 must not receive 123's events.
    """
    return f"{PROTECTION_PREFIX}{guild_id}."


def sync_topic(bot: BotName) -> str:
    """Name a fresh topic on which this bot asks for a snapshot."""
    return f"{SYNC_PREFIX}{bot}/{secrets.token_hex(8)}"


def read_event(frame: bytes) -> Event:
    """Read an event; raises FrameError."""
    return decode(frame, _events, limit=MAX_EVENT_BYTES)


def read_snapshot(frame: bytes) -> Snapshot:
    """Read a snapshot; raises FrameError."""
    return decode(frame, _snapshots, limit=MAX_EVENT_BYTES)
