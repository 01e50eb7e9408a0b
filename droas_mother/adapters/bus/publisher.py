"""The event bus: one XPUB, numbered topics, snapshots in band.

A subscription to `~sync/<bot>/<nonce>` is a question: the state of every topic that this bot may follow is
published on that very topic, behind the updates sent before it and ahead of those that come after, because
it is the same socket. Subscriptions are admitted by hand: a bot follows its own configuration and the
protection of groups, nothing else; a snapshot tells of what it follows, perhaps of more, never of less. Updates are never
dropped in silence: a subscriber whose queue is full misses a number, sees the gap, and asks again.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

import zmq

from droas_common.ids import BotName
from droas_common.wire.calls import Json
from droas_common.wire.frames import MAX_EVENT_BYTES, encode
from droas_common.wire.topics import (
    PROTECTION_PREFIX,
    SYNC_PREFIX,
    Event,
    Snapshot,
    TopicState,
    config_topic,
)
from droas_common.zmq_sockets import ServedSocket, server_socket
from droas_mother.adapters.bus.keyring import ZAP_DOMAIN, KeyRing
from droas_mother.core.tools.authorization import Principal, PrincipalKind

SEND_QUEUE = 256
"""Events waiting for one slow subscriber, which bounds the memory that it can take: a stopped process holds no more
than these. Beyond them it misses some and learns so from the numbers, or when it is reminded."""

MAX_TOPICS = 10_000
"""Topics whose state is kept; the longest unused one is forgotten first."""

_ROOM = MAX_EVENT_BYTES // 2
"""Bytes of states in a snapshot; one that is larger than an event may be would end its reader's connection."""


@dataclass(slots=True)
class _Topic:
    sequence: int = 0
    state: Json = field(default_factory=dict)


class Publisher:
    """Publishes changes and answers questions for the present state.

    Args:
        context: the mother's ZeroMQ context.
        endpoint: where to bind.
        keyring: tells who has proven which key.
    """

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, keyring: KeyRing) -> None:
        raw = server_socket(
            context,
            zmq.XPUB,
            endpoint,
            secret_key=keyring.server_secret_key,
            domain=ZAP_DOMAIN,
            send_limit=SEND_QUEUE,
        )
        raw.setsockopt(zmq.XPUB_MANUAL, 1)
        raw.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._raw = raw
        self._socket = ServedSocket(raw, self._on_subscription)
        self._keyring = keyring
        self._topics: OrderedDict[str, _Topic] = OrderedDict()
        self._followed: dict[BotName, OrderedDict[str, None]] = {}
        self.refused_subscriptions = 0

    def start(self) -> None:
        """Begin to answer subscriptions on the running loop."""
        self._socket.start()

    def publish(self, topic: str, kind: str, data: Json, *, state: Json) -> int:
        """Tell all followers of a topic of a change.

        Args:
            topic: the topic's name.
            kind: what sort of change.
            data: the change.
            state: what the topic's state is from now on, for those who ask later.

        Returns:
            The sequence number of the event.
        """
        entry = self._topics.setdefault(topic, _Topic())
        self._topics.move_to_end(topic)
        entry.sequence += 1
        entry.state = state
        if len(self._topics) > MAX_TOPICS:
            self._topics.popitem(last=False)
        event = Event(sequence=entry.sequence, kind=kind, data=data)
        self._socket.send(topic.encode(), encode(event))
        return entry.sequence

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _on_subscription(self, key: str, frames: list[bytes]) -> None:
        wanted, topic = frames[0][:1] == b"\x01", frames[0][1:].decode("utf-8", "replace")
        principal = self._keyring.principal(key)
        if not wanted:
            self._raw.setsockopt(zmq.UNSUBSCRIBE, topic.encode())
            # A connection that has ended tells no key.
            if principal is not None and _may_follow(principal, topic):
                self._followed.get(BotName(principal.name), OrderedDict()).pop(topic, None)
            return
        if principal is None or not _may_follow(principal, topic):
            self.refused_subscriptions += 1
            return
        self._raw.setsockopt(zmq.SUBSCRIBE, topic.encode())
        if topic.startswith(SYNC_PREFIX):
            self._socket.send(topic.encode(), encode(self._snapshot(BotName(principal.name))))
        else:
            self._note_followed(BotName(principal.name), topic)

    def _note_followed(self, bot: BotName, topic: str) -> None:
        """Note what a bot follows, the newest of it; what an ended connection followed stays, as order tells nothing."""
        followed = self._followed.setdefault(bot, OrderedDict())
        followed[topic] = None
        followed.move_to_end(topic)
        if len(followed) > MAX_TOPICS:
            followed.popitem(last=False)

    def _snapshot(self, bot: BotName) -> Snapshot:
        """Tell how everything stands that a bot follows; states that find no room are left out, the oldest first."""
        room, topics = _ROOM, dict[str, TopicState]()
        followed, own = self._followed.get(bot, OrderedDict()), config_topic(bot)
        for name, topic in reversed(self._topics.items()):
            if name != own and name not in followed:
                continue
            room -= len(encode(topic.state))
            told = topic.state if room >= 0 or name == own else {}
            topics[name] = TopicState(sequence=topic.sequence, state=told)
        return Snapshot(topics=topics)


def _may_follow(principal: Principal, topic: str) -> bool:
    """Say whether this peer may subscribe to this prefix."""
    if principal.kind is not PrincipalKind.BOT:
        return False
    return (
        topic == config_topic(BotName(principal.name))
        or topic.startswith(f"{SYNC_PREFIX}{principal.name}/")
        or (topic.startswith(PROTECTION_PREFIX) and topic != PROTECTION_PREFIX)
    )
