"""The mother's admin interface, asked over one connection that stays open."""

import json
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Self

from droas_mother.ctl.exit_codes import HTTP_OK
from droas_mother.ctl.http_connection import HttpConnection, ProtocolError

PATIENCE_S = 15.0
"""Longer than the mother waits for her database (`ToolGateway`): what she then says is worth more than a guess."""

_FORBIDDEN = 403
_NOT_FOUND = 404
_LONGEST_PATH = 107
"""unix(7): sun_path has 108 bytes with its end."""


class NoMotherError(Exception):
    """No mother answers on the socket; the text says where it was looked for and what to do.

    Args:
        words: that text.
        sent: whether she may have got the request, and done what it asks.
        key: under which it has to be asked again.
    """

    def __init__(self, words: str, *, sent: bool = True, key: str | None = None) -> None:
        super().__init__(words)
        self.sent = sent
        self.key = key


class NotMadeError(Exception):
    """A file cannot be made; the text says which and why."""


class RefusedError(Exception):
    """The mother has answered that she will not.

    Args:
        status: of HTTP.
        words: why.
        key: under which it has to be asked again.
    """

    def __init__(self, status: int, words: str, *, key: str | None = None) -> None:
        super().__init__(words or f"the mother answered {status}")
        self.status = status
        self.words = words
        self.key = key


