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
    """Feeds on bytes, gives the data of whole events."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._first = True

    def feed(self, received: bytes) -> list[str]:
        """Take some bytes and give the events that they complete; raises EventTooLargeError."""
        buffer = self._rest + received
        if self._first:
            if len(buffer) < len(_MARK) and _MARK.startswith(buffer):
                self._rest = buffer  # the beginning of a mark, perhaps
                return []
            buffer = buffer.removeprefix(_MARK)
            self._first = False
        lines, position = [], 0
        for match in _LINE_END.finditer(buffer):
            if match.group() == b"\r" and match.end() == len(buffer):
                break  # a LF may follow
            lines.append(buffer[position : match.start()])
            position = match.end()
        self._rest = buffer[position:]
        events = [event for line in lines if (event := self._line(line)) is not None]
        if len(self._rest) + sum(map(len, self._data)) > MAX_EVENT_BYTES:
            raise EventTooLargeError(f"an event is longer than {MAX_EVENT_BYTES} bytes")
        return events

    def finish(self) -> list[str]:
        """Give the event that the end of the stream completes; servers forget the last empty line."""
        return self.feed(b"\n\n")

    def _line(self, line: bytes) -> str | None:
        if not line:
            data, self._data = self._data, []
            return b"\n".join(data).decode("utf-8", "replace") if data else None
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        return None
