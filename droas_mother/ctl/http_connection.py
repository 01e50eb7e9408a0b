"""HTTP/1.1 over a Unix socket, as much of it as the mother speaks.

The standard library's http.client would double the time in which droasctl starts (it brings `email` and
`ssl`), and cannot stop waiting for a line of a stream without losing it.

Source: RFC 9112, HTTP/1.1.
"""

import socket
import struct
import time
from contextlib import suppress

_PEERCRED = struct.Struct("3i")
_PIECE = 65536
_MAX_HEAD = 65536
_MAX_BODY = 64 * 1024 * 1024


class ProtocolError(Exception):
    """The other end does not speak as agreed, or went away in the middle of an answer."""


class HttpConnection:
    """One connection; answers are read in the order of the requests, each to its end.

    Args:
        path: the Unix socket.

    Attributes:
        peer_pid: who listens there, as the kernel tells it.

    Raises:
        OSError: nobody answers there.
    """

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(5.0)
        try:
            self._socket.connect(path)
        except OSError:
            self._socket.close()
            raise
        self.peer_pid = _PEERCRED.unpack(
            self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size)
        )[0]
        self._raw = bytearray()
        self._left = 0
        self._chunked = False
        self._ended = True
        self.reusable = True

    def fileno(self) -> int:
        """Give the socket's descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def ask(self, method: str, path: str, *, timeout_s: float, body: bytes = b"") -> int:
        """Send a request and read the head of its answer; gives the status."""
        self._socket.settimeout(timeout_s)
        length = f"Content-Length: {len(body)}\r\n" if method == "POST" else ""
        request = f"{method} {path} HTTP/1.1\r\nHost: droas\r\n{length}\r\n".encode() + body
        # Whoever refuses a long request may answer and hang up before all of it was sent.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(request)
        deadline = time.monotonic() + timeout_s
        while (end := self._raw.find(b"\r\n\r\n")) < 0:
            if len(self._raw) > _MAX_HEAD:
                raise ProtocolError("the answer's head does not end")
            self._must_fill(deadline)
        head = self._raw[:end].decode("latin-1").split("\r\n")
        del self._raw[: end + 4]
        return self._take_head(head)

    def body(self, *, timeout_s: float) -> bytes:
        """Give the whole body."""
        deadline = time.monotonic() + timeout_s
        found = bytearray(self.piece())
        while not self._ended:
            if len(found) > _MAX_BODY:
                raise ProtocolError("the answer is too long")
            self._must_fill(deadline)
            found += self.piece()
        return bytes(found)

    def piece(self) -> bytes:
        """Give what has arrived of the body, b"" when nothing has."""
        if not self._chunked:
            found = bytes(self._raw[: self._left])
            del self._raw[: len(found)]
            self._left -= len(found)
            self._ended = self._left == 0
            return found
        found = b""
        while (part := self._chunk_part()) is not None:
            found += part
        return found

    @property
    def ended(self) -> bool:
        """Whether the body has been read to its end."""
        return self._ended

    def fill(self, timeout_s: float) -> bool:
        """Wait for bytes; False when none came in this time. Raises ProtocolError at the end."""
        self._socket.settimeout(max(timeout_s, 0.001))
        try:
            data = self._socket.recv(_PIECE)
        except TimeoutError:
            return False
        if not data:
            raise ProtocolError("it hung up in the middle of an answer")
        self._raw += data
        return True

    def _take_head(self, head: list[str]) -> int:
        try:
            status = int(head[0].split(" ", 2)[1])
            fields = {
                name.lower(): value.strip() for name, _, value in (one.partition(":") for one in head[1:])
            }
            self._left = int(fields.get("content-length", "0"))
        except (IndexError, ValueError):
            raise ProtocolError("the answer is not HTTP") from None
        self._chunked = fields.get("transfer-encoding", "").lower() == "chunked"
        self._ended = False
        if self._chunked:
            self._left = 0
        self.reusable = fields.get("connection", "").lower() != "close"
        return status

    def _chunk_part(self) -> bytes | None:
        """Give what has arrived of the present chunk; None when more must come first."""
        if self._ended:
            return None
        if not self._left:
            return self._next_chunk()
        data = bytes(self._raw[: self._left])
        if not data:
            return None
        del self._raw[: len(data)]
        # The last two of a chunk are its line end.
        text = data[: max(0, self._left - 2)]
        self._left -= len(data)
        return text

    def _next_chunk(self) -> bytes | None:
        end = self._raw.find(b"\r\n")
        if end < 0:
            return None
        try:
            size = int(bytes(self._raw[:end]).partition(b";")[0], 16)
        except ValueError:
            raise ProtocolError("the answer's pieces are not as agreed") from None
        if size == 0:
            if len(self._raw) < end + 4:
                return None
            del self._raw[: end + 4]
            self._ended = True
            return None
        del self._raw[: end + 2]
        self._left = size + 2
        return b""

    def _must_fill(self, deadline: float) -> None:
        if not self.fill(deadline - time.monotonic()):
            raise TimeoutError("no answer in time")
