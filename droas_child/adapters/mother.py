"""The ways to the mother: health, events, logs, tools."""

from collections.abc import Callable

import zmq

from droas_common.settings import ChildSettings
from droas_common.tool_client import ToolClient
from droas_common.wire.frames import FrameError, encode
from droas_common.wire.heartbeats import FromChild, FromMother, read_from_mother
from droas_common.wire.records import LogRecord
from droas_common.zmq_sockets import DrainedSocket, client_socket

_LOG_QUEUE = 1_000


class MotherLink:
    """All sockets of one child.

    Args:
        settings: where the mother is, and this life's keys.
    """

    def __init__(self, settings: ChildSettings) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        endpoints, keys = settings.endpoints, settings.keys
        self._logs = client_socket(self._context, zmq.PUSH, endpoints.logs, keys)
        self._logs.setsockopt(zmq.SNDHWM, _LOG_QUEUE)
        self._health = DrainedSocket(
            client_socket(self._context, zmq.DEALER, endpoints.health, keys), self._on_word
        )
        self._bus = client_socket(self._context, zmq.SUB, endpoints.events, keys)
        self._events = DrainedSocket(self._bus, self._on_event)
        self.tools = ToolClient(client_socket(self._context, zmq.DEALER, endpoints.tools, keys))
        self._hear_word: Callable[[FromMother], None] = lambda _word: None
        self._hear_event: Callable[[list[bytes]], None] = lambda _frames: None
        self.logs_dropped = 0

    def start(
        self, hear_word: Callable[[FromMother], None], hear_event: Callable[[list[bytes]], None]
    ) -> None:
        """Begin to receive on the running loop."""
        self._hear_word, self._hear_event = hear_word, hear_event
        self._health.start()
        self._events.start()
        self.tools.start()

    def tell(self, word: FromChild) -> None:
        """Send a word; it is lost when the mother is gone."""
        self._health.send(encode(word))

    def subscribe(self, topic: str) -> None:
        """Follow a topic."""
        self._bus.setsockopt(zmq.SUBSCRIBE, topic.encode())

    def unsubscribe(self, topic: str) -> None:
        """Follow a topic no longer."""
        self._bus.setsockopt(zmq.UNSUBSCRIBE, topic.encode())

    def log(self, record: LogRecord) -> None:
        """Send a log record without waiting; it is dropped and counted when the queue is full."""
        try:
            self._logs.send(encode(record), zmq.NOBLOCK)
        except zmq.ZMQError:
            self.logs_dropped += 1

    def close(self) -> None:
        """Close all sockets; what was said last still leaves."""
        self.tools.close()
        self._events.close()
        self._health.close()
        self._logs.close()
        self._context.term()

    def _on_word(self, frames: list[bytes]) -> None:
        try:
            word = read_from_mother(frames[-1])
        except FrameError:
            return
        self._hear_word(word)

    def _on_event(self, frames: list[bytes]) -> None:
        self._hear_event(frames)