class Client:
    """Asks the mother; the connection is kept for the next question.

    Args:
        socket_path: her admin socket.
    """

    def __init__(self, socket_path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(socket_path)
        self._kept: HttpConnection | None = None
        self._pid = 0
        self._sent = False
        self.patience_s = PATIENCE_S
        """How long an answer is waited for where nothing else is said."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def ask(
        self, method: str, path: str, *, timeout_s: float | None = None, body: Any = None
    ) -> tuple[int, Any]:
        """Send one request, with a JSON value as its body; gives the HTTP status and the JSON value.

        Raises:
            NoMotherError: nobody answers, or not in time.
            RefusedError: this user may not even ask.
        """
        if method != "GET":
            self.close()  # a kept connection may just be ending, and only a GET may be sent twice
        self._sent = False
        timeout_s = self.patience_s if timeout_s is None else timeout_s
        with self._translated():
            if self._kept is not None:
                try:
                    return self._once(method, path, timeout_s, b"")
                except (ConnectionError, ProtocolError):
                    self.close()
            return self._once(method, path, timeout_s, b"" if body is None else json.dumps(body).encode())

    def get(self, path: str, *, timeout_s: float | None = None) -> Any:
        """Give what is at a path.

        Raises:
            NoMotherError: nobody answers, or not in time.
            RefusedError: the mother says no.
        """
        return _accepted(*self.ask("GET", path, timeout_s=timeout_s))

    def post(self, path: str, *, timeout_s: float | None = None, body: Any = None) -> Any:
        """Command something; raises as `get` does."""
        return _accepted(*self.ask("POST", path, timeout_s=timeout_s, body=body))

    @contextmanager
    def stream(self, path: str) -> Iterator["Stream"]:
        """Follow something on a connection of its own; raises as `get` does."""
        connection = None
        try:
            with self._translated():
                connection = self._connect()
                status = connection.ask("GET", path, timeout_s=self.patience_s)
                if status != HTTP_OK:
                    _accepted(status, json.loads(connection.body(timeout_s=self.patience_s)))
            yield Stream(connection, self._path)
        finally:
            if connection is not None:
                connection.close()

    def _connect(self) -> HttpConnection:
        if len(os.fsencode(self._path)) > _LONGEST_PATH:
            words = f"no mother was asked: the path {self._path} is longer than the {_LONGEST_PATH} bytes of a socket's"
            raise NoMotherError(words, sent=False)
        self._pid = 0
        connection = HttpConnection(self._path)
        self._pid = connection.peer_pid
        return connection

    def _once(self, method: str, path: str, timeout_s: float, body: bytes) -> tuple[int, Any]:
        if self._kept is None:
            self._kept = self._connect()
        connection = self._kept
        self._sent = True
        try:
            status = connection.ask(method, path, timeout_s=timeout_s, body=body)
            answer = connection.body(timeout_s=timeout_s)
        except BaseException:
            self.close()  # what still comes would be taken for the next answer
            raise
        if not connection.reusable:
            self.close()
        return status, json.loads(answer or b"null")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say in words why nobody answers."""
        try:
            yield
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            raise NoMotherError(
                f"no mother runs: nobody answers at {self._path}; start her with "
                "`systemctl start droas-mother` or `droas-mother --config configs/`",
                sent=False,
            ) from None
        except PermissionError:
            words = f"{self._path} belongs to another user; run droasctl as the mother's user or as root"
            raise RefusedError(_FORBIDDEN, words) from None
        # The second: as many wait already as the kernel lets (connect(2)).
        except (TimeoutError, BlockingIOError):
            words = f"no answer in time: {_why_silent(self._path, self._pid)}"
            raise NoMotherError(words, sent=self._sent) from None
        except (OSError, ProtocolError, ValueError) as error:
            words = f"the mother at {self._path} does not answer properly: {error}"
            raise NoMotherError(words, sent=self._sent) from None


class Stream:
    """JSON values, a line each, as they come.

    Args:
        connection: whose answer goes on.
        path: of the socket, for messages.
    """

    def __init__(self, connection: HttpConnection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._text = bytearray()

    def next(self, timeout_s: float) -> Any:
        """Give the next value; None when none came in this time, or at a sign of life.

        Raises:
            NoMotherError: the stream has ended.
        """
        line = self._line(timeout_s)
        return json.loads(line) if line else None

    def _line(self, timeout_s: float) -> bytes | None:
        """Give the next line, b"" for a sign of life; None when none came in this time."""
        while (end := self._text.find(b"\n")) < 0:
            piece = self._connection.piece()
            self._text += piece
            if piece:
                continue
            if self._connection.ended:
                raise NoMotherError(f"the mother at {self._path} has ended the stream")
            try:
                if not self._connection.fill(timeout_s):
                    return None
            except (OSError, ProtocolError) as error:
                raise NoMotherError(f"the mother at {self._path} has gone: {error}") from None
        line = bytes(self._text[:end])
        del self._text[: end + 1]
        return line

    def lines(self, reader: int | None = None) -> Generator[Any]:
        """Give all values as they come.

        Args:
            reader: the descriptor into which they are written, where its end shall be noticed.

        Raises:
            NoMotherError: the stream has ended.
            BrokenPipeError: nobody reads any longer, although nothing has come that could not be written.
        """
        from select import POLLERR, POLLHUP, POLLIN, poll  # noqa: PLC0415 - short commands need it not

        ends = poll()
        ends.register(self._connection, POLLIN)
        if reader is not None:
            ends.register(reader, 0)  # the kernel tells of its end without being asked
        while True:
            line = self._line(0.0)
            if line:
                yield json.loads(line)
            elif line is None and any(
                found == reader and what & (POLLERR | POLLHUP) for found, what in ends.poll(60_000)
            ):
                raise BrokenPipeError


def _why_silent(path: str, pid: int) -> str:
    """Say what keeps a mother that listens from answering, and what to do.

    Args:
        path: of her socket.
        pid: of her; 0 when she has not even let the kernel tell it.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - pathlib would cost a tenth of a short command
            state = file.read().rpartition(b")")[2].split()[0]
    except OSError:
        state = b""
    if state == b"T":
        return f"the mother at {path} is stopped by a signal; `kill -CONT {pid}` lets her go on"
    who, stopped = (f"{path} (pid {pid})", "") if pid else (path, "is stopped by a signal, ")
    return (
        f"the mother at {who} {stopped}hangs or has too much to do; see `systemctl status droas-mother` and "
        "her log, and restart her if it does not pass: `systemctl restart droas-mother`"
    )


def _accepted(status: int, value: Any) -> Any:
    if status != HTTP_OK:
        raise RefusedError(status, str(value.get("error", "")) if isinstance(value, dict) else "")
    return value


def bot_path(name: str, *rest: str) -> str:
    """Give the path of a bot in the admin interface; raises RefusedError where there is no name."""
    if not name:
        raise RefusedError(_NOT_FOUND, "the name of a bot is empty")
    return "/".join(["/v1/bots", escaped(name), *rest])


def escaped(text: str) -> str:
    """Give a text as a part of an address (RFC 3986); urllib.parse would cost a tenth of a short command."""
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02X}"
        for byte in text.encode(errors="replace")
    )


def find_socket(given: str | None) -> str:
    """Give the admin socket: as named, by DROAS_RUNTIME_DIR, in ./run, or where the system service has it."""
    if given:
        return given
    named = os.environ.get("DROAS_RUNTIME_DIR")
    if named:
        return os.path.join(named, "droas.sock")  # noqa: PTH118 - pathlib would cost a tenth of a short command
    local = "run/droas.sock"
    return local if os.path.exists(local) else "/run/droas/droas.sock"  # noqa: PTH110 - as above
