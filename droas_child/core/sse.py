"""Server-sent events out of bytes, however they are cut.

Lines end with LF, CRLF or CR; other Unicode line ends are data. Comments are dropped, `data:` lines of one
event are joined. Source: WHATWG HTML, Server-sent events.
"""

import re

_LINE_END = re.compile(rb"\r\n|\n|\r")
_MARK = b"\xef\xbb\xbf"
"""A byte order mark may lead the stream, and nothing else."""

MAX_EVENT_BYTES = 256 * 1024


class EventTooLargeError(ValueError):
    """An event has no end within its bound."""


class EventParser:
    """Feeds on bytes, gives the data of whole events.

    A server may send byte by byte, so only what is new is looked at; what waits is kept in parts.
    """

    def __init__(self) -> None:
        self._head: bytes | None = b""
        self._after_cr = False
        self._line: list[bytes] = []
        self._line_bytes = 0
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, received: bytes) -> list[str]:
        """Take some bytes and give the events that they complete; raises EventTooLargeError."""
        fresh = self._behind_cr(self._behind_mark(received))
        events, position = [], 0
        for match in _LINE_END.finditer(fresh):
            self._hold(fresh[position : match.start()])
            if (event := self._end_line()) is not None:
                events.append(event)
            position = match.end()
        self._hold(fresh[position:])
        if self._line_bytes + self._data_bytes > MAX_EVENT_BYTES:
            raise EventTooLargeError(f"an event is longer than {MAX_EVENT_BYTES} bytes")
        return events

    def finish(self) -> list[str]:
        """Give the event that the end of the stream completes; servers forget the last empty line."""
        return self.feed(b"\n\n")

    def _behind_mark(self, received: bytes) -> bytes:
        """Give what is to be read now: not the mark that may lead the stream, nor what may yet become it."""
        if self._head is None:
            return received
        begun = self._head + received
        if len(begun) < len(_MARK) and _MARK.startswith(begun):
            self._head = begun
            return b""
        self._head = None
        return begun.removeprefix(_MARK)

    def _behind_cr(self, received: bytes) -> bytes:
        """Leave out the LF of a CRLF that was cut; its CR has ended the line."""
        if not received:
            return received
        fresh = received.removeprefix(b"\n") if self._after_cr else received
        self._after_cr = received.endswith(b"\r")
        return fresh

    def _hold(self, part: bytes) -> None:
        if part:
            self._line.append(part)
            self._line_bytes += len(part)

    def _end_line(self) -> str | None:
        line = b"".join(self._line)
        self._line.clear()
        self._line_bytes = 0
        if not line:
            data, self._data, self._data_bytes = self._data, [], 0
            return b"\n".join(data).decode("utf-8", "replace") if data else None
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
            self._data_bytes += len(self._data[-1]) + 1
        return None
