"""The ways to the mother: health, events, logs, tools."""

from collections import deque
from collections.abc import Callable

import zmq

from droas_common.logs import log
from droas_common.settings import ChildSettings
from droas_common.tool_client import ToolClient
from droas_common.wire.frames import MAX_FRAME_BYTES, FrameError, encode
from droas_common.wire.heartbeats import FromChild, FromMother, read_from_mother
from droas_common.wire.records import LogRecord
from droas_common.zmq_sockets import DrainedSocket, client_socket

_HELD_RECORDS = 900
"""Newest log records kept while there is no mother; the socket's queue has room for all of them and some more."""

_LONGEST_TEXT = 4_000
"""Characters kept of each text of a record that is too large for the socket."""


class MotherLink:
    """All sockets of one child.

    Args:
        settings: where the mother is, and this life's keys.
    """

    def __init__(self, settings: ChildSettings) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._endpoints, self._keys = settings.endpoints, settings.keys
        self._hear_word: Callable[[FromMother], None] = lambda _word: None
        self._hear_event: Callable[[list[bytes]], None] = lambda _frames: None
        self._topics: set[str] = set()
        self._held: deque[LogRecord] | None = None
        self._lost = 0
        self._open()
        self.tools = ToolClient(self._socket(zmq.DEALER, self._endpoints.tools))

    def start(
        self, hear_word: Callable[[FromMother], None], hear_event: Callable[[list[bytes]], None]
    ) -> None:
        """Begin to receive on the running loop."""
        self._hear_word, self._hear_event = hear_word, hear_event
        self._health.start()
        self._events.start()
        self.tools.start()

    def hold(self) -> None:
        """The mother is gone: keep the newest log records for the next one."""
        self._held = deque(maxlen=_HELD_RECORDS)

    def follow(self, server_key: str) -> None:
        """Go on with the mother who has this key: what is followed is followed there, what waits is sent there."""
        self._keys = self._keys.model_copy(update={"server_key": server_key})
        for socket in (self._events, self._health, self._logs):
            socket.close()
        self._open()
        self._health.start()
        self._events.start()
        for topic in sorted(self._topics):  # what asks for the state stands last
            self._bus.setsockopt(zmq.SUBSCRIBE, topic.encode())
        self.tools.follow(self._socket(zmq.DEALER, self._endpoints.tools))
        held, self._held = self._held or (), None
        for record in held:
            self.log(record)

    def tell(self, word: FromChild) -> None:
        """Send a word; it is lost when the mother is gone."""
        self._health.send(encode(word))

    def subscribe(self, topic: str) -> None:
        """Follow a topic."""
        self._topics.add(topic)
        self._bus.setsockopt(zmq.SUBSCRIBE, topic.encode())

    def unsubscribe(self, topic: str) -> None:
        """Follow a topic no longer."""
        self._topics.discard(topic)
        self._bus.setsockopt(zmq.UNSUBSCRIBE, topic.encode())

    def log(self, record: LogRecord) -> None:
        """Send a log record without waiting; when the queue is full it is lost, and the next one tells how many were."""
        if self._held is not None:
            self._lost += len(self._held) == _HELD_RECORDS
            self._held.append(record)
            return
        if self._lost:
            fields = {"records": self._lost}
            if self._send(LogRecord(at=record.at, level="WARNING", event="log_records_lost", fields=fields)):
                self._lost = 0
        if not self._send(record):
            self._lost += 1

    def _send(self, record: LogRecord) -> bool:
        try:
            self._logs.send(_log_frame(record), zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    def leave(self) -> None:
        """Close what belongs to the running loop; what was said last still leaves, and logs go on."""
        self.tools.close()
        self._events.close()
        self._health.close()

    def close(self) -> None:
        """Close everything, behind the last log record; on a loop, `leave()` comes before."""
        self.leave()
        self._logs.close()
        self._context.term()

    def _open(self) -> None:
        endpoints = self._endpoints
        self._logs = self._socket(zmq.PUSH, endpoints.logs)
        self._health = DrainedSocket(self._socket(zmq.DEALER, endpoints.health), self._on_word)
        self._bus = self._socket(zmq.SUB, endpoints.events)
        self._events = DrainedSocket(self._bus, self._on_event)

    def _socket(self, kind: int, endpoint: str) -> "zmq.Socket[bytes]":
        return client_socket(self._context, kind, endpoint, self._keys)

    def _on_word(self, frames: list[bytes]) -> None:
        try:
            word = read_from_mother(frames[-1])
        except FrameError as error:
            log.error("word_unreadable", why=str(error))
            return
        self._hear_word(word)

    def _on_event(self, frames: list[bytes]) -> None:
        self._hear_event(frames)


def _log_frame(record: LogRecord) -> bytes:
    """Write a record; a larger one than the socket takes is cut, because it would end the connection."""
    frame = encode(record)
    if len(frame) <= MAX_FRAME_BYTES:
        return frame
    return encode(
        LogRecord(
            at=record.at,
            level=record.level,
            event=record.event[:_LONGEST_TEXT],
            fields={"cut_bytes": len(frame)},
            trace_id=record.trace_id,
            exception=record.exception[-_LONGEST_TEXT:],
        )
    )
