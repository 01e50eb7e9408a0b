"""The mother's end of the log socket: children's records join her own log, and the newest are kept."""

from collections import deque
from collections.abc import Callable

import zmq

from droas_common.wire.frames import FrameError
from droas_common.wire.records import LogRecord, read_record
from droas_common.zmq_sockets import ServedSocket, server_socket
from droas_mother.adapters.bus.keyring import ZAP_DOMAIN, KeyRing
from droas_mother.core.tools.authorization import PrincipalKind

KEPT_RECORDS = 500
"""Newest records kept in memory of each bot, for `droasctl logs`."""


class LogIntake:
    """Receives log records of children.

    Args:
        context: the mother's ZeroMQ context.
        endpoint: where to bind.
        keyring: tells who has proven which key.
        write: gets every record, with the bot's name among its fields.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        endpoint: str,
        keyring: KeyRing,
        write: Callable[[LogRecord], None],
    ) -> None:
        socket = server_socket(
            context, zmq.PULL, endpoint, secret_key=keyring.server_secret_key, domain=ZAP_DOMAIN
        )
        self._socket = ServedSocket(socket, self._on_message)
        self._keyring = keyring
        self._write = write
        self._newest: dict[str, deque[LogRecord]] = {}
        self._followers: dict[str, tuple[Callable[[LogRecord], None], ...]] = {}
        self.refused_frames = 0

    def start(self) -> None:
        """Begin to receive on the running loop."""
        self._socket.start()

    def newest(self, bot: str, count: int) -> list[LogRecord]:
        """Give the newest records of one bot, oldest first."""
        return list(self._newest.get(bot, ()))[-count:] if count else []

    def keep(self, bot: str, record: LogRecord) -> None:
        """Keep a record of the mother's own that is about this bot beside the bot's; any thread may."""
        self._newest.setdefault(bot, deque(maxlen=KEPT_RECORDS)).append(record)
        for tell in self._followers.get(bot, ()):
            tell(record)

    def follow(self, bot: str, tell: Callable[[LogRecord], None]) -> Callable[[], None]:
        """Tell every new record of a bot, from whatever thread it comes; gives what ends it."""
        self._followers[bot] = (*self._followers.get(bot, ()), tell)

        def unfollow() -> None:
            self._followers[bot] = tuple(one for one in self._followers[bot] if one is not tell)

        return unfollow

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _on_message(self, key: str, frames: list[bytes]) -> None:
        principal = self._keyring.principal(key)
        if principal is None or principal.kind is not PrincipalKind.BOT:
            self.refused_frames += 1
            return
        try:
            record = read_record(frames[-1])
        except FrameError:
            self.refused_frames += 1
            return
        record = LogRecord(
            at=record.at,
            level=record.level,
            event=record.event,
            fields={**record.fields, "bot": principal.name},
            trace_id=record.trace_id,
            exception=record.exception,
        )
        self.keep(principal.name, record)
        self._write(record)
